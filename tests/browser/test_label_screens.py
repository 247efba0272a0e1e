"""The worker's pages on every screen, in both colours, asked by axe-core."""

import pytest
from playwright.sync_api import expect

from annotate.models import Assignment, Campaign
from tests.browser.conftest import accessible
from tests.browser.labelling import address, shot

pytestmark = pytest.mark.browser  # looks and keys: one database will do


# ---- Every screen -------------------------------------------------------------------------------
SCREENS = {
    "laptop": (1366, 768, 12),
    "laptop with the browser's bars": (1366, 640, 12),
    "desktop": (1920, 1080, 12),
    "tablet on its side": (1024, 768, 10),
    "tablet": (820, 1180, 6),
    "phone": (390, 844, 3),
    "small phone": (360, 740, 3),
}
# Screens that show everything at once, and the least size of their tiles.
LEAST = {
    "laptop": 104,
    "laptop with the browser's bars": 90,
    "desktop": 144,
    "tablet on its side": 84,
}


def test_the_grid_has_full_rows_of_one_size_and_nothing_scrolls_sideways(label):
    page = label()
    for screen, (width, height, columns) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        boxes = page.eval_on_selector_all(".shot", "all => all.map(e => e.getBoundingClientRect())")
        assert len({round(box["top"]) for box in boxes}) == 60 // columns, screen
        assert len({round(box["width"]) for box in boxes}) == 1, screen
        assert all(abs(box["width"] - box["height"]) < 1 for box in boxes), screen
        assert page.evaluate("document.documentElement.scrollWidth") <= width, screen


def test_header_form_and_all_tiles_are_on_one_screen(label):
    page = label()
    for screen, least in LEAST.items():
        width, height, _ = SCREENS[screen]
        page.set_viewport_size({"width": width, "height": height})
        last = page.locator(".shot").last.bounding_box()
        assert last["y"] + last["height"] <= height, screen
        assert last["width"] >= least, screen
        assert page.evaluate("document.documentElement.scrollHeight") <= height, screen


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", ["laptop", "tablet", "small phone"])
def test_axe_finds_nothing_on_the_page_with_marks(label, screen, dark):
    width, height, _ = SCREENS[screen]
    page = label(width=width, height=height, dark=dark, touch=width < 1100)
    shot(page, 4).click()
    page.evaluate("document.querySelector('[value=scene]').click()")
    if width < 620:
        page.get_by_role("button", name="Answer").click()
    accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_the_pages_around_it(browser_page, held, worker_user, dark):
    page = browser_page(user=worker_user, width=390, height=844, dark=dark)
    for path in ("/label/", "/label/rooms/how-to/", "/sign-in/"):
        page.goto(path)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(address(held))
    page.get_by_role("link", name="How to").click()
    expect(page.locator("#how")).to_be_visible()
    accessible(page)


def test_a_newcomer_by_link_is_welcomed_and_labels(browser_page, campaign):
    Campaign.objects.update(access="link")
    page = browser_page()
    page.goto(f"/label/rooms/?k={campaign.link_token}")
    accessible(page)
    page.get_by_role("button", name="Start labelling").click()
    page.wait_for_selector("form.ready")
    assert "k=" not in page.url
    assert Assignment.objects.get().worker.user is None


def test_the_colours_chosen_are_remembered(browser_page, db):
    page = browser_page()
    page.goto("/sign-in/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Use dark colours").click()
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark != light
    page.get_by_role("button", name="Use light colours").click()
    assert page.evaluate("localStorage.getItem('theme')") is None
