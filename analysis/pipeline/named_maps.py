"""A run's named units on its images: masks, how rare their activations are, the best images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from torch import Tensor

from analysis.core.arrays import unpacked
from analysis.core.evaluation import Evaluation
from analysis.core.localisation import NamedUnits
from analysis.core.manifest import Entry
from analysis.core.segments import stamp
from analysis.models import Job, Layer, Run
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.masks import Masks
from analysis.pipeline.naming import named_units
from analysis.pipeline.scan import layers_of
from analysis.services import files
from analysis.services.localisation import NamedThing, shard_file, things_of
from analysis.services.naming import NamedLayer, NamedUnit

BEST = 4  # images kept of each concept, the strongest first
Mask = Bool[np.ndarray, "height width"]
Maps = dict[str, np.ndarray]


@dataclass(frozen=True)
class Names:
    """The named units of a run: units first, then concepts, each a thing with one class.

    ``of_unit[u]`` is the place of unit u's concept among the things.
    """

    units: list[NamedThing]
    concepts: list[str]
    classes: list[int]
    of_unit: list[int]
    layers: list[tuple[Layer, NamedUnits]]

    @classmethod
    def of(cls, run: Run, forward: Forward, truth: Masks) -> "Names":
        """Return what a run evaluates; thresholds are those of its own scan."""
        known, units, layers = things_of(run), list[NamedThing](), []
        for layer in layers_of(run):
            own = [one for one in known if one.layer == layer.name]
            if own:
                units += own
                named = [NamedUnit(one.channel, one.concept, one.source, "") for one in own]
                found = NamedLayer(layer, run, tuple(named))
                layers.append((layer, named_units(found, forward.preparation)))
        concepts = sorted({one.concept for one in units})
        means = {one.concept: int(truth.places[one.label]) for one in units}
        classes = [means[one.concept] for one in units] + [means[one] for one in concepts]
        of_unit = [len(units) + concepts.index(one.concept) for one in units]
        return cls(units, concepts, classes, of_unit, layers)

    @property
    def modules(self) -> list[str]:
        """The modules to watch."""
        return [layer.module for layer, _ in self.layers]

    def seen(self, maps: Maps) -> tuple[dict[int, Mask], Float64[np.ndarray, " things"]]:
        """Return the masks of the things that are on in an image, and each one's rarity."""
        masks: dict[int, Mask] = {}
        rarity = np.ones(len(self.classes))
        place = 0
        for layer, group in self.layers:
            for unit, channel in enumerate(group.channels):
                own, concept = maps[layer.module][channel], self.of_unit[place]
                rarity[place] = group.rarity(unit, float(own.max()))
                rarity[concept] = min(rarity[concept], rarity[place])
                if own.max() > group.thresholds[unit]:
                    pattern = own > group.thresholds[unit]
                    mask = stamp(pattern, group.fields.for_unit(channel), group.grid)
                    masks[place] = mask
                    masks[concept] = masks[concept] | mask if concept in masks else mask
                place += 1
        return masks, rarity


class Best:
    """The images of each concept with its rarest activations; the lower number goes first."""

    def __init__(self, concepts: int) -> None:
        """Start empty."""
        self.rarity = np.full((concepts, BEST), np.inf)
        self.number = np.full((concepts, BEST), -1, np.int64)

    def add(self, number: int, rarity: Float64[np.ndarray, " concepts"]) -> None:
        """Take in one image."""
        self.merge(
            {"best_rarity": rarity[:, None], "best_number": np.full((len(rarity), 1), number)}
        )

    def merge(self, state: dict[str, np.ndarray]) -> None:
        """Take in others' images."""
        rarity = np.hstack([self.rarity, state["best_rarity"]])
        number = np.hstack([self.number, state["best_number"]])
        order = np.lexsort((number, rarity), axis=1)[:, :BEST]
        self.rarity = np.take_along_axis(rarity, order, axis=1)
        self.number = np.take_along_axis(number, order, axis=1)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known."""
        return {"best_rarity": self.rarity, "best_number": self.number}


def truth_of(run: Run, forward: Forward) -> Masks:
    """Return the masks of a run's images, to be read pixel by pixel.

    Raises:
        ValueError: the set has none any more.
    """
    if not run.image_set.labels.get("classes"):
        raise ValueError(f"Image set {run.image_set} has no masks any more: register it anew.")
    return Masks.of(run.image_set, forward.preparation, 1)


def maps_of(
    forward: Forward, entries: list[Entry], modules: list[str]
) -> Iterator[tuple[Entry, Maps]]:
    """Yield each image with its maps, (units, rows, columns) of every module."""
    held: dict[str, np.ndarray] = {}

    def take(module: str, maps: Tensor, image: Tensor) -> None:
        held[module] = maps.cpu().numpy()

    at = 0
    images = (Numbered(entry.number, entry.path) for entry in entries)
    for size in forward.look(images, modules, take):
        for place in range(size):
            yield entries[at + place], {name: maps[place] for name, maps in held.items()}
        at += size


def joined(job: Job, names: Names) -> tuple[Evaluation, Best]:
    """Return the counts and the best images of all shards."""
    found, best = Evaluation(names.classes), Best(len(names.concepts))
    for number in job.shards.order_by("number").values_list("number", flat=True):
        kept = unpacked(files.read(shard_file(job.run, number)))
        found.merge(kept)
        best.merge(kept)
    return found, best
