"""The comparison of two networks in Chromium: drawn, dark, on a phone, read by axe-core."""

import re

import pytest
from playwright.sync_api import expect

from tests.analysis.against import two_networks
from tests.browser.conftest import accessible, draw_pictures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_two_networks_side_by_side(browser_page, live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    two_networks()
    draw_pictures()
    page = browser_page(width=1366, height=768)
    page.goto("/findings/one/detectors/")
    page.get_by_role("link", name="Compare with…").click()
    question = "Do other levels of meaning emerge in one than in two?"
    expect(page.get_by_role("heading", name=question, exact=True)).to_be_visible()
    a_long_table_is_folded(page)
    page.get_by_role("link", name="Detectors").last.click()
    drawn = page.locator("[data-figure][data-drawn]")
    expect(drawn.first).to_be_visible()
    assert drawn.locator("svg").first.locator(".mark-symbol path").count() >= 6
    accessible(page)
    page.get_by_role("link", name="Concepts").click()
    page.get_by_role("link", name="only in two").click()
    expect(page.locator("table.against tbody tr")).to_have_count(1)
    accessible(page)
    phone = browser_page(width=360, height=740, touch=True, dark=True)
    phone.goto("/findings/one/against/?other=two&tab=concepts&threshold=0")
    expect(phone.locator("[data-figure][data-drawn]").first).to_be_visible()
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert phone.evaluate(over) <= 0
    accessible(phone)
    tabs_are_one_row_and_sections_a_choice(phone)


def a_long_table_is_folded(page):
    rows = page.locator("[aria-labelledby='categories-both-question'] tbody tr")
    expect(rows.nth(9)).to_be_visible()
    expect(rows.nth(10)).to_be_hidden()
    page.get_by_text("Show all 18 rows").first.click()
    expect(rows.nth(17)).to_be_visible()
    expect(page.get_by_label("Section")).to_be_hidden()  # on a wide screen these are tabs


def tabs_are_one_row_and_sections_a_choice(phone):
    shown = phone.get_by_role("link", name="Compare with…").bounding_box()
    assert shown["x"] + shown["width"] <= 360  # the page shown stays at the edge of its row
    assert phone.locator(".tabs").first.bounding_box()["height"] < 60
    expect(phone.get_by_role("navigation", name="What is compared")).to_be_hidden()
    phone.get_by_label("Section").select_option("Detectors")
    phone.get_by_role("button", name="Show").first.click()
    expect(phone).to_have_url(re.compile("tab=detectors"))


def test_figures_are_saved_without_scripts(browser_page, live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    two_networks()
    page = browser_page(width=360, height=740, java_script_enabled=False)
    page.goto("/findings/one/against/?other=two&tab=fields")
    question = "Do the units of one or of two look at more?"
    with page.expect_download() as download:
        page.get_by_role("link", name=f"PDF of “{question}”").first.click()
    assert download.value.suggested_filename == "one-against-two-fields-both.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")
