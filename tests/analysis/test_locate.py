"""Fields of a small network against the paper's words; cut, killed and repeated; odd input."""

import dataclasses
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from analysis.core.discrepancy import Places, average, measured, recentred
from analysis.core.images import open_image, prepare
from analysis.core.occluders import Lattice, Occluder
from analysis.core.occlusion import Target
from analysis.models import Layer, LogLine, ReceptiveField, Shard, State, TopImage
from analysis.pipeline import forward, locate, loop, survey
from analysis.services import fields, files, locating
from analysis.services.runs import RunRefused, delete, request_run
from analysis.services.shards import Interrupted
from tests.analysis.photographs import (
    LAYERS,
    PREPARATION,
    a_net,
    a_network,
    an_image_set,
    job_of,
    shards_of,
)
from tests.core.literal_occlusion import literal_changes

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def use(monkeypatch, model, preparation=PREPARATION):
    """Put a network in the place of the stored one."""
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (model, preparation))
    forward._loaded.cache_clear()
    survey._kept.cache_clear()


@pytest.fixture
def net(monkeypatch, settings, tmp_path):
    """The small network, and a media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = a_net()
    use(monkeypatch, made)
    yield made
    forward._loaded.cache_clear()
    survey._kept.cache_clear()


@pytest.fixture
def rows(net, tmp_path):
    """The rows of the small network and of twelve photographs."""
    return a_network(), an_image_set(tmp_path / "photographs", 12)


def asked(rows, top=6, **chosen):
    """Return a run of scan and locate, its scan done."""
    network, images = rows
    steps = {"steps": ["scan", "locate"], "step_options": {"locate": chosen}}
    run = request_run(network=network, image_set=images, top=top, device="cpu", **steps)[0]
    assert loop.work_on(job_of(run, "scan"), Event()).step == "locate"
    return run


def located(rows, **chosen):
    """Return such a run with its fields measured."""
    run = asked(rows, **chosen)
    loop.work_on(job_of(run, "locate"), Event())
    assert list(run.jobs.values_list("state", flat=True)) == ["done", "done"], said(run)
    return run


def test_a_run_that_was_deleted_is_measured_anew_by_the_same_worker(rows):
    """It has the same key; what was kept of the first would write to rows that are gone."""
    first = located(rows)
    found = list(fields_of(first))
    key, old = first.key, first.pk
    first.refresh_from_db()
    delete(first)
    again = located(rows)
    assert (again.key, again.pk == old) == (key, False)
    assert list(fields_of(again)) == found


def fields_of(run):
    """Return the sizes of a run's fields, in the order of the network."""
    rows = ReceptiveField.objects.filter(run=run)
    return rows.order_by("unit__layer__position", "unit__channel").values_list("size", flat=True)


def said(run):
    """Return the log of a run."""
    return "\n".join(LogLine.objects.filter(run=run).order_by("pk").values_list("text", flat=True))


def by_unit(run):
    """Return the rows of the fields by unit."""
    found = ReceptiveField.objects.filter(run=run).select_related("unit__layer")
    return {(row.unit.layer.name, row.unit.channel): row for row in found}


