"""The step `prefer`: the images that each whole layer prefers, in one pass over the images.

A shard is a range of the manifest, as in the scan; its result is one file,
`runs/<key>/prefer/<shard>.npz`. A step of its own, and not a part of the scan: the files of scans
that were made before it stay what they are, and other runs can go on sharing them.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from analysis.core.arrays import unpacked
from analysis.core.loading import THREADS, in_order
from analysis.core.manifest import Entry
from analysis.core.preferences import Preferred
from analysis.core.rendering import View
from analysis.models import Job, Layer, Run, Shard
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.one_pass import gathered
from analysis.pipeline.scan import layers_of
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.pictures import picture_file, preferred_token
from analysis.services.preferring import (
    MOST_FOLDERS,
    Found,
    Liked,
    folder_of,
    kept_images,
    shard_file,
    write_found,
)

TILES = ("tile", "tile2x")


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Sum up images first..last-1 and write the shard's file; a repetition writes the same bytes.

    ``beat(done)`` is called after every batch and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more, or a sum is not finite; named.
    """
    run = shard.job.run
    forward = Forward.of(run)
    found = gathered(
        shard,
        forward,
        layers_of(run),
        lambda layer: Preferred(kept_images(run.recipe), forward.device),
        beat,
    )
    files.write(shard_file(run, shard.number), found)


def finish(job: Job) -> None:
    """Join the shards: the images of every layer, their pictures, and what there is. May repeat."""
    run = job.run
    layers = layers_of(run)
    ranked = {
        layer.name: preferred.ranked()
        for layer, preferred in zip(layers, merged(job, layers), strict=True)
    }
    wanted = {number for some in ranked.values() for number, _ in some}
    entries, scenes, folders = looked_through(run, wanted)
    draw(run, entries.values())
    found = Found(
        images=run.image_set.count,
        scenes=scenes,
        folders=folders,
        layers={
            name: [liked(entries[number], score, folders) for number, score in some]
            for name, some in ranked.items()
        },
    )
    write_found(run, found)
    log(run, f"prefer: {len(wanted):,} images are among those that {len(layers)} layers prefer")


def merged(job: Job, layers: list[Layer]) -> list[Preferred]:
    """Return what every layer prefers over all shards."""
    total = [Preferred(kept_images(job.run.recipe)) for _ in layers]
    for number in job.shards.order_by("number").values_list("number", flat=True):
        kept = unpacked(files.read(shard_file(job.run, number)))
        for place, preferred in enumerate(total):
            start = f"{place}_"
            own: dict[str, np.ndarray] = {
                name.removeprefix(start): array
                for name, array in kept.items()
                if name.startswith(start)
            }
            preferred.merge(Preferred.from_state(own))
    return total


def looked_through(
    run: Run, wanted: set[int]
) -> tuple[dict[int, Entry], dict[str, int], dict[str, int]]:
    """Return the entries of some images, and how many images each scene and each folder has.

    No folders where there is one only, or so many that they are no parts of the set.
    """
    entries: dict[int, Entry] = {}
    scenes: Counter[str] = Counter()
    folders: Counter[str] = Counter()
    for entry in open_manifest(run.image_set).entries():
        scenes[entry.scene] += 1
        folders[folder_of(entry.path)] += 1
        if entry.number in wanted:
            entries[entry.number] = entry
    parts = folders if 1 < len(folders) <= MOST_FOLDERS else {}
    return entries, dict(sorted(scenes.items())), dict(sorted(parts.items()))


def liked(entry: Entry, score: float, folders: dict[str, int]) -> Liked:
    """Return a preferred image with what its set says about it."""
    return Liked(entry.number, score, entry.scene, folder_of(entry.path) if folders else "")


def draw(run: Run, entries: Iterable[Entry]) -> None:
    """Store the tiles of images, as the network sees them; a repetition stores the same."""
    forward = Forward.of(run)
    for entry, sizes in in_order(partial(tiles, forward), entries, ahead=2 * THREADS):
        token = preferred_token(run.key, entry.number)
        for size in TILES:
            files.write(picture_file(token, "plain", size), sizes[size])


def tiles(forward: Forward, entry: Entry) -> tuple[Entry, dict[str, bytes]]:
    """Return an image's pictures by size."""
    picture = forward.open(Numbered(entry.number, entry.path))
    return entry, View.of(picture, forward.preparation.box(*picture.size)).plain()
