"""A unit's page: its distribution, map, scenes, history and the units like it."""

import re

import numpy as np
import pytest

from analysis.core import bins
from analysis.core.arrays import packed
from analysis.models import (
    ClassScore,
    Image,
    Job,
    Localisation,
    Network,
    ReceptiveField,
    State,
    TopImage,
    Unit,
)
from analysis.services import distributions, files, semantics
from analysis.services.fields import write_maps
from analysis.services.scans import layer_file
from analysis.services.semantics import UnitLabel
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run():
    """A finished run of a public network over kitchens and a few offices."""
    run = factories.a_finished_run(units=3)
    Network.objects.filter(pk=run.network_id).update(public=True)
    type(run.image_set).objects.filter(pk=run.image_set_id).update(
        scenes={"kitchen": 200, "office / den": 100, "attic": 700}
    )
    Image.objects.filter(image_set=run.image_set, number__lt=15).update(scene="office / den")
    return run


def unit_of(run, channel=0):
    """Return a unit of its layer."""
    return Unit.objects.get(layer__network=run.network, channel=channel)


def say(unit, concept, source="people", precision=0.5, category="object"):
    """Label a unit."""
    label = UnitLabel(concept, category, precision, answers=3, agreement=0.67)
    return semantics.record(unit=unit, source=source, origin=source, run=None, label=label)


def page_of(client, run, channel=0, query=""):
    """Return the page of a unit."""
    page = client.get(f"/atlas/{run.network.slug}/conv1/{channel}/{query}")
    assert page.status_code == 200
    return page


def store_counts(run, values):
    """Store how the units' activations are distributed: ``values`` for each of three."""
    layer = run.layers.get()
    counts = np.zeros((3, bins.BINS), np.int64)
    for unit, some in enumerate(values):
        for value in some:
            counts[unit, np.abs(bins.middles() - value).argmin()] += 1
    first = int(np.flatnonzero(counts.any(0))[0])
    kept = {"counts": counts[:, first:], "first": np.array([first])}
    files.write(layer_file(run, layer), packed(kept))


def test_the_distribution_says_where_the_top_images_lie(client, run):
    rng = np.random.default_rng(5)
    values = [rng.normal(0, 30, 4000).tolist() for _ in range(3)]
    store_counts(run, values)
    Job.objects.create(run=run, step="dissect", position=2, queue="cpu", state=State.DONE)
    page = page_of(client, run, 1)
    spread = page.context["spread"]
    tops = TopImage.objects.filter(run=run, unit=unit_of(run, 1), end="top")
    activations = sorted(tops.values_list("activation", flat=True))
    assert (spread.weakest, spread.strongest, spread.top) == (activations[0], activations[-1], 60)
    assert spread.total == sum(spread.counts) == 4000
    # Counted anew, slowly, to within the width of a bin.
    slow = sum(value >= spread.weakest for value in values[1])
    assert abs(spread.beyond - slow) <= sum(
        abs(value / spread.weakest - 1) < 1 / 30 for value in values[1]
    )
    nearly = sorted(values[1])[int(0.995 * 4000) - 1]
    assert spread.threshold == pytest.approx(nearly, rel=bins.RELATIVE_ERROR)
    heights = [bar.height for bar in spread.bars]
    assert max(heights) == pytest.approx(distributions.HEIGHT)
    html = page.content.decode()
    assert html.count('class="step"') == sum(count > 0 for count in spread.counts)
    assert 'class="threshold"' in html


@pytest.mark.parametrize("kept", ["none", "constant", "other"])
def test_a_distribution_that_cannot_be_drawn_says_so(client, run, kept):
    if kept == "constant":
        store_counts(run, [[0.0] * 9] * 3)
        TopImage.objects.filter(run=run).update(activation=0.0)
        assert page_of(client, run).context["spread"].beyond == 9
    else:
        if kept == "other":
            files.write(layer_file(run, run.layers.get()), packed({"x": np.zeros(3)}))
        page = page_of(client, run)
        assert page.context["spread"] is None
        assert b"The distribution of all its activations is not there" in page.content


