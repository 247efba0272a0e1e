"""Comparisons as figures: both in the same axes, and the table of differences with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from analysis.core.differences import SURE
from analysis.core.meanings import RESAMPLES
from analysis.models import Source
from analysis.services.comparing import Comparable, Compared, Comparison, Measure, Side
from analysis.services.comparison_addresses import download, page_of
from analysis.services.comparison_words import beyond_chance
from analysis.services.figures import (
    BLANK,
    HEIGHT,
    LINKED,
    Column,
    Figure,
    Missing,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
    whiskers,
    written,
)

# Lines of a drawing: layers have an order, of other places those that differ most are drawn. The
# table has them all.
DRAWN, LAYERS_DRAWN = 24, 60
LINE = 28  # pixels
THINGS = {"images": "image", "objects": "object"}  # what is drawn anew; else units
SMALLEST = 0.0001  # p in the table, which has four digits: none of them is 0
NAMED = 6  # places that are left out are named up to so many


def figures(found: Comparison, first: Side, second: Side) -> list[Figure | Missing]:
    """Return a figure for each axis of a comparison; or why there is nothing to compare."""
    comparable = found.comparable
    if not found.rows:
        return [Missing(comparable.asks(first, second), nothing(found, first, second))]
    axes: dict[str, list[Measure]] = {}
    for measure in comparable.measures:
        axes.setdefault(measure.axis, []).append(measure)
    shown = []
    for number, (axis, measures) in enumerate(axes.items()):
        names = {measure.name for measure in measures}
        if rows := [row for row in found.rows if row.measure in names]:
            several = "" if number == 0 else f"-{number + 1}"
            shown.append(_figure(found, (first, second), (axis, measures), rows, several))
    return [*shown]


def _figure(
    found: Comparison,
    sides: tuple[Side, Side],
    axis: tuple[str, list[Measure]],
    rows: list[Compared],
    several: str,
) -> Figure:
    title, measures = axis
    comparable = found.comparable
    drawn = _drawn(rows, comparable.place)
    also = f" ({title})" if several and title not in comparable.questions else ""
    return Figure(
        name=f"{comparable.statistic}-both{several}",
        question=comparable.asks(*sides, title) + also,
        answer=comparable.told(rows, sides)
        if comparable.told
        else _answer(rows, sides, {one.name: one for one in measures}),
        spec=_drawing(drawn, comparable, sides, axis),
        columns=_columns(comparable.place, sides, measures),
        rows=[
            _told(row, {one.name: one for one in measures})
            | {"href": page_of(comparable, sides[0], row.place)}
            for row in rows
        ],
        method=_method(found, rows, sides, title) + _undrawn(drawn, rows),
        download=download(comparable.statistic, sides),
        note=note_of(sides),
    )


# ---- What is told ------------------------------------------------------------------------------
def nothing(found: Comparison, first: Side, second: Side) -> str:
    """Say why no place of both can be compared."""
    matching, place = found.matching, found.comparable.place
    if found.comparable.lacking and (told := found.comparable.lacking((first, second))):
        return told
    if not matching.pairs and matching.only_first and matching.only_second:
        return (
            f"{first.name} and {second.name} have no {place} in common:"
            f" {_some(matching.only_first)}; {_some(matching.only_second)}."
        )
    lacking = [
        side.name
        for side, mine in ((first, matching.only_first), (second, matching.only_second))
        if not mine and not matching.pairs
    ]
    if lacking:
        return f"Nothing of this kind was measured for {' and '.join(lacking)}."
    if found.in_pairs:
        return (
            f"No unit or image was measured in both {first.name} and {second.name}, so there are no"
            " pairs to compare."
        )
    return (
        f"What was measured is not of the same kind in {first.name} and {second.name}: the figures"
        " of each show it."
    )


def _answer(
    rows: Sequence[Compared], sides: tuple[Side, Side], measures: Mapping[str, Measure]
) -> str:
    """Name the largest difference, and how many of all are beyond chance."""
    known = [row for row in rows if row.difference is not None]
    if not known:
        return f"Nothing can be compared: {sides[0].name} or {sides[1].name} has no value."
    tested = [row for row in known if row.p_holm is not None]
    sure = [row for row in tested if (row.p_holm or 0.0) < SURE]
    most = max(sure or known, key=lambda row: abs(row.difference or 0.0))
    one = measures[most.measure]
    what = f"{one.title}, {most.place}" if len(measures) > 1 or len(rows) > 1 else most.place
    told = (
        f"{what}: {_number(most.value, one)} in {sides[0].name},"
        f" {_number(most.other_value, one)} in {sides[1].name},"
        f" a difference of {_signed(most.difference, one)}{_interval(most, one)}."
    )
    if not tested:
        return f"{told} There are too few units, or none that vary, to say whether that is chance."
    return f"{beyond_chance(rows)}{'. The largest' if len(known) > 1 else ''}: {told}"


def _number(value: float | None, measure: Measure) -> str:
    return "–" if value is None else f"{value:.{measure.digits}f}"


def _signed(value: float | None, measure: Measure) -> str:
    return "–" if value is None else written(value, measure.digits, "+")


def _interval(row: Compared, measure: Measure) -> str:
    if row.difference_low is None:
        return ""
    low, high = (_signed(one, measure) for one in (row.difference_low, row.difference_high))
    return f" ({low} to {high})"


def _method(
    found: Comparison, rows: Sequence[Compared], sides: tuple[Side, Side], axis: str
) -> str:
    """Say how it was measured, matched and compared, and what is unlike beside that."""
    told = [
        found.comparable.method,
        found.comparable.methods.get(axis, ""),
        _matched(found),
        _intervals(found, rows),
        *_unlike(found.comparable.statistic, sides),
        *_left_out(found, sides),
    ]
    return " ".join(one for one in told if one)


def _matched(found: Comparison) -> str:
    place = found.comparable.place
    if found.matching.by == "depth":
        return (
            f"No {place} has the same name in both: each of the shorter network is set against the"
            " one at the same relative depth of the other."
        )
    return f"{place.capitalize()} by {place}, matched by name."


def _intervals(found: Comparison, rows: Sequence[Compared]) -> str:
    """Say in which way the intervals of these rows were found, and what chance means."""
    ways = {row.interval for row in rows}
    one = THINGS.get(found.comparable.pairs, "unit")
    sample = (
        f"Both measured the same {one}s, so each is its own partner; what only one of them has is"
        " left out."
        if found.in_pairs
        else f"Two independent samples of {one}s."
    )
    parts = [f"{sample} 95% intervals of the differences:"]
    names = {
        "bootstrap": f"bootstrap over {one}s, {RESAMPLES:,} resamples; p by as many permutations",
        "paired bootstrap": f"bootstrap over pairs, {RESAMPLES:,} resamples; p by as many"
        " exchanges within pairs",
        "Newcombe": "shares by Newcombe’s method; p by Fisher’s exact test",
        "paired Newcombe": "shares by Newcombe’s method for pairs; p by McNemar’s exact test",
    }
    parts.append("; ".join(words for way, words in names.items() if way in ways) or "none")
    constant = sum(row.interval == "none" for row in rows)
    lacking = f" {constant} without an interval: too few {one}s, or constant values." * bool(
        constant
    )
    tests = sum(row.p_holm is not None for row in found.rows)
    return (
        f"{parts[0]} {parts[1]}.{lacking} p (Holm): after Holm’s correction for the {tests}"
        f" difference{'' if tests == 1 else 's'} of this statistic, below {SURE:g} called beyond"
        " chance; intervals are not corrected."
    )


def _unlike(statistic: str, sides: tuple[Side, Side]) -> Iterable[str]:
    """Say what differs beside the networks: images, options, whose labels."""
    first, second = sides
    if first.run and second.run:
        if first.run.image_set_id != second.run.image_set_id:
            yield (
                f"They saw different images: {first.run.image_set.slug} and"
                f" {second.run.image_set.slug}."
            )
        if first.run.recipe.get("options") != second.run.recipe.get("options"):
            yield "Their runs had different options."
    if first.choice and second.choice:
        sources = [side.choice.wanted.source for side in sides if side.choice]
        if sources[0] != sources[1]:
            yield f"Their labels are of different sources: {sources[0]} and {sources[1]}."


def _left_out(found: Comparison, sides: tuple[Side, Side]) -> Iterable[str]:
    lists = (found.matching.only_first, found.matching.only_second)
    for side, left in zip(sides, lists, strict=True):
        if left and found.matching.pairs:
            yield f"Only in {side.name}: {_some(left)}."


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def note_of(sides: tuple[Side, Side]) -> str:
    """Say what is made, or not said by people, of either side."""
    sources = {side.choice.wanted.source for side in sides if side.choice}
    parts = ["simulated workers"] if Source.SIMULATED in sources else []
    parts += ["made by a machine"] if Source.MACHINE in sources else []
    made = [side.synthetic for side in sides]
    parts += ["synthetic"] if all(made) else []
    parts += [f"{sides[made.index(True)].name} synthetic"] if sum(made) == 1 else []
    return " · ".join(parts)


# ---- The table ---------------------------------------------------------------------------------
def _columns(place: str, sides: tuple[Side, Side], measures: Sequence[Measure]) -> Sequence[Column]:
    digits = max(measure.digits for measure in measures)
    return (
        Column("place", place.capitalize()),
        *((Column("title", "What"),) if len(measures) > 1 else ()),
        Column("value", sides[0].name, digits),
        Column("value_interval", "95%"),
        Column("units", "n"),
        Column("other_value", sides[1].name, digits),
        Column("other_interval", "95%"),
        Column("other_units", "n"),
        Column("difference", "Difference", digits),
        Column("difference_interval", "95%"),
        Column("p", "p", 4, SMALLEST),
        Column("p_holm", "p (Holm)", 4, SMALLEST),
    )


def _told(row: Compared, measures: Mapping[str, Measure]) -> dict[str, Any]:
    """Return a row of the table, with both names of a place and intervals in words."""
    measure, told = measures[row.measure], row._asdict()
    place = row.place if row.place == row.other_place else f"{row.place} – {row.other_place}"
    told |= {"value_low": row.low, "value_high": row.high}
    words = {
        f"{name}_interval": _between(told[f"{name}_low"], told[f"{name}_high"], measure)
        for name in ("value", "other", "difference")
    }
    return {**told, "place": place, "title": measure.title, **words}


def _between(low: float | None, high: float | None, measure: Measure) -> str | None:
    if low is None or high is None:
        return None
    return f"{written(low, measure.digits)}{BLANK}to{BLANK}{written(high, measure.digits)}"


# ---- The drawing -------------------------------------------------------------------------------
def _drawing(
    rows: Sequence[Compared],
    comparable: Comparable,
    sides: tuple[Side, Side],
    axis: tuple[str, list[Measure]],
) -> Spec:
    """Return a line for each place and measure, with a point and its interval for either side."""
    title, measures = axis
    order = {measure.name: number for number, measure in enumerate(measures)}
    titles = {measure.name: measure.title for measure in measures}
    lines = sorted(rows, key=lambda row: order[row.measure])
    values: list[dict[str, Any]] = [
        {"line": _line(row, titles), "side": side.name, **dict(zip(ENDS, ends, strict=True))}
        | {"href": page_of(comparable, side, place)}
        for row in lines
        for side, ends, place in zip(sides, _ends(row), (row.place, row.other_place), strict=True)
    ]
    names = [side.name for side in sides]
    who = partial(channel, "side", "", "nominal", sort=names)
    place = {
        "y": ordered("line", "", dict.fromkeys(one["line"] for one in values)),
        "yOffset": ordered("side", "", names),
    }
    point = {
        "x": channel("value", title, scale={"zero": False}),
        "color": who(scale={"domain": names, "range": "category"}),
        "shape": who(scale={"domain": names, "range": SHAPES}),
        "tooltip": [
            channel("side", "of", "nominal"),
            channel("line", "what", "nominal"),
            channel("value", "value", format=".3f"),
        ],
    }
    if any(one["href"] for one in values):
        point |= LINKED
    bars = whiskers("low", "high", place, title, along="x")
    height = max(HEIGHT, LINE * len(lines))
    return drawing(values, bars, mark("point", place | point), height=height)


ENDS = ("value", "low", "high")
SHAPES = ["circle", "diamond"]


def _drawn(rows: Sequence[Compared], place: str) -> list[Compared]:
    """Return the rows to draw in their order: all, or those that differ most."""
    known = _valued(rows)
    most = LAYERS_DRAWN if place == "layer" else DRAWN
    largest = sorted(known, key=lambda row: -abs(row.difference or 0.0))[:most]
    return [row for row in known if row in largest]


def _valued(rows: Sequence[Compared]) -> list[Compared]:
    return [row for row in rows if row.value is not None or row.other_value is not None]


def _undrawn(drawn: Sequence[Compared], rows: Sequence[Compared]) -> str:
    """Say that those that differ most are drawn, where these are not all that could be."""
    all_of = len(_valued(rows))
    if len(drawn) == all_of:
        return ""
    return f" Drawn: the {len(drawn)} largest differences of {all_of}; the table has all."


def _ends(row: Compared) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    first = (row.value, row.low, row.high)
    return first, (row.other_value, row.other_low, row.other_high)


def _line(row: Compared, titles: Mapping[str, str]) -> str:
    """Return the words beside a line of the drawing."""
    place = row.place if row.place == row.other_place else f"{row.place} – {row.other_place}"
    return f"{titles[row.measure]}, {place}" if len(titles) > 1 else place
