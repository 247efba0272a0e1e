"""The step `simplify`: minimal images, with a picture of every removal.

An item is a place: the how manieth rightly named image of a scene. Rows and pictures are written
image by image, so that they can be seen while the run goes on and are not made twice. `finish`
counts how often each object occurs in the scenes at all.
"""

import io
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Any

import numpy as np
import torch
from PIL import Image as Picture
from torch import Tensor

from analysis.core.images import (
    ImageRefused,
    below,
    open_mask,
    prepare,
    unprepared,
    view,
    view_mask,
)
from analysis.core.loading import in_order
from analysis.core.manifest import Entry
from analysis.core.minimal import How, Minimal, Removal, minimal
from analysis.core.partitions import Automatic, Partition, by_class, kept_shares
from analysis.core.rendering import EFFORT, QUALITY
from analysis.models import Job, MinimalImage, Run, Shard
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.scan import image_rows
from analysis.pipeline.scenes import Namer, chosen, label_of, namer
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.minimal_images import Naming, objects_file, scenes_file
from analysis.services.pictures import minimal_token, picture_file
from analysis.services.progress import duration
from analysis.services.simplification import places
from analysis.services.steps import options_of

UNLABELLED = "unlabelled"
GREY = 0.5  # of 255: how far a removed region may be from the exact solution
TRIED = 8  # candidates timed before the work begins
Beat = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """What is the same for all images of a run."""

    run: Run
    forward: Forward
    choice: Naming
    ask: Namer
    how: How
    cut: Automatic
    kinds: list[str]
    names: dict[int, str]  # of the classes in masks; the index that is none has an empty one

    @classmethod
    def of(cls, run: Run, looked: Callable[[], None]) -> "Work":
        """Load the network and decide, or read, which images are simplified."""
        forward, options = Forward.of(run), options_of(run, "simplify")
        choice = chosen(run, forward, looked)
        # A quarter of what may be missing: the estimate at which the work ends is only about it.
        tolerance = GREY / 4 / 255 / max(forward.preparation.std)
        how = How(options["lazy"], forward.recipe.batch, tolerance)
        ask = Namer(forward) if choice.problem else namer(run, forward, choice, looked)
        cut = Automatic(**options["cut"])
        names = names_of(run.image_set.labels)
        return cls(run, forward, choice, ask, how, cut, options["regions"], names)


@dataclass(frozen=True)
class Seen:
    """One image as the network sees it, with its mask where it has a good one."""

    entry: Entry
    pixels: Tensor  # (3, h, w)
    view: np.ndarray  # (h, w, 3) uint8
    mask: Partition | None
    problem: str  # of the mask

    def partition(self, kind: str, cut: Automatic) -> Partition | None:
        """Return the regions of a kind, None where the mask is missing or wrong."""
        return self.mask if kind == MinimalImage.Regions.MASKS else cut.cut(self.view)


def work(shard: Shard, beat: Beat) -> None:
    """Simplify the images of places first..last-1; a repetition writes the same rows and bytes.

    ``beat(done)`` is called before every batch of candidates and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more; named.
    """
    run, done = shard.job.run, 0
    make = Work.of(run, lambda: beat(done))
    if shard.number == 0:
        log(run, f"simplify: {announced(make)}", "warning" if make.choice.problem else "info")
    manifest = open_manifest(run.image_set)
    for scene, at in places(run)[shard.first : shard.last]:
        numbers = make.choice.scenes.get(scene, [])
        if at < len(numbers):
            simplify_image(make, manifest[numbers[at]])
        done += 1
        beat(done)


