"""Photographs with masks of a bright patch and of what lies round it, for the step `dissect`.

run = a_masked_run(folder)      # rows, files, manifest; nothing scanned yet
dissected(run)                  # scan and dissect in this process
"""

import numpy as np
from django.utils import timezone
from PIL import Image

from analysis.core.manifest import Entry, ManifestWriter
from analysis.models import ImageSet, Layer, Network, State
from analysis.pipeline import dissect, scan
from analysis.services import files
from analysis.services.runs import request_run
from tests.analysis.photographs import a_network, job_of, shards_of

PATCH, GROUND, WALL, VOID, BLANK = 3, 5, 8, 9, 11
LABELS = {
    "void_index": VOID,
    "classes": [
        {"index": PATCH, "name": "patch"},
        {"index": GROUND, "name": "ground"},
        {"index": WALL, "name": "wall"},
        {"index": VOID, "name": "void"},
        {"index": BLANK, "name": " "},
    ],
}


def paint_with_mask(folder, number):
    """Write a dark image with one bright patch, and its mask; return width and height."""
    chance = np.random.default_rng(number)
    width, height = int(chance.integers(40, 70)), int(chance.integers(36, 60))
    pixels = chance.integers(0, 90, (height, width, 3), np.uint8)
    mask = np.full((height, width), GROUND, np.uint8)
    mask[: height // 3] = WALL
    mask[:, :2] = VOID
    left, top = int(chance.integers(4, width - 16)), int(chance.integers(4, height - 16))
    pixels[top : top + 12, left : left + 12] = 250
    mask[top : top + 12, left : left + 12] = PATCH
    Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    Image.fromarray(mask).save(folder / f"mask-{number:03d}.png")
    return width, height


def a_masked_set(folder, count=20, without=(), labels=LABELS):
    """Return an imported image set with masks; images ``without`` have none."""
    folder.mkdir(parents=True)
    with ManifestWriter(folder / "manifest.parquet") as manifest:
        for number in range(count):
            size = paint_with_mask(folder, number)
            mask = "" if number in without else f"mask-{number:03d}.png"
            manifest.add(Entry(number, f"{number:03d}.png", mask, "", *size, b"0" * 16))
        fingerprint = manifest.fingerprint(labels)
    name = "image-sets/masked/manifest.parquet"
    files.write(name, (folder / "manifest.parquet").read_bytes())
    return ImageSet.objects.create(
        slug="masked",
        root=str(folder),
        manifest=name,
        fingerprint=fingerprint,
        labels=labels,
        count=count,
        state=State.DONE,
    )


def a_masked_run(folder, shard=8, given=None, image_set=None, network=None):
    """Return a run of scan and dissect over images with masks, in shards of ``shard`` images."""
    network = network or Network.objects.filter(slug="small").first() or a_network()
    image_set = image_set or a_masked_set(folder / "masked")
    run, _ = request_run(
        network=network,
        image_set=image_set,
        steps=("scan", "dissect"),
        top=5,
        device="cpu",
        step_options={"dissect": given or {}},
    )
    for job in run.jobs.all():
        job.shards.all().delete()
        job.shards.bulk_create(
            job.shards.model(job=job, number=n, first=first, last=min(first + shard, job.total))
            for n, first in enumerate(range(0, job.total, shard))
        )
    return run


def dissected(run, order=None, repeat=()):
    """Scan and dissect a run; the shards of the dissection in any order, some of them again."""
    for shard in shards_of(run, "scan"):
        scan.work(shard, nobody)
    scan.finish(job_of(run, "scan"))
    shards = shards_of(run, "dissect")
    for number in [*(order or range(len(shards))), *repeat]:
        dissect.work(shards[number], nobody)
    dissect.finish(job_of(run, "dissect"))
    return run


def nobody(done):
    """No beat is missed."""


def finished(run):
    """Dissect a run and say that it is done."""
    dissected(run)
    run.jobs.update(state=State.DONE)
    type(run).objects.filter(pk=run.pk).update(state=State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
    return run


def layer(name="late"):
    """Return a layer of the small network."""
    return Layer.objects.get(name=name)
