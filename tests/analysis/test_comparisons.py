"""Comparisons against slow, literal computations from the exported tables; what is missing."""

import csv
import io
import statistics as plain
from random import Random

import pytest
from scipy.stats import fisher_exact

from analysis.models import Localisation, Network, Run, UnitSemantics
from analysis.services import (
    comparison_figures,
    comparison_tables,
    comparisons,
    findings,
    statistics,
)
from analysis.services.comparables import COMPARABLES
from analysis.services.comparing import Compared, Side, compare, matched
from analysis.services.comparison_sides import sides_of, usual_other
from analysis.services.comparison_words import beyond_chance
from analysis.services.concept_pairs import chosen, pairs, with_pictures
from analysis.services.dissection import DETECTS
from analysis.services.figures import Figure, Missing
from analysis.services.meanings import Wanted
from tests.analysis.against import UNITS, a_run, two_networks
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
TABS = {tab.name: tab for tab in comparisons.sections()}


@pytest.fixture
def both(settings, tmp_path):
    """Two networks with something of every finding."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return two_networks()


def found(name, first, second, **asked):
    """Return what is compared of a statistic, by (place, measure)."""
    comparable = COMPARABLES[name]
    sides = sides_of(TABS[comparable.tab], first, second, asked)
    assert not isinstance(sides, Missing), sides
    return {(row.place, row.measure): row for row in compare(comparable, *sides).rows}


def exported(run, name):
    """Return a run's table as a stranger reads it: text."""
    table = statistics.of_run(run, statistics.STATISTICS[name])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(table)).decode())))


def labelled(network):
    """Return a network's labels, answer by answer, from the rows."""
    return list(
        UnitSemantics.objects.filter(unit__layer__network=network).select_related("unit__layer")
    )


def slow(first, second, rounds=2000):
    """Return the difference of means of two lists, and its interval, drawn one by one."""
    chance = Random(7)
    drawn = plain.quantiles(
        [
            plain.fmean(chance.choices(first, k=len(first)))
            - plain.fmean(chance.choices(second, k=len(second)))
            for _ in range(rounds)
        ],
        n=40,
    )
    return plain.fmean(first) - plain.fmean(second), drawn[0], drawn[-1]


def close(row, first, second, tolerance):
    value, low, high = slow(first, second)
    assert row.difference == pytest.approx(value)
    assert (row.difference_low, row.difference_high) == pytest.approx((low, high), abs=tolerance)
    assert (row.value, row.other_value) == pytest.approx((plain.fmean(first), plain.fmean(second)))
    assert (row.units, row.other_units) == (len(first), len(second))


def test_fields_and_masks_are_what_the_tables_of_units_give(both):
    runs = Run.objects.order_by("pk")
    sizes = [[one for one in exported(run, "unit-fields") if one["size"]] for run in runs]
    fields = found("fields", *both)
    for layer in ("conv1", "conv2"):
        ends = [[float(u["size"]) for u in one if u["layer"] == layer] for one in sizes]
        close(fields[layer, "size"], *ends, tolerance=0.6)
        close(fields[layer, "part"], *([size / 19 for size in end] for end in ends), tolerance=0.03)
    everything = [[float(unit["size"]) for unit in one] for one in sizes]
    close(fields["all layers", "size"], *everything, tolerance=0.6)
    assert fields["conv1", "found"].value == pytest.approx((UNITS - 1) / UNITS)
    masks = [exported(run, "unit-masks") for run in runs]
    ends = [
        [float(u["own"]) - float(u["disc"]) for u in one if u["layer"] == "conv2"] for one in masks
    ]
    close(found("masks", *both)["conv2", "difference"], *ends, tolerance=0.04)


