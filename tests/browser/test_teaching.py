"""Teaching in a real Chromium: a newcomer learns, fails, passes; a researcher makes all of it."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotate.models import Assignment, Campaign, Lesson, PracticeRound
from annotate.services.workers import worker_for
from tests.annotate.factories import open_small_campaign
from tests.annotate.lessons import MARKED, a_lesson, practise
from tests.browser.conftest import accessible, draw_pictures, forgive
from tests.browser.labelling import choose, count, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.rows]


@pytest.fixture
def taught(live_server, researcher):
    """A campaign with three worked units and two to practise on."""
    campaign = open_small_campaign(
        units=7, slug="rooms", title="Rooms", guidelines="Name *one* thing.", user=researcher
    )
    for kind in ["tutorial"] * 3 + ["practice"] * 2:
        a_lesson(campaign, kind)
    draw_pictures()
    return campaign


def answer(page, concept, group, places):
    """Label the practice unit that the page shows."""
    page.wait_for_selector("form.ready")
    page.locator("#concept").fill(concept)
    choose(page, group)
    toggle_all(page, places)
    page.get_by_role("button", name="Submit").click()


def look_at_all(page):
    """Turn the pages of the tutorial by its keys, back and forth, to the end."""
    page.get_by_role("link", name="See the worked units").click()
    expect(page.get_by_role("heading", name="Worked unit 1 of 3")).to_be_visible()
    assert page.locator(".is-marked").count() == len(MARKED)
    accessible(page)
    for key, number in [("Right", 2), ("Right", 3), ("Left", 2), ("Right", 3)]:
        page.wait_for_load_state("load")  # its script hears the keys
        page.keyboard.press(f"Arrow{key}")
        expect(page.get_by_role("heading", name=f"Worked unit {number} of 3")).to_be_visible()


def fail(page):
    """Answer both practice units wrongly, and see which clicks differ."""
    page.get_by_role("button", name="Begin the practice").click()
    answer(page, "carpet", "texture", [3, 5])
    expect(page.get_by_role("heading", name="Where your clicks differ")).to_be_visible()
    expect(page.get_by_text("You kept 3 that the expert marked")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Next practice unit").click()
    answer(page, "carpet", "texture", [3, 5])
    page.get_by_role("link", name="See the result").click()
    expect(page.get_by_role("heading", name="Not yet")).to_be_visible()
    accessible(page)


def succeed(page):
    """Try again, and answer as the expert did, in other words."""
    page.get_by_role("button", name="Try again").click()
    for link in ("Next practice unit", "See the result"):
        answer(page, "Couches", "object", MARKED)
        expect(page.get_by_role("heading", name="100 of 100 points")).to_be_visible()
        expect(page.get_by_role("heading", name="Every click is alike")).to_be_visible()
        expect(page.get_by_role("link", name=link)).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You have passed")).to_be_visible()


def test_a_newcomer_learns_fails_passes_and_gets_his_first_unit(browser_page, taught):
    page = browser_page()
    page.goto(f"/label/rooms/?k={taught.link_token}")
    page.get_by_role("button", name="Start labelling").click()
    accessible(page)
    look_at_all(page)
    fail(page)
    succeed(page)
    assert not Assignment.objects.exists()
    page.get_by_role("link", name="To the first unit").click()
    page.wait_for_selector("form.ready")
    expect(page.locator(".where")).to_contain_text("Unit 1 of 2")
    assert Assignment.objects.count() == 1


def test_a_reload_in_the_practice_loses_nothing(browser_page, taught, worker_user):
    page = browser_page(user=worker_user)
    page.goto("/label/rooms/learn/")
    page.get_by_role("button", name="Begin the practice").click()
    page.wait_for_selector("form.ready")
    page.locator("#concept").fill("half a word")
    toggle_all(page, [3, 8])
    expect(page.locator("#save-state")).to_have_text("saved")
    page.reload()
    page.wait_for_selector("form.ready")
    count(page, 58, 2)
    assert page.locator("#concept").input_value() == "half a word"
    page.get_by_role("button", name="Stop for now").click()
    page.get_by_role("link", name="Go on with the practice").click()
    page.wait_for_selector("form.ready")
    assert page.locator("#concept").input_value() == "half a word"


def test_everything_is_learnt_without_scripts(browser_page, taught, worker_user):
    page = browser_page(user=worker_user, java_script_enabled=False)
    page.goto("/label/rooms/")
    page.get_by_role("link", name="See the worked units").click()
    for _ in range(2):
        page.get_by_role("link", name="Next").click()
    page.get_by_role("button", name="Begin the practice").click()
    for link in ("Next practice unit", "See the result"):
        page.locator("#concept").fill("sofa")
        page.locator('[value="object"]').check()
        for place in MARKED:
            page.locator(f'[name="reject"][value="{place}"]').check()
        page.get_by_role("button", name="Submit").click()
        page.get_by_role("link", name=link).click()
    expect(page.get_by_role("heading", name="You have passed")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_on_a_phone(browser_page, taught, worker_user, dark):
    one = practise(taught, worker_for(worker_user), concept="bed", rejected=[3, 5])
    page = browser_page(user=worker_user, width=360, height=740, dark=dark, touch=True)
    feedback = reverse("annotate:practice_feedback", args=["rooms", one.answers.first().pk])
    for path in ("/label/rooms/learn/", "/label/rooms/tutorial/1/", "/label/rooms/practice/"):
        page.goto(path)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(feedback)
    page.locator("summary").filter(has_text="All 60").click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def write_guidelines(page):
    """Write them, with a preview that leaves out what acts."""
    page.get_by_role("link", name="Edit the guidelines").click()
    page.get_by_label("Guidelines").fill("# How\n\n<script>alert(1)</script> Be *exact* 🛋️")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".guidelines em")).to_have_text("exact")
    accessible(page)
    page.get_by_role("button", name="Save").click()


def make_lesson(page, kind):
    """Choose a unit in the campaign's table, label it, and say why."""
    page.get_by_role("link", name="Choose a unit to teach or check by").click()
    page.locator(f"button[value={kind}]").first.click()
    answer(page, "bed", "object", [2, 7])
    page.get_by_label("Why this answer is right").fill("A **bed** is in all.")
    page.get_by_label("Other words that are as good").fill("couch")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".guidelines strong")).to_have_text("bed")
    accessible(page)
    page.get_by_role("button", name="Save").click()


