"""From one forward pass to the scene and the objects in it (Zhou et al. 2015, section 4.2).

The top layer names the scene. The named units of the layers below say where things are: a unit's
locations above its threshold, the top quantile of all that it did in a scan, are stamped with its
field. What the units of one concept cover together is the object's mask; each connected part of
it has a box.

**Score.** How rare the unit's strongest activation in the image is, among those above its
threshold: 0 just above it, 1 stronger than all that the scan saw. If a share t of the scanned
locations is as strong, and the threshold leaves a share q, the score is 1 - t / q. An object has
the score of its strongest unit. Scores of units can so be compared whatever their range.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer
from scipy import ndimage

from analysis.core.bins import quantile
from analysis.core.fields import FieldMask, LayerFields, LayerGrid
from analysis.core.segments import stamp

# Shares of the scanned locations, from all of them down to one in a million, in steps of 12%.
SHARES = np.geomspace(1, 1e-6, 121)
TOP = 0.005  # share of a unit's locations that counts as on, as in dissection
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class NamedUnits:
    """The named units of one layer.

    ``at[u, k]`` is the activation that a share SHARES[k] of the scanned locations of unit u
    reaches, ``thresholds[u]`` the one above which it is on; ``concepts[u]`` is its label.
    """

    channels: tuple[int, ...]
    concepts: tuple[str, ...]
    thresholds: Float64[np.ndarray, " units"]
    at: Float64[np.ndarray, "units 121"]
    fields: LayerFields
    grid: LayerGrid
    top: float = TOP

    @classmethod
    def of(
        cls,
        units: Sequence[tuple[int, str]],
        distribution: tuple[Integer[np.ndarray, "all bins"], int],
        geometry: tuple[LayerFields, LayerGrid],
        top: float = TOP,
    ) -> "NamedUnits":
        """Take (channel, concept) of each unit and its layer's counts, as `bins` reads them.

        Raises:
            ValueError: a share ``top`` that is none, or a unit of which nothing was counted.
        """
        if not 0 < top < 1:
            raise ValueError(f"The share of locations that are on lies within 0 and 1, not {top}.")
        channels = tuple(channel for channel, _ in units)
        counts = distribution[0][list(channels)]
        at = np.stack([quantile(counts, distribution[1], 1 - share) for share in SHARES], axis=1)
        if len(at) and not np.isfinite(at).all():
            silent = channels[int(np.flatnonzero(~np.isfinite(at).all(1))[0])]
            raise ValueError(f"Unit {silent} has no distribution: scan the images again.")
        thresholds = quantile(counts, distribution[1], 1 - top)
        concepts = tuple(concept for _, concept in units)
        return cls(channels, concepts, thresholds, at, *geometry, top)

    def score(self, unit: int, activation: float) -> float:
        """Return the score of an activation of the ``unit``-th named unit; see the module."""
        return max(0.0, 1 - self.rarity(unit, activation) / self.top)

    def rarity(self, unit: int, activation: float) -> float:
        """Return the share of the scanned locations that are as strong: SHARES[0] to SHARES[-1].

        Between the shares by straight lines in their logarithms.
        """
        if activation < self.at[unit, 0]:
            return 1.0
        return float(np.exp(np.interp(activation, self.at[unit], np.log(SHARES))))


@dataclass(frozen=True)
class Found:
    """One concept found in an image; its box and mask in pixels of the network's input.

    ``units`` are (module, channel, score), the strongest first; a box is left, top, right,
    bottom of one connected part, the largest part first.
    """

    concept: str
    score: float
    mask: Bool[np.ndarray, "height width"]
    boxes: tuple[Box, ...]
    units: tuple[tuple[str, int, float], ...]


def objects(
    maps: Mapping[str, Float[np.ndarray, "channels rows columns"]],
    named: Mapping[str, NamedUnits],
) -> list[Found]:
    """Return what the named units see in one image, the highest score first, then by name.

    ``maps`` are the feature maps of each module in ``named``.

    Raises:
        ValueError: a map of another shape than its layer's grid.
    """
    units: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    masks: dict[str, Bool[np.ndarray, "height width"]] = {}
    for module, group in named.items():
        for concept, (behind, mask) in lit(maps[module], group).items():
            units[concept] += [(module, channel, score) for channel, score in behind]
            masks[concept] = masks[concept] | mask if concept in masks else mask
    found = []
    for concept, some in units.items():
        some.sort(key=lambda one: (-one[2], one[0], one[1]))
        mask = masks[concept]
        found.append(Found(concept, some[0][2], mask, boxes(mask), tuple(some)))
    return sorted(found, key=lambda one: (-one.score, one.concept))


def lit(
    maps: Float[np.ndarray, "channels rows columns"], group: NamedUnits
) -> dict[str, tuple[list[tuple[int, float]], Bool[np.ndarray, "height width"]]]:
    """Return, by concept, the (channel, score) of the units that are on, and what they cover."""
    own = maps[list(group.channels)]  # (units, rows, columns)
    most = own.reshape(len(own), -1).max(axis=1, initial=-np.inf)
    behind: dict[str, list[tuple[int, float]]] = defaultdict(list)
    patterns: dict[tuple[str, int], tuple[FieldMask, np.ndarray]] = {}
    for unit in np.flatnonzero(most > group.thresholds).tolist():
        concept, channel = group.concepts[unit], group.channels[unit]
        behind[concept].append((channel, group.score(unit, float(most[unit]))))
        field = group.fields.for_unit(channel)
        pattern = own[unit] > group.thresholds[unit]
        # Units of one concept and one field are stamped together: most share their layer's disc.
        place = concept, id(field)
        patterns[place] = field, patterns[place][1] | pattern if place in patterns else pattern
    masks: dict[str, Bool[np.ndarray, "height width"]] = {}
    for (concept, _), (field, pattern) in patterns.items():
        mask = stamp(pattern, field, group.grid)
        masks[concept] = masks[concept] | mask if concept in masks else mask
    return {concept: (units, masks[concept]) for concept, units in behind.items()}


def boxes(mask: Bool[np.ndarray, "height width"]) -> tuple[Box, ...]:
    """Return the boxes of a mask's connected parts, the largest part first.

    Pixels that touch only at a corner are not connected.
    """
    parts, count = ndimage.label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    found = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(parts)]
    order = sorted(range(count), key=lambda part: (-sizes[part], found[part]))
    return tuple(found[part] for part in order)


def scene(
    output: Float[np.ndarray, "..."], names: Sequence[str], most: int = 5
) -> list[tuple[str, float]]:
    """Return the likeliest classes of one image with their probabilities, the likeliest first.

    ``output`` is what the network gives for it: scores, of which the softmax is taken, or
    probabilities already (none negative, sum 1). A class without a name is called by its number.

    Raises:
        ValueError: the output is no score of classes; says why.
    """
    if output.ndim != 1 or len(output) < 2:
        shape = " × ".join(str(side) for side in output.shape) or "one number"
        raise ValueError(f"The network's output ({shape}) is no score of classes: no scene.")
    if names and len(names) != len(output):
        raise ValueError(
            f"The network's {len(output):,} outputs are no scores of its {len(names):,} classes:"
            " no scene."
        )
    if not all(isfinite(score) for score in output.tolist()):
        raise ValueError("The network's output holds numbers that are not finite: no scene.")
    share = output.astype(np.float64)
    if share.min() < 0 or abs(share.sum() - 1) > 1e-3:
        share = np.exp(share - share.max())
        share /= share.sum()
    order = np.argsort(-share, kind="stable")[:most].tolist()
    return [(names[place] if names else f"class {place}", float(share[place])) for place in order]
