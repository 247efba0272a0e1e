"""A researcher's whole way: console, atlas, unit, concept, findings, comparison, figure, report."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analysis import tasks
from analysis.models import Network, Report
from analysis.services import findings
from tests.analysis.against import two_networks
from tests.browser.conftest import accessible, draw_pictures, forgive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def saved(page: Page, link) -> Path:
    """Press a link and return the file that it leads to."""
    with page.expect_download() as download:
        link.click()
    return Path(download.value.path())


def test_from_the_console_to_a_figure_and_a_report(browser_page, researcher, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    two_networks()
    draw_pictures()
    Network.objects.update(created_by=researcher)
    page = browser_page(user=researcher, width=1366, height=768)
    page.goto("/")
    accessible(page)
    page.get_by_role("link", name="Atlas").first.click()
    page.get_by_role("link", name="one", exact=True).first.click()
    page.locator("main h3 a").first.click()
    page.locator("a[href^='/atlas/one/'][href*='/0/']").first.click()
    expect(page.get_by_text("Activation", exact=False).first).to_be_visible()
    accessible(page)
    name = page.locator("h1").inner_text().strip()
    page.get_by_role("link", name="All units of this concept").first.click()
    expect(page).to_have_url(re.compile("/atlas/concepts/"))
    expect(page.locator("h1")).to_contain_text(name)
    accessible(page)
    figures(page)
    report(page)


def figures(page: Page) -> None:
    """Save a figure in two forms, and see both networks in one."""
    page.goto("/findings/one/meanings/")
    figure = page.locator(".finding", has=page.locator("[data-figure=precision]"))
    assert saved(page, figure.get_by_role("link", name="SVG")).read_bytes().startswith(b"<svg")
    table = saved(page, figure.get_by_role("link", name="CSV").last).read_text()
    assert len(list(csv.DictReader(io.StringIO(table)))) == figure.locator("tbody tr").count()
    page.get_by_role("link", name="Compare with…").click()
    expect(page.locator("[data-figure][data-drawn]").first).to_be_visible()
    accessible(page)


def report(page: Page) -> None:
    """Have a report made, and save it in two forms."""
    page.goto("/findings/one/reports/")
    page.get_by_role("button", name="Make a report").click()
    expect(page.locator("#reports .chip")).to_have_text("Waiting")
    tasks.make_report(Report.objects.get().pk)
    expect(page.locator("#reports .chip")).to_have_text("Done")
    assert saved(page, page.get_by_role("link", name="PDF")).read_bytes().startswith(b"%PDF")
    assert "What the units of one see" in saved(
        page, page.get_by_role("link", name="HTML")
    ).read_text("utf-8")


READ = (
    "/atlas/",
    "/atlas/one/",
    "/atlas/one/conv1/",
    "/atlas/one/conv1/0/",
    "/atlas/concepts/",
    "/atlas/concepts/bed/",
    "/atlas/scenes/",
    *(f"/findings/one/{tab}/" for tab in findings.TABS),
    *(f"/findings/one/against/?tab={tab}" for tab in findings.TABS),
    "/findings/one/matches/",
    "/findings/one/paper/",
)


@pytest.mark.slow
def test_every_page_can_be_read_on_a_small_phone_without_scripts(browser_page, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    two_networks()
    page = browser_page(width=360, height=740, touch=True, java_script_enabled=False)
    forgive(page, "404")  # most pictures are not drawn here
    for address in READ:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        expect(page.locator("h1")).to_be_visible()
        assert len(page.locator("main").inner_text()) > 40, address
        assert page.locator("html").evaluate("e => e.scrollWidth") <= 360, address
