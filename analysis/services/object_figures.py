"""Objects as figures: which ones units stand for, and how much of what is there they name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.models import Source
from analysis.services.dissection import DETECTS
from analysis.services.figure_links import concept_page, layer_page
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
    whole_numbers,
)
from analysis.services.meaning_figures import note_of
from analysis.services.object_coverage import coverage, objects_there
from analysis.services.objects import (
    ObjectCorrelation,
    ObjectCount,
    UnitObject,
    Wanted,
    correlations_of,
    counts_of,
    summary_of,
    unit_objects,
)

DRAWN = 30  # objects in the drawing; the table has all
COLOURS = 6  # layers that can be told apart by colour
TOLD = 20  # objects that a sentence names, units that a row does


@dataclass(frozen=True)
class Shown:
    """What the figures are about, read once: whose labels, which measures, where the rows are."""

    wanted: Wanted
    frequency: str  # a measure of services.objects.FREQUENCY
    informativeness: str
    counted: str  # over which objects correlations are: all, or named
    downloads: Mapping[str, str]  # statistic → address of its rows

    @cached_property
    def units(self) -> list[UnitObject]:
        """Return the units that count."""
        return unit_objects(self.wanted)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """Return what a run has counted of the image set; None where none has."""
        return summary_of(self.wanted.image_set)

    @cached_property
    def rows(self) -> list[ObjectCount]:
        """Return every class with its units."""
        return list(counts_of(self.units, self.wanted.image_set, self.summary))

    @cached_property
    def correlations(self) -> list[ObjectCorrelation]:
        """Return the correlations over the objects asked for."""
        return list(correlations_of(self.rows, self.counted))

    @property
    def note(self) -> str:
        """Say what labels are that people did not give, or that are not of real things."""
        wanted = self.wanted
        parts = [note_of(wanted.source, wanted.network.synthetic)]
        parts += ["synthetic images"] if wanted.image_set.synthetic else []
        return " · ".join(part for part in parts if part)

    @property
    def threshold(self) -> str:
        """Say when a unit counts."""
        if self.wanted.source == Source.MACHINE:
            return f"a machine found its class (IoU > {DETECTS})"
        return f"its precision is above {self.wanted.threshold:g}"


def units_figure(shown: Shown) -> Figure | Missing:
    """Return how many units of each layer stand for each object."""
    question = "Which objects do units stand for?"
    found = [unit for unit in shown.units if unit.object is not None]
    if not found:
        return Missing(question, _no_units(shown))
    rows = sorted((row for row in shown.rows if row.units), key=lambda row: -row.units)
    layers = list(dict.fromkeys(unit.layer for unit in found))
    named = _by_object(found, rows, layers)
    told = [
        {"object": row.object, "units": row.units, "names": _names(named, row.object, layers)}
        | {layer: len(named[row.object, layer]) for layer in layers}
        | {"href": concept_page(row.object)}
        for row in rows
    ]
    return Figure(
        name="objects",
        question=question,
        answer=_units_answer(shown, rows),
        spec=_units_drawing(named, [row.object for row in rows[:DRAWN]], layers),
        columns=[
            Column("object", "Object"),
            Column("units", "Units"),
            *(Column(layer, layer) for layer in layers if len(layers) > 1),
            Column("names", "Which"),
        ],
        rows=told,
        method=(
            f"A unit counts when {shown.threshold} and its group, if one is said, is regions, parts"
            f" or objects. Its object is the class of {shown.wanted.image_set} that its name means,"
            " by name or WordNet or a person (the table of matches); surfaces such as a wall or the"
            " sky are among them. A unit has one object, a class"
            f" may have many units. The drawing has the {DRAWN} objects with most units."
        ),
        download=shown.downloads["unit-objects"],
        note=shown.note,
    )


def _by_object(
    units: Sequence[UnitObject], rows: Sequence[ObjectCount], layers: Sequence[str]
) -> dict[tuple[str, str], list[int]]:
    """Return the channels of each object in each layer; none where a layer has none."""
    named: dict[tuple[str, str], list[int]] = {
        (row.object, layer): [] for row in rows for layer in layers
    }
    for unit in units:
        if unit.object is not None:
            named[unit.object, unit.layer].append(unit.channel)
    return named


COVERAGE_COLUMNS = (
    Column("layer", "Layer"),
    Column("units", "Units that count"),
    Column("concepts", "Unique concepts"),
    Column("matched", "Units with an object"),
    Column("named", "Objects named"),
    Column("of", "of"),
    Column("share", "Share", 3),
)
COVERAGE_METHOD = (
    "An object is named when at least one unit of the layer stands for it. Unique concepts:"
    " different words among the units that count, whether or not they mean a class."
)


def coverage_figure(shown: Shown) -> Figure | Missing:
    """Return the share of the image set's classes that units of each layer name."""
    question = "How much of what is in the images do units name?"
    classes = objects_there(shown.rows, shown.summary is not None)
    if not shown.units or not classes:
        why = _no_units(shown) if classes else "The masks of these images hold no class at all."
        return Missing(question, why)
    layers = list(dict.fromkeys(unit.layer for unit in shown.units))
    network = shown.wanted.network.slug
    rows = [
        coverage(shown.units, classes, layer)._asdict() | {"href": layer_page(network, layer)}
        for layer in layers
    ]
    whole = coverage(shown.units, classes, None)._asdict()
    return Figure(
        name="coverage",
        question=question,
        answer=_coverage_answer(shown, classes, whole),
        spec=_coverage_drawing(rows),
        columns=COVERAGE_COLUMNS,
        rows=[*rows, whole | {"layer": "all"}] if len(rows) > 1 else rows,
        method=COVERAGE_METHOD
        + (
            " Objects: the classes that the images hold."
            if shown.summary
            else " Objects: the classes of labels.json; no run has counted which are there."
        ),
        download=shown.downloads["coverage"],
        note=shown.note,
    )


