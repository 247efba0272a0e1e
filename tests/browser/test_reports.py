"""A report from the button to the file on the reader's disk, which needs nothing else."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from analysis import tasks
from analysis.models import Network, Report
from tests.analysis.reported import a_known_network, give_pictures
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_report_is_asked_for_made_saved_and_read_from_the_disk(
    browser_page, researcher, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path / "media"
    run = a_known_network(synthetic=True)
    give_pictures(run)
    Network.objects.update(created_by=researcher)
    page = browser_page(user=researcher, width=360, height=740)
    page.goto("/findings/demo/segments/")
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", name="Reports on demo")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="Make a report").click()
    expect(page.locator("#reports .chip")).to_have_text("Waiting")
    tasks.make_report(Report.objects.get().pk)
    expect(page.locator("#reports .chip")).to_have_text("Done")  # the list asked for itself
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="HTML").click()
    assert download.value.suggested_filename.startswith("report-demo-")
    file = Path(tmp_path / "report.html")
    download.value.save_as(file)
    for screen in ({"width": 1366, "height": 768}, {"width": 360, "height": 740, "dark": True}):
        read_from_disk(browser_page(**screen), file, screen["width"])
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("None was made yet.")).to_be_visible()


def read_from_disk(read, file, width):
    """Open the file: all is there, nothing is fetched, axe finds nothing."""
    asked = []
    read.on("request", lambda request: asked.append(request.url))
    read.goto(file.as_uri())
    expect(read.get_by_role("heading", name="What the units of demo see")).to_be_visible()
    assert read.locator(".drawing svg").count() == 6
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert read.evaluate("document.documentElement.scrollWidth") == width
    pictures = read.locator(".pictures img")
    assert pictures.evaluate_all("all => all.every(one => one.naturalWidth === 112)")
    accessible(read)
