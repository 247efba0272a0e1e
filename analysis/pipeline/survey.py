"""What the step `locate` looks at: units with their images, round by round; and its files.

A part's file, `runs/<key>/locate/<shard>.npz`, holds the changes that it has measured: ``unit``
(place in `Survey.units`), ``rank`` and ``every`` of each map, and for each lattice ``maps_<every>``
(n, rows, columns) float16: the change as a share of the activation, in the order of those maps.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import numpy as np

from analysis.core.arrays import packed, unpacked
from analysis.core.discrepancy import Map, Places, reach_of, recentred
from analysis.core.occluders import Occluder
from analysis.core.refinement import (
    EVERY,
    Course,
    Indices,
    Part,
    Round,
    lattices,
    refinements,
    rounds,
)
from analysis.models import Layer, Run
from analysis.pipeline.scan import layers_of
from analysis.services import files
from analysis.services.fields import grid_of
from analysis.services.locating import (
    OCCLUDER,
    STRIDE,
    chosen,
    images_of,
    parts_of,
    places_of,
    sides_of,
)
from analysis.services.scans import layer_file

Changes = np.ndarray  # (rows, columns) float16: change as a share of the activation
LARGEST = 6e4  # that float16 holds


@dataclass(frozen=True)
class Chosen:
    """A unit whose field is wanted, or the problem why it has none; ``layer`` is a place."""

    layer: int
    channel: int
    problem: str = ""
    # Its strongest images, best first: number, activation, and the location that won.
    top: tuple[tuple[int, float, int, int], ...] = ()


@dataclass(frozen=True)
class Want:
    """One unit's wish for a map of one image; ``known`` is what an earlier round has of it."""

    unit: int
    rank: int
    every: int
    known: Changes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Look:
    """One image, and all the maps that are wanted of it."""

    image: int
    wants: tuple[Want, ...]

    @property
    def lattices(self) -> dict[tuple[int, bool], list[Want]]:
        """The wishes by lattice, and by whether a coarser one is known: done in one pass each."""
        groups: dict[tuple[int, bool], list[Want]] = defaultdict(list)
        for want in self.wants:
            groups[want.every, want.known is not None].append(want)
        return dict(groups)


@dataclass(frozen=True)
class Found:
    """The map of one unit on one image, on one lattice."""

    unit: int
    rank: int
    every: int
    changes: Changes


class Survey:
    """A run's units and their courses through the rounds, as far as files tell."""

    def __init__(self, run: Run) -> None:
        """Read the scan's results; the rounds are read when they are asked for."""
        asked = run.recipe["options"]["locate"]
        self.run = run
        self.layers = layers_of(run)
        self.count = places_of(run.network)
        self.occluder = Occluder(OCCLUDER, STRIDE, asked["occluder"], run.recipe["seed"])
        self.exact = bool(asked["exact"])
        self.rounds = rounds(images_of(run), exact=self.exact)
        height, width = sides_of(run.network)
        self.grids = [grid_of(layer, height, width) for layer in self.layers]
        self.units = [
            unit
            for place, layer in enumerate(self.layers)
            for unit in _chosen(run, place, layer, asked["units"])
        ]
        self._courses: list[Course] = []
        self._upto = 0

    @classmethod
    def of(cls, run: Run) -> "Survey":
        """Return the survey of a run, kept for the next shard."""
        kept = _kept(run.key, run.created_at)
        if not kept:
            kept.append(cls(run))
        return kept[0]

    def courses(self, upto: int) -> list[Course]:
        """Return where every unit stands before the round ``upto``, read from the parts' files."""
        if self._upto > upto or not self._courses:
            self._courses, self._upto = [Course() for _ in self.units], 0
        while self._upto < upto:
            self._follow(self._upto)
            self._upto += 1
        return self._courses

    def looks(self, place: int) -> list[Look]:
        """Return what a round looks at, in order of the images' numbers."""
        wanted, courses = self.rounds[place], self.courses(place)
        known = self._before(place, courses) if wanted.known else {}
        return self._looks(
            Want(number, rank, every, known.get((number, rank)))
            for number, (unit, course) in enumerate(zip(self.units, courses, strict=True))
            if (every := course.wants(wanted)) is not None
            for rank in range(wanted.first, min(wanted.last, len(unit.top)))
        )

    def everything(self) -> list[Look]:
        """Return what an exact measurement looks at: the most that there can be to do."""
        return self._looks(
            Want(number, rank, EVERY[-1])
            for number, unit in enumerate(self.units)
            for rank in range(len(unit.top))
        )

    def places(self, look: Look) -> int:
        """Return how many occluders a look lays on its image."""
        return sum(
            len(rows) * len(columns)
            for every, known in look.lattices
            for rows, columns in self.grids_of(every, known=known)
        )

    def way(self, every: int, *, known: bool) -> tuple[int, ...]:
        """Return the lattices that lead to one."""
        return lattices(every, known=known, exact=self.exact)

    def grids_of(self, every: int, *, known: bool) -> list[tuple[Indices, Indices]]:
        """Return the places of a lattice that are looked at, at most: those beyond the coarser."""
        coarser = EVERY[EVERY.index(every) - 1] if known else None
        return refinements(self.count, coarser, every)

    def laid(self, found: Found) -> Map | None:
        """Return a map around the location that won; None where nothing has changed."""
        unit = self.units[found.unit]
        grid = self.grids[unit.layer]
        _, _, row, column = unit.top[found.rank]
        half, stride = OCCLUDER / 2, STRIDE * found.every
        rows, columns = (
            Places(half - centre, stride, count, half)
            for centre, count in zip(grid.centre(row, column), found.changes.shape, strict=True)
        )
        reach = reach_of(grid.size, OCCLUDER, grid.height, grid.width)
        return recentred(found.changes, rows, columns, reach)

    def parts(self, place: int) -> Iterator[tuple[int, Part]]:
        """Yield the parts of a round, each with the number of its shard."""
        for number, part in enumerate(parts_of(self.run)):
            if part.round == place:
                yield number, part

    def found(self, place: int) -> Iterator[Found]:
        """Yield the maps of a round, a part at a time."""
        for number, _ in self.parts(place):
            yield from read_part(self.run, number)

    def _looks(self, wanted: Iterable[Want]) -> list[Look]:
        wants: dict[int, list[Want]] = defaultdict(list)
        for want in wanted:
            wants[self.units[want.unit].top[want.rank][0]].append(want)
        return [Look(image, tuple(wants[image])) for image in sorted(wants)]

    def _follow(self, place: int) -> None:
        """Lead the units through a round that is done."""
        done: Round = self.rounds[place]
        took = [course for course in self._courses if course.wants(done) is not None]
        for course in took:
            course.start(done)
        for found in self.found(place):
            own = self.laid(found)
            if own is not None:
                self._courses[found.unit].add(own)
        for course in took:
            course.end(done)

    def _before(self, place: int, courses: list[Course]) -> dict[tuple[int, int], Changes]:
        """Return what the round before has measured, of the units that take part in this one."""
        return {
            (found.unit, found.rank): found.changes
            for found in self.found(place - 1)
            if courses[found.unit].wants(self.rounds[place]) is not None
        }