def _no_units(shown: Shown) -> str:
    """Say why no unit stands for an object, and what to do."""
    wanted = shown.wanted
    if shown.units:
        some = ", ".join(sorted({unit.concept for unit in shown.units})[:5])
        return (
            f"None of the concepts of these units ({some}) means a class of {wanted.image_set}: say"
            " which class each means in the table of matches, or choose another image set."
        )
    if wanted.source == Source.MACHINE:
        return "No unit of these layers has a class that a machine found: choose more layers."
    return (
        f"No unit of these layers has the name of a region, part or object and a precision above"
        f" {wanted.threshold:g}: lower the threshold, or choose more layers."
    )


def _names(named: Mapping[tuple[str, str], list[int]], name: str, layers: Sequence[str]) -> str:
    """Return the first units of an object in words, layer by layer."""
    every = [(layer, number) for layer in layers for number in named[name, layer]]
    shown: dict[str, list[int]] = {}
    for layer, number in every[:TOLD]:
        shown.setdefault(layer, []).append(number)
    told = "; ".join(f"{layer} {', '.join(map(str, some))}" for layer, some in shown.items())
    return told + (f" and {len(every) - TOLD} more" if len(every) > TOLD else "")


def _units_answer(shown: Shown, rows: Sequence[ObjectCount]) -> str:
    units = sum(row.units for row in rows)
    most = ", ".join(f"{row.object} ({row.units})" for row in rows[:3])
    verb = "stands" if units == 1 else "stand"
    return (
        f"{units:,} of the {len(shown.units):,} units that count {verb} for {len(rows)}"
        f" object{'' if len(rows) == 1 else 's'}; most for {most}."
    )


def _units_drawing(
    named: Mapping[tuple[str, str], list[int]], objects: list[str], layers: list[str]
) -> Spec:
    """Return a bar for each object, cut into layers, from which the eye reads both."""
    rows = [
        {
            "object": name,
            "layer": layer,
            "units": len(named[name, layer]),
            "names": ", ".join(map(str, named[name, layer])),
            "href": concept_page(name),
        }
        for name in objects
        for layer in layers
        if named[name, layer]
    ]
    most = max(sum(len(named[name, layer]) for layer in layers) for name in objects)
    encoding: Spec = {
        "y": ordered("object", "", objects),
        "x": whole_numbers("units", "units", most),
        "tooltip": [
            channel("object", "object", "nominal"),
            channel("layer", "layer", "nominal"),
            channel("units", "units"),
            channel("names", "which", "nominal"),
        ],
    }
    if 1 < len(layers) <= COLOURS:
        encoding["color"] = ordered("layer", "", layers, scale={"range": "category"})
        encoding["order"] = {"field": "place", "type": "quantitative"}
        rows = [row | {"place": layers.index(str(row["layer"]))} for row in rows]
    bars = mark("bar", encoding | LINKED)
    return drawing(rows, bars, height=max(80, 20 * len(objects)))


def _coverage_answer(shown: Shown, classes: Sequence[str], whole: Mapping[str, Any]) -> str:
    named = {unit.object for unit in shown.units}
    left = [name for name in classes if name not in named]
    verb = "is" if whole["named"] == 1 else "are"
    told = (
        f"{whole['named']} of {whole['of']} objects ({whole['share']:.0%}) {verb} named by at least"
        " one unit"
    )
    if not left:
        return f"{told}; none is left."
    some = ", ".join(left[:TOLD]) + (f" and {len(left) - TOLD} more" if len(left) > TOLD else "")
    return f"{told}. Not named: {some}."


def _coverage_drawing(rows: Sequence[Mapping[str, Any]]) -> Spec:
    encoding = {
        "x": ordered("layer", "", [row["layer"] for row in rows]),
        "y": channel(
            "share", "share of the objects", axis={"format": "%"}, scale={"domain": [0, 1]}
        ),
        "tooltip": [
            channel("layer", "layer", "nominal"),
            channel("named", "objects named"),
            channel("concepts", "unique concepts"),
        ],
    }
    return drawing(rows, mark("bar", {**encoding, **LINKED}))
