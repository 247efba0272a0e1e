"""The live page, and those that extend and clone a campaign, on any screen."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate.models import Campaign
from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.browser.conftest import accessible

pytestmark = pytest.mark.browser  # looks and keys: one database will do


@pytest.fixture
def rooms(live_server, researcher):
    """A campaign in which three people are at work, one of them hasty."""
    made = open_small_campaign(units=4, slug="rooms", title="Rooms", user=researcher)
    earlier = timezone.now() - timedelta(minutes=10)
    for number in range(3):
        worker = a_worker()
        for _ in range(2):
            lease = claim(worker, made, earlier)
            submit(lease, a_given(lease, focused_seconds=40 if number else 3), earlier)
    return made


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (360, True)], ids=["wide", "phone"])
def test_the_pages_on_any_screen(browser_page, researcher, rooms, width, dark):
    page = browser_page(user=researcher, width=width, dark=dark)
    for path in ("live/", "extend/", "clone/"):
        page.goto(f"/campaigns/rooms/{path}")
        page.wait_for_load_state("networkidle")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize(("page_of", "name"), [("live", "answers-by-day"), ("agreement", "words")])
def test_without_scripts_figures_are_saved(browser_page, researcher, rooms, page_of, name):
    page = browser_page(user=researcher, java_script_enabled=False)
    page.goto(f"/campaigns/rooms/{page_of}/")
    figure = page.locator(".finding", has=page.locator(f"[data-figure={name}]"))
    with page.expect_download() as download:
        figure.get_by_role("link", name="SVG of").click()
    assert download.value.suggested_filename == f"rooms-{page_of}-{name}.svg"
    assert Path(download.value.path()).read_text("utf-8").startswith("<svg")


def test_pay_gives_the_cost_and_an_extension_more_to_come(browser_page, researcher, rooms):
    page = browser_page(user=researcher)
    page.goto("/campaigns/rooms/live/")
    expect(page.get_by_text("6 of 12")).to_be_visible()
    page.get_by_label("For an answer").fill("0.5")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("cell", name="3.00")).to_have_count(2)  # so far, and to come
    page.get_by_role("link", name="Extend").click()
    page.get_by_label("Answers per unit").fill("4")
    page.get_by_role("button", name="Extend").click()
    expect(page.locator(".messages")).to_be_visible()
    assert set(rooms.tasks.values_list("answers_wanted", flat=True)) == {4}
    page.goto("/campaigns/rooms/live/")
    expect(page.get_by_text("6 of 16")).to_be_visible()


def test_a_clone_asks_the_same_and_starts_paused(browser_page, researcher, rooms):
    page = browser_page(user=researcher)
    page.goto("/campaigns/rooms/live/")
    page.get_by_role("link", name="Clone").click()
    page.get_by_label("Name in addresses").fill("rooms-again")
    page.get_by_role("button", name="Clone").click()
    expect(page.locator(".messages")).to_be_visible()
    again = Campaign.objects.get(slug="rooms-again")
    assert (again.state, again.tasks.count()) == ("paused", rooms.tasks.count())
