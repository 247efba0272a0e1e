"""The scan against looking at every image alone; the same bytes however it is cut and repeated."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from django.utils import timezone

from analysis.core import bins
from analysis.core.activations import maps_of
from analysis.core.arrays import unpacked
from analysis.core.images import open_image, prepare
from analysis.models import Image, Layer, State, TopImage
from analysis.pipeline import forward, loop, scan
from analysis.services import files, jobs
from analysis.services.shards import Interrupted
from tests.analysis.photographs import (
    LAYERS,
    PREPARATION,
    a_net,
    a_scan,
    job_of,
    shards_of,
)

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def net(monkeypatch, settings, tmp_path):
    """The small network in place of a stored one, and a media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = a_net()
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (made, PREPARATION))
    forward._loaded.cache_clear()
    yield made
    forward._loaded.cache_clear()


def nobody(done):
    """No beat is missed."""


def scanned(run, order=None, repeat=()):
    shards = shards_of(run, "scan")
    for number in [*(order or range(len(shards))), *repeat]:
        scan.work(shards[number], nobody)
    scan.finish(job_of(run, "scan"))
    return run


def worked(run):
    """Return the run, its scan worked by a worker."""
    assert loop.work_on(job_of(run, "scan"), Event()).step == "segment"
    return run


def results(run):
    return {name: files.read(f"runs/{run.key}/layers/{name}.npz") for name in LAYERS}


def alone(net, run):
    """Return every layer's maps, each image by itself: name → (images, units, positions)."""
    kept = {name: [] for name in LAYERS}
    for path in sorted(Path(run.image_set.root).glob("*.png")):
        batch = torch.from_numpy(prepare(open_image(path), PREPARATION))[None]
        maps = maps_of(net, [module for module, *_ in LAYERS.values()], batch)
        for name, (module, *_) in LAYERS.items():
            kept[name].append(maps[module][0].flatten(1))
    return {name: torch.stack(maps).numpy() for name, maps in kept.items()}


def test_top_images_are_those_of_looking_at_every_image_alone(net, tmp_path):
    run = scanned(a_scan(tmp_path))
    for name, maps in alone(net, run).items():
        peak = maps.max(2)  # (images, units)
        for unit in Layer.objects.get(name=name).units.all():
            rows = TopImage.objects.filter(run=run, unit=unit, end="top").order_by("rank")
            order = sorted(range(20), key=lambda n: (-peak[n, unit.channel], n))[:5]
            assert [row.image.number for row in rows] == order
            assert [row.rank for row in rows] == list(range(5))
            for row in rows:
                own = maps[row.image.number, unit.channel]
                assert row.activation == pytest.approx(own.max(), abs=1e-5)
                assert own[row.row * 8 + row.column] == pytest.approx(own.max(), abs=1e-5)


def test_the_weakest_images_are_kept_too(net, tmp_path):
    run = scanned(a_scan(tmp_path))
    for name, maps in alone(net, run).items():
        peak = maps.max(2)
        for unit in Layer.objects.get(name=name).units.all():
            rows = TopImage.objects.filter(run=run, unit=unit, end="low").order_by("rank")
            weakest = np.sort(peak[:, unit.channel])[:3]
            assert [row.activation for row in rows] == pytest.approx(weakest, abs=1e-5)
            for row in rows:
                assert row.activation == pytest.approx(
                    peak[row.image.number, unit.channel], abs=1e-5
                )


def test_only_named_images_get_rows_with_what_the_manifest_knows(net, tmp_path):
    scanned(a_scan(tmp_path, top=1, low=1))
    named = set(TopImage.objects.values_list("image__number", flat=True))
    assert set(Image.objects.values_list("number", flat=True)) == named
    assert len(named) < 20
    image = Image.objects.order_by("number").first()
    assert image.path == f"{image.number:03d}.png"
    assert image.scene == f"scene {image.number % 3}"
    assert image.width >= 40


def test_the_distribution_gives_thresholds_within_the_stated_error(net, tmp_path):
    run = scanned(a_scan(tmp_path))
    net_maps = alone(net, run)
    for name, data in results(run).items():
        result = unpacked(data)
        counts = result["counts"]
        assert counts.sum() == 20 * 16 * len(counts)  # 16 of the 64 positions of each map
        found = bins.quantile(counts, int(result["first"][0]), 1.0)
        assert (found <= net_maps[name].max((0, 2)) * (1 + bins.RELATIVE_ERROR) + 1e-6).all()


def test_order_and_repetition_of_shards_leave_no_trace(net, tmp_path, settings):
    run = scanned(a_scan(tmp_path))
    first = results(run)
    rows = list(TopImage.objects.order_by("pk").values())
    shard_files = [files.read(f"runs/{run.key}/scan/{n:06d}.npz") for n in range(3)]
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    manifest = tmp_path / "media" / run.image_set.manifest
    files.write(run.image_set.manifest, manifest.read_bytes())
    scanned(run, order=[2, 0, 1], repeat=[1, 2])
    assert results(run) == first
    assert [files.read(f"runs/{run.key}/scan/{n:06d}.npz") for n in range(3)] == shard_files
    assert list(TopImage.objects.order_by("pk").values()) == rows  # the very same rows