def set_bar(page, points):
    """Set the bar as the form takes it, or is told why not."""
    page.get_by_label("Points of 100 that pass").fill(points)
    page.locator("form[action$='/bar/']").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Set the bar").click()


def test_a_researcher_makes_all_of_it(browser_page, researcher, live_server):
    campaign = open_small_campaign(units=4, slug="rooms", user=researcher)
    draw_pictures()
    page = browser_page(user=researcher)
    page.goto("/campaigns/rooms/")
    page.get_by_role("link", name="Teaching: guidelines").click()
    accessible(page)
    write_guidelines(page)
    for kind in ("tutorial", "practice"):
        make_lesson(page, kind)
    expect(page.get_by_text("2 of 60 marked")).to_have_count(2)
    forgive(page, "422")
    set_bar(page, "0")
    expect(page.locator(".error")).to_contain_text("greater than or equal to 1")
    set_bar(page, "90")
    expect(page.get_by_text("90 of 100 points, 2 attempts")).to_be_visible()
    accessible(page)
    assert Campaign.objects.get().practice_bar == 90
    assert Lesson.objects.filter(labelled_at__isnull=False).count() == 2
    assert practise(campaign, concept="bed", rejected=[2, 7]).points == 100
    page.reload()
    expect(page.get_by_text("1 of 1 worker who began")).to_be_visible()
    assert PracticeRound.objects.get().passed
