"""The grid of the atlas in a real browser: it goes on while one scrolls, and is led by keys."""

import re

import pytest
from playwright.sync_api import expect

from analysis.models import Unit
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.annotate import factories
from tests.browser.conftest import accessible, forgive

pytestmark = pytest.mark.browser  # looks and keys: one database will do

TOP = "document.querySelector('[data-page=\"{}\"]').getBoundingClientRect().top"
# Playwright's own waiting would evaluate text in the page, which its policy forbids.
SOON = """async () => {
  for (let frame = 0; frame < 900 && Math.abs(%s) >= 3; frame += 1)
    await new Promise(requestAnimationFrame);
  return Math.abs(%s);
}"""


def near(page, distance):
    """Tell whether a distance in pixels is nothing, as soon as it is."""
    return page.evaluate(SOON % (distance, distance)) < 3


@pytest.fixture
def grid(live_server):
    """The address of a public network of 200 units without pictures, every tenth a bed."""
    layer = factories.LayerFactory(name="conv1", channels=200)
    layer.network.public = True
    layer.network.save()
    for unit in Unit.objects.filter(layer=layer, channel__in=range(0, 200, 10)):
        given = UnitLabel(concept="bed", category="object", precision=0.9)
        semantics.record(unit=unit, source="people", origin="first-look", run=None, label=given)
    return f"/atlas/{layer.network.slug}/conv1/"


def test_it_goes_on_while_one_scrolls_and_comes_back_to_the_place(browser_page, grid):
    page = browser_page()
    page.goto(grid)
    page.wait_for_selector("#grid.endless")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.locator("[data-page='4']").scroll_into_view_if_needed()
    expect(page.locator("[data-page='4'] .unit-card")).to_have_count(48)
    page.evaluate(f"scrollBy(0, {TOP.format(4)} + 500)")
    page.wait_for_url("**/conv1/?page=4")
    # Nothing moved: the boxes were as high from the start as their cards made them.
    assert page.evaluate("document.documentElement.scrollHeight") == height
    accessible(page)
    link = page.locator("[data-page='4'] .best").nth(20)
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.click()
    page.wait_for_url("**/conv1/164/")
    page.go_back()
    page.wait_for_url("**/conv1/?page=4")
    assert near(page, f"scrollY - {before}")
    # And so it does on a new visit to the address, which begins with that page.
    page.goto(f"{grid}?page=3")
    assert near(page, TOP.format(3))
    assert page.evaluate("document.documentElement.scrollHeight") == height


def test_keys_lead_through_it_and_filters_are_told(browser_page, grid):
    page = browser_page()
    page.goto(grid)
    page.wait_for_selector("#grid.endless")
    assert page.locator(".best[tabindex='0']").count() == 1
    page.locator(".best").first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("[data-page='1'] .best").nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("[data-page='5'] .best").last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conv1/0/")
    page.goto(f"{grid}?min_iou=5")
    expect(page.locator("#iou-error")).to_contain_text("“5” is no number from 0 to 1")
    accessible(page)
    page.goto(grid)
    page.fill("#concept", "furniture")
    page.check("#kinds")
    page.wait_for_url(re.compile(r"concept=furniture&kinds=true"))
    expect(page.locator("#found")).to_contain_text("20 units of 200")
    expect(page.locator("#kinds")).to_be_focused()
    accessible(page)
    page.click(".chip.removable")
    page.wait_for_url("**/conv1/")


def test_a_page_that_does_not_come_may_be_asked_for_again(browser_page, grid):
    page = browser_page()
    forgive(page, "ERR_FAILED")
    page.route("**/*part=units*", lambda route: route.abort())
    page.goto(grid)
    page.locator("[data-page='2'] .lost button").wait_for(state="attached")
    page.unroute("**/*part=units*")
    page.locator("[data-page='2'] .lost button").click()
    expect(page.locator("[data-page='2'] .unit-card")).to_have_count(48)
