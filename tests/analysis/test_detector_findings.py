"""What is told of detectors: rows counted by hand, the untrained network, the answers in words."""

import csv
import io

import pytest

from analysis.models import ClassScore, Network, Run
from analysis.services import detector_findings, dissection, figure_pages, files, statistics
from analysis.services.detector_findings import (
    by_class,
    by_layer,
    by_unit,
    class_figure,
    classes_of,
    layer_figure,
    untrained_run,
)
from tests.analysis.looking import small_net  # noqa: F401
from tests.analysis.masked import a_masked_run, dissected, finished, layer

pytestmark = [pytest.mark.rows, pytest.mark.django_db, pytest.mark.usefixtures("small_net")]


@pytest.fixture
def run(tmp_path):
    """A finished dissection at a quantile at which small units detect something."""
    return finished(a_masked_run(tmp_path, given={"quantile": 0.05}))


def untrained_like(run, **fields):
    """Dissect the same images with a network of random weights, as its row says."""
    network = Network.objects.get(pk=run.network_id)
    layers, units = list(network.layers.order_by("position")), {}
    for one in layers:
        units[one.name] = list(one.units.order_by("channel"))
    network.pk, network._state.adding = None, True
    network.slug, network.fingerprint = "untrained", "f" * 64
    network.requested = {"weights": "random:0"}
    for name, value in fields.items():
        setattr(network, name, value)
    network.save()
    for one in layers:
        own = units[one.name]
        one.pk, one._state.adding, one.network = None, True, network
        one.save()
        for unit in own:
            unit.pk, unit._state.adding, unit.layer = None, True, one
            unit.save()
    options = run.recipe["options"]["dissect"]
    other = a_masked_run(None, given=options, image_set=run.image_set, network=network)
    return finished(other)


def test_layers_are_counted_as_the_rows_say(run):
    for row in by_layer(run):
        best = ClassScore.objects.filter(run=run, unit__layer__name=row.layer, rank=0)
        assert row.units == layer(row.layer).channels
        assert row.detectors == best.filter(iou__gt=0.04).count()
        assert row.classes == best.filter(iou__gt=0.04).values("label").distinct().count()
        assert row.best_iou == pytest.approx(max(one.iou for one in best))
        assert row.untrained is None


def exported(run, name):
    """Return a table as a stranger reads it: text."""
    pieces = statistics.as_csv(statistics.of_run(run, statistics.STATISTICS[name]))
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))


def shown(run):
    return {one.name: one.rows for one in figure_pages.figures("detectors", run.network, {})}


def best_of(units, column="iou"):
    """Return the row of each unit's best class."""
    return [max(some, key=lambda one: float(one[column])) for some in units]


def test_layers_are_recomputed_from_the_exported_scores(run):
    other = untrained_like(run)
    scores, random = exported(run, "dissection-scores"), exported(other, "dissection-scores")
    assert any(0 < row["shuffled"] < row["detectors"] for row in shown(run)["detectors"])
    for row in shown(run)["detectors"]:
        units = units_of(scores, row["layer"])
        assert row["units"] == len(units)
        best = best_of(units)
        found = [one for one in best if float(one["iou"]) > 0.04]
        assert row["detectors"] == len(found)
        assert row["classes"] == len({one["name"] for one in found})
        assert row["best_iou"] == pytest.approx(max(float(one["iou"]) for one in best))
        assert row["silent"] == sum(some[0]["on"] == "0" for some in units)
        for name, column, rows in (
            ("shuffled", "chance", units),
            ("untrained", "iou", units_of(random, row["layer"])),
        ):
            assert row[name] == sum(float(one[column]) > 0.04 for one in best_of(rows, column))
        lit = [one for one in best if one["on"] != "0"]
        own = [float(one["precision"]) for one in lit]
        assert row["precision"] == pytest.approx(sum(own) / len(own), rel=1e-5)
        means = {}
        for one in (one for some in units for one in some if one["on"] != "0"):
            means.setdefault(one["name"], []).append(float(one["precision"]))
        means = {name: sum(some) / len(some) for name, some in means.items()}
        assert row["constant_precision"] == pytest.approx(max(means.values()), rel=1e-5)
        assert means[row["constant"]] == max(means.values())


