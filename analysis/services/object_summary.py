"""What is told of an image set's objects: how frequent each is, and what it tells of scenes.

Numbers that hang on the order of sums are kept to nine digits, so that they are the same bytes on
any machine.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from analysis.core.information import expected, information, most_informative, of_scenes
from analysis.core.logistic import FOLDS, choose
from analysis.models import Run
from analysis.services.counting import AMONG, options_in
from analysis.services.dissection import class_names

DIGITS = 9
# Above this a model would take long and learn little more: images drawn with the run's seed.
MOST_IMAGES = 10_000
Counts = Mapping[str, np.ndarray]


class Presence(NamedTuple):
    """Which objects the images of the scenes that count hold."""

    held: np.ndarray  # (images, classes), bool
    scene: np.ndarray  # (images,), places in names
    names: list[str]

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of images of each scene."""
        return np.bincount(self.scene, minlength=len(self.names))

    @property
    def table(self) -> np.ndarray:
        """Return how many images of each scene hold each class, (scenes, classes)."""
        found = np.zeros((len(self.names), self.held.shape[1]), np.int64)
        np.add.at(found, self.scene, self.held)
        return found


def of(run: Run, counts: Counts, scenes: Sequence[str]) -> dict[str, Any]:
    """Return what is told of a run's images; ``scenes`` are those of ``counts["compared"]``."""
    options = options_in(run.recipe)
    names = class_names(run.image_set)
    frequency = {
        "images": np.bincount(counts["place"], minlength=len(names)),
        "instances": _summed(counts, "instances", len(names)),
        "pixels": _summed(counts, "pixels", len(names)),
    }
    sizes = Counter(scene for scene in scenes if scene)
    known = presence(counts, scenes, len(names), options["least_scene"])
    told = informativeness(known, run.recipe["seed"])
    return {
        **options,
        "among": AMONG,
        "compared": len(scenes),
        "without_scene": sum(not scene for scene in scenes),
        "scenes": [
            {"name": name, "images": sizes[name], "informative": told["informative"].get(name)}
            for name in sorted(sizes)
        ],
        "model": told["model"],
        "classes": [
            {"label": index, "name": name}
            | {key: int(values[place]) for key, values in frequency.items()}
            | {key: values[place] for key, values in told["classes"].items()}
            for place, (index, name) in enumerate(names)
        ],
    }


def presence(counts: Counts, scenes: Sequence[str], classes: int, least: int) -> Presence:
    """Return which classes the images hold whose scene has at least ``least`` images."""
    sizes = Counter(scene for scene in scenes if scene)
    names = sorted(name for name, size in sizes.items() if size >= least)
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([place.get(scene, -1) for scene in scenes], np.int64)
    held = np.zeros((len(scenes), classes), bool)
    held[np.searchsorted(counts["compared"], counts["number"]), counts["place"]] = True
    return Presence(held[codes >= 0], codes[codes >= 0], names)


def informativeness(known: Presence, seed: int) -> dict[str, Any]:
    """Return what objects tell of scenes by three measures; none of fewer than two scenes.

    ``classes``: measure → a number for each class; ``informative``: scene → the places of the
    classes that tell most of it; ``model``: how the logistic model was chosen.
    """
    blank = [None] * known.held.shape[1]
    names = ("information", "expected", "weight", "among")
    if len(known.names) < 2:
        return {"classes": dict.fromkeys(names, blank), "informative": {}, "model": None}
    table, sizes = known.table, known.sizes
    among = most_informative(of_scenes(table, sizes), AMONG)
    model = _model(known, seed)
    classes = {
        "information": _kept(information(table, sizes)),
        "expected": _kept(expected(table.sum(0), sizes)),
        "weight": model.pop("weights") if model else blank,
        "among": _kept(among.mean(0)),
    }
    best = {
        name: np.flatnonzero(row).tolist() for name, row in zip(known.names, among, strict=True)
    }
    return {"classes": classes, "informative": best, "model": model}


def line(summary: Mapping[str, Any]) -> str:
    """Return what was counted in words, for the log."""
    held = [one for one in summary["classes"] if one["pixels"]]
    used = sum(scene["informative"] is not None for scene in summary["scenes"])
    return (
        f"count: {summary['compared']:,} images hold {len(held)} of {len(summary['classes'])}"
        f" classes, {sum(one['instances'] for one in held):,} instances; {used} of"
        f" {len(summary['scenes'])} scenes have the {summary['least_scene']} images that it takes"
    )


def _model(known: Presence, seed: int) -> dict[str, Any] | None:
    """Return the logistic model's weights and how it was chosen; None where there can be none."""
    held, scene = known.held, known.scene
    if len(held) > MOST_IMAGES:
        some = np.random.default_rng(seed).permutation(len(held))[:MOST_IMAGES]
        held, scene = held[np.sort(some)], scene[np.sort(some)]
    different, codes = np.unique(scene, return_inverse=True)
    if len(held) < FOLDS or not (held.any(0) & ~held.all(0)).any():
        return None
    found = choose(held, codes, len(different), seed)
    return {
        "weights": _kept(np.abs(found.model.weights).mean(0)),
        "images": len(held),
        "penalty": _kept(np.array([found.penalty]))[0],
        "loss": _kept(np.array([found.loss]))[0],
        "accuracy": found.accuracy,
        "commonest": float(np.bincount(codes).max() / len(codes)),
        "folds": FOLDS,
    }


def _summed(counts: Counts, name: str, classes: int) -> np.ndarray:
    total = np.zeros(classes, np.int64)
    np.add.at(total, counts["place"], counts[name])
    return total


def _kept(values: np.ndarray) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
