"""From a unit by keyboard to those like it, its concept and a scene; a link made and opened."""

import os

import numpy as np
import pytest

from analysis.core import bins
from analysis.core.arrays import packed
from analysis.models import Image, ImageSet, Network, ReceptiveField, Unit
from analysis.services import files, semantics
from analysis.services.fields import write_maps
from analysis.services.scans import layer_file
from analysis.services.semantics import UnitLabel
from tests.annotate import factories
from tests.browser.conftest import accessible, draw_pictures
from tests.browser.test_console_atlas import whole

pytestmark = pytest.mark.browser  # looks and keys: one database will do
PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture
def run(live_server, researcher):
    """A run of Bob's private network with labels, a map, a distribution and scenes."""
    run = factories.a_finished_run(units=4)
    Network.objects.filter(pk=run.network_id).update(
        created_by=researcher, authors="Noether, Emmy; Turing, Alan", doi="10.5281/zenodo.1234"
    )
    ImageSet.objects.filter(pk=run.image_set_id).update(scenes={"kitchen": 60, "bedroom": 40})
    Image.objects.filter(image_set=run.image_set, number__lt=25).update(scene="bedroom")
    units = list(Unit.objects.filter(layer__network=run.network).order_by("channel"))
    for unit, concept in zip(units, ("sofa", "bed", "Beds", "bunk bed"), strict=True):
        words = [{"worker": "calm-fox-1", "concept": concept, "category": "object"}]
        for said, share in ((concept, 0.8), (concept, 0.9)):
            label = UnitLabel(
                said, "object", share, share - 0.1, share + 0.05, 3, 0.67, details={"words": words}
            )
            semantics.record(unit=unit, source="people", origin="rooms", run=run, label=label)
    layer = run.layers.get()
    rng = np.random.default_rng(2)
    counts = np.zeros((4, bins.BINS), np.int64)
    for value in rng.normal(0, 25, 20_000):
        counts[:, np.abs(bins.middles() - value).argmin()] += 1
    files.write(layer_file(run, layer), packed({"counts": counts, "first": np.array([0])}))
    span = np.linspace(-1, 1, 25)
    field = np.exp(-3 * (span[:, None] ** 2 + span[None] ** 2)).astype(np.float32)
    write_maps(run, layer, {unit.channel: field for unit in units})
    ReceptiveField.objects.bulk_create(
        ReceptiveField(run=run, unit=unit, size=42.0, dx=0, dy=0, anisotropy=1.1, images=20)
        for unit in units
    )
    draw_pictures()
    return run


def seen(page, name, screen):
    """Ask axe and the width of the page; keep a picture of it where somebody wants to look."""
    accessible(page)
    whole(page)
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{screen}.png", full_page=True)


def test_a_reader_walks_by_keyboard_and_by_a_link(browser_page, run, researcher):
    slug = run.network.slug
    owner = browser_page(user=researcher)
    owner.goto(f"/networks/{slug}/links/")
    owner.fill("#name", "reviewers")
    owner.keyboard.press("Enter")
    link = owner.inner_text("#secret")
    seen(owner, "links", "wide")
    owner.goto(f"/networks/{slug}/citation/")
    seen(owner, "citing", "wide")
    for screen, kind in (("wide", {}), ("dark", {"dark": True}), ("phone", {"width": 360})):
        page = browser_page(**kind)
        page.goto(link)
        page.wait_for_url(f"**/atlas/{slug}/")
        page.locator("summary", has_text="BibTeX").click()
        seen(page, "network", screen)
        walk(page, run, screen)
    owner.goto(f"/networks/{slug}/links/")
    owner.click("button:has-text('Revoke')")
    owner.wait_for_selector("text=revoked on")
    # The reader keeps his cookie; it opens nothing.
    assert page.request.get(f"/atlas/{slug}/").url.endswith(f"/sign-in/?next=/atlas/{slug}/")


def walk(page, run, screen):
    """Go from a unit to its neighbour, to its concept and on, by keys; then to a scene."""
    layer = f"/atlas/{run.network.slug}/conv1/"
    page.goto(f"{layer}1/?view=map")
    assert page.locator(".mapped").count() == 60
    seen(page, "map", screen)
    page.goto(f"{layer}0/")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/conv1/1/")
    seen(page, "unit", screen)
    page.locator("a", has_text="All units of this concept").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/atlas/concepts/bed/")
    page.wait_for_selector(".drawing svg")
    assert page.locator(".unit-card").count() == 2
    seen(page, "concept", screen)
    page.locator("#related ~ ul a", has_text="bunk bed").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/atlas/concepts/bunk%20bed/")
    page.goto("/atlas/concepts/")
    seen(page, "concepts", screen)
    page.goto(f"/atlas/scenes/{run.image_set.slug}/bedroom/")
    seen(page, "scene", screen)
