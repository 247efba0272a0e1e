"""Which objects tell one scene apart from the others of its image set, as a figure.

Worked out from what a run has counted in the masks (step `count`), of any network.
"""

from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from analysis.core.arrays import unpacked
from analysis.core.information import of_scenes
from analysis.models import ImageSet, Run
from analysis.services import files, minimal_images
from analysis.services.counting import AMONG, STEP, counted_by, images_file, options_in
from analysis.services.dissection import class_names
from analysis.services.figure_links import concept_page
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    Missing,
    channel,
    drawing,
    mark,
    ordered,
)
from analysis.services.object_summary import presence

SHOWN = 12
AXIS = "bits"
COLUMNS = (
    Column("object", "Object"),
    Column("bits", "Bits", 4),
    Column("inside", "Share of the scene’s images", 2),
    Column("outside", "Share of the others", 2),
)


class SceneObject(NamedTuple):
    """One object: what its presence tells of a scene, and how often it is there and elsewhere."""

    object: str
    bits: float
    inside: float
    outside: float


def informative(image_set: ImageSet, scene: str) -> Figure | Missing:
    """Return which objects tell a scene apart, best first, or what is missing to know it."""
    question = f"Which objects tell {minimal_images.one(scene)} apart?"
    if not image_set.labels.get("classes"):
        return Missing(
            question,
            f"The images of {image_set.slug} have no masks, so no object in them is known.",
        )
    run = counted_by(image_set)
    if run is None:
        return Missing(
            question,
            f"Nobody has counted the objects of {image_set.slug} yet: run the step {STEP} over it,"
            " with any network.",
        )
    try:
        rows = scene_objects(run, scene)
    except (FileNotFoundError, KeyError, ValueError, BadZipFile):
        return Missing(question, f"What run {run} counted is gone: run the step {STEP} again.")
    if rows is None:
        least = options_in(run.recipe)["least_scene"]
        return Missing(
            question,
            f"That takes {least} images of it with masks, and as many of another scene.",
        )
    if not rows:
        return Missing(question, "No object is found more often in it than in the other scenes.")
    return _figure(run, question, rows[:SHOWN])


def scene_objects(run: Run, scene: str) -> list[SceneObject] | None:
    """Return the objects that speak for a scene, best first; None where it was not compared."""
    counts = unpacked(files.read(images_file(run)))
    scenes = [str(counts["scenes"][code]) for code in counts["scene"]]
    names = class_names(run.image_set)
    known = presence(counts, scenes, len(names), options_in(run.recipe)["least_scene"])
    if scene not in known.names or len(known.names) < 2:
        return None
    place = known.names.index(scene)
    table, sizes = known.table, known.sizes
    told = of_scenes(table, sizes)[place]
    others = (table.sum(0) - table[place]) / (sizes.sum() - sizes[place])
    best = [at for at in np.argsort(-told, kind="stable").tolist() if told[at] > 0]
    return [
        SceneObject(
            names[at][1], float(told[at]), float(table[place, at] / sizes[place]), float(others[at])
        )
        for at in best
    ]


def _figure(run: Run, question: str, rows: list[SceneObject]) -> Figure:
    """Return the bits of each object; the best of them are those that "informative" means."""
    told = [row._asdict() | {"href": concept_page(row.object)} for row in rows]
    first = rows[0]
    place = {
        "y": ordered("object", "", [row.object for row in rows]),
        "x": channel("bits", AXIS, scale={"zero": True}),
        "tooltip": [
            channel("object", "object", "nominal"),
            channel("bits", "bits", format=".4f"),
            channel("inside", "of the scene's images", format=".0%"),
            channel("outside", "of the others", format=".0%"),
        ],
    }
    return Figure(
        name="informative",
        question=question,
        answer=f"{first.object.capitalize()} tells most: it is in {first.inside:.0%} of the scene's"
        f" images and in {first.outside:.0%} of the others.",
        spec=drawing(told, mark("bar", {**place, **LINKED}), height=26 * len(rows)),
        columns=COLUMNS,
        rows=told,
        method="Mutual information of the object's presence and “is it this scene or another”, in"
        " bits, less what chance gives (the page Objects asks “which of all scenes is it”, which is"
        " another number); objects that are found more often in the scene than elsewhere. The"
        f" first {AMONG} are those that count as most informative.",
        note="synthetic" if run.image_set.synthetic else "",
    )
