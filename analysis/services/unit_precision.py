"""How well each single unit keeps to one concept: a layer's units from the best to the worst."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from analysis.services.figure_links import unit_page
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    Missing,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
)
from analysis.services.meaning_figures import Shown
from analysis.services.meanings import Label
from analysis.services.measures import LabelStatistic

LAYERS = 6  # that are drawn: more lines than these cannot be told apart
POINTS = 200  # of one layer that are drawn
# Of a layer's units, best first, so many have at least this precision.
SHARES = {"tenth": 0.1, "quarter": 0.25, "half": 0.5, "most": 0.75, "nearly": 0.9}


class UnitPrecision(NamedTuple):
    """One unit among those of its layer that have a precision."""

    layer: str
    channel: int
    category: str
    precision: float
    rank: int  # 1 is the best of the layer; equals in the order of their channels
    of: int  # units of the layer with a precision
    above: bool  # the threshold


def rows(labels: list[Label], threshold: float) -> Iterator[UnitPrecision]:
    """Give the units that have a precision, layer by layer, best first."""
    for layer, some in groupby(labels, key=lambda label: label.layer):
        known = [
            (-label.precision, label.channel, label.category)
            for label in some
            if label.precision is not None
        ]
        for rank, (less, unit, category) in enumerate(sorted(known), start=1):
            yield UnitPrecision(layer, unit, category, -less, rank, len(known), -less > threshold)


BY_UNIT = LabelStatistic(
    name="unit-precision",
    summary="Precision of each unit, a layer's units from the best to the worst",
    row=UnitPrecision,
    rows=rows,
)
COLUMNS = (
    Column("layer", "Layer"),
    Column("units", "Units"),
    Column("tenth", "A tenth has at least", 3),
    Column("quarter", "a quarter", 3),
    Column("half", "half", 3),
    Column("most", "three quarters", 3),
    Column("nearly", "nine tenths", 3),
    Column("above", "Above the threshold"),
)


def figure(shown: Shown) -> Figure | Missing:
    """Return the sorted precisions of each layer, or what is missing."""
    question = "How many units of a layer keep to one concept, and how well?"
    layers = {
        layer: list(some)
        for layer, some in groupby(rows(shown.labels, shown.threshold), key=lambda row: row.layer)
    }
    if not layers:
        return Missing(question, "No label has a precision: those of people and publications do.")
    return Figure(
        name="sorted",
        question=question,
        answer=_answer(layers),
        spec=_drawing(shown, layers),
        columns=COLUMNS,
        rows=[_told(shown, layer, some) for layer, some in layers.items()],
        method=_method(shown, layers),
        download=shown.downloads[BY_UNIT.name],
        note=shown.note,
    )


def reached(some: Sequence[UnitPrecision], share: float) -> float:
    """Return the precision that a share of the units has at least; they are sorted, best first."""
    return some[max(1, ceil(share * len(some))) - 1].precision


def _told(shown: Shown, layer: str, some: Sequence[UnitPrecision]) -> dict[str, Any]:
    ends = {name: reached(some, share) for name, share in SHARES.items()}
    above = sum(row.above for row in some)
    page = {"href": shown.page_of(layer)}
    return {"layer": layer, "units": len(some), **ends, "above": above, **page}


def _answer(layers: dict[str, list[UnitPrecision]]) -> str:
    halves = [(reached(some, 0.5), layer) for layer, some in layers.items()]
    (least, last), (most, first) = min(halves), max(halves)
    if first == last:
        return f"Half of the units of {first} have a precision of at least {most:.2f}."
    return (
        f"Half of the units have a precision of at least {most:.2f} in {first}, and of at least"
        f" {least:.2f} in {last}."
    )


def _method(shown: Shown, layers: dict[str, list[UnitPrecision]]) -> str:
    told = (
        "The units of each layer from the best to the worst; precision: the mean over a unit's"
        f" answers of images kept / images shown. Dashed: the threshold, {shown.threshold:g}."
    )
    if len(layers) > LAYERS:
        told += f" Drawn are {LAYERS} of {len(layers)} layers; the table has all."
    if any(len(some) > POINTS for some in layers.values()):
        told += f" Of a layer {POINTS} units are drawn, evenly spaced; the rows have all."
    return told


def _drawing(shown: Shown, layers: dict[str, list[UnitPrecision]]) -> Spec:
    """Return a falling line for each layer; along it the pointer finds each unit."""
    drawn = {layer: layers[layer] for layer in _spaced(list(layers), LAYERS)}
    told = [_point(shown, row) for some in drawn.values() for row in _spaced(some, POINTS)]
    place = {
        "x": channel("share", "units, best first", axis={"format": "%", "tickCount": 5}),
        "y": channel("precision", "precision"),
        "color": ordered("layer", "", drawn, scale={"range": "ordinal"}),
    }
    tip = [
        channel("unit", "unit", "nominal"),
        channel("precision", "precision", format=".3f"),
        channel("rank", "rank in its layer"),
    ]
    limit = mark("rule", {"y": channel("limit", "precision")}, "reference")
    dash = {"strokeDash": ordered("layer", "", drawn, legend=None)}
    # Not seen, only found by the pointer: dots would hide which line is which.
    unit = {"size": {"value": 60}, "opacity": {"value": 0}, "tooltip": tip}
    return drawing(
        told,
        limit | {"data": {"values": [{"limit": shown.threshold}]}},
        mark("line", place | dash),
        mark("point", place | unit | LINKED),
    )


def _spaced(some: Sequence[Any], most: int) -> list[Any]:
    """Return at most so many of a sequence, evenly spaced, with both ends."""
    if len(some) <= most:
        return list(some)
    return [some[place] for place in np.linspace(0, len(some) - 1, most).round().astype(int)]


def _point(shown: Shown, row: UnitPrecision) -> dict[str, Any]:
    page = unit_page(shown.network, row.layer, row.channel) if shown.network else ""
    share = row.rank / row.of
    return {**row._asdict(), "share": share, "unit": f"{row.layer} {row.channel}", "href": page}
