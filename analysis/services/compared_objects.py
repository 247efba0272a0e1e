"""What is compared of objects: units for each, how many are named, what their numbers go with."""

from collections.abc import Collection, Hashable, Iterator, Sequence

import numpy as np

from analysis.core.correlations import (
    COEFFICIENTS,
    LEAST,
    PARTIAL,
    PEARSON,
    Correlation,
    Correlations,
)
from analysis.core.differences import SURE, CorrelationsApart
from analysis.core.meanings import Estimate
from analysis.services.comparing import (
    EVERY,
    Between,
    Block,
    Comparable,
    Compared,
    Counted,
    Measure,
    Row,
    Side,
    row_of,
)
from analysis.services.comparison_words import beyond_chance
from analysis.services.figures import written
from analysis.services.kept import once
from analysis.services.object_correlation_figures import (
    SHORT,
    WORDS,
    missing,
    no_correlation,
)
from analysis.services.object_coverage import objects_there
from analysis.services.object_figures import Shown
from analysis.services.objects import ALL, FREQUENCY, INFORMATIVENESS, MEASURES, ObjectCount

GIVEN = "instances"  # what informativeness is also looked at without
IN_UNITS = "share of the units that count"
R = "correlation with units per object"
COEFFICIENT = {name: Measure(name, words, R) for name, words in WORDS.items()}


def _shown(side: Side) -> Shown:
    """Return whose labels and masks a side is about."""
    if side.objects is None:
        raise ValueError(f"{side.name} has no objects to compare")
    return side.objects


# ---- Units and objects -------------------------------------------------------------------------
def units(side: Side) -> Iterator[Counted]:
    """Give the object of each unit that stands for one, objects with most units first."""
    shown = _shown(side)
    for row in sorted(shown.rows, key=lambda row: -row.units):
        for unit in shown.units:
            if unit.object == row.object:
                yield Counted(row.object, (unit.layer, unit.channel), {"units": (1.0, 1.0)})


def units_that_count(side: Side) -> Collection[Hashable]:
    """Return all units that could have stood for an object."""
    return {(unit.layer, unit.channel) for unit in _shown(side).units}


def named(side: Side) -> Iterator[Counted]:
    """Give of each object in the images whether units name it, of all layers and of each."""
    shown = _shown(side)
    there = objects_there(shown.rows, shown.summary is not None)
    for layer in (None, *dict.fromkeys(unit.layer for unit in shown.units)):
        some = {unit.object for unit in shown.units if layer in (None, unit.layer)}
        for name in there:
            yield Counted(layer or EVERY, name, {"named": (float(name in some), 1.0)})


# ---- What units per object go with -------------------------------------------------------------
def correlations(first: Side, second: Side) -> list[Row]:
    """Return every correlation of both networks' units per object, over the same objects.

    All that the images hold; or those that units of either name. Then what is left of
    informativeness given how often objects occur. What does not exist for both is left out.
    """
    ends = _both(first, second)
    known = [name for name in MEASURES if any(getattr(row, name) is not None for row in ends[0])]
    if not known:
        return []
    tables = [_table(rows, known) for rows in ends]
    return once("correlations", [known, tables], lambda: list(_drawn(tables, known)))


def _drawn(tables: Sequence[list[list[float]]], known: Sequence[str]) -> Iterator[Row]:
    """Give the rows, with the thousands of samples that they take."""
    first, second = (
        Correlations(np.array(table, np.float64).reshape(len(table), 1 + len(known)))
        for table in tables
    )
    apart = CorrelationsApart(first, second)
    for name in known:
        for coefficient in COEFFICIENTS:
            yield from _row(apart, known, coefficient, name)
    for name in known:
        if name in INFORMATIVENESS:
            for coefficient in PARTIAL:
                yield from _row(apart, known, coefficient, name, GIVEN)


def _both(first: Side, second: Side) -> list[list[ObjectCount]]:
    """Return the same objects with the units of either side."""
    one, two = _shown(first), _shown(second)
    pairs = [
        pair
        for pair in zip(one.rows, two.rows, strict=True)
        if pair[0].images and (one.counted == ALL or pair[0].units or pair[1].units)
    ]
    return [[pair[side] for pair in pairs] for side in (0, 1)]


def _table(rows: Sequence[ObjectCount], known: Sequence[str]) -> list[list[float]]:
    """Return units and what is known of each object, as columns."""
    return [[row.units, *(getattr(row, name) for name in known)] for row in rows]


def _row(
    apart: CorrelationsApart,
    known: Sequence[str],
    coefficient: str,
    name: str,
    given: str | None = None,
) -> Iterator[Row]:
    """Give one correlation of both, if it exists for both."""
    column = 1 + known.index(name)
    fixed = None if given is None else 1 + known.index(given)
    ends = [_one(table, coefficient, column, fixed) for table in apart.both]
    difference = apart.of(coefficient, column, fixed)
    if difference.value is not None:
        words = place_of(name, given)
        estimates = [Estimate(end.value, end.low, end.high) for end in ends]
        things = len(apart.both[0].table)
        measure = COEFFICIENT[coefficient]
        yield row_of((words, words), measure, (things, things), estimates, difference), difference


