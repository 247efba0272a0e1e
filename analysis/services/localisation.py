"""The step `localise`: which names are evaluated, kept as they were when the run was asked for.

`names/<sha256>.json` holds the names of the units and the classes that they mean. The recipe
has its sha256, so that a run whose names have changed since is another run.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.models import ImageSet, Layer, Network, Run
from analysis.services import files
from analysis.services.dissection import class_names, has_places
from analysis.services.matching import matches
from analysis.services.naming import NamedUnit, labels_of
from analysis.services.recipes import Recipe, RunRefused

TOP = 0.005


@dataclass(frozen=True)
class NamedThing:
    """A named unit and the class of the masks that its name means."""

    layer: str
    channel: int
    concept: str
    source: str
    label: int
    name: str
    how: str


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the recipe keeps: which names, told by their sha256.

    Raises:
        RunRefused: no masks, no named unit, or no name that means a class of the masks.
    """
    if not image_set.labels.get("classes"):
        raise RunRefused(
            f"Image set {image_set} has no masks: the step localise compares named units with"
            " them. Use a set with masks, or leave the step out."
        )
    named = named_units(network, layers)
    if not named:
        raise RunRefused(
            f"No unit of these layers of {network} has the name of an object: publish a campaign,"
            " or run the step dissect first, then ask for localise."
        )
    means = matches(image_set, (unit.concept for _, unit in named))
    names = dict(class_names(image_set))
    things = [
        NamedThing(
            layer.name,
            unit.channel,
            unit.concept,
            unit.source,
            label,
            names[label],
            means[unit.concept].how,
        )
        for layer, unit in named
        if (label := means[unit.concept].label) is not None and label in names
    ]
    if not things:
        raise RunRefused(
            f"None of the {len(means)} concepts of {network} means a class of {image_set}:"
            " decide first what they mean, on the page of matches below the network's findings."
        )
    return {"names": _store(things), "units": len(things), "named": len(named), "top_share": TOP}


def named_units(network: Network, layers: Iterable[Layer]) -> list[tuple[Layer, NamedUnit]]:
    """Return the units of these layers that have a name and places, each with its layer."""
    labels = labels_of(network)
    return [
        (layer, unit) for layer in layers if has_places(layer) for unit in labels.get(layer.pk, ())
    ]


def _store(things: Iterable[NamedThing]) -> str:
    """Write the names and return their sha256; the same names are the same file."""
    rows = [list(vars(thing).values()) for thing in things]
    data = json.dumps(rows, separators=(",", ":"), ensure_ascii=True).encode()
    key = hashlib.sha256(data).hexdigest()
    files.write(_file(key), data)
    return key


def things_of(run: Run) -> list[NamedThing]:
    """Return the named units that a run evaluates, in the order of layers and channels.

    Raises:
        ValueError: their file is gone or is not what the recipe says.
    """
    key = run.recipe["options"]["localise"]["names"]
    try:
        data = files.read(_file(key))
    except FileNotFoundError as error:
        raise ValueError(
            f"The names that run {run} was asked with are not in the media storage any more: ask"
            " for the run again."
        ) from error
    if hashlib.sha256(data).hexdigest() != key:
        raise ValueError(f"{_file(key)} has been changed: ask for the run again.")
    return [NamedThing(*row) for row in json.loads(data)]


def _file(key: str) -> str:
    return f"names/{key}.json"


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    options = recipe.options.get("localise", {})
    return (
        f"The masks of {options.get('units', 0)} units with names that mean a class (locations in"
        f" the unit's top {100 * options.get('top_share', TOP):g}% of activations, stamped with"
        " its field) were compared with the classes' masks by the Jaccard index, alone and"
        " together for each concept, and images were ranked by the units' strongest activations"
        " for the average precision of naming those that hold the class (Zhou et al., 2015,"
        " section 4.2)."
    )


def shard_file(run: Run, number: int) -> str:
    """Return the name of a shard's file in the media storage."""
    return f"runs/{run.key}/localise/{number:06d}.npz"


def images_folder(run: Run) -> str:
    """Return the folder of what was counted of each image, a file for each shard."""
    return f"runs/{run.key}/localised-images"


def images_file(run: Run, number: int) -> str:
    """Return the name of a shard's file of what was counted of each image."""
    return f"{images_folder(run)}/{number:06d}.npz"
