"""Objects of two networks: against slow computations from the exported tables; what is missing."""

import csv
import io
import random
import statistics as plain

import pytest
from scipy.stats import fisher_exact, kendalltau, pearsonr, spearmanr

from analysis.models import Network, UnitSemantics
from analysis.services import compared_objects, comparisons, findings, statistics
from analysis.services.comparables import COMPARABLES
from analysis.services.comparing import compare
from analysis.services.comparison_sides import sides_of
from analysis.services.figures import Figure, Missing
from analysis.services.objects import MEASURES, Wanted
from tests.analysis.counted import NAMES, a_counted_run, a_room_set, finished
from tests.analysis.test_kept import Spy, nothing_kept
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
OBJECTS = findings.TABS["objects"]
LIBRARY = {"pearson": pearsonr, "spearman": spearmanr, "kendall": kendalltau}
# Units of each layer for wall, floor, bed, lamp, oven, and for a giraffe, which is no class.
NAMED = {"one": ((1, 0, 4, 0, 2), (0, 1, 2, 1, 3)), "two": ((6, 3, 1, 2, 0), (5, 2, 0, 4, 0))}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def both():
    """Two networks: the first names beds and ovens, the second what is everywhere."""
    return [a_network(slug) for slug in NAMED]


def a_network(slug):
    network = rows.network(slug, channels=20)
    for layer, numbers in zip(("conv1", "conv2"), NAMED[slug], strict=True):
        words = [name for name, often in zip(NAMES, numbers, strict=False) for _ in range(often)]
        for channel, word in enumerate([*words, "giraffe"]):
            rows.label(rows.unit(network, layer, channel), word)
    return network


@pytest.fixture
def rooms(tmp_path, both):
    return finished(a_counted_run(tmp_path, given={"least_scene": 4})).image_set


def found(name, *both, **asked):
    sides = sides_of(OBJECTS, *both, asked)
    assert not isinstance(sides, Missing), sides
    return {(row.place, row.measure): row for row in compare(COMPARABLES[name], *sides).rows}


def exported(name, network, rooms):
    """Return a network's table as a stranger reads it: text."""
    table = statistics.of_objects(Wanted(network, "people", rooms), statistics.OF_OBJECTS[name])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(table)).decode())))


def test_units_of_an_object_are_those_of_the_exported_tables(both, rooms):
    told = found("objects", *both)
    units = [exported("unit-objects", network, rooms) for network in both]
    assert {place for place, _ in told} == {"wall", "floor", "bed", "lamp", "oven"}
    for (name, _), row in told.items():
        hits = [sum(unit["object"] == name for unit in some) for some in units]
        assert (row.value, row.other_value) == pytest.approx(
            (hits[0] / len(units[0]), hits[1] / len(units[1]))
        )
        table = [[one, len(some) - one] for one, some in zip(hits, units, strict=True)]
        assert row.p == pytest.approx(fisher_exact(table).pvalue)


def test_objects_that_are_named_are_their_own_partners(both, rooms):
    told = found("coverage", *both)
    counts = [row for row in exported("objects", both[0], rooms) if not row["layer"]]
    there = [row["object"] for row in counts if int(row["images"])]
    units = [exported("unit-objects", network, rooms) for network in both]
    for layer in ("all layers", "conv1", "conv2"):
        named = [
            {unit["object"] for unit in some if layer in ("all layers", unit["layer"])}
            for some in units
        ]
        shares = [len(some & set(there)) / len(there) for some in named]
        row = told[layer, "named"]
        assert (row.value, row.other_value) == pytest.approx(tuple(shares))
        assert row.interval == "paired Newcombe"
        assert (row.units, row.other_units) == (len(there), len(there))


def columns(both, rooms, measure):
    """Return the units of each object in both, and a measure of it, from the exported tables."""
    tables = [
        {row["object"]: row for row in exported("objects", network, rooms) if not row["layer"]}
        for network in both
    ]
    there = [name for name, row in tables[0].items() if int(row["images"])]
    return [
        [[float(table[name][column]) for name in there] for table in tables]
        for column in ("units", measure)
    ]


def test_correlations_of_both_and_their_difference(both, rooms):
    told = found("correlations", *both)
    for measure in MEASURES:
        one_measure(told, measure, *columns(both, rooms, measure))
    the_same_objects_are_drawn_for_both(told, both, rooms)
    what_is_left_given_how_often_an_object_occurs(told, both, rooms)


def test_correlations_are_drawn_once_and_anew_when_a_label_changes(both, rooms, monkeypatch):
    nothing_kept(monkeypatch)
    spy = Spy(monkeypatch, compared_objects, "_drawn")
    before = found("correlations", *both)
    assert found("correlations", *both) == before
    assert spy.calls == 1
    UnitSemantics.objects.filter(unit__layer__network=both[0], concept="bed").update(concept="lamp")
    assert found("correlations", *both) != before
    assert spy.calls == 2


def one_measure(told, measure, units, numbers):
    if len(set(numbers[0])) == 1:
        assert all(place != measure for place, _ in told)
        return
    place = {"among": "scenes"}.get(measure, measure)
    for name, of in LIBRARY.items():
        row = told[place, name]
        ends = [of(one, numbers[0]).statistic for one in units]
        assert (row.value, row.other_value) == pytest.approx(tuple(ends))
        assert row.difference == pytest.approx(ends[0] - ends[1])
        assert (row.units, row.other_units) == (5, 5)
        assert row.p <= row.p_holm


