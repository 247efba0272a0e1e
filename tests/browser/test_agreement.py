"""The page of agreement in Chromium: drawn on any screen, and the method is chosen by keyboard."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate import tasks
from annotate.models import Campaign
from annotate.services import truth
from tests.annotate.factories import open_small_campaign
from tests.annotate.test_truth_fits import all_answered
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(live_server, researcher, monkeypatch):
    """Six units, four answers each; what a worker would do is done at once."""
    monkeypatch.setattr(tasks.publish, "delay", tasks.publish)
    made = open_small_campaign(
        units=6, slug="rooms", answers=4, control_rule="record", user=researcher, title="Rooms"
    )
    all_answered(made)
    truth.renew(made, timezone.now(), everything=True)
    return made


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (1366, True), (360, False)])
def test_figures_are_drawn_and_a_method_is_chosen(browser_page, researcher, campaign, width, dark):
    page = browser_page(user=researcher, width=width, dark=dark)
    page.goto("/campaigns/rooms/agreement/")
    expect(page.locator(".drawing svg").first).to_be_visible()
    for summary in page.locator("main summary").all():
        summary.click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Method", exact=True).select_option("one-coin")
    page.get_by_role("button", name="Use this").press("Enter")
    expect(page.locator(".messages")).to_contain_text("Labels are made by one-coin now")
    expect(page.get_by_text("1 is an average worker")).to_be_visible()
    assert Campaign.objects.get().method == "one-coin"
