"""Two networks, runs or sources of labels against each other, place by place, by measure.

A place is what rows stand for: a layer, a class, a scene. Behind each place stand units (or images)
with what was measured on them; the differences are made of those, never of rounded rows.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from analysis.core.differences import (
    Difference,
    apart,
    apart_in_pairs,
    by_depth,
    holm,
    shares_apart,
    shares_in_pairs,
)
from analysis.core.intervals import wilson
from analysis.core.meanings import Estimate, Formula, estimates, shares
from analysis.models import Network, Run
from analysis.services import labelled
from analysis.services.kept import once
from analysis.services.label_choices import Choice
from analysis.services.object_figures import Shown as ShownObjects

EVERY = "all layers"  # all places together, where places are layers
Values = Mapping[str, tuple[float, ...]]  # name of a block → one row of its sums


@dataclass(frozen=True)
class Side:
    """One of the two: a network with a run of it, or with labels of it, and its name in words."""

    network: Network
    name: str
    run: Run | None = None
    choice: Choice | None = None
    objects: ShownObjects | None = None  # of labels: whose masks say which objects there are
    asked: Mapping[str, str] = field(default_factory=dict)  # what else its address says
    beside: "Side | None" = None  # the other one, for what must be the same of both

    @property
    def labelled(self) -> str:
        """Say how many units have the labels of this side, and how many have any."""
        return labelled.told(self.choice) if self.choice else ""

    @property
    def synthetic(self) -> bool:
        """Tell whether the network or the images are made, not found."""
        image_set = self.run.image_set if self.run else None
        if self.objects:
            image_set = self.objects.wanted.image_set
        images = bool(image_set and image_set.synthetic)
        return self.network.synthetic or images


class Counted(NamedTuple):
    """What was measured on one unit (or image) that stands behind a place."""

    place: str
    unit: Hashable
    values: Values


@dataclass(frozen=True)
class Measure:
    """One figure that is compared; measures of the same ``axis`` are drawn together.

    A share of units has 0 or 1 for each unit, and is compared exactly; else units are drawn.
    """

    name: str
    title: str
    axis: str
    is_share: bool = False
    digits: int = 3


@dataclass(frozen=True)
class Block:
    """Measures that one formula makes of the same sums over units."""

    name: str
    measures: Sequence[Measure]
    formula: Formula = shares


@dataclass(frozen=True)
class Comparable:
    """How a statistic is compared: its places, its measures, and the units behind them.

    ``question`` has ``{first}`` and ``{second}`` where the sides are named; an axis that answers
    another one has it in ``questions``, and what is true of it alone in ``methods``.
    ``units(side)`` gives what was measured, in the order of the places. ``everyone(side)`` names
    the units that count as 0 at a place where they are not given: of shares only. ``overall`` is
    the words for all places together, if that makes sense. Sides that share ``pairs`` (their
    network, or image set; objects of one image set always are) are compared unit by unit.

    What no sums over units make, correlations, is given place by place, by `Between`. ``lacking``
    says why there is nothing to compare, ``told`` answers the question, where the usual words do
    not.
    """

    statistic: str
    tab: str
    question: str
    place: str
    blocks: Sequence[Block]
    units: "Callable[[Side], Iterable[Counted]] | Between"
    method: str
    overall: str = ""
    everyone: Callable[[Side], Collection[Hashable]] | None = None
    pairs: Literal["network", "images", "objects", "none"] = "network"
    lacking: Callable[[tuple[Side, Side]], str] | None = None
    told: "Callable[[Sequence[Compared], tuple[Side, Side]], str] | None" = None
    questions: Mapping[str, str] = field(default_factory=dict)  # by axis
    methods: Mapping[str, str] = field(default_factory=dict)  # by axis

    def asks(self, first: Side, second: Side, axis: str = "") -> str:
        """Return the question, or that of an axis, with the names of both sides."""
        question = self.questions.get(axis, self.question)
        return question.format(first=first.name, second=second.name)

    @property
    def measures(self) -> list[Measure]:
        """Return all measures in order."""
        return [measure for block in self.blocks for measure in block.measures]


class Compared(NamedTuple):
    """One measure at one place of both, with the difference first - second."""

    place: str
    other_place: str  # of the second; layers may be matched by depth
    measure: str
    units: int  # of the first that stand behind it
    value: float | None
    low: float | None
    high: float | None
    other_units: int
    other_value: float | None
    other_low: float | None
    other_high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    interval: str  # in which way the interval of the difference was found
    p: float | None
    p_holm: float | None  # corrected for all differences of this statistic


@dataclass(frozen=True)
class Matching:
    """Which places of both are set against each other, how they were matched, and what is left."""

    pairs: list[tuple[str, str]]
    by: Literal["name", "depth"]
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """All that was compared of a statistic."""

    comparable: Comparable
    rows: list[Compared]
    matching: Matching
    in_pairs: bool


Row = tuple[Compared, Difference]


@dataclass(frozen=True)
class Between:
    """What is made of both sides at once: each measure at each place, with its difference."""

    rows: Callable[[Side, Side], Iterable[Row]]


Placed = dict[str, dict[Hashable, Values]]  # place → unit → what was measured


def compare(comparable: Comparable, first: Side, second: Side) -> Comparison:
    """Return every measure at every place of both, with differences and Holm's correction.

    What was measured is read anew for each asker; the drawing of thousands of samples is done once.
    """
    paired = in_pairs(comparable, first, second)
    if isinstance(comparable.units, Between):
        found = list(comparable.units.rows(first, second))
        places = dict.fromkeys((row.place, row.other_place) for row, _ in found)
        matching = Matching(list(places), "name")
    else:
        measured = [_placed(comparable.units(side)) for side in (first, second)]
        zeros = _zeros(comparable, first, second)
        found, matching = _of_units(_Counts(comparable, paired, zeros), *measured)
    corrected = holm([difference.p for _, difference in found])
    rows = [row._replace(p_holm=p) for (row, _), p in zip(found, corrected, strict=True)]
    return Comparison(comparable, rows, matching, paired)


def _zeros(comparable: Comparable, *sides: Side) -> list[set[Hashable]] | None:
    """Return the units that have 0 where nothing was measured, if there are such."""
    return [set(comparable.everyone(side)) for side in sides] if comparable.everyone else None


def _of_units(counts: "_Counts", mine: Placed, yours: Placed) -> tuple[list[Row], Matching]:
    """Return the differences of what was measured on units, place by place; drawn once."""
    made_of = [counts.comparable.statistic, counts.in_pairs, _told(mine), _told(yours)]
    made_of += [sorted(map(str, some)) for some in counts.everyone or ()]
    return once("comparison", made_of, lambda: _compared(counts, mine, yours))


def _told(placed: Placed) -> list[tuple[str, list[tuple[Hashable, Values]]]]:
    """Return what was measured as JSON can hold it: keys of units may be pairs."""
    return [(place, list(units.items())) for place, units in placed.items()]


def _compared(counts: "_Counts", mine: Placed, yours: Placed) -> tuple[list[Row], Matching]:
    """Return the rows of a comparison, and which places were set against each other."""
    comparable = counts.comparable
    matching = matched(list(mine), list(yours), comparable.place)
    if counts.everyone and all(counts.everyone):  # what one of both lacks is 0 there
        alone = [(place, place) for place in (*matching.only_first, *matching.only_second)]
        matching = replace(matching, pairs=[*matching.pairs, *alone])
    found: list[Row] = []
    for place, other in _places(comparable, matching):
        whole = place == comparable.overall
        pair = (
            _together(mine, [one for one, _ in matching.pairs]) if whole else mine.get(place, {}),
            _together(yours, [two for _, two in matching.pairs]) if whole else yours.get(other, {}),
        )
        found += counts.rows((place, other), pair)
    return found, matching


def matched(first: Sequence[str], second: Sequence[str], place: str) -> Matching:
    """Match places by name, whatever its case; layers without a common name by relative depth."""
    names = {name.casefold(): name for name in second}
    pairs = [(name, names[name.casefold()]) for name in first if name.casefold() in names]
    by: Literal["name", "depth"] = "name"
    if not pairs and place == "layer":
        pairs = [(first[one], second[two]) for one, two in by_depth(len(first), len(second))]
        by = "depth"
    have, others = {one for one, _ in pairs}, {two for _, two in pairs}
    return Matching(
        pairs,
        by,
        [name for name in first if name not in have],
        [name for name in second if name not in others],
    )


def _placed(units: Iterable[Counted]) -> Placed:
    found: Placed = {}
    for place, unit, values in units:
        found.setdefault(place, {})[unit] = values
    return found


def _places(comparable: Comparable, matching: Matching) -> list[tuple[str, str]]:
    """Return the pairs of places, all of them together in front where there are several."""
    whole = (comparable.overall, comparable.overall)
    return [whole, *matching.pairs] if whole[0] and len(matching.pairs) > 1 else matching.pairs


def _together(placed: Placed, places: Iterable[str]) -> dict[Hashable, Values]:
    """Return the units of all places that are matched."""
    return {key: one for place in places for key, one in placed[place].items()}


class _Counts:
    """The differences between two sides, of one statistic."""

    def __init__(
        self, comparable: Comparable, in_pairs: bool, everyone: list[set[Hashable]] | None
    ) -> None:
        self.comparable = comparable
        self.in_pairs = in_pairs
        self.everyone = everyone

    def rows(self, places: tuple[str, str], units: tuple[dict[Hashable, Values], ...]) -> list[Row]:
        """Return all measures at one pair of places that both have units for."""
        return [
            row for block in self.comparable.blocks for row in self._block(block, places, units)
        ]

    def _block(
        self, block: Block, places: tuple[str, str], units: tuple[dict[Hashable, Values], ...]
    ) -> list[Row]:
        first, second = self._tables(block, units)
        if not len(first) or not len(second):
            return []
        shared = all(measure.is_share for measure in block.measures)
        way = apart_in_pairs if self.in_pairs else apart
        drawn = [] if shared else way(first, second, block.formula)
        ends = [[] if shared else estimates(one, block.formula) for one in (first, second)]
        exact = shares_in_pairs if self.in_pairs else shares_apart
        found = []
        for column, measure in enumerate(block.measures):
            if measure.is_share:
                one, two = first[:, column] > 0, second[:, column] > 0
                pair, difference = [_share(one), _share(two)], exact(one, two)
            else:
                pair, difference = [some[column] for some in ends], drawn[column]
            numbers = (len(first), len(second))
            found.append((row_of(places, measure, numbers, pair, difference), difference))
        return found

    def _tables(
        self, block: Block, units: tuple[dict[Hashable, Values], ...]
    ) -> tuple[Float64[np.ndarray, "units columns"], Float64[np.ndarray, "others columns"]]:
        """Return the rows of both sides; of pairs, those of units that both have, in one order."""
        known = [
            {key: one[block.name] for key, one in side.items() if block.name in one}
            for side in units
        ]
        if self.everyone is not None and any(known):
            nothing = (*(0.0 for _ in block.measures), 1.0)
            known = [
                dict.fromkeys(all_units, nothing) | side
                for all_units, side in zip(self.everyone, known, strict=True)
            ]
        keys = [list(side) for side in known]
        if self.in_pairs:
            keys = [[key for key in keys[0] if key in known[1]]] * 2
        first, second = (
            np.array([side[key] for key in some], np.float64) if some else np.empty((0, 1))
            for side, some in zip(known, keys, strict=True)
        )
        return first, second


def in_pairs(comparable: Comparable, first: Side, second: Side) -> bool:
    """Return whether both sides measured the same units, or images."""
    if comparable.pairs == "network":
        return first.network == second.network
    if comparable.pairs in ("objects", "none"):
        return comparable.pairs == "objects"
    return bool(first.run and second.run and first.run.image_set_id == second.run.image_set_id)


def _share(counts: Bool[np.ndarray, " units"]) -> Estimate:
    """Return the share of units that count, with Wilson's interval."""
    share = float(counts.mean())
    return Estimate(share, *wilson(share, len(counts)))


def row_of(
    places: tuple[str, str],
    measure: Measure,
    units: tuple[int, int],
    ends: Sequence[Estimate],
    difference: Difference,
) -> Compared:
    """Return a row of the table, before Holm's correction."""
    first, second = ends
    return Compared(
        place=places[0],
        other_place=places[1],
        measure=measure.name,
        units=units[0],
        value=first.value,
        low=first.low,
        high=first.high,
        other_units=units[1],
        other_value=second.value,
        other_low=second.low,
        other_high=second.high,
        difference=difference.value,
        difference_low=difference.low,
        difference_high=difference.high,
        interval=difference.way,
        p=difference.p,
        p_holm=None,
    )
