"""The step `dissect`: against loops over pixels, however it is cut; odd masks; what it writes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score

from analysis.core import bins
from analysis.core.activations import maps_of
from analysis.core.arrays import unpacked
from analysis.core.images import open_image, open_mask, prepare, view_mask
from analysis.models import ClassScore, Layer, LogLine, Source, UnitSemantics
from analysis.pipeline import dissect, forward
from analysis.pipeline.masks import partners
from analysis.services import class_results, dissection, files
from analysis.services.recipes import RunRefused
from analysis.services.runs import request_run
from analysis.services.shards import Interrupted
from tests.analysis import made
from tests.analysis.masked import (
    GROUND,
    LABELS,
    PATCH,
    VOID,
    WALL,
    a_masked_run,
    a_masked_set,
    dissected,
    layer,
    nobody,
)
from tests.analysis.photographs import LAYERS, PREPARATION, a_net, job_of, shards_of

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
CLASSES = (PATCH, GROUND, WALL)


@pytest.fixture
def net(monkeypatch, settings, tmp_path):
    """The small network in place of a stored one, and a media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    net = a_net()
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (net, PREPARATION))
    forward._loaded.cache_clear()
    yield net
    forward._loaded.cache_clear()


def results(run, name="late"):
    return unpacked(files.read(dissection.layer_file(run, layer(name))))


def stored_bytes(run):
    names = [dissection.layer_file(run, layer(name)) for name in LAYERS]
    return [files.read(name) for name in [*names, dissection._summary_file(run)]]


def by_pixel(net, run, name):
    """Return each pixel's value and class as the words say: (images, units, 32, 32), (images, ...)

    The map enlarged linearly between the centres 1.5 + 4 r of its locations, the mask by the
    pixel under each pixel's centre.
    """
    module, _, side, _, stride, offset = LAYERS[name]
    values, classes = [], []
    for number in range(run.image_set.count):
        root = Path(run.image_set.root)
        batch = torch.from_numpy(prepare(open_image(root / f"{number:03d}.png"), PREPARATION))
        maps = maps_of(net, [module], batch[None])[module][0].numpy()
        at = (np.arange(32) + 0.5 - offset) / stride
        rows = np.stack([[np.interp(at, np.arange(side), line) for line in one] for one in maps])
        columns = np.swapaxes(rows, 1, 2)
        both = np.stack([[np.interp(at, np.arange(side), line) for line in one] for one in columns])
        values.append(np.swapaxes(both, 1, 2))
        classes.append(view_mask(open_mask(root / f"mask-{number:03d}.png"), PREPARATION))
    return np.stack(values), np.stack(classes)


def slow_iou(values, classes, threshold):
    """Count pixel by pixel."""
    both, on, of = np.zeros((len(threshold), 3)), np.zeros(len(threshold)), np.zeros(3)
    for image, row, column in np.argwhere(classes != VOID):
        place = CLASSES.index(classes[image, row, column])
        of[place] += 1
        lit = values[image, :, row, column] > threshold
        on += lit
        both[lit, place] += 1
    return both / np.maximum(on[:, None] + of - both, 1)


@pytest.mark.parametrize("name", list(LAYERS))
def test_every_score_is_that_of_loops_and_libraries_over_pixels(net, tmp_path, name):
    run = dissected(a_masked_run(tmp_path, given={"cell": 1, "quantile": 0.05}))
    found = results(run, name)
    values, classes = by_pixel(net, run, name)
    scanned = unpacked(files.read(f"runs/{run.key}/layers/{name}.npz"))
    threshold = bins.quantile(scanned["counts"], int(scanned["first"][0]), 0.95)
    np.testing.assert_allclose(found["iou"][:, :3], slow_iou(values, classes, threshold), atol=2e-4)
    known, rng = classes != VOID, np.random.default_rng(0)
    for unit, place in np.ndindex(found["iou"].shape[0], 3):
        own = classes[known] == CLASSES[place]
        own_values = values[:, unit][known]
        if np.ptp(own_values) == 0:
            continue
        # Equal values, the zeros of a rectifier above all, are in no order: one at random.
        area = average_precision_score(own, own_values + 1e-9 * rng.random(len(own)))
        ends = [found[f"average_precision_{end}"][unit, place] for end in ("least", "most")]
        assert ends[0] <= area <= ends[1]
        assert found["average_precision"][unit, place] == pytest.approx(area, abs=0.02)
        exact = np.corrcoef(own_values, own)[0, 1]
        assert found["correlation"][unit, place] == pytest.approx(exact, abs=1e-3)


def test_chance_is_the_masks_of_other_images_in_one_ring(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, given={"cell": 1, "quantile": 0.05}))
    values, classes = by_pixel(net, run, "late")
    other = partners(20, 0)
    assert sorted(other) == list(range(20))
    assert (other != np.arange(20)).all()
    scanned = unpacked(files.read(f"runs/{run.key}/layers/late.npz"))
    threshold = bins.quantile(scanned["counts"], int(scanned["first"][0]), 0.95)
    slow = slow_iou(values, classes[other], threshold)
    np.testing.assert_allclose(results(run)["shuffled"][:, :3], slow, atol=2e-4)