def _one(table: Correlations, coefficient: str, column: int, given: int | None) -> Correlation:
    if given is None:
        return table.of(coefficient, column)
    return table.partial(coefficient, column, given)


def place_of(name: str, given: str | None = None) -> str:
    """Return a measure in a few words, with what is held fixed after a stroke."""
    return SHORT[name] + ("" if given is None else f" | {SHORT[given]}")


# ---- In words ----------------------------------------------------------------------------------
def no_correlations(sides: tuple[Side, Side]) -> str:
    """Say whose correlations there are none of, and why; each sentence once."""
    told: dict[str, None] = {}  # in order, each once
    for side, rows in zip(sides, _both(*sides), strict=True):
        shown = _shown(side)
        if why := missing(shown, shown.frequency):
            told[why] = None
        elif len(rows) < LEAST or len({row.units for row in rows}) == 1:
            told[f"{side.name}: {no_correlation(shown)}"] = None
    return " ".join(told)


def answer(rows: Sequence[Compared], sides: tuple[Side, Side]) -> str:
    """Tell whether one goes more with what tells scenes apart, and with what is frequent."""
    shown, tests = _shown(sides[0]), sum(row.p is not None for row in rows)
    found = {(row.place, row.measure): row for row in rows}
    told = [f"{beyond_chance(rows)}."] if tests else []
    for name in (shown.informativeness, shown.frequency):
        if row := found.get((place_of(name), PEARSON)):
            told.append(f"{MEASURES[name].capitalize()}: {_said(row, sides, tests)}.")
        elif why := missing(shown, name):
            told.append(why)
    left = found.get((place_of(shown.informativeness, GIVEN), PEARSON))
    if left:
        told.append(
            f"With {FREQUENCY[GIVEN]} held fixed (partial correlation):"
            f" {_two(left.value)} in {sides[0].name}, {_two(left.other_value)} in {sides[1].name},"
            f" a difference of {_difference(left)}."
        )
    return " ".join(told)


def _said(row: Compared, sides: tuple[Side, Side], tests: int) -> str:
    """Tell one correlation of both, and whether they differ beyond chance."""
    sure = row.p_holm is not None and row.p_holm < SURE
    verdict = f"{'beyond' if sure else 'not beyond'} chance{_p(row, tests)}"
    return (
        f"{WORDS[row.measure]} {_two(row.value)} in {sides[0].name}, {_two(row.other_value)} in"
        f" {sides[1].name}, a difference of {_difference(row)}, {verdict}"
    )


def _p(row: Compared, tests: int) -> str:
    """Return p alone and corrected: one may be small, and the other not."""
    if row.p is None or row.p_holm is None:
        return ""
    many = "1 comparison" if tests == 1 else f"{tests} comparisons"
    return f" (p = {row.p:.2g}, {row.p_holm:.2g} after Holm’s correction for {many})"


def _difference(row: Compared) -> str:
    signed = [
        "–" if one is None else written(one, sign="+")
        for one in (row.difference, row.difference_low, row.difference_high)
    ]
    return signed[0] if row.difference_low is None else f"{signed[0]} ({signed[1]} to {signed[2]})"


def _two(value: float | None) -> str:
    return "–" if value is None else written(value)


UNITS = Comparable(
    statistic="objects",
    tab="objects",
    question="Which objects have more units in {first} or in {second}?",
    place="object",
    blocks=[Block("units", [Measure("units", IN_UNITS, IN_UNITS, True)])],
    units=units,
    method="Share of the units that count (those with the name of a thing, by the threshold) that"
    " stand for the object, of all layers asked together. A network whose units name little has few"
    " that count: n says how many, and Detectors asks of how many of all units.",
    everyone=units_that_count,
)
COVERAGE = Comparable(
    statistic="coverage",
    tab="objects",
    question="Do the units of {first} or of {second} name more of what is in the images?",
    place="layer",
    blocks=[Block("named", [Measure("named", "share of objects", "share of objects", True)])],
    units=named,
    method="An object is named when at least one unit of the layer, or of any, stands for it.",
    pairs="objects",
)
CORRELATIONS = Comparable(
    statistic="correlations",
    tab="objects",
    question="Do the units of {first} or of {second} go more with what tells scenes apart?",
    place="measure",
    blocks=[Block("r", list(COEFFICIENT.values()))],
    units=Between(correlations),
    method="Units per object against each measure of the objects, over the same objects for both"
    " networks. A bar between two measures: what is left of the first, given the second; it has an"
    " interval and no p. p: the two networks’ numbers of units for an object change places, each"
    " on its own scale (mean 0 and deviation 1, or ranks), so that having more units in all makes"
    " no difference.",
    pairs="objects",
    lacking=no_correlations,
    told=answer,
)
