"""A newcomer's whole way: from the link through learning and ten units to his history."""

import pytest
from playwright.sync_api import expect

from annotate.models import Answer, Assignment
from annotate.services.consensus import publish
from tests.annotate.factories import open_small_campaign
from tests.annotate.lessons import a_lesson
from tests.browser.conftest import accessible, draw_pictures, forgive
from tests.browser.labelling import choose, toggle_all
from tests.browser.test_teaching import fail, look_at_all, succeed

pytestmark = [pytest.mark.browser, pytest.mark.rows]
UNITS = 10


@pytest.fixture
def rooms(live_server, researcher):
    """A campaign of ten units to label, with three worked ones and two to practise on."""
    campaign = open_small_campaign(
        units=UNITS + 5, slug="rooms", title="Rooms", answers=2, user=researcher
    )
    for kind in ["tutorial"] * 3 + ["practice"] * 2:
        a_lesson(campaign, kind)
    draw_pictures()
    return campaign


def learn(page, rooms):
    """Come by the link, look at the worked units, fail the practice round, then pass it."""
    page.goto(f"/label/rooms/?k={rooms.link_token}")
    page.get_by_role("button", name="Start labelling").click()
    look_at_all(page)
    fail(page)
    succeed(page)
    page.get_by_role("link", name="To the first unit").click()


def planted(page):
    """Return the planted places of the unit that the page shows."""
    page.wait_for_selector("form.ready")
    lease = Assignment.objects.select_related("task").get(pk=page.url.rstrip("/").split("/")[-1])
    return lease.task.controls


def fill(page, concept, places):
    """Label the unit that the page shows, and press the button."""
    page.locator("#concept").fill(concept)
    choose(page, "object")
    toggle_all(page, places)
    page.get_by_role("button", name="Submit").click()


def thanked(page):
    """Wait for the thanks."""
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def miss_one(page):
    """Leave a planted image in, be told so beside the pictures, find it."""
    places = planted(page)
    fill(page, "bed 0", places[1:])
    expect(page.locator("#images-error")).to_contain_text("clearly does not fit")
    toggle_all(page, places[:1])
    page.get_by_role("button", name="Submit").click()
    thanked(page)


def lose_the_connection(page):
    """Submit without a connection; it is sent by itself when that is back."""
    places = planted(page)
    page.context.set_offline(True)
    fill(page, "bed 1", places)
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    page.context.set_offline(False)
    thanked(page)


def send_back(bob, words):
    """Have the researcher send the answer to the first unit back, with a comment."""
    bob.goto("/campaigns/rooms/review/")
    answer = bob.locator(".unit-review").first
    answer.locator("summary", has_text="Send back").click()
    answer.get_by_role("textbox").first.fill(words)
    answer.get_by_role("button", name="Send back", exact=True).first.click()
    expect(bob.locator(".messages")).to_be_visible()


def look_again(page, words):
    """Find what was sent back with the comment, and answer otherwise."""
    page.goto("/label/")
    expect(page.get_by_text(words)).to_be_visible()
    page.get_by_role("link", name="Look again").click()
    page.wait_for_selector("form.ready")
    expect(page.get_by_role("heading", name="Sent back to you")).to_be_visible()
    page.locator("#concept").fill("pillow")
    page.get_by_role("button", name="Submit").click()
    thanked(page)


def test_from_the_link_to_the_history(browser_page, rooms, researcher):
    page = browser_page()
    forgive(page, "422|ERR_INTERNET_DISCONNECTED")
    learn(page, rooms)
    miss_one(page)
    page.get_by_role("link", name="Next unit").click()
    lose_the_connection(page)
    for number in range(2, UNITS):
        page.get_by_role("link", name="Next unit").click()
        fill(page, f"bed {number}", planted(page))
        thanked(page)
    assert Answer.objects.counted(rooms).count() == UNITS
    publish(rooms)  # as the worker process does
    send_back(browser_page(user=researcher), "Look at what lies on it.")
    look_again(page, "Look at what lies on it.")
    assert Answer.objects.counted(rooms).count() == UNITS
    page.goto("/label/")
    page.get_by_role("link", name="Your answers").click()
    accessible(page)
    expect(page.locator("tbody tr")).to_have_count(UNITS + 1)
    for words in [*(f"bed {number}" for number in range(UNITS)), "pillow", "revised"]:
        expect(page.locator("tbody")).to_contain_text(words)
