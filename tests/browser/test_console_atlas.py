"""Console, atlas, unit, sign-in and account in a real browser, on every kind of screen."""

import re

import pytest

from analysis.models import Job, Segment, Shard, Unit
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.annotate import factories
from tests.browser.conftest import accessible, draw_pictures, forgive

pytestmark = pytest.mark.browser  # looks and keys: one database will do
SCREENS = {
    "wide": {},
    "dark": {"dark": True},
    "phone": {"width": 390, "height": 844, "touch": True},
}
LABELS = [
    ("bed", "object", "people", 0.92),
    ("striped", "texture", "machine", None),
    ("window frame", "part", "published", 0.61),
    ("kitchen", "scene", "simulated", 0.8),
]


@pytest.fixture
def labelled_run(live_server):
    """A finished run of a synthetic network with labels from every source, and its pictures."""
    run = factories.a_finished_run(units=6)
    units = list(Unit.objects.filter(layer__network=run.network).order_by("channel"))
    for unit, (concept, category, source, precision) in zip(units, LABELS, strict=False):
        low, high = (precision - 0.1, precision + 0.05) if precision else (None, None)
        given = UnitLabel(
            concept=concept,
            category=category,
            precision=precision,
            precision_low=low,
            precision_high=high,
            answers=3,
            agreement=0.67,
            details={"words": [{"worker": "calm-fox-1", "concept": concept, "category": category}]},
        )
        semantics.record(unit=unit, source=source, origin="first-look", run=run, label=given)
    draw_pictures()
    return run


def whole(page):
    """Fail when the page is wider than the screen."""
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_for_nobody_are_accessible_and_whole(browser_page, labelled_run, screen):
    labelled_run.network.public = True
    labelled_run.network.save()
    atlas = f"/atlas/{labelled_run.network.slug}/"
    page = browser_page(**SCREENS[screen])
    for address in ("/", "/sign-in/", "/atlas/", atlas, f"{atlas}conv1/", f"{atlas}conv1/0/"):
        page.goto(address)
        accessible(page)
        whole(page)


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_for_a_researcher_are_accessible_and_whole(
    browser_page, labelled_run, researcher, screen
):
    factories.open_small_campaign(run=labelled_run, title="First look")
    factories.NetworkFactory(slug="broken-net", state="failed", error="no such file")
    factories.NetworkFactory(slug="new-net", state="waiting")
    labelled_run.network.created_by = researcher
    labelled_run.network.save()
    atlas = f"/atlas/{labelled_run.network.slug}/"
    page = browser_page(user=researcher, **SCREENS[screen])
    for address in ("/", "/account/", "/account/password/", atlas, f"{atlas}conv1/?category=part"):
        page.goto(address)
        accessible(page)
        whole(page)
    page.goto(f"{atlas}conv1/0/")
    assert page.locator("text=calm-fox-1").is_visible()
    accessible(page)


def test_the_empty_console_is_accessible(browser_page, live_server, researcher):
    page = browser_page(user=researcher)
    page.goto("/")
    assert page.locator(".empty").count() == 4
    accessible(page)


def test_signing_in_leads_back_to_where_one_was_going(browser_page, live_server, worker_user):
    page = browser_page()
    forgive(page, "422")
    page.goto("/account/")
    page.fill("#id_username", "alice")
    page.fill("#id_password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    accessible(page)
    page.fill("#id_password", "alice-password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    page.click("summary:has-text('alice')")
    page.click("text=Sign out")
    page.wait_for_url(re.compile(r"/$"))
    assert page.locator("text=Sign in").first.is_visible()


def test_a_token_is_made_shown_once_and_revoked(browser_page, live_server, worker_user):
    page = browser_page(user=worker_user)
    page.goto("/account/")
    page.fill("#name", "notebook")
    page.click("text=Make a token")
    plain = page.inner_text("#secret")
    assert plain.startswith("us_")
    accessible(page)
    page.goto("/account/")
    assert plain not in page.content()
    page.click("button:has-text('Revoke')")
    page.wait_for_selector("text=You have no tokens yet")


def test_a_run_moves_on_before_ones_eyes(browser_page, live_server, researcher):
    run = factories.RunFactory(state="running", finished_at=None)
    job = Job.objects.create(
        run=run, step="scan", position=0, queue="gpu", state="running", total=30
    )
    shard = Shard.objects.create(job=job, number=0, first=0, last=30, state="running", done=5)
    page = browser_page(user=researcher)
    page.goto("/")
    page.wait_for_selector("text=5 of 30 images")
    Shard.objects.filter(pk=shard.pk).update(done=17)
    page.wait_for_selector("text=17 of 30 images")
    type(run).objects.filter(pk=run.pk).update(state="done")
    page.wait_for_selector(".chip.done")
    assert page.locator("#console[hx-trigger]").count() == 0


def test_filters_apply_at_once_and_stand_in_the_address(browser_page, labelled_run, researcher):
    page = browser_page(user=researcher)
    page.goto(f"/atlas/{labelled_run.network.slug}/conv1/")
    assert page.locator(".unit-card").count() == 6
    page.check("#category-part")
    page.wait_for_url("**/conv1/?category=part")
    assert page.locator(".unit-card h3").all_inner_texts() == ["2 window frame"]
    page.click("text=Clear")
    page.wait_for_url("**/conv1/")
    page.click(".unit-card:nth-child(1) .best")
    page.wait_for_url("**/conv1/0/")


def test_on_a_phone_the_filters_are_a_drawer(browser_page, labelled_run, researcher):
    page = browser_page(user=researcher, **SCREENS["phone"])
    page.goto(f"/atlas/{labelled_run.network.slug}/conv1/")
    assert not page.locator("#text").is_visible()
    page.tap("summary:has-text('Filters')")
    page.fill("#text", "bed")
    page.tap("text=Show")
    page.wait_for_url("**/conv1/?text=bed")
    assert page.locator(".unit-card").count() == 1


def test_arrow_keys_lead_from_unit_to_unit_and_keep_the_view(
    browser_page, labelled_run, researcher
):
    page = browser_page(user=researcher)
    page.goto(f"/atlas/{labelled_run.network.slug}/conv1/1/")
    page.click("text=Whole images")
    page.wait_for_url("**/conv1/1/?view=plain")
    assert page.locator(".wall img").first.get_attribute("src").endswith("/plain-tile.webp")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/conv1/2/?view=plain")
    assert page.locator(".wall img").first.get_attribute("src").endswith("/plain-tile.webp")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/conv1/1/?view=plain")


def test_a_tile_opens_large_and_the_arrows_go_through_them(browser_page, labelled_run, researcher):
    page = browser_page(user=researcher)
    address = f"/atlas/{labelled_run.network.slug}/conv1/0/"
    page.goto(address)
    page.locator(".wall .tile").nth(2).click()
    caption = page.locator("#large-caption")
    assert caption.inner_text().startswith("Image 3 of 60")
    accessible(page)
    page.keyboard.press("ArrowRight")
    assert caption.inner_text().startswith("Image 4 of 60")
    token = re.search(r"/pictures/(\w+)/", page.locator("#large img").get_attribute("src"))[1]
    assert Segment.objects.get(token=token).top_image.rank == 3
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('.wall li:nth-child(4) .tile')")
    assert page.url.endswith(address)