@pytest.mark.parametrize("quantile", [0.05, 0.2])
def test_classes_are_recomputed_from_the_exported_scores(tmp_path, quantile):
    run = finished(a_masked_run(tmp_path, given={"quantile": quantile}))
    scores = exported(run, "dissection-scores")
    first = [one for layer in ("early", "late") for one in best_of(units_of(scores, layer))]
    pixels = {one["name"]: int(one["pixels"]) for one in scores}
    for row in shown(run)["classes"]:
        here = [one for one in scores if one["name"] == row["name"]]
        share = pixels[row["name"]] / sum(pixels.values())
        assert {int(one["images"]) for one in here} == {row["images"]}
        assert row["share"] == pytest.approx(share)
        assert row["percent"] == pytest.approx(100 * share)
        assert row["cap"] == pytest.approx(min(quantile, share) / max(quantile, share))
        ious = [float(one["iou"]) for one in here]
        assert row["best_iou"] == pytest.approx(max(ious))
        [at] = [one for one in here if float(one["iou"]) == max(ious)]
        assert row["best"] == f"{at['layer']} {at['channel']}"
        named = [one for one in first if one["name"] == row["name"]]
        assert row["detectors"] == sum(float(one["iou"]) > 0.04 for one in named)


def units_of(scores, layer):
    """Return the rows of each unit of a layer."""
    units = {}
    for one in scores:
        if one["layer"] == layer:
            units.setdefault(one["channel"], []).append(one)
    return list(units.values())


def test_scores_of_a_unit_are_those_of_its_best_classes_and_below_their_caps(run):
    scores = {(r["layer"], r["channel"], r["name"]): r for r in exported(run, "dissection-scores")}
    total = sum(layer(name).channels for name in ("early", "late"))
    assert len(scores) == total * len(dissection.class_names(run.image_set))
    for row in exported(run, "dissection"):
        one = scores[row["layer"], row["channel"], row["name"]]
        for name in ("iou", "cap", "chance", "precision"):
            assert float(one[name]) == pytest.approx(float(row[name]), rel=1e-5, abs=1e-9)
        areas = sorted((int(one["on"]), int(one["pixels"])))
        assert float(one["cap"]) == pytest.approx(areas[0] / areas[1])


def test_a_run_without_its_files_says_what_is_known_all_the_same(run):
    statistic = statistics.STATISTICS["dissection-scores"]
    assert statistics.why_none(run, statistic) == ""
    files.remove(dissection.layer_file(run, layer("late")))
    told = statistics.why_none(run, statistic)
    assert told.startswith(f"The scores of late of run {run} are not in the media storage: only")


def test_layers_and_classes_are_recomputed_from_the_exported_units(run):
    units = [row for row in exported(run, "dissection") if row["rank"] == "0"]
    hits = [row for row in units if float(row["iou"]) > 0.04]
    assert 0 < len(hits) < len(units)
    for row in shown(run)["detectors"]:
        here = [one for one in units if one["layer"] == row["layer"]]
        found = [one for one in hits if one["layer"] == row["layer"]]
        assert row["detectors"] == len(found)
        assert row["classes"] == len({one["name"] for one in found})
        assert row["silent"] == row["units"] - len(here)
        assert row["best_iou"] == pytest.approx(max(float(one["iou"]) for one in here))
        precisions = [float(one["precision"]) for one in here]
        assert row["precision"] == pytest.approx(sum(precisions) / len(precisions))
    for row in shown(run)["classes"]:
        assert row["detectors"] == sum(one["name"] == row["name"] for one in hits)
        ious = [float(one["iou"]) for one in units if one["name"] == row["name"]]
        assert row["best_iou"] >= max(ious, default=0) - 1e-9


def test_units_come_in_order_and_only_a_best_class_is_detected(run):
    rows = list(by_unit(run))
    assert len(rows) == ClassScore.objects.filter(run=run).count()
    assert [row[:3] for row in rows] == sorted(row[:3] for row in rows)
    for row in rows:
        assert row.detects == (row.rank == 0 and row.iou > 0.04)
        assert 0 <= row.iou <= row.cap