def test_detectors_and_classes_are_what_the_tables_of_units_give(both):
    runs = Run.objects.order_by("pk")
    best = [[one for one in exported(run, "dissection") if one["rank"] == "0"] for run in runs]
    of = [sum(int(one["units"]) for one in exported(run, "detectors")) for run in runs]
    detectors, classes = found("detectors", *both), found("classes", *both)
    for layer, units in (("conv1", UNITS), ("conv2", UNITS), ("all layers", 2 * UNITS)):
        some = [[u for u in one if layer in (u["layer"], "all layers")] for one in best]
        hits = [sum(float(unit["iou"]) > DETECTS for unit in one) for one in some]
        row = detectors[layer, "detectors"]
        assert row.difference == pytest.approx((hits[0] - hits[1]) / units)
        table = [[hits[0], units - hits[0]], [hits[1], units - hits[1]]]
        assert row.p == pytest.approx(fisher_exact(table).pvalue)
        ious = [[float(u["iou"]) for u in one] + [0.0] * (units - len(one)) for one in some]
        close(detectors[layer, "iou"], *ious, tolerance=0.008)
    for (name, _), row in classes.items():
        hits = [sum(u["name"] == name and u["detects"] == "True" for u in one) for one in best]
        assert row.difference == pytest.approx(hits[0] / of[0] - hits[1] / of[1])
        assert (row.units, row.other_units) == tuple(of)


def test_labels_are_what_one_counts_by_hand(both):
    first, second = (labelled(network) for network in both)
    precision = found("precision", *both)
    for layer in ("conv1", "conv2", "all layers"):
        ends = [
            [one.precision for one in some if layer in (one.unit.layer.name, "all layers")]
            for some in (first, second)
        ]
        close(precision[layer, "precision"], *ends, tolerance=0.02)
        close_shares = [plain.fmean(value > 0.75 for value in end) for end in ends]
        row = precision[layer, "above"]
        assert (row.value, row.other_value) == pytest.approx(close_shares)
    groups = found("categories", *both)
    said = [
        [w["category"] for one in some for w in one.details["words"] if w["precision"] > 0.75]
        for some in (first, second)
    ]
    for group in ("object", "scene", "simple"):
        row = groups["all layers", f"answer_{group}"]
        shares = [one.count(group) / len(one) for one in said]
        assert row.difference == pytest.approx(shares[0] - shares[1])
    assert groups["conv1", "answer_simple"].interval == "none"  # constant: nobody said so
    concepts = found("concepts", *both, threshold="0")
    named = [[one.concept.strip().casefold() for one in some] for some in (first, second)]
    for name in ("bed", "lamp", "sofa", "stripes"):  # the second has no lamp, the first no stripes
        shares = [one.count(name) / len(one) for one in named]
        assert concepts[name, "named"].difference == pytest.approx(shares[0] - shares[1])
    assert concepts["lamp", "named"].other_value == 0


def test_agreement_is_that_of_both_pages(both):
    told = found("agreement", *both)
    sides = sides_of(TABS["meanings"], *both, {})
    alone = [
        {row.layer: row for row in statistics.OF_LABELS["agreement"].rows(side.choice.labels, 0.0)}
        for side in sides
    ]
    for layer in ("conv1", "conv2"):
        for measure in ("kappa", "same_words", "same_concept"):
            ends = [getattr(one[layer], measure) for one in alone]
            row = told[layer, measure]
            assert row.difference == pytest.approx(ends[0] - ends[1])
            assert row.difference_low <= row.difference <= row.difference_high


def test_images_are_their_own_partners_where_both_saw_them(both):
    told = found("minimal-image-scenes", *both)
    row = told["kitchen", "area_masks"]
    # Five images have one in both; each area is 0.05 larger in the second.
    assert (row.units, row.other_units) == (5, 5)
    assert row.difference == pytest.approx(-0.05)
    assert row.interval == "none"  # the same difference in every pair
    assert told["kitchen", "found_masks"].interval == "paired Newcombe"
    kept = found("minimal-images", *both)
    assert kept["kitchen: wall", "kept_masks"].difference == -1.0
    assert kept["kitchen: oven", "kept_masks"].p == 1.0


