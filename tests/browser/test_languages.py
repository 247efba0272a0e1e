"""A worker labels in German, switches to English and back; nothing overflows, axe finds nothing."""

import pytest
from playwright.sync_api import expect

from annotate.models import Answer, Assignment, Campaign
from tests.browser.conftest import accessible
from tests.browser.labelling import choose, shot

pytestmark = [pytest.mark.browser, pytest.mark.rows]


def fits(page):
    """Tell that nothing makes the page wider than its screen."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1366, 360])
def test_from_the_link_to_the_thanks_in_german(browser_page, campaign, width):
    Campaign.objects.update(access="link")
    campaign.refresh_from_db()
    page = browser_page(width=width, height=768, locale="de-DE", touch=width < 600)
    page.goto(f"/label/rooms/?k={campaign.link_token}")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    accessible(page)
    assert fits(page)
    page.get_by_role("button", name="Mit dem Benennen anfangen").click()
    page.wait_for_selector("form.ready")
    assert fits(page)
    for place in Assignment.objects.get().task.controls:
        shot(page, place).click()
    if width < 600:
        page.get_by_role("button", name="Antworten").click()
    expect(page.locator("#count")).to_contain_text("passen")
    page.locator("#concept").fill("Straßenlaterne")
    choose(page, "object")
    expect(page.locator("#save-state")).to_have_text("gespeichert")
    accessible(page)
    assert fits(page)
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_role("heading", name="Danke")).to_be_visible()
    assert Answer.objects.get().concept == "Straßenlaterne"
    accessible(page)
    assert fits(page)


def test_the_language_is_changed_by_keyboard_and_remembered(browser_page, campaign, worker_user):
    page = browser_page(user=worker_user, locale="de-DE")
    page.goto("/label/")
    page.get_by_role("button", name="English").focus()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Label units")).to_be_visible()
    page.get_by_role("link", name="Start").click()
    page.wait_for_selector("form.ready")
    page.locator("#concept").fill("lamp")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#concept")).to_have_value("lamp")