def test_classes_stand_by_their_share_with_the_best_unit(run):
    rows = by_class(run)
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert [row.share for row in rows] == sorted((row.share for row in rows), reverse=True)
    best = ClassScore.objects.order_by("-iou").first()
    [row] = [row for row in rows if row.name == best.name]
    assert (row.best_layer, row.best_unit) == (best.unit.layer.name, best.unit.channel)
    assert row.best_iou == pytest.approx(best.iou)
    total = sum(row.detectors for row in rows)
    assert total == sum(row.detectors for row in by_layer(run))


def test_an_untrained_network_of_the_same_kind_stands_beside_it(run):
    assert untrained_run(run) is None
    other = untrained_like(run)
    assert untrained_run(run) == other
    assert untrained_run(other) is None
    counted = [row.detectors for row in by_layer(other)]
    assert [row.untrained for row in by_layer(run)] == counted
    assert "of an untrained network" in layer_figure(run, "").answer
    assert "Rings: the same architecture" in layer_figure(run, "").method


@pytest.mark.parametrize(
    "fields", [{"arch": "torchvision:vgg11"}, {"requested": {}}, {"preprocessing": {"height": 9}}]
)
def test_a_network_of_another_kind_does_not(run, fields):
    untrained_like(run, **fields)
    assert untrained_run(run) is None


def test_a_dissection_with_other_options_does_not(run, tmp_path):
    other = untrained_like(run)
    recipe = {**other.recipe, "options": {"dissect": {"quantile": 0.05, "cell": 1}}}
    Run.objects.filter(pk=other.pk).update(recipe=recipe)
    assert untrained_run(run) is None


def test_beside_a_public_network_only_a_public_one_is_shown(run):
    other = untrained_like(run)
    run.network.public = True
    assert untrained_run(run) is None
    Network.objects.filter(pk=other.network_id).update(public=True)
    assert untrained_run(run) == other


def test_the_answers_say_what_the_tables_have(run):
    first, second = layer_figure(run, "/x"), class_figure(run, "/y")
    most = max(by_layer(run), key=lambda row: row.detectors / row.units)
    assert f"In {most.layer} {most.detectors} of {most.units} units" in first.answer
    assert "5% of activations" in first.method
    assert "20 images" in first.method
    covered = [row for row in second.rows if row["detectors"]]
    verb = "is" if len(covered) == 1 else "are"
    assert f"{len(covered)} of 3 classes {verb} detected by some unit" in second.answer
    assert "none is out of reach" in second.answer
    assert [row["name"] for row in second.rows] == [row.name for row in by_class(run)][:3]


def test_classes_beyond_the_cap_are_named(tmp_path):
    run = finished(a_masked_run(tmp_path, given={"quantile": 0.001}))
    answer = class_figure(run, "").answer
    assert "capped below 0.04 at a quantile of 0.001" in answer
    assert "ground" in answer


def test_before_the_step_is_done_there_is_nothing_to_tell(tmp_path):
    run = a_masked_run(tmp_path)
    assert by_layer(run) == by_class(run) == list(by_unit(run)) == []
    assert layer_figure(run, "") is None
    assert class_figure(run, "") is None
    assert dissection.read_summary(run) is None


def test_a_unit_shows_the_run_asked_for_else_the_newest(run, tmp_path):
    unit = ClassScore.objects.filter(run=run).first().unit
    other = a_masked_run(tmp_path, given={"quantile": 0.1}, image_set=run.image_set)
    finished(other)
    assert {row.run for row in classes_of(unit, run)} == {run}
    assert {row.run for row in classes_of(unit, None)} == {other}
    ClassScore.objects.all().delete()
    assert classes_of(unit, run) == []


def test_the_statistics_have_their_columns(run):
    for name in ("detectors", "classes", "dissection"):
        statistic = statistics.STATISTICS[name]
        assert statistics.is_counted(run, statistic)
        told = statistics.as_json(statistics.of_run(run, statistic))
        assert told["rows"]
        assert set(told["rows"][0]) == set(statistic.row._fields)
        lines = b"".join(statistics.as_csv(statistics.of_run(run, statistic))).decode().splitlines()
        assert len(lines) == 1 + len(told["rows"])
    assert detector_findings.BY_UNIT.step == "dissect"
    dissected(run)  # again: the same rows
    assert len(list(by_unit(run))) == len(told["rows"])
