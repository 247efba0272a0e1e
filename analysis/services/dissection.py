"""The step `dissect`: what may be chosen about it, what was done in words, and what it stored.

`runs/<key>/dissection/<layer>.npz` has every score of every unit and class, (units, classes);
`runs/<key>/dissection/summary.json` what the pages tell of images, classes and layers.
"""

import json
from collections.abc import Mapping
from typing import Any

from analysis.models import ImageSet, Layer, Network, Run
from analysis.services import files
from analysis.services.options import Option
from analysis.services.recipes import Recipe, RunRefused

QUANTILE, CELL = 0.005, 4
DETECTS = 0.04
ORIGIN = "dissection"
ASKS = (
    Option(
        "quantile",
        "a unit is on at this share of its strongest activations; a larger one lets walls and"
        " skies be detected, which the usual one caps below the limit",
        QUANTILE,
        least=1e-5,
        most=0.5,
    ),
    Option(
        "cell",
        "pixels of a cell's side: maps and masks are compared cell by cell, with 1 by pixels",
        CELL,
        least=1,
        most=64,
    ),
)


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the recipe keeps of the step's options: nothing while all are usual.

    Raises:
        RunRefused: images without masks, or no layer that has places to compare.
    """
    if not image_set.labels.get("classes"):
        raise RunRefused(
            f"Image set {image_set} has no masks: the step dissect compares units with them."
            " Add masks, scenes.csv and labels.json to the folder and register it anew, or leave"
            " the step out."
        )
    if not any(has_places(layer) for layer in layers):
        raise RunRefused(
            f"No layer of {', '.join(layer.name for layer in layers)} has more than one location:"
            " the step dissect needs maps. Choose an earlier layer too."
        )
    usual = {"quantile": QUANTILE, "cell": CELL}
    return dict(values) if dict(values) != usual else {}


def has_places(layer: Layer) -> bool:
    """Return whether a layer's maps have more than one location, so that they say where."""
    return layer.height * layer.width > 1


def options_in(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step's options in a stored recipe, defaults filled in."""
    stored: dict[str, Any] = recipe.get("options", {}).get("dissect", {})
    return {"quantile": QUANTILE, "cell": CELL} | stored


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    options = options_in({"options": recipe.options})
    cells = "pixel by pixel"
    if options["cell"] > 1:
        cells = f"on cells of {options['cell']} × {options['cell']} px"
    return (
        f"Each unit was thresholded at its own top {100 * options['quantile']:g}% of activations,"
        f" its map enlarged linearly to the input and compared {cells} with the masks of every"
        f" class over all images (Bau et al., 2017); a unit detects its best class where IoU >"
        f" {DETECTS}. The masks of other images, shuffled, are its baseline."
    )


def class_names(image_set: ImageSet) -> list[tuple[int, str]]:
    """Return the index and name of each class of the masks, in the order of results.

    Void is none of them. A class without a name is called by its index.
    """
    void = image_set.labels.get("void_index")
    return [
        (one["index"], one["name"].strip() or f"class {one['index']} (no name)")
        for one in image_set.labels.get("classes", ())
        if one["index"] != void
    ]


def shard_file(run: Run, number: int) -> str:
    """Return the name of a shard's file in the media storage."""
    return f"runs/{run.key}/dissect/{number:06d}.npz"


def layer_file(run: Run, layer: Layer) -> str:
    """Return the name of the file with every score of a layer."""
    return f"runs/{run.key}/dissection/{layer.name}.npz"


def write_summary(run: Run, summary: Mapping[str, Any]) -> None:
    """Store what the pages tell; the same summary gives the same bytes."""
    files.write(_summary_file(run), json.dumps(summary, sort_keys=True, indent=1).encode())


def read_summary(run: Run) -> dict[str, Any] | None:
    """Return what `write_summary` stored; None where nothing was."""
    try:
        found: dict[str, Any] = json.loads(files.read(_summary_file(run)))
    except FileNotFoundError:
        return None
    return found


def _summary_file(run: Run) -> str:
    return f"runs/{run.key}/dissection/summary.json"
