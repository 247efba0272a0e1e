"""What an occluder changes and a unit sees of every value of a pass, along one axis.

An occluder changes, of every value, only the places that it can reach (its forward cone); a
location of a layer needs only the places that it sees (its backward cone). What must be computed
is where both meet, and every operation's rule is the same along rows and along columns: so cones
are intervals lo..hi-1 along each axis, and a window is one of rows times one of columns.

Occluders are computed in batches, and the windows of a batch have one size. Those along one axis
are put into groups of alike sizes: a group's window is as large as its largest and lies within
the backward cone. What it holds beyond what changed is computed too, and comes out unchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from analysis.core.operations import Reach
from analysis.core.wiring import IMAGE, Step, Wiring

Interval = tuple[int, int]  # lo and one past the last
Places = Int[np.ndarray, " places"]


@dataclass(frozen=True)
class Group:
    """Places of the occluder along one axis that are computed together.

    ``places`` are their numbers; ``low`` says where each one's window of a value begins, and
    ``size`` how many rows (or columns) it has: 0 where nothing changes.
    """

    places: Places
    low: Mapping[int, Places]
    size: Mapping[int, int]


@dataclass(frozen=True)
class Cones:
    """The cones of all places along one axis: values × places, and the backward cone of each."""

    values: tuple[int, ...]
    low: Int[np.ndarray, "values places"]
    high: Int[np.ndarray, "values places"]
    seen: Int[np.ndarray, "values 2"]
    places: Places  # their numbers: those that reach the unit at all

    def sizes(self) -> Int[np.ndarray, "values places"]:
        """Return how much must be computed at each place."""
        sizes: Int[np.ndarray, "values places"] = np.maximum(self.high - self.low, 0)
        return sizes

    def group(self, members: Places, size: Int[np.ndarray, " values"]) -> Group:
        """Return some of the places with windows of one size each."""
        # A window never leaves the backward cone: what lies there is all that may be needed.
        most = self.seen[:, 1] - size
        low = np.clip(self.low[:, members], self.seen[:, :1], most[:, None])
        return Group(
            self.places[members],
            dict(zip(self.values, low, strict=True)),
            {value: int(one) for value, one in zip(self.values, size, strict=True)},
        )


def cones(
    wiring: Wiring, wanted: Mapping[int, Interval], axis: int, first: Places, length: int
) -> Cones:
    """Return the cones along one axis of occluders that cover first..first+length-1.

    ``wanted`` are the places of the values that are looked at.
    """
    steps = wiring.towards(wanted)
    extent = {value: shape[1 + axis] for value, shape in wiring.shapes.items()}
    seen = backward(steps, axis, wanted, extent)
    low, high = {IMAGE: first}, {IMAGE: first + length}
    for step in steps:
        reach, out = step.operation.reach[axis], step.output
        ends = [forward(reach, low[value], high[value], extent[out]) for value in step.inputs]
        low[out] = np.min([begin for begin, _ in ends], axis=0)
        high[out] = np.max([end for _, end in ends], axis=0)
    values = (IMAGE, *(step.output for step in steps))
    # The occluder itself is never cut: what of it is not seen is not taken.
    bounds = np.array([(0, extent[IMAGE]), *(seen[value] for value in values[1:])])
    lows = np.maximum(np.stack([low[value] for value in values]), bounds[:, :1])
    highs = np.minimum(np.stack([high[value] for value in values]), bounds[:, 1:])
    looked_at = np.array([value in wanted for value in values])
    reaching = np.flatnonzero((highs > lows)[looked_at].any(axis=0))
    return Cones(values, lows[:, reaching], highs[:, reaching], bounds, reaching)


def forward(reach: Reach, low: Places, high: Places, extent: int) -> tuple[Places, Places]:
    """Return which outputs, of ``extent``, have one of the inputs low..high-1 in their window.

    Where there is none: from ``extent`` to 0, which makes no union larger.
    """
    begin = np.maximum(-((reach.span - 1 - reach.padding - low) // reach.stride), 0)
    end = np.minimum((high - 1 + reach.padding) // reach.stride + 1, extent)
    some = (high > low) & (end > begin)
    return np.where(some, begin, extent), np.where(some, end, 0)


def backward(
    steps: Sequence[Step], axis: int, wanted: Mapping[int, Interval], extent: Mapping[int, int]
) -> dict[int, Interval]:
    """Return the smallest interval of every value that holds all that is seen of it."""
    seen = dict(wanted)
    for step in reversed(steps):
        reach, (low, high) = step.operation.reach[axis], seen[step.output]
        begin = low * reach.stride - reach.padding
        end = (high - 1) * reach.stride - reach.padding + reach.span
        for value in step.inputs:
            old = seen.get(value, (extent[value], 0))
            inside = (min(max(begin, 0), extent[value]), max(min(end, extent[value]), 0))
            seen[value] = (min(old[0], inside[0]), max(old[1], inside[1]))
    return seen


Weights = Float[np.ndarray, " values"]


def grouped(axes: tuple[Cones, Cones], weights: Weights, overhead: float) -> list[list[Group]]:
    """Return the groups along rows and along columns that cost least together.

    The cost of a group of rows with a group of columns is ``weights`` × the places computed of
    each value, plus ``overhead`` for being a batch of its own. Beginning with a group for every
    different size, the two along an axis whose union costs least are united as long as it helps.
    """
    parts = [_alike(one) for one in axes]
    while True:
        totals = [sum(len(members) * size for members, size in part) for part in parts]
        best = [
            _union(part, weights * totals[1 - axis], overhead * len(parts[1 - axis]))
            for axis, part in enumerate(parts)
        ]
        axis = int(best[1][0] < best[0][0])
        gain, one, other = best[axis]
        if gain >= 0:
            break
        parts[axis] = _united(parts[axis], one, other)
    return [[cone.group(*part) for part in some] for cone, some in zip(axes, parts, strict=True)]


Part = tuple[Places, Int[np.ndarray, " values"]]


def _alike(cone: Cones) -> list[Part]:
    """Return the places of each different size of windows."""
    sizes, which = np.unique(cone.sizes(), axis=1, return_inverse=True)
    which = which.reshape(-1)
    return [(np.flatnonzero(which == number), size) for number, size in enumerate(sizes.T)]


def _union(parts: list[Part], weights: Weights, overhead: float) -> tuple[float, int, int]:
    """Return by how much the best union of two changes the cost, and which two they are."""
    if len(parts) < 2:
        return 0.0, 0, 0
    sizes = np.stack([size for _, size in parts])  # (parts, values)
    counts = np.array([len(members) for members, _ in parts])
    own = (sizes @ weights) * counts
    larger = np.maximum(sizes[:, None], sizes[None]) @ weights  # (parts, parts)
    change = larger * (counts[:, None] + counts) - own[:, None] - own - overhead
    np.fill_diagonal(change, np.inf)
    one, other = np.unravel_index(int(change.argmin()), change.shape)
    return float(change[one, other]), int(min(one, other)), int(max(one, other))


def _united(parts: list[Part], one: int, other: int) -> list[Part]:
    members = np.sort(np.concatenate([parts[one][0], parts[other][0]]))
    union = (members, np.maximum(parts[one][1], parts[other][1]))
    return [part for number, part in enumerate(parts) if number not in (one, other)] + [union]