def test_its_map_lies_where_it_won(client, run):
    assert page_of(client, run, query="?view=map").context["kind"] == "segmented"  # none yet
    unit = unit_of(run)
    ReceptiveField.objects.create(run=run, unit=unit, size=60.0, dx=0, dy=0, images=5)
    write_maps(run, unit.layer, {0: np.ones((21, 21), np.float32)})
    page = page_of(client, run, query="?view=map")
    assert page.context["kind"] == "map"
    for tile in page.context["tiles"]:
        x, y, width, height = tile["box"]
        assert (width, height) == (63, 63)
        assert x + width / 2 == pytest.approx(17.5 + 16 * tile["top"].column)
        assert y + height / 2 == pytest.approx(17.5 + 16 * tile["top"].row)
    html = page.content.decode()
    assert html.count("data:image/png") == 2  # once for the wall, once for the field
    assert html.count('href="#unit-map"') == 60
    assert "no map of a single image is kept" in html
    assert "view=map" in re.search(r'rel="next" href="([^"]+)"', html)[1]


def test_scenes_of_its_images_and_what_it_finds_there(client, run):
    Localisation.objects.create(
        run=run, unit=unit_of(run), concept="oven", sources="people", label=3, name="stove",
        how="wordnet", jaccard=0.25, chance=0.05, images=100, images_with_class=20,
    )  # fmt: skip
    page = page_of(client, run)
    shares = {row["share"].scene: row for row in page.context["scenes"]}
    tops = TopImage.objects.filter(run=run, unit=unit_of(run), end="top")
    offices = tops.filter(image__scene="office / den").count()
    office = shares["office / den"]["share"]
    assert (office.images, office.of) == (offices, 60)
    assert office.times == pytest.approx(offices / 60 / 0.1)
    assert office.times_low < office.times < office.times_high
    assert office.is_over
    html = page.content.decode()
    assert f"/atlas/scenes/{run.image_set.slug}/office%20/%20den/" in html
    assert "it finds stove in" in html
    assert "each stamped with its field" not in html  # no other number to be told from
    ClassScore.objects.create(
        run=run, unit=unit_of(run), rank=0, label=3, name="stove", iou=0.1, cap=0.5, chance=0.0,
        f1=0.2, precision=0.5, average_precision=0.2, correlation=0.3,
    )  # fmt: skip
    assert "each stamped with its field" in page_of(client, run).content.decode()


def test_no_pictures_says_whether_anything_looked(client, run):
    unit = unit_of(run)
    other = factories.RunFactory(network=run.network, image_set=run.image_set, state=State.DONE)
    other.layers.add(unit.layer)
    Job.objects.create(run=other, step="dissect", position=1, queue="cpu", state=State.DONE)
    named = page_of(client, run, query=f"?run={other.short_key}").content.decode()
    assert f"Run {other.short_key} has drawn no pictures of this layer" in named
    run.layers.clear()
    drawn = "No pictures of this layer have been drawn yet: the step “segment” does that."
    assert drawn in page_of(client, run).content.decode()
    other.layers.clear()
    html = page_of(client, run).content.decode()
    assert "No finished run has looked at this layer yet." in html
    assert drawn not in html


def test_words_say_how_they_stand_to_the_label_where_they_are_not_the_same(client, run, researcher):
    row = say(unit_of(run), "bed")
    row.details = {
        "words": [
            {"worker": "a", "concept": "bed", "stands": "same word", "why": "the same word"},
            {"worker": "b", "concept": "cot", "stands": "kind", "why": "a cot is a kind of bed"},
        ]
    }
    row.save(update_fields=["details"])
    client.force_login(researcher)
    page = page_of(client, run).content.decode()
    assert "a cot is a kind of bed" in page
    assert "the same word" not in page


def test_history_and_units_like_it(client, run):
    other = factories.a_finished_run(units=4)
    hidden = factories.a_finished_run(units=1)
    Network.objects.filter(pk=other.network_id).update(public=True)
    say(unit_of(run), "lamp")
    say(unit_of(run), "bed")
    say(unit_of(run, 1), "Beds", "machine")
    say(unit_of(other), "bunk bed", precision=0.9)
    say(unit_of(other, 1), "bed", precision=0.7)
    say(unit_of(other, 2), "bed", "simulated")
    say(unit_of(other, 3), "window")
    say(unit_of(hidden), "bed", precision=1.0)
    page = page_of(client, run)
    assert [(row.act, row.concept) for row in page.context["history"]] == [
        ("changed", "bed"), ("given", "lamp"),
    ]  # fmt: skip
    near = [(entry.label.concept, entry.how.value, str(entry.unit.layer.network)) for entry in
            page.context["nearest"]]  # fmt: skip
    assert near == [
        ("bed", "same", other.network.slug),
        ("Beds", "same", run.network.slug),
        ("bunk bed", "kind", other.network.slug),
    ]
    html = page.content.decode()
    assert "History of its labels" in html
    assert hidden.network.slug not in html
    assert 'href="/atlas/concepts/bed/"' in html
