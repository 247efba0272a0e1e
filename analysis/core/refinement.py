"""When a field is good enough: coarse lattices before fine ones, best images before the rest.

A field is measured in rounds. The first three look at the unit's FIRST images on lattices of 12,
6 and 3 px. Where two lattices agree, the coarser one was fine enough: it is the unit's lattice
from then on, and finer rounds pass the unit over. Each later round adds as many images as
there are already. Where the mean over them agrees with the mean before, the field has converged.

A finer lattice is looked at only near the places that matter (`refined`): within the frame around
all coarser places whose change is at least SIGNIFICANT of the map's largest. Elsewhere its values
lie on straight lines between the coarser ones, too low to touch the area above half.

Two fields agree (stated once, in `agree`) when their sizes differ by at most SIZE_CHANGE of the
later one and their maps correlate by at least CORRELATION. What it costs in error is measured in
docs/receptive-fields.md. An exact measurement has one round: every image, every place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from jaxtyping import Float16, Int

from analysis.core.discrepancy import LEAST_SHARE_OF_IMAGES, Map, measured

EVERY = (4, 2, 1)  # every fourth, second, single place: 12, 6 and 3 px
FIRST = 4
SIGNIFICANT = 0.2
SIZE_CHANGE = 0.05
CORRELATION = 0.97
# A shard is a part of a round: few enough to join, small enough to repeat after a kill.
LEAST_PARTS, MOST_PARTS = 12, 300
MAPS_PER_PART = 32

Grid = tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " columns"]]
Indices = Int[np.ndarray, " some"]
Changes = Float16[np.ndarray, "maps rows columns"]  # as shares of the activations
Look = Callable[[Indices, Indices], Changes]  # numbers of places along rows and along columns
Frame = tuple[slice, slice]


@dataclass(frozen=True)
class Round:
    """One pass over the images of ranks first..last-1 of each unit that still wants it.

    ``every`` is the lattice: every n-th place; None is each unit's own. ``known`` is the lattice
    that an earlier round has done on the same images: those places are not looked at again.
    """

    first: int
    last: int
    every: int | None = None
    known: int | None = None

    @property
    def cost(self) -> float:
        """Its work for one unit, in whole lattices; units' own lattices taken for the middle."""
        done = 1 / self.known**2 if self.known else 0.0
        return (self.last - self.first) * (1 / (self.every or EVERY[1]) ** 2 - done)