def finish(job: Job) -> None:
    """Count how many images of each scene hold each object, and say what was found."""
    run = job.run
    forward, scenes = Forward.of(run), options_of(run, "simplify")["scenes"]
    names = names_of(run.image_set.labels)
    entries = [e for e in open_manifest(run.image_set).entries() if e.scene in scenes and e.mask]
    images: Counter[str] = Counter()
    holding: dict[str, Counter[str]] = {scene: Counter() for scene in scenes}
    each: list[tuple[int, str, list[str]]] = []
    look = partial(objects_in, forward, names)
    for entry, found in in_order(look, entries, ahead=16):
        if found is not None:
            images[entry.scene] += 1
            holding[entry.scene].update(found)
            each.append((entry.number, entry.scene, sorted(found)))
    told = {s: {"images": images[s], "with": dict(sorted(holding[s].items()))} for s in scenes}
    files.write(objects_file(run), json.dumps(each).encode())
    files.write(scenes_file(run), json.dumps(told, sort_keys=True).encode())
    log(run, f"simplify: {summary(run)}")


def simplify_image(make: Work, entry: Entry) -> None:
    """Write the rows and pictures of one image, for each kind of regions that has none yet."""
    image = image_rows(make.run, [entry.number])[entry.number]
    there = MinimalImage.objects.filter(run=make.run, image=image).values_list("regions", flat=True)
    kinds = [kind for kind in make.kinds if kind not in set(there)]
    if not kinds:
        return
    seen = see(make, entry)
    label = label_of(make.run, make.choice, entry.scene)
    for kind in kinds:
        token = minimal_token(make.run.key, entry.number, kind)
        row = {"run": make.run, "image_id": image, "regions": kind, "scene": entry.scene}
        partition = seen.partition(kind, make.cut)
        found = None
        if partition is not None:
            number = partition.number.astype(np.int64)
            found = minimal(seen.pixels, number, label, make.ask, make.how)
            told = result(make, seen, partition, found)
        else:
            told = without(seen.problem)
        store(make, token, seen.pixels, found)
        MinimalImage.objects.bulk_create(
            [MinimalImage(**row, token=token, **told)], ignore_conflicts=True
        )
        if told.get("problem"):
            log(make.run, f"simplify: image {entry.number} ({kind}): {told['problem']}", "warning")


def see(make: Work, entry: Entry) -> Seen:
    """Open an image and its mask as the network sees them."""
    forward = make.forward
    picture = forward.open(Numbered(entry.number, entry.path))
    pixels = torch.from_numpy(prepare(picture, forward.preparation)).to(forward.device)
    shown = np.asarray(view(picture, forward.preparation))
    mask, problem = None, ""
    try:
        mask = mask_of(forward, entry, picture.size, make.names)
    except ImageRefused as refused:
        problem = f"{refused}."
    return Seen(entry, pixels, shown, mask, problem)


def mask_of(
    forward: Forward, entry: Entry, size: tuple[int, int], names: dict[int, str]
) -> Partition:
    """Return the classes of an image's mask where the network sees them.

    Raises:
        ImageRefused: there is none, or it does not fit the image.
    """
    if not entry.mask:
        raise ImageRefused("It has no mask, so its objects are not known")
    mask = open_mask(below(forward.root, entry.mask))
    if mask.shape != size[::-1]:
        raise ImageRefused(
            f"Its mask {entry.mask} has {mask.shape[1]} × {mask.shape[0]} pixels and the image"
            f" {size[0]} × {size[1]}, so its objects are not known"
        )
    return by_class(view_mask(mask, forward.preparation), names, UNLABELLED)


def names_of(labels: dict[str, Any]) -> dict[int, str]:
    """Return the names of the classes by index, an empty one for the index that is none."""
    named = {int(one["index"]): str(one["name"]) for one in labels.get("classes", ())}
    void = labels.get("void_index")
    return named if void is None else {**named, int(void): ""}


def objects_in(
    forward: Forward, names: dict[int, str], entry: Entry
) -> tuple[Entry, set[str] | None]:
    """Return the objects that the network sees of an image; None without a mask that fits."""
    try:
        size = (entry.width, entry.height)
        found = mask_of(forward, entry, size, names).names
    except ImageRefused:
        return entry, None
    return entry, set(found) - {UNLABELLED}