def test_marks_lead_to_layers_and_concepts(both):
    [fields, *_] = comparisons.of_tab(TABS["fields"], *both, {})
    marks = {(one["side"], one["href"]) for one in fields.spec["data"]["values"]}
    assert ("one", "/atlas/one/conv1/") in marks
    assert ("two", "/atlas/two/conv1/") in marks
    assert ("one", "") in marks  # all layers together
    assert [row["href"] for row in fields.rows][-1] == "/atlas/one/conv2/"
    [concepts] = comparisons.of_tab(TABS["concepts"], *both, {"threshold": "0"})
    assert "/atlas/concepts/bed/" in {row["href"] for row in concepts.rows}
    assert "/atlas/concepts/bed/" in {one["href"] for one in concepts.spec["data"]["values"]}


def test_two_runs_of_one_network_are_compared_unit_by_unit(both):
    first, earlier = both[0], Run.objects.order_by("pk")[0]
    other = a_run(first, rows.image_set("more", labels=earlier.image_set.labels), 3)
    asked = {"run": earlier.short_key, "other_run": other.short_key}
    told = found("fields", first, first, **asked)
    assert {row.interval for row in told.values()} == {"paired bootstrap", "paired Newcombe"}
    [figure, *_] = comparisons.of_tab(TABS["fields"], first, first, asked)
    assert "each is its own partner" in figure.method
    assert "They saw different images: rooms and more." in figure.method
    assert other.short_key in [column.title for column in figure.columns][-7]


def test_a_report_gets_every_section_with_both(both):
    told = comparisons.figures(*both, {})
    order = [tab.name for tab in comparisons.sections()]
    assert order[:4] == ["meanings", "concepts", "detectors", "objects"]
    assert sorted(order) == sorted(["concepts", *findings.TABS])  # each once
    assert [title for title, _ in told] == [tab.title for tab in comparisons.sections()]
    assert {one.tab for one in COMPARABLES.values()} == set(TABS)
    shown = {one.name: one for _, some in told for one in some if isinstance(one, Figure)}
    missing = [one.why for _, some in told for one in some if isinstance(one, Missing)]
    assert ["--steps count" in why for why in missing] == [True]  # no run has counted objects
    assert {name.split("-both")[0] for name in shown} == set(COMPARABLES) - {"correlations"}
    for figure in shown.values():
        assert "one" in [cell.text for cell in figure.head]
        assert figure.table
        assert {row["side"] for row in figure.spec["data"]["values"]} == {"one", "two"}
        assert "Holm" in figure.method
    detectors = shown["detectors-both"]
    assert "two" in detectors.answer
    assert detectors.download.startswith("/api/v1/statistics/detectors.csv?run=")
    assert "against=two" in shown["precision-both"].download


def test_every_statistic_that_is_described_is_one(both):
    known = {**statistics.STATISTICS, **statistics.OF_LABELS, **statistics.OF_OBJECTS}
    assert set(COMPARABLES) <= set(known)
    assert {one.tab for one in COMPARABLES.values()} <= set(TABS)


def test_layers_without_a_common_name_are_matched_by_depth(both):
    both[1].layers.filter(name="conv1").update(name="block1")
    both[1].layers.filter(name="conv2").update(name="block9")
    told = found("fields", *both)
    assert told["conv2", "size"].other_place == "block9"
    [figure, *_] = comparisons.of_tab(TABS["fields"], *both, {})
    assert "No layer has the same name in both" in figure.method
    assert "conv2 – block9" in [row[0].text for row in figure.table]
    Run.objects.filter(network=both[1]).delete()
    assert matched(["a"], [], "layer").pairs == []
    assert matched(["A", "b"], ["a", "c"], "class").only_second == ["c"]
    assert matched(["a"], ["c"], "class").pairs == []


def why(tab, *both, **asked):
    [one] = comparisons.of_tab(TABS[tab], *both, asked)
    assert isinstance(one, Missing)
    return one.why


