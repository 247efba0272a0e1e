"""The researcher's campaign pages in Chromium: opened, watched, paused; read by axe-core."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate.models import Campaign
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign
from tests.browser.conftest import accessible, forgive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def answered(**changed):
    """Return a campaign with one disputed and several waiting units."""
    campaign = open_small_campaign(units=4, slug="kitchens", title="Kitchens", **changed)
    for concept, category in (("lamp", "object"), ("blue", "simple")):
        lease = claim(a_worker(), campaign, timezone.now())
        submit(lease, a_given(lease, concept=concept, category=category), timezone.now())
    publish(campaign)
    return campaign


def test_a_campaign_is_opened_watched_and_paused(browser_page, researcher):
    a_finished_run(units=3, layers=2)
    page = browser_page(user=researcher)
    page.goto("/campaigns/new/")
    accessible(page)
    page.get_by_role("link", name="Ask about it").click()
    page.get_by_label("Name in addresses").fill("two words")
    page.get_by_label("Guidelines").fill("Be *specific*.")
    accessible(page)
    forgive(page, "422")
    page.get_by_role("button", name="Open the campaign").click()
    expect(page.get_by_label("Name in addresses")).to_be_focused()
    expect(page.get_by_label("Guidelines")).to_have_value("Be *specific*.")
    accessible(page)
    page.get_by_label("Name in addresses").fill("kitchens")
    page.get_by_label("conv2").uncheck()
    page.get_by_label("anyone with the link").check()
    page.get_by_role("button", name="Open the campaign").click()
    expect(page.locator("#link")).to_contain_text("/label/kitchens/?k=")
    assert Campaign.objects.get().tasks.count() == 3
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    expect(page.locator(".messages")).to_contain_text("Who holds one may submit it")


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (1366, True), (390, False)])
def test_the_campaign_s_page_is_accessible_on_any_screen(browser_page, researcher, width, dark):
    answered(user=researcher, guidelines="# How\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    page = browser_page(user=researcher, width=width, dark=dark)
    page.goto("/campaigns/kitchens/")
    for summary in page.locator("main summary").all():
        summary.click()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Show", exact=True).select_option("disputed")
    page.locator("form[method=get] button").click()
    expect(page.locator("tbody tr", has_text="conv1/")).to_have_count(1)
    expect(page.get_by_text("tie of concepts")).to_be_visible()


def test_the_numbers_renew_themselves(browser_page, researcher):
    campaign = answered(user=researcher)
    page = browser_page(user=researcher)
    page.clock.install()
    page.goto("/campaigns/kitchens/")
    expect(page.locator("#progress dd").first).to_contain_text("2 of 12")
    lease = claim(a_worker(), campaign, timezone.now())
    submit(lease, a_given(lease), timezone.now())
    page.clock.fast_forward(11_000)
    expect(page.locator("#progress dd").first).to_contain_text("3 of 12")
