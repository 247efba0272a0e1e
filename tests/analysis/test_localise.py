"""The step `localise`: against loops over pixels, however it is cut; odd masks; what it writes."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from django.utils import timezone
from PIL import Image
from sklearn.metrics import average_precision_score

from analysis.core import bins
from analysis.core.activations import maps_of
from analysis.core.arrays import unpacked
from analysis.core.evaluation import bins_of
from analysis.core.images import open_image, open_mask, prepare, view_mask
from analysis.core.segments import stamp
from analysis.models import Localisation, Run, Source, State
from analysis.pipeline import localise, scan, segment
from analysis.pipeline.forward import Forward
from analysis.pipeline.named_maps import Names, truth_of
from analysis.services import (
    figure_pages,
    files,
    localisation,
    report_data,
    runs,
    statistics,
)
from analysis.services.pictures import picture_file
from analysis.services.recipes import RunRefused
from analysis.services.runs import request_run
from analysis.services.shards import Interrupted
from tests.analysis.looking import name
from tests.analysis.masked import GROUND, PATCH, VOID, WALL, a_masked_set, layer, nobody
from tests.analysis.photographs import PREPARATION, a_network, job_of, shards_of

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
NAMES = ["patch", "ground", "walls", "patch", "furniture", "patch", "ground"]


class Asked:
    """What `name` needs of a run before there is one."""

    def __init__(self, network):
        self.network, self.pk = network, None


def a_named_network(names=NAMES):
    """The small network; the units of its late layer have names, one by a machine."""
    network = a_network()
    for channel, concept in enumerate(names):
        source = Source.MACHINE if channel == 5 else Source.PEOPLE
        name(Asked(network), channel, concept, source=source)
    return network


@pytest.fixture(autouse=True)
def no_run(monkeypatch):
    """Labels are written without the run that they come from."""
    from analysis.services import semantics

    record = semantics.record
    monkeypatch.setattr(semantics, "record", lambda **given: record(**(given | {"run": None})))


def a_named_run(folder, shard=8, **more):
    """A run of scan and localise over images with masks, scanned already."""
    network = a_named_network() if not more.get("network") else more["network"]
    images = more.get("images") or a_masked_set(folder / "masked")
    run, _ = request_run(
        network=network, image_set=images, steps=("scan", "localise"), top=5, device="cpu"
    )
    for job in run.jobs.all():
        job.shards.all().delete()
        job.shards.bulk_create(
            job.shards.model(job=job, number=n, first=first, last=min(first + shard, job.total))
            for n, first in enumerate(range(0, job.total, shard))
        )
    for one in shards_of(run, "scan"):
        scan.work(one, nobody)
    scan.finish(job_of(run, "scan"))
    return run


def localised(run, order=None, repeat=()):
    """Do the step; its shards in any order, some of them again."""
    shards = shards_of(run, "localise")
    for number in [*(order or range(len(shards))), *repeat]:
        localise.work(shards[number], nobody)
    localise.finish(job_of(run, "localise"))
    return run


def slow(net, run, channels, wanted, top=0.005):
    """Return Jaccard and the (rarity bin, class there) of each image, pixel by pixel."""
    kept = unpacked(files.read(f"runs/{run.key}/layers/late.npz"))
    threshold = bins.quantile(kept["counts"], int(kept["first"][0]), 1 - top)
    geometry = segment.geometry_of(run, layer("late"), PREPARATION)
    forward = Forward.of(run)
    names = Names.of(run, forward, truth_of(run, forward))
    [(_, group)] = names.layers
    both = either = 0
    scored = []
    for number in range(run.image_set.count):
        root = Path(run.image_set.root)
        batch = torch.from_numpy(prepare(open_image(root / f"{number:03d}.png"), PREPARATION))
        maps = maps_of(net, ["4"], batch[None])["4"][0].numpy()
        truth = view_mask(open_mask(root / f"mask-{number:03d}.png"), PREPARATION)
        mask = np.zeros((32, 32), dtype=bool)
        for channel in channels:
            mask |= stamp(maps[channel] > threshold[channel], geometry[0].shared, geometry[1])
        for y, x in np.ndindex(32, 32):
            if truth[y, x] != VOID:
                both += int(mask[y, x] and truth[y, x] == wanted)
                either += int(mask[y, x] or truth[y, x] == wanted)
        rarity = min(
            group.rarity(group.channels.index(channel), float(maps[channel].max()))
            for channel in channels
        )
        scored.append((int(bins_of(np.array([rarity]))[0]), bool((truth == wanted).any())))
    return both / either, scored


def test_rows_are_those_of_loops_over_pixels_and_of_a_library(small_net, tmp_path):
    run = localised(a_named_run(tmp_path))
    units = Localisation.objects.filter(run=run, unit__isnull=False)
    assert {row.unit.channel for row in units} == {0, 1, 2, 3, 5, 6}  # furniture is no class
    for channel, wanted in ((0, PATCH), (1, GROUND), (2, WALL)):
        row = units.get(unit__channel=channel)
        expected, _ = slow(small_net, run, [channel], wanted)
        assert row.jaccard == pytest.approx(expected)
    for concept, channels, wanted in (("patch", [0, 3, 5], PATCH), ("ground", [1, 6], GROUND)):
        row = Localisation.objects.get(run=run, unit=None, concept=concept)
        expected, scored = slow(small_net, run, channels, wanted)
        assert row.jaccard == pytest.approx(expected)
        assert row.units == len(channels)
        there = [held for _, held in scored]
        assert row.images_with_class == sum(there)
        library = average_precision_score(there, [level for level, _ in scored])
        assert row.average_precision == pytest.approx(library)
        assert 0 <= row.chance < 1
    patch = Localisation.objects.get(run=run, unit=None, concept="patch")
    assert (patch.source_list, patch.name, patch.how) == (["people", "machine"], "patch", "name")
    walls = Localisation.objects.get(run=run, unit=None, concept="walls")
    assert (walls.label, walls.name) == (WALL, "wall")


def test_every_number_of_the_figure_is_recomputed_from_the_exported_images(small_net, tmp_path):
    run = finished(localised(a_named_run(tmp_path)))
    asked = statistics.of_run(run, statistics.STATISTICS["localised-images"])
    text = b"".join(statistics.as_csv(asked)).decode()
    images = list(csv.DictReader(io.StringIO(text, newline="")))
    units = list(statistics.STATISTICS["localisation"].rows(run))
    [figure] = figure_pages.figures("localisation", run.network, {})
    assert {row["concept"] for row in figure.rows} == {row["concept"] for row in images}
    assert [row["jaccard"] for row in figure.rows] == sorted(
        (row["jaccard"] for row in figure.rows), reverse=True
    )
    for row in figure.rows:
        here = [one for one in images if one["concept"] == row["concept"]]
        assert len({one["image"] for one in here}) == len(here) == row["images"]

        def total(column, here=here):
            return sum(int(one[column]) for one in here)

        for index, kind in (("jaccard", "pixels"), ("chance", "chance")):
            both = total(f"{kind}_both")
            either = total(f"{kind}_on") + total(f"{kind}_class") - both
            assert row[index] == pytest.approx(both / either)
            assert 0 < both < either
        holding = [one for one in here if one["holds"] == "True"]
        assert row["images_with_class"] == len(holding)
        assert row["share"] == pytest.approx(len(holding) / len(here))
        precisions = []
        for one in holding:  # precision among all images at least as rare, at each that holds it
            rare = [o for o in here if int(o["rarity_step"]) >= int(one["rarity_step"])]
            precisions.append(sum(o["holds"] == "True" for o in rare) / len(rare))
        assert row["average_precision"] == pytest.approx(sum(precisions) / len(precisions))
        own = [one for one in units if one.layer and one.concept == row["concept"]]
        assert row["units"] == len(own)
        assert row["sources"] == ", ".join(sorted({one.sources for one in own}))


def test_a_run_that_kept_sums_alone_says_so(small_net, tmp_path):
    run = finished(localised(a_named_run(tmp_path)))
    statistic = statistics.STATISTICS["localised-images"]
    assert statistics.why_none(run, statistic) == ""
    files.remove(localisation.images_folder(run))
    told = statistics.why_none(run, statistic)
    assert told.startswith(f"Run {run} kept only sums over images, as earlier versions did: delete")
    written = report_data.write(tmp_path / "data", [(run.network, {})])
    assert [one.name for one in written if one.name.startswith("localis")] == [
        f"localisation-small-{run.short_key}"
    ]


def finished(run):
    run.jobs.update(state=State.DONE)
    Run.objects.filter(pk=run.pk).update(state=State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
    return run


def told(run):
    columns = ("unit__channel", "concept", "jaccard", "chance", "average_precision", "examples")
    return list(Localisation.objects.filter(run=run).order_by("concept", "unit").values(*columns))


def test_order_repetition_and_a_second_finish_change_nothing(small_net, tmp_path):
    run = localised(a_named_run(tmp_path))
    rows, pictures = told(run), stored(run)
    images = list(statistics.STATISTICS["localised-images"].rows(run))
    localised(run, order=[2, 0, 1], repeat=(1,))
    assert told(run) == rows
    assert stored(run) == pictures
    assert list(statistics.STATISTICS["localised-images"].rows(run)) == images
    assert len({one.image for one in images}) == 20
    assert pictures


def stored(run):
    return {
        (one["token"], kind): files.read(picture_file(one["token"], kind, "large"))
        for row in Localisation.objects.filter(run=run)
        for one in row.examples
        for kind in ("found", "truth")
    }


def test_examples_are_the_strongest_images_drawn_beside_the_truth(small_net, tmp_path):
    run = localised(a_named_run(tmp_path))
    patch = Localisation.objects.get(run=run, unit=None, concept="patch")
    assert [one["rank"] for one in patch.examples] == [0, 1, 2, 3]
    assert len({one["image"] for one in patch.examples}) == 4
    for data in stored(run).values():
        picture = Image.open(io.BytesIO(data))
        assert (picture.format, picture.size) == ("WEBP", (320, 320))
    token = patch.examples[0]["token"]
    Run.objects.filter(pk=run.pk).update(state=State.DONE)
    run.refresh_from_db()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs.transaction, "on_commit", lambda call: call())
        runs.delete(run)
    assert not files.exists(picture_file(token, "found", "large"))
    assert not Localisation.objects.exists()


def test_the_names_are_part_of_the_runs_key_and_stay_with_it(small_net, tmp_path):
    network, images = a_named_network(), a_masked_set(tmp_path / "masked")
    asked = {"network": network, "image_set": images, "steps": ("scan", "localise"), "top": 5}
    first, made = request_run(**asked)
    again, made_again = request_run(**asked)
    assert (made, made_again, first.pk) == (True, False, again.pk)
    name(Asked(network), 0, "ground")
    other, _ = request_run(**asked)
    assert other.key != first.key
    assert next(one.concept for one in localisation.things_of(first)) == "patch"
    assert next(one.concept for one in localisation.things_of(other)) == "ground"
    options = first.recipe["options"]["localise"]
    assert (options["units"], options["named"]) == (6, 7)
    files.write(f"names/{options['names']}.json", b"[]")
    with pytest.raises(ValueError, match="has been changed"):
        localisation.things_of(first)
    files.remove(f"names/{options['names']}.json")
    with pytest.raises(ValueError, match="not in the media storage any more"):
        localisation.things_of(first)


def test_without_masks_names_or_matches_it_is_refused_in_a_sentence(small_net, tmp_path):
    network, images = a_network(), a_masked_set(tmp_path / "masked")
    asked = {"network": network, "image_set": images, "steps": ("scan", "localise")}
    with pytest.raises(RunRefused, match="No unit of these layers of small has the name"):
        request_run(**asked)
    name(Asked(network), 0, "furniture")
    with pytest.raises(RunRefused, match="None of the 1 concepts of small means a class of masked"):
        request_run(**asked)
    images.labels = {}
    images.save()
    with pytest.raises(RunRefused, match="masked has no masks"):
        request_run(**asked)
    with pytest.raises(RunRefused, match="needs the step scan"):
        request_run(**asked | {"steps": ("localise",)})


def test_odd_masks_are_told_and_the_rest_goes_on(small_net, tmp_path):
    images = a_masked_set(tmp_path / "masked", without=(3,))
    root = Path(images.root)
    Image.new("L", (9, 9)).save(root / "mask-004.png")
    (root / "mask-005.png").write_bytes(b"no image")
    (root / "mask-006.png").unlink()
    run = localised(a_named_run(tmp_path, images=images))
    lines = "\n".join(run.log.values_list("text", flat=True))
    assert "1 of images 0 to 7 have no mask and are left out" in lines
    for number in (4, 5, 6):
        assert f"Image {number} (00{number}.png) is left out: its mask" in lines
    assert set(Localisation.objects.values_list("images", flat=True)) == {16}


def test_no_usable_mask_at_all_fails_with_a_sentence(small_net, tmp_path):
    images = a_masked_set(tmp_path / "masked", count=4)
    for path in Path(images.root).glob("mask-*.png"):
        path.unlink()
    with pytest.raises(ValueError, match="Not one of the 4 images has a mask that can be used"):
        localised(a_named_run(tmp_path, images=images))


def test_it_beats_after_every_image_and_stops_when_told(small_net, tmp_path):
    run = a_named_run(tmp_path)
    beats = []
    localise.work(shards_of(run, "localise")[2], beats.append)
    assert beats == [1, 2, 3, 4]

    def stop(done):
        raise Interrupted("cancelled")

    shard = shards_of(run, "localise")[0]
    with pytest.raises(Interrupted):
        localise.work(shard, stop)
    assert not files.exists(localisation.shard_file(run, 0))