def test_what_is_missing_says_how_to_get_it(both):
    first, second = both
    run = Run.objects.get(network=first).short_key
    assert "choose another one" in why("fields", first, first, other_run=run)
    assert "there is no other that has finished the step locate" in why("fields", first, first)
    assert why("meanings", first, first) == "one has no labels but those by people to compare with."
    UnitSemantics.objects.filter(unit__layer__network=second).delete()
    assert "No unit of two has a label: ask people" in why("concepts", *both)
    Run.objects.filter(network=second).first().jobs.filter(step="dissect").delete()
    told = why("detectors", *both)
    assert told == (
        "two has no run that has finished the step dissect: ask for one with the steps"
        f" {findings.TABS['detectors'].steps}."
    )
    known = rows.network("known")
    Network.objects.filter(pk=known.pk).update(arch="")
    known.refresh_from_db()
    assert why("fields", first, known).startswith("known is known from published answers only")


def test_nothing_in_common_and_constant_values_say_so(both):
    Localisation.objects.filter(run__network=both[1]).update(concept="sofa")
    told = why("localisation", *both)
    assert told == "one and two have no concept in common: bed, lamp; sofa."
    assert "Nothing of this kind was measured" in why("concepts", *both, threshold="1")
    UnitSemantics.objects.update(precision=0.5)
    told = comparisons.of_tab(TABS["meanings"], *both, {})
    precision = next(one for one in told if getattr(one, "name", "") == "precision-both")
    assert "without an interval: too few units, or constant values" in precision.method
    assert precision.answer.startswith(
        "None of 3 differences is beyond chance after Holm’s correction. The largest: "
    )


@pytest.mark.parametrize(
    ("corrected", "words"),
    [
        ([None], ""),
        ([0.2, None], "The one difference tested is not beyond chance"),
        ([0.01], "The one difference tested is beyond chance"),
        ([0.05, 0.2], "None of 2 differences is beyond chance"),
        ([0.04, 0.2, None], "1 of 2 differences is beyond chance"),
        ([0.04, 0.01, 1.0], "2 of 3 differences are beyond chance"),
    ],
)
def test_answers_count_what_is_beyond_chance(corrected, words):
    rows_ = [Compared(*[None] * 16, p_holm=p) for p in corrected]
    assert beyond_chance(rows_) == (words and f"{words} after Holm’s correction")


def test_a_drawing_of_the_largest_differences_says_so(both, monkeypatch):
    [whole] = comparisons.of_tab(TABS["concepts"], *both, {"threshold": "0"})
    assert "Drawn:" not in whole.method
    monkeypatch.setattr(comparison_figures, "DRAWN", 3)
    [some] = comparisons.of_tab(TABS["concepts"], *both, {"threshold": "0"})
    assert some.method.endswith(" Drawn: the 3 largest differences of 4; the table has all.")
    drawn = {one["line"] for one in some.spec["data"]["values"]}
    least = min(some.rows, key=lambda row: abs(row["difference"]))["place"]
    assert drawn == {row["place"] for row in some.rows} - {least}
    assert some.rows == whole.rows


def test_figures_of_detectors_ask_what_they_show_and_say_what_is_true_of_them(both):
    shown = comparisons.of_tab(TABS["detectors"], *both, {})
    detect, iou, precision = (one for one in shown if one.name.startswith("detectors-both"))
    assert detect.question == "Do more units of one or of two detect a class?"
    assert iou.question == "Do the units of one or of two overlap more with their best class?"
    assert precision.question == (
        "Are the units of one or of two more precise about their best class?"
    )
    assert ["IoU of 0" in one.method for one in (detect, iou, precision)] == [False, True, False]
    assert "are left out" in precision.method
    silent = 1  # a unit of each layer covers no class
    whole = [figure.rows[0]["units"] for figure in (iou, precision)]
    assert whole == [2 * UNITS, 2 * (UNITS - silent)]


