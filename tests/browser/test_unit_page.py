"""A unit's page in a real browser: nothing on it is cut that tells units or numbers apart."""

import os

import pytest

from analysis.models import ClassScore, Network, TopImage, Unit
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.annotate import factories
from tests.browser.conftest import accessible, draw_pictures
from tests.browser.test_console_atlas import whole

pytestmark = pytest.mark.browser  # looks: one database will do
PICTURES = os.environ.get("PICTURES", "")
CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"

RIGHT = "getBoundingClientRect().right"
INSIDE = f"all => all.every(one => one.{RIGHT} <= one.closest('li').{RIGHT} + 1)"


def named(run, channels, slug):
    """Call units of a network "bed" and make it public under a name."""
    Network.objects.filter(pk=run.network_id).update(public=True, slug=slug)
    for unit in Unit.objects.filter(layer__network=run.network, channel__lt=channels):
        label = UnitLabel("bed", "object", 0.8, 0.7, 0.9, 3, 0.67)
        semantics.record(unit=unit, source="people", origin="rooms", run=run, label=label)


@pytest.fixture
def run(live_server):
    """A run whose unit has scores; units like it in its network and in one of a long name."""
    run, other = factories.a_finished_run(units=4), factories.a_finished_run(units=4)
    named(run, 3, "demo-scene-net")
    named(other, 2, "demo-scene-net-control-of-the-same-images")
    unit = Unit.objects.get(layer__network=run.network, channel=0)
    for rank, name in enumerate(("bed", "night stand", "windowsill")):
        ClassScore.objects.create(
            run=run, unit=unit, rank=rank, label=rank, name=name, iou=0.173, cap=0.512, chance=0.1,
            f1=0.295, precision=0.5, average_precision=0.244, correlation=-0.31,
        )  # fmt: skip
    draw_pictures()
    return run


@pytest.mark.parametrize("kind", [{"width": 1366}, {"width": 1366, "dark": True}, {"width": 360}])
def test_numbers_and_places_of_units_are_read_whole(browser_page, run, kind):
    page = browser_page(**kind)
    page.goto("/atlas/demo-scene-net/conv1/0/")
    accessible(page)
    whole(page)
    if PICTURES:
        name = "-".join(map(str, kind.values()))
        page.screenshot(path=f"{PICTURES}/unit-{name}.png", full_page=True)
    places = page.locator(".near-grid .place > :last-child")
    assert sorted(places.all_inner_texts()) == ["conv1/0", "conv1/1", "conv1/1", "conv1/2"]
    assert places.evaluate_all(CUT) == 0
    assert places.evaluate_all(INSIDE)
    assert page.locator("section[aria-labelledby=classes] .scroll").evaluate_all(CUT) == 0


@pytest.mark.parametrize("kind", [{"width": 1366}, {"width": 360, "dark": True}])
def test_cards_of_a_concept_name_network_and_place_in_whole(browser_page, run, kind):
    page = browser_page(**kind)
    page.goto("/atlas/concepts/bed/")
    whole(page)
    names = page.locator(".unit-grid h3")
    assert names.count() == 5
    assert names.evaluate_all(CUT) == 0
    assert names.evaluate_all(INSIDE)


@pytest.mark.parametrize("kind", [{"width": 1366}, {"width": 360, "dark": True}])
def test_a_card_without_pictures_says_so_and_is_as_high(browser_page, run, kind):
    last = Unit.objects.get(layer__network=run.network, channel=1)
    TopImage.objects.filter(unit=last).delete()
    page = browser_page(**kind)
    for address in ("", "conv1/", "conv1/0/"):
        page.goto(f"/atlas/demo-scene-net/{address}" if address else "/atlas/concepts/bed/")
        accessible(page)
        whole(page)
        empty = page.locator(".unit-card .best", has_text="no picture drawn")
        assert empty.count() == 1
        assert page.locator(f"#{empty.get_attribute('aria-describedby')}").count() == 1
        heights = page.locator(".unit-card .best").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert max(heights) - min(heights) < 1
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/empty-{address.count('/')}.png", full_page=True)
