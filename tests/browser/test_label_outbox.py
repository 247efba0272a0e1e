"""Answers given without a connection are kept and sent once; two tabs, the back button."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate.models import Answer, Assignment
from tests.browser.conftest import _session_of, accessible, forgive
from tests.browser.labelling import address, choose, toggle_all, until

pytestmark = [pytest.mark.browser, pytest.mark.rows]


def fill(page, held, concept="bed", places=None):
    """Answer the unit rightly, without submitting."""
    page.locator("#concept").fill(concept)
    choose(page, "object")
    toggle_all(page, held.task.controls if places is None else places)


def submit(page):
    """Press the button."""
    page.get_by_role("button", name="Submit").click()


@pytest.fixture
def kept(label, held):
    """Alice's page, with her answer kept because the connection is gone."""
    page = label()
    forgive(page, "ERR_INTERNET_DISCONNECTED")
    fill(page, held)
    page.context.set_offline(True)
    submit(page)
    expect(page.locator("#save-state")).to_contain_text(
        "kept in this browser and is sent by itself"
    )
    return page


def test_an_answer_without_connection_is_sent_once_when_it_is_back(kept, held):
    accessible(kept)
    assert not Answer.objects.exists()
    kept.context.set_offline(False)
    expect(kept.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.get().rejected == sorted(held.task.controls)
    assert kept.evaluate("Object.keys(localStorage).filter(k => k.includes('outbox'))") == []


def test_a_draft_that_an_answer_overtakes_is_not_heard_of(label, held):
    page = label()
    drafts, answers, ended = [], [], []
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda one: one.url.endswith("/draft/") and ended.append(one.failure))
    page.route("**/draft/", lambda route: drafts.append(route))  # on its way, and not there yet
    page.route("**/submit/", lambda route: answers.append((route, route.fetch())))
    with page.expect_request("**/draft/"):
        fill(page, held)
    submit(page)
    until(page, lambda: answers)
    drafts[0].continue_()
    until(page, lambda: ended)
    answers[0][0].fulfill(response=answers[0][1])
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert (len(drafts), Answer.objects.count()) == (1, 1)


def test_after_an_answer_that_was_refused_for_a_while_drafts_are_saved_again(label, held):
    page = label()
    forgive(page, "429")
    fill(page, held)
    page.route("**/submit/", lambda route: route.fulfill(status=429), times=1)
    submit(page)
    expect(page.locator("#banner")).to_contain_text("reload the page and try again")
    page.locator("#concept").fill("bunk bed")
    expect(page.locator("#save-state")).to_have_text("saved")
    assert Assignment.objects.get(pk=held.pk).draft["concept"] == "bunk bed"


def test_an_answer_whose_reply_was_lost_is_one_answer(label, held):
    page = label()
    forgive(page, "ERR_FAILED")
    fill(page, held)

    def lose_the_reply(route):
        route.fetch()
        route.abort()

    page.route("**/submit/", lose_the_reply, times=1)
    submit(page)
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    assert Answer.objects.count() == 1
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.count() == 1


def test_what_is_changed_after_that_waits_for_the_button_again(kept):
    kept.locator("#concept").fill("bunk bed")
    expect(kept.locator("#outbox")).to_contain_text("press Submit again")
    kept.context.set_offline(False)
    expect(kept.locator("#save-state")).to_have_text("saved")
    assert not Answer.objects.exists()
    submit(kept)
    expect(kept.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.get().concept == "bunk bed"


def test_another_worker_of_the_same_browser_sends_nothing(kept, live_server, researcher):
    alice = [one for one in kept.context.cookies() if one["name"] == "sessionid"]
    # A page that is left is no longer held offline, and would send what is kept before it is gone.
    kept_here = kept.evaluate("JSON.stringify(localStorage)")
    kept.evaluate("localStorage.clear()")
    kept.goto("about:blank")
    kept.context.add_cookies([_session_of(researcher, live_server.url)])
    kept.context.set_offline(False)
    kept.goto("/label/")
    kept.evaluate("kept => Object.assign(localStorage, JSON.parse(kept))", kept_here)
    kept.reload()
    kept.wait_for_load_state("networkidle")
    expect(kept.locator("#outbox")).to_be_hidden()
    assert not Answer.objects.exists()
    kept.context.add_cookies(alice)
    kept.goto("/label/")
    expect(kept.locator("#outbox")).to_have_text("1 answer kept in this browser was sent.")
    assert Answer.objects.get().worker.user.username == "alice"


def test_an_answer_sent_as_somebody_else_stays_kept(kept, held, live_server, researcher):
    """Who is signed in may change behind an open page."""
    forgive(kept, "404")
    alice = [one for one in kept.context.cookies() if one["name"] == "sessionid"]
    kept.context.add_cookies([_session_of(researcher, live_server.url)])
    kept.context.set_offline(False)
    expect(kept.locator("#outbox")).to_contain_text("belongs to a worker who is not signed in")
    assert not Answer.objects.exists()
    kept.context.add_cookies(alice)
    kept.evaluate("window.dispatchEvent(new Event('online'))")
    expect(kept.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.get().worker.user.username == "alice"


def test_an_answer_that_breaks_a_rule_is_a_draft_again(label, held):
    page = label()
    forgive(page, "ERR_INTERNET_DISCONNECTED|422")
    fill(page, held, places=[next(n for n in range(60) if n not in held.task.controls)])
    page.context.set_offline(True)
    submit(page)
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    page.context.set_offline(False)
    expect(page.locator("#images-error")).to_contain_text("clearly does not fit")
    assert Assignment.objects.get(pk=held.pk).draft["concept"] == "bed"


def test_a_unit_that_went_to_others_meanwhile_says_so(kept, held):
    forgive(kept, "409")
    Assignment.objects.filter(pk=held.pk).update(due_at=timezone.now() - timedelta(seconds=5))
    held.task.answers_given = held.task.answers_wanted
    held.task.save()
    kept.context.set_offline(False)
    expect(kept.locator("#banner")).to_contain_text("others have taken it up since")
    assert not Answer.objects.exists()


def test_the_second_of_two_tabs_is_told_that_the_answer_is_given(label, held):
    first, second = label(), label()
    forgive(second, "409")
    fill(second, held, concept="sofa")
    fill(first, held)
    submit(first)
    expect(first.get_by_role("heading", name="Thank you")).to_be_visible()
    submit(second)
    expect(second.locator("#banner")).to_contain_text("You have answered this unit already")
    assert Answer.objects.get().concept == "bed"


def test_the_back_button_leads_to_the_thanks_not_to_a_second_answer(label, held):
    page = label()
    fill(page, held)
    submit(page)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.goto(address(held))
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
