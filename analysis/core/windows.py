"""Runs part of a network on windows: what an occluder changes and a unit sees, and nothing else.

Of every value there is a canvas: the clean image's map with its border, one row of channels for
each place, and behind it room for the windows of a batch. What an operation needs around its
output is then one gather from the canvas: from a window where there is one, else from the clean
map. Exact: every number is what the whole network would make of the whole occluded image.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from analysis.core.cones import Group, Interval, cones, grouped
from analysis.core.occluders import Lattice
from analysis.core.wiring import IMAGE, Step, Wiring

Clean = Mapping[int, Float[Tensor, "1 channels rows columns"]]
Spot = tuple[int, int, int]  # a value, a row and a column of it
# What moving one number costs, in multiply-adds that could be done meanwhile.
MOVING = 12.0


@dataclass(frozen=True)
class Along:
    """Where a region is found along one axis, for each place of a group: (places, length).

    ``clean`` counts rows of the canvas, ``window`` rows or columns of the window: valid where
    ``inside``. ``same``: the region is the window.
    """

    clean: Int[Tensor, "places length"]
    window: Int[Tensor, "places length"]
    inside: Bool[Tensor, "places length"]
    same: bool

    def part(self, some: slice) -> "Along":
        """Return some of the places."""
        return Along(self.clean[some], self.window[some], self.inside[some], self.same)


Asked = tuple[int, int]  # which step (or, after the steps, which spot) and which of its inputs


@dataclass(frozen=True)
class Band:
    """A group of places along one axis, with all regions that its windows are made from."""

    places: Int[Tensor, " places"]
    size: Mapping[int, int]
    along: Mapping[Asked, Along]

    def part(self, some: slice) -> "Band":
        """Return some of the places."""
        along = {asked: one.part(some) for asked, one in self.along.items()}
        return Band(self.places[some], self.size, along)


@dataclass(frozen=True)
class Plan:
    """How the spots are computed under every occluder of a lattice that reaches one of them.

    The same for every image, and for every channel.
    """

    wiring: Wiring
    steps: tuple[Step, ...]
    spots: tuple[Spot, ...]
    groups: tuple[list[Group], list[Group]]  # along rows and along columns
    device: torch.device

    @classmethod
    def of(
        cls,
        wiring: Wiring,
        spots: Sequence[Spot],
        lattice: Lattice,
        device: torch.device,
        overhead: float,
    ) -> "Plan":
        """Plan for the occluders of a lattice.

        ``overhead`` is what one operation costs however small it is, in multiply-adds.
        """
        steps = wiring.towards(value for value, _, _ in spots)
        length = lattice.occluder.size
        axes = [
            cones(wiring, _wanted(spots, axis), axis, first, length)
            for axis, first in enumerate(lattice.first)
        ]
        weights = np.array([0.0, *(cost(wiring, step) for step in steps)])
        groups = grouped((axes[0], axes[1]), weights, overhead * len(steps))
        return cls(wiring, tuple(steps), tuple(spots), (groups[0], groups[1]), device)

    @cached_property
    def work(self) -> float:
        """The multiply-adds of all windows, every channel computed."""
        return self._sum({step.output: step_work(self.wiring, step) for step in self.steps})

    @cached_property
    def cost(self) -> float:
        """The work and the moving of numbers, in multiply-adds: to compare plans by."""
        return self._sum({step.output: cost(self.wiring, step) for step in self.steps})

    def _sum(self, weights: Mapping[int, float]) -> float:
        """Return the sum over all windows of the weight of each place."""
        rows, columns = (
            {v: sum(len(g.places) * g.size[v] for g in groups) for v in weights}
            for groups in self.groups
        )
        return sum(weight * rows[value] * columns[value] for value, weight in weights.items())

    @cached_property
    def borders(self) -> dict[tuple[int, float], tuple[int, int, int, int]]:
        """What each canvas, told by value and filling, has round it: top, bottom, left, right."""
        found: dict[tuple[int, float], tuple[int, int, int, int]] = {
            (value, 0.0): (0, 0, 0, 0) for value, _, _ in self.spots
        }
        for step in self.steps:
            out = self.wiring.shapes[step.output]
            for value in step.inputs:
                side = self.wiring.shapes[value]
                own: list[int] = []
                for axis, reach in enumerate(step.operation.reach):
                    end = (out[1 + axis] - 1) * reach.stride - reach.padding + reach.span
                    own += [reach.padding, max(end - side[1 + axis], 0)]
                key = (value, step.operation.fill)
                old = found.get(key, (0, 0, 0, 0))
                found[key] = tuple(max(pair) for pair in zip(old, own, strict=True))  # type: ignore[assignment]
        return found

    @cached_property
    def bands(self) -> tuple[list[Band], list[Band]]:
        """The groups with everything that does not depend on the image."""
        rows, columns = (
            [self._band(group, axis) for group in self.groups[axis]] for axis in (0, 1)
        )
        return rows, columns

    def _band(self, group: Group, axis: int) -> Band:
        along = {}
        for number, step in enumerate(self.steps):
            reach, size = step.operation.reach[axis], group.size[step.output]
            start = group.low[step.output] * reach.stride - reach.padding
            length = (size - 1) * reach.stride + reach.span if size else 0
            for slot, value in enumerate(step.inputs):
                key = (value, step.operation.fill)
                along[number, slot] = self._along(group, axis, key, (start, length))
        for number, spot in enumerate(self.spots):
            start = np.full(len(group.places), spot[1 + axis])
            asked = (len(self.steps) + number, 0)
            along[asked] = self._along(group, axis, (spot[0], 0.0), (start, 1))
        places = torch.from_numpy(group.places).to(self.device)
        return Band(places, group.size, along)

    def _along(
        self, group: Group, axis: int, key: tuple[int, float], region: tuple[np.ndarray, int]
    ) -> Along:
        """Return where a region of a value is found, along one axis."""
        value, (start, length) = key[0], region
        top, _, left, right = self.borders[key]
        here = start[:, None] + np.arange(length)  # (places, length)
        window = here - group.low[value][:, None]
        width = self.wiring.shapes[value][2] + left + right
        clean = (here + top) * width if axis == 0 else here + left
        inside = (window >= 0) & (window < group.size[value])
        same = length == group.size[value] and bool(inside.all())
        numbers = [torch.from_numpy(one.astype(np.int32)) for one in (clean, window)]
        clean_, window_ = (one.to(self.device) for one in numbers)
        return Along(clean_, window_, torch.from_numpy(inside).to(self.device), same)


def _wanted(spots: Sequence[Spot], axis: int) -> dict[int, Interval]:
    """Return the interval of every value that holds its spots."""
    found: dict[int, Interval] = {}
    for spot in spots:
        value, place = spot[0], spot[1 + axis]
        low, high = found.get(value, (place, place + 1))
        found[value] = (min(low, place), max(high, place + 1))
    return found


def step_work(wiring: Wiring, step: Step) -> float:
    """Return the multiply-adds of one place of a step's output."""
    return float(step.operation.work(wiring.shapes[step.output]))