def result(make: Work, seen: Seen, partition: Partition, found: Minimal | None) -> dict[str, Any]:
    """Return the columns of a row."""
    if found is None:
        return without("Alone it is not named as in its batch, so it is left out.")
    kept = found.kept(partition.number)
    ways = [*found.removals, *([found.lost] if found.lost else [])]
    objects = kept_shares(seen.mask, kept) if seen.mask else {}
    return {
        "before": exp(found.before),
        "after": exp(found.after),
        "lost_to": make.choice.names[found.lost.first] if found.lost else "",
        "total": partition.count,
        "kept": partition.count - len(found.removals),
        "area": float(kept.mean()),
        "objects_kept": {name: s for name, s in objects.items() if name != UNLABELLED},
        "steps": steps_of(partition, ways),
        "looked": found.looked,
        "problem": "" if found.lost else NEVER_LOST,
    }


NEVER_LOST = (
    "The scene is not lost even with every region removed: the network names a plain image so."
)


def without(problem: str) -> dict[str, Any]:
    """Return the columns of a row that is no minimal image."""
    return {"before": 0.0, "after": 0.0, "total": 0, "kept": 0, "area": 0.0, "problem": problem}


def steps_of(partition: Partition, ways: list[Removal]) -> list[dict[str, Any]]:
    """Return the removals as a row keeps them."""
    pixels = np.bincount(partition.number.ravel()) / partition.number.size
    left, steps = 1.0, []
    for removal in ways:
        left -= float(pixels[removal.region])
        name = partition.names[removal.region] if partition.names else ""
        step = {"region": removal.region, "name": name, "kept": round(max(0.0, left), 4)}
        steps.append({**step, "score": round(exp(removal.score), 6)})
    return steps


def store(make: Work, token: str, whole: Tensor, found: Minimal | None) -> None:
    """Store the pictures: the whole image, then the image after each removal."""
    ways = [*found.removals, *([found.lost] if found.lost else [])] if found else []
    for at, pixels in enumerate([whole, *(removal.picture for removal in ways)]):
        shown = unprepared(pixels.cpu().numpy(), make.forward.preparation)
        out = io.BytesIO()
        Picture.fromarray(shown).save(out, "WEBP", quality=QUALITY, method=EFFORT)
        files.write(picture_file(token, f"step{at:03d}", "tile2x"), out.getvalue())


def announced(make: Work) -> str:
    """Return who names the scenes, how well, and what the work will cost, before it begins."""
    choice = make.choice
    if choice.problem:
        return choice.problem
    images = [number for numbers in choice.scenes.values() for number in numbers]
    if not images:
        return "no image of these scenes is named rightly, so there is nothing to simplify."
    entries = [open_manifest(make.run.image_set)[n] for n in images[:: -(-len(images) // 4)]]
    most, began = 0, time.monotonic()
    samples = [see(make, entry) for entry in entries]
    for seen in samples:
        parts = [seen.partition(kind, make.cut) for kind in make.kinds]
        most += sum(part.count * (part.count + 1) // 2 for part in parts if part)
    per_image = most / len(samples)
    began = time.monotonic()
    make.ask(samples[0].pixels.expand(TRIED, *samples[0].pixels.shape))
    # Taking a region out costs about as much as asking about it.
    seconds = 2 * (time.monotonic() - began) / TRIED * per_image * len(images)
    who = "the network itself" if choice.readout == "own" else f"a {readout_in_words(choice)}"
    return (
        f"{len(images)} images named rightly by {who}; at most about {per_image:.0f} candidates"
        f" an image, {per_image * len(images):,.0f} in all: up to {duration(seconds)} on one"
        f" worker ({make.forward.device})."
    )


def readout_in_words(choice: Naming) -> str:
    """Return what a read-out is and how often it is right."""
    asked, right = sum(choice.asked.values()), sum(choice.right.values())
    return (
        f"linear read-out of {len(choice.names)} scenes fitted on {choice.fitted} images with even"
        f" numbers, right on {right / max(asked, 1):.0%} of {asked} with odd ones"
    )


def summary(run: Run) -> str:
    """Return how many minimal images there are, in a sentence."""
    rows = MinimalImage.objects.filter(run=run)
    found, all_rows = rows.found().count(), rows.count()
    left_out = f"; {all_rows - found} left out, each with its reason" if all_rows > found else ""
    return f"{found} minimal images{left_out}."