def test_what_another_run_has_scanned_is_used_again(net, tmp_path, monkeypatch):
    first = worked(a_scan(tmp_path))
    again = a_scan(tmp_path, options={"locate": {"exact": True}})
    assert again.key != first.key
    monkeypatch.setattr(scan, "Forward", None)  # nothing may be computed
    worked(again)
    assert results(again) == results(first)
    assert again.top_images.count() == first.top_images.count()
    told = list(again.log.values_list("text", flat=True))
    assert f"run {first} has scanned" in " ".join(told)
    scans = [line for line in told if line.startswith("scan of images")]
    assert scans
    assert all(line.endswith(": reused") for line in scans)  # a rate would be that of copying
    before = [line for line in first.log.values_list("text", flat=True) if "scan of" in line]
    assert before
    assert all("images a second" in line for line in before)


@pytest.mark.parametrize("recipe", [{"top": 4}, {"batch": 2}, {"precision": "bfloat16"}])
def test_another_scan_is_not_used(net, tmp_path, recipe):
    worked(a_scan(tmp_path))
    other = a_scan(tmp_path, **recipe)
    assert not any(scan.taken_over(shard) for shard in shards_of(other, "scan"))


def test_a_scan_whose_file_is_gone_or_unfinished_is_not_used(net, tmp_path):
    first = worked(a_scan(tmp_path))
    other = a_scan(tmp_path, options={"locate": {"exact": True}})
    files.remove(f"runs/{first.key}/scan")
    shards_of(first, "scan")[1].delete()
    assert not any(scan.taken_over(shard) for shard in shards_of(other, "scan"))


@pytest.mark.parametrize(("batch", "shard"), [(1, 20), (20, 20), (3, 6), (7, 7)])
def test_other_batches_and_shards_differ_by_rounding_only(net, tmp_path, batch, shard):
    first, other = (
        {name: unpacked(data) for name, data in results(scanned(run)).items()}
        for run in (a_scan(tmp_path), a_scan(tmp_path, batch=batch, shard=shard))
    )
    for name in LAYERS:
        assert np.array_equal(first[name]["top_image"], other[name]["top_image"])
        for end in ("top", "low"):
            key = f"{end}_activation"
            assert np.allclose(first[name][key], other[name][key], atol=1e-5)


def test_another_run_of_the_same_images_shares_their_rows(net, tmp_path):
    scanned(a_scan(tmp_path))
    before = Image.objects.count()
    scanned(a_scan(tmp_path, batch=5))
    assert Image.objects.count() == before
    assert TopImage.objects.count() == 2 * 13 * 8


def test_fewer_images_than_places_are_no_error(net, tmp_path):
    run = scanned(a_scan(tmp_path, count=4, top=60, low=12))
    assert TopImage.objects.filter(run=run).count() == 13 * (4 + 4)


def test_it_beats_after_every_batch_and_stops_when_told(net, tmp_path):
    run = a_scan(tmp_path)
    beats = []
    scan.work(shards_of(run, "scan")[2], beats.append)
    assert beats == [4]
    scan.work(shards_of(run, "scan")[0], beats.append)
    assert beats == [4, 4, 8]

    def stop(done):
        raise Interrupted("cancelled")

    with pytest.raises(Interrupted):
        scan.work(shards_of(run, "scan")[1], stop)
    assert not files.exists(f"runs/{run.key}/scan/000001.npz")


def test_activations_that_are_not_finite_are_named(net, tmp_path):
    run = a_scan(tmp_path)
    with torch.no_grad():
        net[3].bias[5] = float("nan")
    with pytest.raises(ValueError, match=r"Layer late: Unit 5 gives nan on image 8"):
        scan.work(shards_of(run, "scan")[1], nobody)


def test_a_vanished_image_is_named(net, tmp_path):
    run = a_scan(tmp_path)
    (Path(run.image_set.root) / "011.png").unlink()
    with pytest.raises(ValueError, match=r"Image 11 \(011.png\) .* cannot now: the file does not"):
        scan.work(shards_of(run, "scan")[1], nobody)


def test_mixed_precision_is_used_only_where_the_recipe_asks(net, tmp_path):
    full, half = (
        {name: unpacked(data) for name, data in results(scanned(run)).items()}
        for run in (a_scan(tmp_path), a_scan(tmp_path, precision="bfloat16"))
    )
    rounded = full["late"]["top_activation"], half["late"]["top_activation"]
    assert not np.array_equal(*rounded)
    assert np.allclose(*rounded, rtol=0.05, atol=0.05)


def test_a_device_that_is_not_here_is_said(net, tmp_path, monkeypatch):
    run = a_scan(tmp_path)
    run.device = "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="has no CUDA device"):
        forward.Forward.of(run)


def test_the_loop_of_a_worker_carries_it_to_its_end(net, tmp_path):
    from threading import Event

    run = a_scan(tmp_path)
    following = loop.work_on(job_of(run, "scan"), Event())
    assert following is not None
    assert following.step == "segment"
    assert job_of(run, "scan").state == State.DONE
    loop.work_on(following, Event())
    run.refresh_from_db()
    assert run.state == State.DONE
    assert TopImage.objects.filter(run=run, segment=None).count() == 0
    assert jobs.claim_merge(following, timezone.now()) is None