def part_file(run: Run, number: int) -> str:
    """Return the name of a part's file in the media storage."""
    return f"runs/{run.key}/locate/{number:06d}.npz"


def write_part(run: Run, number: int, found: Iterable[Found]) -> None:
    """Store the maps of a part; the same maps give the same bytes."""
    kept = sorted(found, key=lambda one: (one.unit, one.rank))
    arrays = {
        name: np.array([getattr(one, name) for one in kept], np.int32)
        for name in ("unit", "rank", "every")
    }
    for every in EVERY:
        own = [one.changes for one in kept if one.every == every]
        arrays[f"maps_{every}"] = np.stack(own) if own else np.zeros((0, 0, 0), np.float16)
    files.write(part_file(run, number), packed(arrays))


def read_part(run: Run, number: int) -> Iterator[Found]:
    """Yield the maps of a part that is done."""
    kept = unpacked(files.read(part_file(run, number)))
    maps = {every: iter(kept[f"maps_{every}"]) for every in EVERY}
    for unit, rank, every in zip(*(kept[name].tolist() for name in NAMES), strict=True):
        yield Found(unit, rank, every, next(maps[every]))


NAMES = ("unit", "rank", "every")


def as_share(change: np.ndarray, activation: float | np.ndarray) -> Changes:
    """Return changes as a share of the activation, as files keep them."""
    return np.clip(change / activation, -LARGEST, LARGEST).astype(np.float16)


def _chosen(run: Run, place: int, layer: Layer, units: str) -> Iterator[Chosen]:
    """Yield the units of a layer that are wanted, ascending."""
    scan = unpacked(files.read(layer_file(run, layer)))
    columns = [scan[f"top_{name}"] for name in ("image", "activation", "row", "column")]
    for channel in chosen(units, layer.name, columns[1][:, 0].tolist()):
        top = list(zip(*(column[channel].tolist() for column in columns), strict=True))
        fired = tuple(one for one in top[: images_of(run)] if one[0] >= 0 and one[1] > 0)
        problem = _problem(run, layer) or ("" if fired else _silent(top))
        yield Chosen(place, channel, problem, () if problem else fired)


def _problem(run: Run, layer: Layer) -> str:
    """Return why no unit of a layer has a field; empty where nothing is in the way."""
    if not all(places_of(run.network)):
        height, width = sides_of(run.network)
        return (
            f"The input of {height} × {width} px is smaller than the occluder of"
            f" {OCCLUDER} × {OCCLUDER} px: fields cannot be measured at this input size."
        )
    if layer.height * layer.width == 1:
        return (
            f"The layer {layer.name} has one location only (1 × 1): it has no place in the image"
            " to lay the maps on. Choose a layer before the pooling."
        )
    return ""


def _silent(top: list[tuple[int, float, int, int]]) -> str:
    """Return the sentence about a unit that no image drives."""
    best = max((activation for image, activation, *_ in top if image >= 0), default=None)
    highest = "no image was scanned" if best is None else f"its highest activation is {best:.3g}"
    return f"This unit never fires: {highest}. Without an activation above 0 there is no field."


@lru_cache(maxsize=1)
def _kept(key: str, made: datetime) -> list[Survey]:
    """Return the place where the survey of a run is kept; that of another run is let go.

    A run that was deleted and asked for again has the same key and other rows.
    """
    return []