def literal_maps(net, run, name, channel):
    """Return the recentred maps of a unit, from whole occluded images one at a time."""
    module, _, _, size, stride, offset = LAYERS[name]
    tops = TopImage.objects.filter(run=run, end="top", unit__channel=channel)
    occluder, maps = Occluder(), []
    for top in tops.filter(unit__layer__name=name, activation__gt=0).order_by("rank"):
        image = torch.from_numpy(
            prepare(open_image(Path(run.image_set.root) / top.image.path), PREPARATION)
        )
        lattice = Lattice.of(occluder, (32, 32))
        patches = lattice.patches(image, PREPARATION)
        target = Target(module, channel, top.row, top.column)
        change = literal_changes(net, image, [target], lattice, patches)[0]
        places = [Places(5.5 - (offset + stride * at), 3, 8, 5.5) for at in (top.row, top.column)]
        reach = -(-min(32, size / 2 + 11) // 3)
        maps.append(recentred(change / top.activation, *places, int(reach)))
    return np.stack([own for own in maps if own is not None])


def test_fields_are_those_of_whole_images_one_at_a_time(net, rows):
    run = located(rows, exact=True, units="early:0;late:2,5")
    found = by_unit(run)
    assert set(found) == {("early", 0), ("late", 2), ("late", 5)}
    for (name, channel), row in found.items():
        maps = literal_maps(net, run, name, channel)
        field = average(maps)
        of = measured(field)
        assert row.size == pytest.approx(of.size, rel=0.01)
        assert (row.dy, row.dx) == pytest.approx((of.dy, of.dx), abs=0.2)
        assert row.spread == pytest.approx(
            np.std([measured(m).size for m in maps], ddof=1), abs=0.2
        )
        assert (row.images, row.stride, row.converged, row.problem) == (len(maps), 3, False, "")
        assert row.size_low <= row.size <= row.size_high
        stored = fields.unit_map(run, row.unit)
        np.testing.assert_allclose(stored, field / np.nanmax(field), atol=2e-3)


def test_converged_fields_are_near_the_exact_ones(net, rows):
    """Twelve units that fire, at most six images: what stopping early leaves open."""
    exact, quick = (by_unit(located(rows, exact=how)) for how in (True, False))
    assert set(exact) == set(quick)
    errors = [
        abs(quick[unit].size / row.size - 1) for unit, row in exact.items() if row.size is not None
    ]
    assert len(errors) >= 8
    assert np.median(errors) < 0.1
    assert all(quick[unit].problem == row.problem for unit, row in exact.items())


def kept(run):
    """Return the bytes of everything that the step has stored."""
    names = [survey.part_file(run, shard.number) for shard in shards_of(run, "locate")]
    names += [fields.field_file(run, layer) for layer in run.layers.all()]
    return {name: files.read(name) for name in names}


def values(run):
    """Return the rows of a run's fields."""
    names = ("unit", "size", "dy", "dx", "anisotropy", "spread", "images", "converged", "stride")
    return list(ReceptiveField.objects.filter(run=run).order_by("unit").values_list(*names))


def test_parts_killed_halfway_and_repeated_leave_no_trace(net, rows):
    run = located(rows)
    first, before = kept(run), values(run)
    run.receptive_fields.all().delete()
    for name in first:
        files.remove(name)

    def stop(done):
        raise Interrupted("told to stop")

    survey._kept.cache_clear()
    for shard in shards_of(run, "locate"):
        if shard.number % 3 == 0:
            locate_until(shard, stop)
        locate.work(shard, lambda done: None)
        if shard.number % 4 == 0:
            survey._kept.cache_clear()  # another worker goes on
            locate.work(shard, lambda done: None)
    locate.finish(job_of(run, "locate"))
    locate.finish(job_of(run, "locate"))
    assert kept(run) == first
    assert values(run) == before


def locate_until(shard, stop):
    """Work a shard until it is stopped; a part without images is not."""
    try:
        locate.work(shard, stop)
    except Interrupted:
        assert not files.exists(survey.part_file(shard.job.run, shard.number))


def test_beats_tell_how_far_a_part_is(net, rows):
    run = asked(rows, exact=True)
    shard, beats = shards_of(run, "locate")[0], []
    locate.work(shard, beats.append)
    assert beats == sorted(beats)
    assert 0 <= beats[-1] < shard.last - shard.first


def test_a_round_waits_for_the_one_before(net, rows, monkeypatch):
    run = asked(rows)
    monkeypatch.setattr(locate, "PATIENCE", 0)
    later = next(
        shard
        for shard, part in zip(shards_of(run, "locate"), locating.parts_of(run), strict=True)
        if part.round == 1
    )
    with pytest.raises(Interrupted, match="round 2 waits for the round before"):
        locate.work(later, lambda done: None)
    Shard.objects.filter(job=later.job, number=0).update(state=State.FAILED)
    with pytest.raises(ValueError, match=r"shard 0 of these has failed: resume the run"):
        locate.work(later, lambda done: None)


def test_the_log_says_what_it_costs_and_what_has_converged(net, rows):
    run = located(rows)
    text = said(run)
    assert "6 images each at most, 8 × 8 places of the occluder. The first round takes" in text
    assert "multiply-adds" in text
    assert "round 1 of 4 (images 1 to 4 of each unit, every 12 px): 0 of" in text
    assert "locate: late: fields of" in text
    assert "(13 px in theory)" in text


def test_each_occluder_gives_fields_of_its_own(net, rows):
    sizes = {
        kind: [row.size for row in by_unit(located(rows, units="late:2", occluder=kind)).values()]
        for kind in ("random", "grey", "blurred")
    }
    assert all(size[0] is None or size[0] > 0 for size in sizes.values())
    assert sizes["random"] != sizes["grey"]


def test_a_unit_that_never_fires_has_a_sentence_and_the_rest_a_field(net, rows):
    with torch.no_grad():
        net[0].bias[3] = -100.0
    run = located(rows, units="early:0,3")
    found = by_unit(run)
    assert "never fires: its highest activation is 0. " in found["early", 3].problem
    assert found["early", 0].size > 0
    assert "early: 1 units without a field; the first: This unit never fires" in said(run)


def test_a_unit_that_looks_at_no_place_has_a_sentence(net, rows):
    with torch.no_grad():
        net[0].weight[2] = 0
        net[0].bias[2] = 1.0
    found = by_unit(located(rows, units="early:0,2"))
    assert "On none of its 6 images did the occluder change" in found["early", 2].problem
    assert (found["early", 2].converged, found["early", 0].problem) == (False, "")


def test_an_input_smaller_than_the_occluder_has_a_sentence(net, rows, monkeypatch):
    use(monkeypatch, net, dataclasses.replace(PREPARATION, height=8, width=8))
    rows[0].preprocessing = {**rows[0].preprocessing, "height": 8, "width": 8}
    rows[0].save()
    Layer.objects.update(height=2, width=2)
    run = located(rows, units="early:0")
    assert by_unit(run)["early", 0].problem.startswith(
        "The input of 8 × 8 px is smaller than the occluder of 11 × 11 px"
    )


def test_a_layer_of_one_location_has_a_sentence(net, rows):
    run = asked(rows)
    Layer.objects.filter(name="late").update(height=1, width=1)
    loop.work_on(job_of(run, "locate"), Event())
    found = by_unit(run)
    assert "The layer late has one location only (1 × 1)" in found["late", 0].problem
    assert any(row.size for (name, _), row in found.items() if name == "early")


def test_an_image_that_is_gone_is_passed_over(net, rows):
    run = asked(rows, units="early:0", exact=True)
    gone = TopImage.objects.get(run=run, end="top", rank=1, unit__layer__name="early",
                                unit__channel=0).image  # fmt: skip
    (Path(run.image_set.root) / gone.path).unlink()
    loop.work_on(job_of(run, "locate"), Event())
    assert by_unit(run)["early", 0].images == 5
    assert f"Image {gone.number} ({gone.path}) could be read when" in said(run)


def test_a_unit_all_of_whose_images_are_gone_has_a_sentence(net, rows):
    run = asked(rows, units="early:0")
    for path in Path(run.image_set.root).glob("*.png"):
        path.unlink()
    loop.work_on(job_of(run, "locate"), Event())
    assert by_unit(run)["early", 0].problem.startswith("None of its images could be looked at")


@pytest.mark.parametrize(
    ("units", "spelled"),
    [
        ("", ""),
        (" 3 ", "3"),
        ("late:5,2;early:0-2,1", "early:0,1,2;late:2,5"),
        ("late:2;late:2", "late:2"),
    ],
)
def test_units_have_one_spelling(rows, units, spelled):
    network, images = rows
    steps = {"steps": ["scan", "locate"], "step_options": {"locate": {"units": units}}}
    run = request_run(network=network, image_set=images, **steps)[0]
    assert run.recipe["options"]["locate"]["units"] == spelled


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ("0", "units must be at least 1"),
        ("-1", "units '-1' cannot be read: use a number, or LAYER:CHANNEL"),
        ("early", "units 'early' cannot be read"),
        ("early:", "cannot be read"),
        (";", "units ';' names no unit"),
        ("conv9:1", "names the layer 'conv9'; the layers of this run are: early, late"),
        ("early:6", "early has no unit 6: its units are 0 to 5"),
        ("early:999999", "cannot be read"),
    ],
)
def test_units_that_are_not_there_are_refused(rows, units, sentence):
    network, images = rows
    steps = {"steps": ["scan", "locate"], "step_options": {"locate": {"units": units}}}
    with pytest.raises(RunRefused, match=sentence):
        request_run(network=network, image_set=images, **steps)


def test_a_number_means_the_units_with_the_highest_activation():
    best = [1.0, 5.0, 3.0, 5.0, 0.0]
    assert locating.chosen("1", "any", best) == [1]
    assert locating.chosen("3", "any", best) == [1, 2, 3]
    assert locating.chosen("9", "any", best) == [0, 1, 2, 3, 4]
    assert locating.chosen("", "any", best) == [0, 1, 2, 3, 4]
    assert locating.chosen("any:4,0", "any", best) == [0, 4]
    assert locating.chosen("any:4", "other", best) == []


@pytest.mark.parametrize("memory", [63, 2_000_000, -1])
def test_a_memory_that_cannot_be_is_refused(rows, memory):
    network, images = rows
    with pytest.raises(RunRefused, match=f"memory must be 64 to 1000000 MB, not {memory}"):
        request_run(network=network, image_set=images, memory=memory)


def test_memory_is_recorded_and_no_part_of_the_recipe(rows):
    network, images = rows
    run, made = request_run(network=network, image_set=images, memory=256)
    assert (run.memory, made) == (256, True)
    assert request_run(network=network, image_set=images) == (run, False)
