"""The API's page draws itself and calls the API in a real browser, under the security policy."""

import pytest
from playwright.sync_api import expect

from tests.api import rows

pytestmark = pytest.mark.browser  # looks and keys: one database will do
SCREENS = {"wide": {}, "dark": {"dark": True}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_is_drawn_and_its_console_is_silent(browser_page, screen):
    page = browser_page(**SCREENS[screen])
    page.goto("/api/v1/docs/")
    expect(page.locator("#operations-units-units_list")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, "the page scrolls sideways"


def test_a_reader_tries_a_call_and_sees_the_answer(browser_page, live_server):
    rows.network("alexnet", public=True)
    page = browser_page()
    page.goto("/api/v1/docs/")
    page.locator("#operations-networks-networks_list .opblock-summary-control").click()
    page.locator("#operations-networks-networks_list .try-out__btn").click()
    page.locator("#operations-networks-networks_list .execute").click()
    answer = page.locator("#operations-networks-networks_list .live-responses-table")
    expect(answer).to_contain_text('"slug": "alexnet"')


def test_a_session_that_changes_something_sends_its_csrf_token(
    browser_page, live_server, researcher
):
    run = rows.run(rows.network(), created_by=researcher, state="waiting")
    page = browser_page(user=researcher)
    page.goto("/api/v1/docs/")
    page.locator("#operations-runs-runs_cancel .opblock-summary-control").click()
    page.locator("#operations-runs-runs_cancel .try-out__btn").click()
    page.locator("#operations-runs-runs_cancel input[placeholder=key]").fill(run.key)
    page.locator("#operations-runs-runs_cancel .execute").click()
    answer = page.locator("#operations-runs-runs_cancel .live-responses-table")
    expect(answer).to_contain_text('"state": "cancelled"')
