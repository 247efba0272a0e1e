"""The step `count`: how much of each class every image of a set holds, and what that tells.

A shard is a range of the manifest; its result is one file of what its images hold, and no network
is run. `finish` joins them, in their order, and reckons what the objects tell of the scenes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil

import numpy as np

from analysis.core.arrays import packed, unpacked
from analysis.core.counting import Held, held
from analysis.core.lattice import VOID
from analysis.core.loading import in_order
from analysis.core.manifest import Entry
from analysis.models import Job, Run, Shard
from analysis.pipeline.masks import Files, MaskRefused
from analysis.services import files, object_summary
from analysis.services.counting import images_file, options_in, shard_file, write_summary
from analysis.services.dissection import class_names
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log

TOLD = 5  # sentences about masks that a shard writes into the log
AHEAD = 8  # masks that wait to be taken
NUMBERS = ("number", "place", "pixels", "instances")  # of an image and a class that it holds


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Count images first..last-1 and write the shard's file; a repetition writes the same bytes.

    ``beat(done)`` is called after every image and may raise to stop the work. A mask that cannot
    be used is told in the log, and its image left out.
    """
    run = shard.job.run
    masks = Files.of(run.image_set)
    share = options_in(run.recipe)["instance_share"]
    entries = list(open_manifest(run.image_set).entries(shard.first, shard.last))
    found: list[tuple[int, Held]] = []
    refused: list[str] = []
    counted = in_order(lambda entry: _counted(masks, entry, share), entries, ahead=AHEAD)
    for done, (entry, told) in enumerate(zip(entries, counted, strict=True), 1):
        if isinstance(told, Held):
            found.append((entry.number, told))
        elif told:
            refused.append(told)
        beat(done)
    without = sum(not entry.mask for entry in entries)
    _tell(run, shard, without, refused)
    files.write(shard_file(run, shard.number), packed(_arrays(found, without, len(refused))))


def finish(job: Job) -> None:
    """Join the shards: what every image holds, what is told of classes and scenes. May run twice.

    Raises:
        ValueError: not one mask could be used.
    """
    run = job.run
    numbers = job.shards.order_by("number").values_list("number", flat=True)
    parts = [unpacked(files.read(shard_file(run, number))) for number in numbers]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    left = whole.pop("left").reshape(-1, 2).sum(0)  # (shards, 2) → (2,)
    if not len(whole["compared"]):
        raise ValueError(
            f"Not one of the {run.image_set.count:,} images has a mask that can be used: the log"
            " says why. Mend the masks and register the images anew."
        )
    scenes = _scenes(run, whole["compared"])
    tally = Counter(without_mask=int(left[0]), refused=int(left[1]))
    names = np.array(sorted(set(scenes)))
    codes = np.searchsorted(names, scenes) if len(names) else np.zeros(0, np.int64)
    labels = np.array([index for index, _ in class_names(run.image_set)])
    files.write(
        images_file(run), packed(whole | {"scene": codes, "scenes": names, "label": labels})
    )
    summary = object_summary.of(run, whole, scenes)
    write_summary(run, {**tally, **summary})
    log(run, object_summary.line(summary))


def _counted(masks: Files, entry: Entry, share: float) -> Held | str:
    """Return what an image holds, or why its mask cannot be used; nothing where it has none."""
    if not entry.mask:
        return ""
    try:
        places = masks.read(entry)
    except MaskRefused as reason:
        return str(reason)
    return held(places, len(masks.names), VOID, max(1, ceil(share * places.size)))


def _arrays(found: list[tuple[int, Held]], without: int, refused: int) -> dict[str, np.ndarray]:
    """Return a row of NUMBERS for every image and class that it holds, and which were compared."""
    rows = [
        (number, place, told.pixels[place], told.instances[place])
        for number, told in found
        for place in np.flatnonzero(told.pixels)
    ]
    table = np.array(rows, np.int64).reshape(-1, len(NUMBERS))
    return {name: table[:, place] for place, name in enumerate(NUMBERS)} | {
        "compared": np.array([number for number, _ in found], np.int64),
        "left": np.array([without, refused], np.int64),
    }


def _scenes(run: Run, numbers: np.ndarray) -> list[str]:
    """Return the scenes of images in the order of their numbers; empty where one is not known."""
    manifest = open_manifest(run.image_set)
    return [manifest[number].scene for number in numbers.tolist()]


def _tell(run: Run, shard: Shard, without: int, refused: list[str]) -> None:
    """Write into the log what could not be counted."""
    for sentence in _left(f"of images {shard.first} to {shard.last - 1}", without, refused):
        log(run, f"count: {sentence}", "warning")


def _left(which: str, without: int, refused: list[str]) -> Iterator[str]:
    if without:
        yield f"{without} {which} have no mask and are left out"
    yield from refused[:TOLD]
    if (more := len(refused) - TOLD) > 0:
        yield f"{more} more masks {which} cannot be used"