def test_order_and_repetition_of_shards_leave_no_trace(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, given={"quantile": 0.05}))
    first, rows = stored_bytes(run), list(ClassScore.objects.order_by("pk").values())
    said = list(UnitSemantics.objects.order_by("pk").values())
    dissected(run, order=[2, 0, 1], repeat=[1, 2])
    assert stored_bytes(run) == first
    assert list(ClassScore.objects.order_by("pk").values()) == rows
    assert list(UnitSemantics.objects.order_by("pk").values()) == said


def test_other_shards_count_the_same_pixels(net, tmp_path):
    run = dissected(a_masked_run(tmp_path))
    first = results(run)
    other = results(dissected(a_masked_run(tmp_path, shard=5, image_set=run.image_set)))
    for name in ("iou", "on", "pixels", "images", "shuffled", "average_precision"):
        assert np.array_equal(first[name], other[name])
    np.testing.assert_allclose(first["correlation"], other["correlation"], atol=1e-6)


def test_rows_are_the_best_classes_and_the_most_correlated(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, given={"quantile": 0.05}))
    found = results(run)
    for unit in layer().units.all():
        rows = list(ClassScore.objects.filter(run=run, unit=unit).order_by("rank"))
        iou = found["iou"][unit.channel]
        places = {row.label: row for row in rows}
        best = [place for place in np.argsort(-iou, kind="stable")[:3] if iou[place] > 0]
        assert {found["label"][place] for place in best} <= set(places)
        likest = found["correlation"][unit.channel].argmax()
        if found["correlation"][unit.channel, likest] > 0:
            assert found["label"][likest] in places
        for row in rows:
            place = list(found["label"]).index(row.label)
            assert row.rank == list(np.argsort(-iou, kind="stable")).index(place)
            assert row.iou == pytest.approx(iou[place], rel=1e-6)
            assert row.iou <= row.cap + 1e-9
            assert row.chance == pytest.approx(found["shuffled"][unit.channel, place], rel=1e-6)


def test_detectors_are_said_by_a_machine_with_no_level_of_meaning(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, given={"quantile": 0.05}))
    best = ClassScore.objects.filter(run=run, rank=0)
    detectors = best.filter(iou__gt=0.04)
    assert 0 < detectors.count() <= best.count()
    said = UnitSemantics.objects.all()
    assert {(row.source, row.origin, row.category, row.run_id) for row in said} == {
        (Source.MACHINE, "dissection", "", run.pk)
    }
    assert {row.unit_id: row.concept for row in said} == {
        row.unit_id: row.name for row in detectors
    }
    assert said[0].precision is None  # the share of pixels is not what people's precision is
    assert said[0].details["iou"] > 0.04


def test_what_no_longer_holds_is_withdrawn_and_peoples_words_stay(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, given={"quantile": 0.05}))
    unit = UnitSemantics.objects.first().unit
    made_by_people = UnitSemantics.objects.create(
        unit=unit, source="people", origin="c", concept="lamp", updated_at="2026-01-01T00:00Z"
    )
    ClassScore.objects.filter(unit=unit).update(iou=0.01)
    class_results.write_semantics(run, unit.layer)
    assert list(unit.semantics.all()) == [made_by_people]


def test_the_summary_tells_classes_layers_and_baselines(net, tmp_path):
    run = dissected(a_masked_run(tmp_path))
    told, found = dissection.read_summary(run), results(run)
    late = told["layers"][1]
    assert (late["layer"], late["units"]) == ("late", 7)
    assert late["detectors"] == (found["iou"].max(1) > 0.04).sum()
    assert late["shuffled"] == (found["shuffled"].max(1) > 0.04).sum()
    assert late["silent"] == (found["on"] == 0).sum()
    lit = found["on"] > 0
    constant = found["precision"][lit].mean(0)
    assert late["constant_precision"] == pytest.approx(constant.max(), rel=1e-6)
    assert late["constant"] == ["patch", "ground", "wall"][constant.argmax()]
    assert (told["compared"], told["by_chance"], told["refused"]) == (20, 20, 0)
    share = found["pixels"] / found["pixels"].sum()
    for place, row in enumerate(told["classes"]):
        assert row["share"] == pytest.approx(share[place])
        assert row["cap"] == pytest.approx(min(share[place], 0.005) / max(share[place], 0.005))
    assert told["classes"][3]["name"] == f"class {LABELS['classes'][4]['index']} (no name)"