def test_concepts_stand_side_by_side(both, django_assert_max_num_queries):
    sides = sides_of(TABS["concepts"], *both, {"threshold": "0"})
    told = pairs(*sides)
    assert {pair.concept: pair.which for pair in told} == {
        "bed": "both",
        "lamp": "first",
        "sofa": "both",
        "stripes": "second",
    }
    assert [pair.concept for pair in chosen(told, "first", "")] == ["lamp"]
    assert [pair.concept for pair in chosen(told, "nonsense", "S")] == ["sofa", "stripes"]
    with django_assert_max_num_queries(4):
        shown = with_pictures(told, sides)
    units = {pair.concept: both for pair, both in shown}
    assert units["lamp"][1].number == 0
    best = units["bed"][0]
    assert best.number == len(best.shown) + best.more
    assert [one.label.precision for one in best.shown] == sorted(
        (one.label.precision for one in best.shown), reverse=True
    )
    assert any(one.segment for one in best.shown)


def test_sources_of_one_network_are_compared_in_pairs(both):
    first = both[0]
    for row in labelled(first):
        rows.label(row.unit, "bed", source="machine", origin="m", category="", precision=None)
    told = comparisons.of_tab(TABS["concepts"], first, first, {"threshold": "0"})
    assert isinstance(told[0], Figure)
    assert "one, people" in told[0].answer
    assert "made by a machine" in told[0].note
    assert "Their labels are of different sources: people and machine." in told[0].method


def test_labels_of_two_sources_are_not_set_against_each_other_unless_both_are_named(both):
    first, second = both
    by_machine = {"source": "machine", "origin": "m", "category": "", "precision": None}
    UnitSemantics.objects.filter(unit__layer__network=second).delete()
    rows.label(rows.unit(second), "bed", **by_machine)
    (told,) = comparisons.of_tab(TABS["concepts"], first, second, {})
    assert told.why.startswith("two has no labels by people, only by a machine: what differs might")
    named = sides_of(TABS["concepts"], first, second, {"other_source": "machine"})
    assert [side.choice.wanted.source for side in named] == ["people", "machine"]
    # Where both have labels of one source, that is taken: people's come before them otherwise.
    rows.label(rows.unit(first, channel=5), "bed", **by_machine)
    both_have = sides_of(TABS["concepts"], first, second, {})
    assert [side.choice.wanted.source for side in both_have] == ["machine", "machine"]
    (told,) = comparisons.of_tab(TABS["concepts"], first, second, {"source": "people"})
    assert isinstance(told, Missing)


def test_whom_to_compare_with(both):
    readable = Network.objects.all()
    assert usual_other(both[0], readable) == both[1]
    copy = rows.network("copy", requested={"weights": "random:0"})
    assert usual_other(both[0], readable) == both[1]  # nothing is known of the copy yet
    rows.label(rows.unit(copy))
    assert usual_other(both[0], readable) == copy
    assert usual_other(both[0], readable.filter(pk=both[0].pk)) is None


def test_the_table_has_the_differences_and_the_rows_of_both(both):
    first, second = Run.objects.order_by("pk")
    asked = comparison_tables.of_runs(COMPARABLES["fields"], first, second)
    body = comparison_tables.as_json(asked)
    for part in comparison_tables.PARTS:
        text = b"".join(comparison_tables.as_csv(asked, part)).decode()
        for row, expected in zip(csv.DictReader(io.StringIO(text)), body[part], strict=True):
            assert row == {key: "" if one is None else str(one) for key, one in expected.items()}
    assert [row["side"] for row in body["rows"]] == ["first"] * 2 + ["second"] * 2
    labels = comparison_tables.of_labels(
        COMPARABLES["concepts"], *(Wanted(network, "people") for network in both)
    )
    assert comparison_tables.as_json(labels)["only_second"] == ["stripes"]


def test_every_question_names_both_sides():
    first, second = (Side(Network(slug=slug), slug) for slug in ("alexnet", "untrained"))
    for comparable in COMPARABLES.values():
        asked = comparable.asks(first, second)
        assert "alexnet" in asked
        assert "untrained" in asked
        assert "{" not in asked
