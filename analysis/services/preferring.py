"""The step `prefer`: what may be chosen about it, what was done in words, and what it stored.

`runs/<key>/preferences.json` has the images that each layer prefers, and how many images of each
scene and folder there are at all: what chance would give.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from analysis.models import ImageSet, Layer, Network, Run
from analysis.services import files
from analysis.services.options import Option
from analysis.services.pictures import preferred_token
from analysis.services.recipes import Recipe

KEPT = 100  # images of each layer, as in the paper
MOST_FOLDERS = 100  # more are no parts of a set, but a way to keep many files
ASKS = (
    Option(
        "preferred_images",
        "images that each layer prefers, by activation summed over the layer",
        KEPT,
        least=1,
        most=1000,
    ),
)


class Liked(NamedTuple):
    """One image that a layer prefers; scene and folder are empty where it has none."""

    number: int
    activation: float  # summed over the layer
    scene: str
    folder: str


@dataclass(frozen=True)
class Found:
    """What the step found: images of each layer by name, highest first, and what there is."""

    images: int
    scenes: dict[str, int]
    folders: dict[str, int]
    layers: dict[str, list[Liked]]


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the recipe keeps of the step's options: nothing while all are usual."""
    return {} if values["preferred_images"] == KEPT else dict(values)


def kept_images(recipe: Mapping[str, Any]) -> int:
    """Return how many images of each layer a stored recipe keeps."""
    stored: dict[str, Any] = recipe.get("options", {}).get("prefer", {})
    return int(stored.get("preferred_images", KEPT))


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    return (
        f"For each of {', '.join(recipe.layers)} we kept the"
        f" {kept_images({'options': recipe.options})} images with the highest activation, summed"
        " over all units and locations of the layer (Zhou et al., 2015, section 3); equal sums"
        " were ordered by image number."
    )


def folder_of(path: str) -> str:
    """Return the part of a set that an image belongs to: the first folder, below `images/`."""
    parts = PurePosixPath(path).parts[:-1]
    parts = parts[1:] if parts[:1] == ("images",) else parts
    return parts[0] if parts else ""


def shard_file(run: Run, number: int) -> str:
    """Return the name of a shard's file in the media storage."""
    return f"runs/{run.key}/prefer/{number:06d}.npz"


def write_found(run: Run, found: Found) -> None:
    """Store what was found; the same gives the same bytes."""
    told = json.dumps(asdict(found), separators=(",", ":"))  # layers stay in the network's order
    files.write(_file(run), told.encode())


def read_found(run: Run) -> Found | None:
    """Return what `write_found` stored; None where nothing was."""
    try:
        told = json.loads(files.read(_file(run)))
    except FileNotFoundError:
        return None
    layers = {name: [Liked(*one) for one in liked] for name, liked in told.pop("layers").items()}
    return Found(**told, layers=layers)


def numbers(run: Run) -> list[int]:
    """Return the numbers of the images that any layer prefers, each once, in order."""
    found = read_found(run)
    liked = (one for some in found.layers.values() for one in some) if found else ()
    return sorted({one.number for one in liked})


def tokens(run: Run) -> set[str]:
    """Return the tokens of all pictures that the step drew."""
    return {preferred_token(run.key, number) for number in numbers(run)}


def _file(run: Run) -> str:
    return f"runs/{run.key}/preferences.json"
