"""The step `locate` before it is worked: its options, which units it is about, and its size."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from analysis.core.refinement import Part, parts, rounds
from analysis.models import ImageSet, Layer, Network, Run
from analysis.services.options import Option
from analysis.services.recipes import Recipe, RunRefused

OCCLUDER, STRIDE = 11, 3  # pixels: PROTOCOL.md, section 3.2
ASKS = (
    Option(
        "units",
        "the N units of each layer with the highest activation, or by name: conv4:1;conv5:3,7-9;"
        " all of them if left out",
        "",
    ),
    Option("field_images", "top images for each unit's field, at most", 60, least=1, most=1000),
    Option("exact", "every place on every image, instead of stopping when converged", False),
    Option(
        "occluder",
        "what hides a place: random pixels as in the paper, grey, or the image out of focus",
        "random",
        choices=("random", "grey", "blurred"),
    ),
)


def options(
    network: Network, image_set: ImageSet, layers: list[Layer], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options with the units in one spelling.

    Raises:
        RunRefused: units that the layers of the run do not have.
    """
    return {**given, "units": _spelled(str(given["units"]).strip(), layers)}


def named(units: str) -> dict[str, list[int]]:
    """Return layer → channels of a spelling like ``conv4:1;conv5:3,7-9``."""
    found: dict[str, set[int]] = {}
    for group in filter(None, (part.strip() for part in units.split(";"))):
        layer, _, channels = group.rpartition(":")
        for one in channels.split(","):
            if not layer or not (
                match := re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", one.strip())
            ):
                raise RunRefused(
                    f"units {group!r} cannot be read: use a number, or LAYER:CHANNEL,CHANNEL;…"
                    " as in conv4:1;conv5:3,7-9."
                )
            first, last = int(match[1]), int(match[2] or match[1])
            found.setdefault(layer.strip(), set()).update(range(first, last + 1))
    return {layer: sorted(channels) for layer, channels in found.items()}


def chosen(units: str, layer: str, best: Sequence[float]) -> list[int]:
    """Return the channels of a layer that are looked at, ascending.

    ``best`` is every unit's highest activation: where a number is asked for, these decide, and
    of equal ones the first.
    """
    if not units:
        return list(range(len(best)))
    if units.isdigit():
        order = np.argsort(-np.asarray(best), kind="stable")
        return sorted(order[: int(units)].tolist())
    return named(units).get(layer, [])


def parts_of(run: Run) -> list[Part]:
    """Return the parts into which the step is cut, a shard each."""
    asked = run.recipe["options"]["locate"]
    return _parts(max(_units(run), 1), images_of(run), asked["exact"])


def images_of(run: Run) -> int:
    """Return how many images a unit's field may take: no more than the scan keeps."""
    return int(min(run.recipe["options"]["locate"]["field_images"], run.recipe["top"]))


def sides_of(network: Network) -> tuple[int, int]:
    """Return height and width of a network's input, in pixels."""
    height, width = (int(network.preprocessing.get(side, 224)) for side in ("height", "width"))
    return height, width


def places_of(network: Network) -> tuple[int, int]:
    """Return how many rows and columns of places the occluder has; 0 where it does not fit."""
    rows, columns = (max(0, (side - OCCLUDER) // STRIDE + 1) for side in sides_of(network))
    return rows, columns


def plan(run: Run) -> tuple[int, int]:
    """Return how many places of the occluder are looked at, at most, and how many in a shard.

    Counted are units × images × places; what convergence makes needless is passed quickly.
    """
    asked, parted = run.recipe["options"]["locate"], parts_of(run)
    rows, columns = places_of(run.network)
    cost = sum(one.cost for one in rounds(images_of(run), exact=asked["exact"]))
    size = max(1, round(_units(run) * rows * columns * cost / len(parted)))
    return size * len(parted), size


def sentence(recipe: Recipe) -> str:
    """Return what was done, for a methods section."""
    asked = recipe.options["locate"]
    images = min(asked["field_images"], recipe.top)
    whole = (
        f"on a grid of stride {STRIDE} over each of its {images} strongest images"
        if asked["exact"]
        else f"on a grid refined to stride {STRIDE}, over its strongest images until the field had"
        f" converged, {images} at most"
    )
    return (
        f"The receptive fields of {_which(asked['units'])} were measured by occlusion (Zhou et al.,"
        f" 2015): an {OCCLUDER} × {OCCLUDER} px occluder ({asked['occluder']}, seed {recipe.seed})"
        f" was moved {whole}; the absolute change of the unit's activation at the location of its"
        " maximum, divided by its own largest value, was recentred on that location and averaged."
        " A field's size is the side of the square as large as its area above half of its maximum."
    )


def _units(run: Run) -> int:
    """Return how many units the step is about."""
    units = run.recipe["options"]["locate"]["units"]
    layers = run.layers.values_list("name", "channels")
    return sum(len(chosen(units, name, [0.0] * channels)) for name, channels in layers)


@cache
def _parts(units: int, images: int, exact: bool) -> list[Part]:
    return parts(units, images, exact=exact)


def _which(units: str) -> str:
    if not units:
        return "all units"
    return (
        f"the {units} units of each layer with the highest activation"
        if units.isdigit()
        else (f"the units {units}")
    )


def _spelled(units: str, layers: list[Layer]) -> str:
    """Return the one spelling of a choice of units, or refuse it."""
    if not units:
        return ""
    if units.isdecimal() and units.isascii():
        if int(units) < 1:
            raise RunRefused(f"units must be at least 1, or names of units, not {units}.")
        return str(int(units))
    wanted = named(units)
    if not wanted:
        raise RunRefused(f"units {units!r} names no unit: leave it out for all of them.")
    channels = {layer.name: layer.channels for layer in layers}
    for layer, some in wanted.items():
        if layer not in channels:
            has = ", ".join(channels)
            raise RunRefused(f"units names the layer {layer!r}; the layers of this run are: {has}.")
        if some[-1] >= channels[layer]:
            last = channels[layer] - 1
            raise RunRefused(f"{layer} has no unit {some[-1]}: its units are 0 to {last}.")
    groups = [f"{name}:{','.join(map(str, wanted[name]))}" for name in channels if name in wanted]
    return ";".join(groups)
