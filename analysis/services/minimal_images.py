"""Reading minimal images: which objects a scene needs, how little of an image, and who named it.

An object is kept where at least half of its pixels are; with the classes of masks as regions it is
kept whole or not at all.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any, NamedTuple

from analysis.core.intervals import wilson
from analysis.models import MinimalImage, Run
from analysis.services import files
from analysis.services.figure_links import concept_page
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    channel,
    drawing,
    mark,
    ordered,
    whiskers,
)
from analysis.services.measures import Statistic

KEPT = 0.5  # share of an object's pixels from which on it is kept
SHARE = "share of minimal images that keep it"
DRAWN = 14  # objects in a figure; the table of the API has them all
REGIONS = MinimalImage.Regions


class Kept(NamedTuple):
    """How often minimal images of a scene keep an object."""

    scene: str
    regions: str  # automatic, or masks
    object: str
    images: int  # minimal images of the scene
    kept: int  # of these: keep at least half of the object's pixels
    share: float  # kept / images
    low: float  # Wilson's interval, 95%
    high: float
    present: int  # of the same images: hold the object at all
    scene_images: int  # images of the scene in the set that have a mask
    scene_share: float | None  # of these: the share that hold the object


class Way(NamedTuple):
    """How far the images of a scene could be simplified."""

    scene: str
    regions: str
    asked: int  # images whose scene was asked for
    right: int  # of these: named rightly
    images: int  # minimal images
    left_out: int  # images tried that have none, each with its reason
    regions_kept: float | None  # mean number
    regions_total: float | None
    area: float | None  # median share of the pixels kept


@dataclass(frozen=True)
class Naming:
    """Who named the scenes, as `pipeline/scenes.py` wrote it down."""

    readout: str = "own"
    names: list[str] = field(default_factory=list)
    layer: str = ""
    fitted: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    scenes: dict[str, list[int]] = field(default_factory=dict)
    problem: str = ""

    @property
    def in_words(self) -> str:
        """Return who named the scenes, and how often rightly."""
        asked, right = sum(self.asked.values()), sum(self.right.values())
        rightly = f"right on {right / asked:.0%} of {asked:,} images" if asked else "asked nothing"
        if self.readout == "own":
            return f"Scenes were named by the network's own classes, {rightly} asked about."
        where = f"the input of its layer {self.layer}" if self.layer else "its output"
        return (
            f"Scenes were named by a linear read-out of the network's last features ({where}):"
            f" fitted on the {self.fitted:,} images with even numbers, {rightly} with odd numbers,"
            f" of {len(self.names)} scenes. It is not a class of the network itself. Neighbouring"
            " images may show one room, which flatters this share."
        )


def choice_file(run: Run) -> str:
    """Return the name of the file that says who names the scenes and which images are taken."""
    return f"runs/{run.key}/simplify/choice.json"


def scenes_file(run: Run) -> str:
    """Return the name of the file that counts the objects of every scene."""
    return f"runs/{run.key}/simplify/scenes.json"


def names_file(run: Run) -> str:
    """Return the name of the file that says what each image that was asked about was named."""
    return f"runs/{run.key}/simplify/names.json"


def objects_file(run: Run) -> str:
    """Return the name of the file that says what each image of the scenes holds."""
    return f"runs/{run.key}/simplify/objects.json"


def naming(run: Run) -> Naming:
    """Return who named the scenes of a run."""
    return Naming(**_read(choice_file(run)))


def kept(run: Run) -> list[Kept]:
    """Return how often each object is kept, by scene and kind of regions, most often first."""
    scenes, found = _read(scenes_file(run)), []
    for (scene, regions), rows in _by_scene(run).items():
        rows = [row for row in rows if row.objects_kept]
        present: Counter[str] = Counter()
        keeps: Counter[str] = Counter()
        for row in rows:
            present.update(list(row.objects_kept))
            keeps.update(name for name, share in row.objects_kept.items() if share >= KEPT)
        of_scene = scenes.get(scene, {})
        for name in sorted(present, key=lambda name: (-keeps[name], -present[name], name)):
            total = of_scene.get("images", 0)
            share = of_scene["with"].get(name, 0) / total if total else None
            bounds = wilson(keeps[name] / len(rows), len(rows))
            about = (len(rows), keeps[name], keeps[name] / len(rows), *bounds)
            found.append(Kept(scene, regions, name, *about, present[name], total, share))
    return found


def ways(run: Run) -> list[Way]:
    """Return how far the images of each scene could be simplified."""
    who, found = naming(run), []
    left_out = Counter(
        MinimalImage.objects.filter(run=run).exclude(problem="").values_list("scene", "regions")
    )
    by_scene = _by_scene(run)
    kinds: list[str] = run.recipe.get("options", {}).get("simplify", {}).get("regions", [])
    chosen = {(scene, kind) for scene in who.scenes for kind in kinds}  # some have no image
    for scene, regions in sorted({*by_scene, *left_out, *chosen}):
        rows = by_scene.get((scene, regions), [])
        means = (
            fmean(row.kept for row in rows) if rows else None,
            fmean(row.total for row in rows) if rows else None,
            median(row.area for row in rows) if rows else None,
        )
        counts = (who.asked.get(scene, 0), who.right.get(scene, 0), len(rows))
        found.append(Way(scene, regions, *counts, left_out[(scene, regions)], *means))
    return found


def _by_scene(run: Run) -> dict[tuple[str, str], list[MinimalImage]]:
    """Return the minimal images by scene and kind of regions."""
    found: dict[tuple[str, str], list[MinimalImage]] = {}
    rows = MinimalImage.objects.filter(run=run).found().defer("steps")  # the largest column
    for row in rows.order_by("scene", "regions", "image"):
        found.setdefault((row.scene, row.regions), []).append(row)
    return found


def _read(name: str) -> dict[str, Any]:
    """Return what a file of the run holds; nothing before it is written."""
    try:
        return dict(json.loads(files.read(name)))
    except FileNotFoundError:
        return {}


KEPT_OBJECTS = Statistic(
    name="minimal-images",
    summary="How often the minimal images of a scene keep each object",
    step="simplify",
    row=Kept,
    rows=kept,
    settled=True,
)
SCENES = Statistic(
    name="minimal-image-scenes",
    summary="How far the images of each scene could be simplified",
    step="simplify",
    row=Way,
    rows=ways,
    settled=True,
)
COLUMNS = (
    Column("object", "Object"),
    Column("kept", "Kept by"),
    Column("images", "of minimal images"),
    Column("share", "Share", 2),
    Column("low", "95% from", 2),
    Column("high", "to", 2),
    Column("present", "In as many images"),
    Column("scene_share", "Share of the scene's images", 2),
)


def figure(run: Run, scene: str, regions: str, download: str) -> Figure | None:
    """Return which objects a scene needs as a figure; None where no object is known."""
    rows = [row for row in kept(run) if (row.scene, row.regions) == (scene, regions)]
    if not rows:
        return None
    drawn = [_drawn(row) for row in rows[:DRAWN]]
    names = dict.fromkeys(row.object for row in rows[:DRAWN])
    place = {"y": ordered("object", "", names)}
    axis: dict[str, Any] = {"scale": {"domain": [0, 1]}}
    point = {"x": channel("share", SHARE, **axis), "tooltip": [channel("told", "", "nominal")]}
    often = {"x": channel("scene_share", SHARE, **axis)}
    synthetic = run.network.synthetic or run.image_set.synthetic
    return Figure(
        name="kept",
        question=f"What does {one(scene)} need to be named so?",
        answer=_answer(rows),
        spec=drawing(
            drawn,
            whiskers("low", "high", place, SHARE, along="x"),
            mark("tick", {**place, **often}, "reference"),
            mark("point", {**place, **point, **LINKED}),
            height=26 * len(drawn),
        ),
        columns=COLUMNS,
        rows=[row._asdict() | {"href": concept_page(row.object)} for row in rows],
        method="Points: share of minimal images that keep at least half of the object's pixels,"
        " with Wilson's 95% interval. Ticks: share of all images of the scene that hold it.",
        download=download,
        note="synthetic" if synthetic else "",
    )


def spoken(name: str) -> str:
    """Return the name of a scene as one says it."""
    return name.replace("_", " ")


def one(name: str) -> str:
    """Return one of a scene: a kitchen, an office."""
    said = spoken(name)
    return f"{'an' if said[:1].casefold() in set('aeiou') else 'a'} {said}"


def _drawn(row: Kept) -> Mapping[str, Any]:
    told = f"{row.object}: {row.kept} of {row.images}"
    return {**row._asdict(), "told": told, "href": concept_page(row.object)}


def _answer(rows: list[Kept]) -> str:
    """Return the objects that are kept most often, with how often they are there at all."""
    first = rows[0]
    if not first.kept:
        return f"None of the {first.images} minimal images keeps half of any object."
    told = ", ".join(f"{row.object} {row.share:.0%}" for row in rows[:3] if row.kept)
    held = f"; {first.object} is in {first.present} of these {first.images} images at all"
    return f"Of {first.images} minimal images so many keep it: {told}{held}."