def the_same_objects_are_drawn_for_both(told, both, rooms):
    row = told["information", "spearman"]
    units, [numbers, _] = columns(both, rooms, "information")
    chance, drawn = random.Random(2), []
    while len(drawn) < 1500:
        some = chance.choices(range(len(numbers)), k=len(numbers))
        picked = [[column[at] for at in some] for column in (*units, numbers)]
        if all(len(set(column)) > 1 for column in picked):
            ends = [spearmanr(one, picked[2]).statistic for one in picked[:2]]
            drawn.append(ends[0] - ends[1])
    ends = plain.quantiles(drawn, n=40)
    assert (row.difference_low, row.difference_high) == pytest.approx((ends[0], ends[-1]), abs=0.15)
    assert row.interval == "paired bootstrap"


def what_is_left_given_how_often_an_object_occurs(told, both, rooms):
    units, [often, _] = columns(both, rooms, "instances")
    _, [tells, _] = columns(both, rooms, "information")
    row = told["information | instances", "pearson"]
    for value, one in ((row.value, units[0]), (row.other_value, units[1])):
        x, y, z = (
            pearsonr(*pair).statistic for pair in ((one, tells), (one, often), (tells, often))
        )
        assert value == pytest.approx((x - y * z) / ((1 - y**2) * (1 - z**2)) ** 0.5)
    assert (row.p, row.p_holm) == (None, None)


def figures(*both, **asked):
    return comparisons.of_tab(OBJECTS, *both, asked)


def test_figures_answer_the_question(both, rooms):
    units, coverage, correlations = figures(*both)
    assert [one.name for one in (units, coverage, correlations)] == [
        "objects-both",
        "coverage-both",
        "correlations-both",
    ]
    tests = sum(row["p"] is not None for row in correlations.rows)
    sure = sum(row["p_holm"] is not None and row["p_holm"] < 0.05 for row in correlations.rows)
    counted = f"{sure or 'None'} of {tests} differences {'is' if sure < 2 else 'are'} beyond chance"
    assert correlations.answer.startswith(
        f"{counted} after Holm’s correction. Information on the scene, bits: Pearson "
    )
    assert "in one, " in correlations.answer
    assert f" after Holm’s correction for {tests} comparisons)" in correlations.answer
    assert "With instances in the masks held fixed (partial correlation): " in correlations.answer
    assert "bootstrap over pairs" in correlations.method
    assert "Both measured the same objects" in correlations.method
    assert "image_set=rooms" in correlations.download
    weight = figures(*both, informativeness="weight", frequency="pixels")[2]
    assert " Weight in the model of scenes: " in weight.answer
    assert "Pixels in the masks: " in weight.answer
    named = figures(both[0], both[1], objects="named", layers="conv1")[2]
    assert "layers=conv1" in named.download


def test_what_is_missing_says_how_to_get_it(tmp_path, both):
    [none] = figures(*both)
    assert "There is no image set with masks that readers of both one and two may see" in none.why
    images = a_room_set(tmp_path / "rooms", scenes=[""] * 9)
    *_, correlations = figures(*both)
    assert correlations.why.count("manage.py analyze one rooms --steps count") == 1
    finished(a_counted_run(tmp_path, image_set=images))
    *_, correlations = figures(*both)
    assert isinstance(correlations, Figure)
    assert "The images of rooms have no scenes" in correlations.answer
    [none] = figures(*both, layers="conv9")
    assert none.why == (
        "one has no layer conv9: it has conv1, conv2. Choose layers that both have, or all."
    )
    both[1].layers.filter(name="conv1").update(name="block1")
    [none] = figures(*both, layers="conv1")
    assert none.why.startswith("two has no layer conv1: it has block1, conv2.")
    coverage = figures(*both)[1]
    assert "Only in one: conv1. Only in two: block1." in coverage.method


def test_constant_counts_one_label_and_no_object_say_so(both, rooms):
    labels = UnitSemantics.objects.filter(unit__layer__network=both[1])
    labels.exclude(pk=labels.first().pk).delete()
    units, *_ = figures(*both)
    assert isinstance(units, Figure)
    labels.update(concept="giraffe")
    units, coverage, correlations = figures(*both)
    assert {row["other_value"] for row in units.rows} == {0.0}
    assert coverage.rows[0]["other_value"] == 0
    assert correlations.why == (
        "two: Every one of the 5 objects has 0 units, so there is no correlation with anything."
    )
    few = figures(*both, objects="named", threshold="1")[2]
    assert "There are 0 objects that units name: a correlation takes at least 4." in few.why


def test_two_sources_of_one_network_are_compared(both, rooms):
    for row in UnitSemantics.objects.filter(unit__layer__network=both[0], unit__channel=0):
        rows_ = {"source": "machine", "origin": "m", "category": "", "precision": None}
        rows.label(row.unit, "lamp", **rows_)
    units, _, correlations = figures(both[0], both[0])
    assert "one, people" in units.answer
    assert "against_source=machine" in units.download
    assert isinstance(correlations, Figure)


def test_the_page_takes_layers_and_measures_from_its_address(client, both, rooms):
    Network.objects.update(public=True)
    answers = set()
    for asked in (
        "",
        "&layers=conv2",
        "&informativeness=weight",
        "&frequency=images&objects=named",
    ):
        page = client.get(f"/findings/one/against/?other=two&tab=objects{asked}")
        assert page.status_code == 200, asked
        [told] = [one for one in page.context["figures"] if "correlations" in one.name]
        answers.add(told.answer)
        for word in asked.split("&")[1:]:
            value = word.partition("=")[2]
            assert f">{value}</option>" in page.content.decode() or f'"{value}" selected' in (
                page.content.decode()
            )
    assert len(answers) == 4
