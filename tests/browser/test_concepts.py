"""The page of a campaign's concepts in Chromium: keyboard, phone, dark, and without scripts."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from analysis.models import UnitSemantics
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(live_server, researcher):
    """Two units: a couch in one, a sofa in the other; an Arabic word behind neither."""
    made = open_small_campaign(units=2, slug="rooms", user=researcher, title="Rooms")
    for words in (("couch", "sofa"), ("red couch", "Sofas"), ("أريكة حمراء", "sofa")):
        worker = a_worker()
        while lease := claim(worker, made, timezone.now()):
            given = a_given(lease, concept=words[lease.task.unit.channel])
            submit(lease, given, timezone.now())
    publish(made)
    return made


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (1366, True), (360, False)])
def test_a_merge_and_its_undoing_on_any_screen(browser_page, researcher, campaign, width, dark):
    page = browser_page(user=researcher, width=width, dark=dark)
    page.goto("/campaigns/rooms/concepts/")
    for summary in page.locator("main summary").all():
        summary.click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    suggested = page.get_by_role("button", name="Merge couch into sofa")
    suggested.or_(page.get_by_role("button", name="Merge sofa into couch")).press("Enter")
    expect(page.locator(".messages")).to_contain_text("1 unit has another label now")
    expect(page.get_by_role("heading", name="The last decision")).to_be_visible()
    expect(page.locator(".changes li")).to_have_count(1)
    accessible(page)
    assert UnitSemantics.objects.values("concept").distinct().count() == 1
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".messages")).to_contain_text("Undone")
    assert UnitSemantics.objects.values("concept").distinct().count() == 2


def test_without_scripts_a_concept_is_renamed_and_a_word_split_off(
    browser_page, researcher, campaign
):
    page = browser_page(user=researcher, java_script_enabled=False)
    page.goto("/campaigns/rooms/concepts/?q=red+couch")
    page.get_by_role("button", name="Split off red couch from couch").click()
    expect(page.locator(".messages")).to_contain_text("red couch split off couch")
    page.get_by_role("searchbox").fill("sofa")
    page.get_by_role("button", name="Search").click()
    page.locator("tbody summary").first.click()
    page.get_by_label("New name").fill("Seat")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".messages")).to_contain_text("sofa renamed Seat")
