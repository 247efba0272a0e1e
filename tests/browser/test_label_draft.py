"""Nothing is lost: drafts, lost connections, a second device, leases that end."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate.models import Assignment
from tests.browser.conftest import accessible, forgive
from tests.browser.labelling import address, choose, count, let_time_pass, saved, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.rows]


# ---- The draft ----------------------------------------------------------------------------------
def test_a_reload_restores_the_draft(label, held):
    page = label()
    page.locator("#concept").fill("half a word")
    choose(page, "part")
    toggle_all(page, [3, 8])
    saved(page)
    page.reload()
    page.wait_for_selector("form.ready")
    count(page, 58, 2)
    assert page.locator("#concept").input_value() == "half a word"
    expect(page.locator('[value="part"]')).to_be_checked()


def test_leaving_at_once_keeps_the_last_change(label, held):
    page = label()
    page.locator("#concept").fill("quick")
    page.goto("/label/")
    page.get_by_role("link", name="Start").click()
    page.wait_for_selector("form.ready")
    assert page.locator("#concept").input_value() == "quick"


def test_a_lost_connection_is_told_calmly_and_made_good(label, held):
    page = label()
    forgive(page, "ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator("#concept").fill("offline words")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    page.context.set_offline(False)
    saved(page)
    assert Assignment.objects.get(pk=held.pk).draft["concept"] == "offline words"


def test_words_written_without_connection_survive_a_reload(label, held):
    page = label()
    forgive(page, "ERR_FAILED")
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#concept").fill("kept here")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    page.reload()
    page.wait_for_selector("form.ready")
    assert page.locator("#concept").input_value() == "kept here"
    page.unroute("**/draft/")
    saved(page)
    assert Assignment.objects.get(pk=held.pk).draft["concept"] == "kept here"


def test_a_second_device_goes_on_where_the_first_was_and_the_newest_wins(label):
    first = label()
    first.locator("#concept").fill("from the first")
    saved(first)
    second = label(width=820, height=1180)
    assert second.locator("#concept").input_value() == "from the first"
    second.locator("#concept").fill("from the second")
    saved(second)
    # The first device, coming back with nothing new, is given the newer words.
    first.evaluate("window.dispatchEvent(new Event('online'))")
    expect(first.locator("#save-state")).to_contain_text("Newer marks from another device")
    assert first.locator("#concept").input_value() == "from the second"


# ---- The lease ----------------------------------------------------------------------------------
def test_the_end_of_the_lease_is_told_before_it_comes(label, held):
    soon = timezone.now() + timedelta(seconds=60)
    Assignment.objects.filter(pk=held.pk).update(due_at=soon)
    page = label(clock=True)
    page.evaluate("Object.defineProperty(document, 'hasFocus', { value: () => false })")
    let_time_pass(page, page.locator("#banner"), 4)
    expect(page.locator("#banner")).to_contain_text("goes back to others soon")
    accessible(page)
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#banner")).to_be_hidden()
    assert Assignment.objects.get(pk=held.pk).due_at > soon + timedelta(minutes=5)


def test_a_unit_that_went_to_others_says_so_and_leads_on(label, held):
    page = label()
    forgive(page, "409")
    Assignment.objects.filter(pk=held.pk).update(due_at=timezone.now() - timedelta(seconds=5))
    task = held.task
    task.answers_given = task.answers_wanted
    task.save()
    page.locator("#concept").fill("late")
    expect(page.locator("#banner")).to_contain_text("no longer yours")
    page.locator("#banner").get_by_role("link", name="Go on").click()
    page.wait_for_selector("form.ready")
    assert page.url != address(held)


def test_a_unit_is_given_back(label, held):
    page = label()
    page.get_by_role("button", name="Give back").click()
    expect(page.get_by_text("You gave the unit back.")).to_be_visible()
    assert Assignment.objects.get(pk=held.pk).state == "returned"


def test_the_next_units_pictures_are_fetched_ahead(label, held):
    page = label()
    ahead = page.locator("form.ready").get_attribute("data-ahead")
    tile = page.request.get(ahead).json()["pictures"][0][0]
    page.wait_for_function(
        "name => performance.getEntriesByType('resource').some(e => e.name.includes(name))",
        arg=tile.split("/")[2],
    )
    assert Assignment.objects.count() == 1
