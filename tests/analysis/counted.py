"""Rooms drawn as masks, with scenes, for the step `count`: beds in bedrooms, ovens in kitchens.

run = a_counted_run(folder)      # rows, files, manifest; nothing counted yet
counted(run)                     # the step in this process
finished(run)                    # the same, and it is done
"""

import numpy as np
from django.utils import timezone
from PIL import Image

from analysis.core.manifest import Entry, ManifestWriter
from analysis.models import ImageSet, Network, State
from analysis.pipeline import count
from analysis.services import files
from analysis.services.runs import request_run
from tests.analysis.masked import nobody
from tests.analysis.photographs import a_network, job_of, shards_of

WALL, FLOOR, BED, LAMP, OVEN, GHOST = range(1, 7)
NAMES = ["wall", "floor", "bed", "lamp", "oven", "ghost"]
VOID = 9
LABELS = {
    "void_index": VOID,
    "classes": [{"index": n, "name": name} for n, name in enumerate(NAMES, 1)]
    + [{"index": VOID, "name": "void"}],
}
# Ten of each of two scenes, two of a third, two of none, and one image without a mask.
ROOMS = ["bedroom"] * 10 + ["kitchen"] * 10 + ["hall"] * 2 + [""] * 2 + ["bedroom"]


def draw(number, scene):
    """Return the mask of a room of 24 × 32 pixels."""
    chance = np.random.default_rng(number)
    mask = np.full((24, 32), WALL, np.uint8)
    if number % 3:
        mask[16:] = FLOOR
    mask[:, 0] = VOID
    if scene in ("bedroom", ""):
        mask[12:20, 4:14] = BED
    if scene == "kitchen":
        mask[10:18, 20:28] = OVEN
    for _ in range(int(chance.integers(0, 4))):
        y, x = int(chance.integers(0, 9)), int(chance.integers(1, 28))
        mask[y : y + int(chance.integers(1, 6)), x : x + 3] = LAMP
    return mask


def a_room_set(folder, slug="rooms", scenes=ROOMS):
    """Return an imported image set; the last image has no mask."""
    folder.mkdir(parents=True)
    with ManifestWriter(folder / "manifest.parquet") as manifest:
        for number, scene in enumerate(scenes):
            Image.fromarray(draw(number, scene)).save(folder / f"mask-{number:03d}.png")
            mask = f"mask-{number:03d}.png" if number + 1 < len(scenes) else ""
            manifest.add(Entry(number, f"{number:03d}.png", mask, scene, 32, 24, b"0" * 16))
        fingerprint = manifest.fingerprint(LABELS)
    name = f"image-sets/{slug}/manifest.parquet"
    files.write(name, (folder / "manifest.parquet").read_bytes())
    return ImageSet.objects.create(
        slug=slug,
        root=str(folder),
        manifest=name,
        fingerprint=fingerprint,
        labels=LABELS,
        scenes={name: scenes.count(name) for name in sorted(set(scenes)) if name},
        count=len(scenes),
        state=State.DONE,
    )


def a_counted_run(folder, shard=7, given=None, image_set=None, network=None):
    """Return a run of the step over rooms, in shards of ``shard`` images."""
    network = network or Network.objects.filter(slug="small").first() or a_network()
    image_set = image_set or a_room_set(folder / "rooms")
    run, _ = request_run(
        network=network, image_set=image_set, steps=("count",), step_options={"count": given or {}}
    )
    job = run.jobs.get()
    job.shards.all().delete()
    job.shards.bulk_create(
        job.shards.model(job=job, number=n, first=first, last=min(first + shard, job.total))
        for n, first in enumerate(range(0, job.total, shard))
    )
    return run


def counted(run, order=None, repeat=()):
    """Do the step; its shards in any order, some of them again."""
    shards = shards_of(run, "count")
    for number in [*(order or range(len(shards))), *repeat]:
        count.work(shards[number], nobody)
    count.finish(job_of(run, "count"))
    return run


def finished(run):
    """Do the step and say that it is done."""
    counted(run)
    run.jobs.update(state=State.DONE)
    type(run).objects.filter(pk=run.pk).update(state=State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
    return run