@dataclass(frozen=True)
class Part:
    """The share of a round that one shard does: its ``number``-th of ``of`` equal pieces."""

    round: int
    number: int
    of: int
    start: int  # the number of the round's first shard

    def slice(self, count: int) -> slice:
        """Return which of ``count`` things in order are this part's."""
        return slice(self.number * count // self.of, (self.number + 1) * count // self.of)


def rounds(images: int, *, exact: bool) -> list[Round]:
    """Return the rounds of a measurement with at most so many images a unit."""
    if exact:
        return [Round(0, images, 1)]
    first = min(FIRST, images)
    lattices = zip(EVERY, (None, *EVERY[:-1]), strict=True)
    planned = [Round(0, first, every, known) for every, known in lattices]
    while first < images:
        planned.append(Round(first, min(2 * first, images)))
        first = planned[-1].last
    return planned


def parts(units: int, images: int, *, exact: bool) -> list[Part]:
    """Return the parts of all rounds in order: as many of each as it has work at most."""
    if exact:
        count = min(max(1, ceil(units * images / MAPS_PER_PART)), MOST_PARTS)
        return [Part(0, number, count, 0) for number in range(count)]
    costs = [one.cost for one in rounds(images, exact=False)]
    count = min(max(LEAST_PARTS, units), MOST_PARTS)
    found: list[Part] = []
    for place, cost in enumerate(costs):
        start, of = len(found), max(1, round(count * cost / sum(costs)))
        found += [Part(place, number, of, start) for number in range(of)]
    return found


def refinements(count: tuple[int, int], known: int | None, every: int) -> list[Grid]:
    """Return the places (row indices × column indices) that a lattice has beyond the known one.

    ``count`` is the number of all places in rows and columns. The answer is a list of product
    grids that do not overlap: new rows with all columns, known rows with new columns.
    """
    rows, columns = (np.arange(0, some, every) for some in count)
    if known is None:
        return [(rows, columns)]
    grids = [
        (rows[rows % known != 0], columns),
        (rows[rows % known == 0], columns[columns % known != 0]),
    ]
    return [grid for grid in grids if grid[0].size and grid[1].size]


def lattices(every: int, *, known: bool, exact: bool) -> tuple[int, ...]:
    """Return the lattices that lead to ``every``: itself alone where all places are wanted."""
    if exact or known:
        return (every,)
    return EVERY[: EVERY.index(every) + 1]


def refined(
    known: Changes | None, way: Sequence[int], count: tuple[int, int], look: Look
) -> Changes:
    """Return the maps of some units on one image, on the last lattice of ``way``.

    ``known`` are their maps on the lattice before the first of these, None if nothing is known;
    ``count`` is the number of all places in rows and columns. What a unit gets does not depend on
    the others that are looked at with it.
    """
    for every in way:
        if known is None:
            rows, columns = (np.arange(0, some, every) for some in count)
            known = look(rows, columns)
        else:
            known = _finer(known, every, count, look)
    if known is None:
        raise ValueError("no lattice is asked for, and no map is known")
    return known


def _finer(coarse: Changes, every: int, count: tuple[int, int], look: Look) -> Changes:
    """Return maps on a lattice twice as fine, looked at within their frames."""
    shape = ceil(count[0] / every), ceil(count[1] / every)
    fine = enlarged(coarse, shape)
    inside = np.zeros(fine.shape, bool)
    for own, one in zip(inside, coarse, strict=True):
        own[near(one)] = True
    wanted = np.logical_or.reduce(inside)  # (rows, columns), by at least one of them
    for rows, columns in refinements(shape, 2, 1):
        rows = rows[wanted[rows].any(axis=1)]
        columns = columns[wanted[:, columns].any(axis=0)]
        if rows.size and columns.size:
            at = np.ix_(np.arange(len(fine)), rows, columns)
            fine[at] = np.where(inside[at], look(rows * every, columns * every), fine[at])
    return fine


def near(coarse: Float16[np.ndarray, "rows columns"]) -> Frame:
    """Return the frame around what matters in a map, one place wider, on a lattice twice as fine.

    A map without any change is framed as a whole: the occluder may have missed a small field.
    """
    strength = np.abs(coarse.astype(np.float32))
    matters = strength >= SIGNIFICANT * strength.max()
    lines = (np.flatnonzero(matters.any(axis=1 - axis)) for axis in (0, 1))
    down, across = (slice(max(2 * line[0] - 2, 0), 2 * line[-1] + 3) for line in lines)
    return down, across


def enlarged(coarse: Changes, shape: tuple[int, int]) -> Changes:
    """Return maps on a lattice twice as fine: new places between two old ones are their mean."""
    fine = coarse.astype(np.float32)
    for axis, length in enumerate(shape, start=1):
        old = np.arange(length) // 2
        after = np.minimum(np.ceil(np.arange(length) / 2).astype(int), fine.shape[axis] - 1)
        fine = (fine.take(old, axis) + fine.take(after, axis)) / 2
    return fine.astype(np.float16)


def agree(before: Map, now: Map) -> bool:
    """Return whether two fields are the same as far as anybody needs; see the module."""
    size = measured(now).size
    if abs(measured(before).size - size) > SIZE_CHANGE * size:
        return False
    return correlation(before, now) >= CORRELATION


def correlation(one: Map, other: Map) -> float:
    """Return Pearson's correlation of two maps over the offsets where both have data.

    Two maps without any variation there correlate by 1, one of them by 0.
    """
    both = ~np.isnan(one) & ~np.isnan(other)
    if not both.any():
        return 0.0
    a, b = (values[both] - values[both].mean() for values in (one, other))
    spread = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / spread if spread else float(not a.any() and not b.any())


@dataclass
class Course:
    """One unit's way through the rounds: what it wants next, and its mean so far."""

    every: int | None = None  # its lattice, once it is known
    converged: bool = False
    images: int = 0  # with a map
    mean: Map | None = None
    _total: Map | None = field(default=None, repr=False)
    _data: Map | None = field(default=None, repr=False)

    def wants(self, wanted: Round) -> int | None:
        """Return the lattice on which this unit takes part in a round; None: it does not."""
        if self.converged:
            return None
        if wanted.every is None:
            return self.every or EVERY[-1]
        return wanted.every if self.every is None else None

    def start(self, begun: Round) -> None:
        """Begin a round; one over the first images replaces what coarser lattices showed."""
        if begun.first == 0:
            self.images, self._total, self._data = 0, None, None

    def add(self, own: Map) -> None:
        """Add the map of one image of the round."""
        has = ~np.isnan(own)
        filled = np.where(has, own, 0).astype(np.float32)
        self._total = filled if self._total is None else self._total + filled
        self._data = has.astype(np.float32) if self._data is None else self._data + has
        self.images += 1

    def end(self, done: Round) -> None:
        """End a round: settle on a lattice, or stop, as the mean before and now say."""
        before, self.mean = self.mean, self._mean()
        if before is not None and self.mean is not None:
            self._judge(done, agree(before, self.mean))

    def _judge(self, done: Round, agreed: bool) -> None:
        """Draw the conclusion from the latest agreement."""
        if done.every is None:
            self.converged = agreed
        elif agreed:
            self.every = done.known
        elif done.every == EVERY[-1]:
            self.every = done.every

    def _mean(self) -> Map | None:
        """Return the mean, as `discrepancy.average` has it."""
        if self._total is None or self._data is None:
            return None
        enough = self._data >= max(1, LEAST_SHARE_OF_IMAGES * self.images)
        return np.where(enough, self._total / np.maximum(self._data, 1), np.nan)