def test_odd_masks_are_told_and_their_images_left_out(net, tmp_path):
    images = a_masked_set(tmp_path / "masked", without=(2,))
    root = Path(images.root)
    Image.new("L", (9, 7), PATCH).save(root / "mask-004.png")
    (root / "mask-006.png").unlink()
    Image.new("RGB", (50, 50)).save(root / "mask-009.png")
    mask = np.array(Image.open(root / "mask-011.png"))
    mask[10:30, 10:30] = 200
    Image.fromarray(mask).save(root / "mask-011.png")
    run = dissected(a_masked_run(tmp_path, image_set=images))
    told = dissection.read_summary(run)
    assert (told["compared"], told["without_mask"], told["refused"]) == (15, 1, 4)
    text = "\n".join(LogLine.objects.filter(run=run).values_list("text", flat=True))
    assert "1 of images 0 to 7 have no mask" in text
    assert (
        "Image 4 (004.png) is left out: its mask mask-004.png cannot be used, it has 9 × 7" in text
    )
    assert "mask-006.png cannot be used, the file does not exist" in text
    assert "one channel of class indexes" in text
    assert "it holds classes that have no name in labels.json: 200" in text
    kept = [number for number in range(20) if number not in {2, 4, 6, 9, 11}]
    masks = [view_mask(open_mask(root / f"mask-{n:03d}.png"), PREPARATION) for n in kept]
    classes = np.stack(masks)
    assert results(run)["pixels"][:3].tolist() == [(classes == one).sum() for one in CLASSES]


def test_many_odd_masks_fill_no_log(net, tmp_path):
    images = a_masked_set(tmp_path / "masked")
    for number in range(12):
        (Path(images.root) / f"mask-{number:03d}.png").unlink()
    run = dissected(a_masked_run(tmp_path, shard=20, image_set=images))
    lines = LogLine.objects.filter(run=run, level="warning").values_list("text", flat=True)
    assert len(lines) == 6
    assert "7 more masks of images 0 to 19 cannot be used" in lines[5]


def test_no_usable_mask_at_all_fails_with_a_sentence(net, tmp_path):
    images = a_masked_set(tmp_path / "masked", count=4)
    for path in Path(images.root).glob("mask-*.png"):
        path.unlink()
    with pytest.raises(ValueError, match="Not one of the 4 images has a mask that can be used"):
        dissected(a_masked_run(tmp_path, image_set=images))


def test_images_without_masks_and_layers_without_places_are_refused(steps):
    network, plain = made.a_network(), made.an_image_set()
    with pytest.raises(RunRefused, match=r"photos has no masks: .* leave the step out"):
        request_run(network=network, image_set=plain, steps=("scan", "dissect"))
    masked = made.an_image_set("masked", labels=LABELS)
    Layer.objects.update(height=1, width=1)
    with pytest.raises(RunRefused, match="No layer of conv1, conv2 has more than one location"):
        request_run(network=network, image_set=masked, steps=("scan", "dissect"))
    with pytest.raises(RunRefused, match="needs the step scan"):
        request_run(network=network, image_set=masked, steps=("dissect",))


def test_a_layer_of_one_location_is_left_out_and_said(net, tmp_path):
    run = a_masked_run(tmp_path)
    Layer.objects.filter(name="late").update(height=1, width=1)
    dissected(run)
    assert [one["layer"] for one in dissection.read_summary(run)["layers"]] == ["early"]
    assert run.log.filter(text__contains="late has one location").exists()


def test_options_stand_in_the_recipe_only_where_they_are_chosen(steps):
    network, masked = made.a_network(), made.an_image_set("masked", labels=LABELS)
    usual, _ = request_run(network=network, image_set=masked, steps=("scan", "dissect"))
    assert "options" not in usual.recipe
    chosen, _ = request_run(
        network=network,
        image_set=masked,
        steps=("scan", "dissect"),
        step_options={"dissect": {"quantile": 0.02}},
    )
    assert chosen.recipe["options"]["dissect"] == {"quantile": 0.02, "cell": 4}
    with pytest.raises(RunRefused, match="cell must be 1 to 64"):
        request_run(
            network=network,
            image_set=masked,
            steps=("scan", "dissect"),
            step_options={"dissect": {"cell": 0}},
        )


def test_it_beats_after_every_batch_and_stops_when_told(net, tmp_path):
    run = dissected(a_masked_run(tmp_path, image_set=a_masked_set(tmp_path / "m", without=(17,))))
    beats = []
    dissect.work(shards_of(run, "dissect")[2], beats.append)
    assert beats == [4]
    name = dissection.shard_file(run, 2)
    files.remove(name)

    def stop(done):
        raise Interrupted("cancelled")

    with pytest.raises(Interrupted):
        dissect.work(shards_of(run, "dissect")[2], stop)
    assert not files.exists(name)


def test_mixed_precision_of_the_network_leaves_counts_whole(net, tmp_path):
    run = a_masked_run(tmp_path)
    run.recipe = {**run.recipe, "precision": "bfloat16"}
    run.save()
    assert results(dissected(run))["pixels"].sum() > 15_000
    assert job_of(run, "dissect").total == 20
    dissect.work(shards_of(run, "dissect")[0], nobody)