def cost(wiring: Wiring, step: Step) -> float:
    """Return what one place of a step's output costs, moving its numbers included."""
    moved = wiring.shapes[step.output][0]
    for value in step.inputs:
        per_place = step.operation.reach[0].stride * step.operation.reach[1].stride
        moved += wiring.shapes[value][0] * per_place
    return step_work(wiring, step) + MOVING * moved


class Canvas:
    """A value's clean map with its border, a row of channels a place, and room behind it."""

    def __init__(self, clean: Tensor, border: tuple[int, int, int, int], fill: float) -> None:
        """Lay out a clean map (1, channels, rows, columns) with top, bottom, left, right."""
        top, bottom, left, right = border
        padded = torch.nn.functional.pad(clean, (left, right, top, bottom), value=fill)
        self.rows: Tensor = padded.permute(0, 2, 3, 1).reshape(-1, clean.shape[1]).contiguous()
        self.clean = len(self.rows)

    def behind(self, windows: Float[Tensor, "batch channels n m"]) -> None:
        """Lay the windows of a batch behind the clean map."""
        flat = windows.permute(0, 2, 3, 1).reshape(-1, windows.shape[1])
        if len(self.rows) < self.clean + len(flat):
            larger = self.rows.new_empty(self.clean + len(flat), windows.shape[1])
            larger[: self.clean] = self.rows[: self.clean]
            self.rows = larger
        self.rows[self.clean : self.clean + len(flat)] = flat


