"""The review in Chromium: sent back, found, corrected; rejected, and another worker gets it."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from analysis.models import UnitSemantics
from annotate import tasks
from annotate.models import Answer
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from annotate.services.workers import worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.browser.conftest import accessible, draw_pictures
from tests.browser.labelling import choose, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REVIEW = "/campaigns/rooms/review/"


@pytest.fixture
def campaign(live_server, researcher, worker_user):
    """Two units, each with two answers that differ: Alice's, and a stranger's who marks more."""
    made = open_small_campaign(
        units=2, answers=2, slug="rooms", title="Rooms", user=researcher, access="members"
    )
    alice, stranger = worker_for(worker_user), a_worker(user=User.objects.create(username="carol"))
    for worker, concept, more in ((alice, "lamp", []), (stranger, "carpet", range(8))):
        while lease := claim(worker, made, timezone.now()):
            rejected = sorted({*lease.task.controls, *more})
            given = a_given(lease, concept=concept, rejected=rejected)
            submit(lease, given, timezone.now())
    publish(made)
    draw_pictures()
    return made


def judge(page, who, verdict, words):
    """Fold out a verdict on one worker's answer to the first unit, say why, and do it."""
    answer = page.locator(".unit-review").first.get_by_label(f"Answer of {who}")
    answer.locator("summary", has_text=verdict).click()
    answer.get_by_role("textbox").fill(words)
    accessible(page)
    answer.get_by_role("button", name=verdict, exact=True).click()
    expect(page.locator(".messages")).to_be_visible()


def correct(page, words):
    """Find what was sent back, see why, correct it."""
    page.goto("/label/")
    expect(page.get_by_text("Look at the floor, not at the lamps.")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Look again").click()
    page.wait_for_selector("form.ready")
    expect(page.get_by_role("heading", name="Sent back to you")).to_be_visible()
    expect(page.locator("#concept")).to_have_value("lamp")
    accessible(page)
    page.locator("#concept").fill(words)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_one_is_sent_back_and_corrected_and_one_rejected_and_asked_again(
    browser_page, researcher, worker_user, campaign
):
    bob = browser_page(user=researcher)
    bob.goto(REVIEW)
    task = Answer.objects.get(pk=_first(bob)).task
    alice = worker_for(worker_user).pseudonym
    judge(bob, alice, "Send back", "Look at the floor, not at the lamps.")
    correct(browser_page(user=worker_user), "carpets")
    tasks.aggregate(task.pk)  # as a worker process does
    assert UnitSemantics.objects.get(unit=task.unit).agreement == 1
    page = browser_page(user=worker_user, width=360, dark=True)
    page.goto("/label/you/answers/")
    expect(page.get_by_text("Your newer answer counts in its place.")).to_be_visible()
    accessible(page)

    bob.goto(f"{REVIEW}?show=disputed")  # the other unit is the first now
    judge(bob, alice, "Reject", "There is no lamp at all.")
    expect(bob.locator(".messages")).to_contain_text("in the queue again, for another worker")
    page.goto("/label/")
    expect(page.get_by_text("There is no lamp at all.")).to_be_visible()
    accessible(page)
    page.goto("/label/rooms/")
    expect(page.get_by_text("There is no lamp")).to_have_count(0)
    assert page.url.endswith("/label/rooms/")  # nothing of it for her
    eve = browser_page(user=User.objects.create(username="eve"))
    eve.goto("/label/rooms/")
    eve.wait_for_selector("form.ready")
    rejected = Answer.objects.get(worker=worker_for(worker_user), reviews__verdict="reject")
    assert rejected.task.assignments.filter(state="held").exists()


def _first(page):
    """Return the key of an answer of the first unit."""
    form = page.locator(".unit-review").first.locator("form[action*='/answers/']").first
    return form.get_attribute("action").rstrip("/").rpartition("/")[2]


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (360, True)])
def test_the_queue_on_any_screen_and_by_keys(browser_page, researcher, campaign, width, dark):
    page = browser_page(user=researcher, width=width, dark=dark)
    page.goto(REVIEW)
    for details in page.locator("main details").all():
        details.evaluate("one => one.open = true")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    units = page.locator(".unit-review")
    for key, number in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(units.nth(number)).to_be_focused()
    page.get_by_role("textbox").first.press("j")
    expect(page.get_by_role("textbox").first).to_have_value("j")


def test_without_scripts_a_reviewer_judges_and_answers(browser_page, researcher, campaign):
    page = browser_page(user=researcher, java_script_enabled=False)
    page.goto(REVIEW)
    page.get_by_role("button", name="Accept").first.click()
    expect(page.locator(".messages")).to_contain_text("Accepted.")
    page.get_by_role("button", name="Answer it yourself").first.click()
    expect(page.get_by_text("counted, and marked as a reviewer’s")).to_be_visible()


def test_a_reviewer_answers_a_unit_herself(browser_page, researcher, campaign):
    page = browser_page(user=researcher)
    page.goto(REVIEW)
    page.get_by_role("button", name="Answer it yourself").first.click()
    page.wait_for_selector("form.ready")
    task = campaign.tasks.get(assignments__state="reviewing")
    page.locator("#concept").fill("rug")
    choose(page, "object")
    toggle_all(page, task.controls)
    accessible(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".messages")).to_contain_text("marked as a reviewer’s")
    assert Answer.objects.get(by_reviewer=True).concept == "rug"