@dataclass
class Windows:
    """One image's pass by a plan: batch after batch, with memory that is used again.

    ``steps`` are the plan's, perhaps with fewer channels, and so are the ``clean`` maps.
    """

    plan: Plan
    steps: Sequence[Step]
    clean: Clean
    canvases: dict[tuple[int, float], Canvas] = field(default_factory=dict)
    scratch: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last = {v: number for number, step in enumerate(self.steps) for v in step.inputs}

    def run(self, rows: Band, columns: Band, patches: Tensor) -> Iterator[Tensor]:
        """Compute a batch; yield (rows, columns, channels) of every spot of the plan, in order.

        ``patches`` are the occluders, (rows · columns, channels, size, size).
        """
        live = {IMAGE: patches}
        wanted = {value for value, _, _ in self.plan.spots}
        for number, step in enumerate(self.steps):
            if rows.size[step.output] and columns.size[step.output]:
                live[step.output] = self._step(number, live, rows, columns)
            for value in step.inputs:
                if self.last[value] == number and value not in wanted:
                    live.pop(value, None)
        for number, (value, _, _) in enumerate(self.plan.spots):
            asked = (len(self.steps) + number, 0)
            found = self._region(asked, (value, 0.0), live.get(value), (rows, columns))
            yield found.reshape(len(rows.places), len(columns.places), -1)

    def _step(self, number: int, live: Mapping[int, Tensor], rows: Band, columns: Band) -> Tensor:
        step = self.steps[number]
        regions = []
        for slot, value in enumerate(step.inputs):
            key = (value, step.operation.fill)
            regions.append(self._region((number, slot), key, live.get(value), (rows, columns)))
        made = step.operation(regions)
        # Padding hands on what it is given, which the next batch would write over.
        return made.clone() if any(made is region for region in regions) else made

    def _region(
        self,
        asked: Asked,
        key: tuple[int, float],
        window: Tensor | None,
        bands: tuple[Band, Band],
    ) -> Float[Tensor, "batch channels length width"]:
        """Return what a step needs of a value, from its windows and the clean map round them."""
        down, across = (band.along[asked] for band in bands)
        if window is not None and down.same and across.same:
            return window
        canvas = self._canvas(key)
        tall, wide = len(down.clean), len(across.clean)
        index = down.clean[:, None, :, None] + across.clean[None, :, None, :]
        if window is not None:
            canvas.behind(window)
            n, m = window.shape[2:]
            row, column = (
                torch.arange(count, dtype=torch.int32, device=index.device)
                for count in (tall, wide)
            )
            start = down.window * m + (row * (wide * n * m))[:, None] + canvas.clean
            then = across.window + (column * (n * m))[:, None]
            inside = down.inside[:, None, :, None] & across.inside[None, :, None, :]
            index = torch.where(inside, start[:, None, :, None] + then[None, :, None, :], index)
        rows = self._gathered(asked[1], canvas.rows, index.reshape(-1))
        shape = (tall * wide, down.clean.shape[1], across.clean.shape[1], -1)
        return rows.reshape(shape).permute(0, 3, 1, 2)

    def _gathered(self, slot: int, rows: Tensor, index: Tensor) -> Tensor:
        """Return rows by their numbers, in memory that is there already: fresh memory is slow."""
        count = len(index) * rows.shape[1]
        held = self.scratch.get(slot)
        if held is None or held.numel() < count:
            held = self.scratch[slot] = rows.new_empty(count)
        out = held[:count].reshape(len(index), rows.shape[1])
        return torch.index_select(rows, 0, index, out=out)

    def _canvas(self, key: tuple[int, float]) -> Canvas:
        if key not in self.canvases:
            border = self.plan.borders[key]
            self.canvases[key] = Canvas(self.clean[key[0]], border, key[1])
        return self.canvases[key]


def batches_of(plan: Plan, clean: Clean, memory: int) -> Iterator[tuple[Band, Band]]:
    """Yield places along rows and along columns: every pair of theirs is in one batch.

    The numbers of a batch, with as many channels as the clean maps have, take at most ``memory``
    bytes, but never is a batch less than one occluder.
    """
    for rows in plan.bands[0]:
        for columns in plan.bands[1]:
            most = max(1, memory // _bytes(plan, clean, rows, columns))
            tall = max(1, most // len(columns.places))
            wide = ceil(len(columns.places) / ceil(len(columns.places) / most))
            for top in range(0, len(rows.places), tall):
                part = rows.part(slice(top, top + tall))
                for left in range(0, len(columns.places), wide):
                    yield part, columns.part(slice(left, left + wide))


def _bytes(plan: Plan, clean: Clean, rows: Band, columns: Band) -> int:
    """Return what one occluder's numbers take, at the step that takes most."""
    most = 1
    for number, step in enumerate(plan.steps):
        took = clean[step.output].shape[1] * rows.size[step.output] * columns.size[step.output]
        for slot, value in enumerate(step.inputs):
            down, across = (band.along[number, slot].clean for band in (rows, columns))
            took += clean[value].shape[1] * down.shape[1] * across.shape[1]
        most = max(most, took)
    return most * 2 * clean[IMAGE].element_size()
