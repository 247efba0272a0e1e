"""What the units of a run detect: by layer beside baselines, by class below its cap, by unit."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from analysis.models import ClassScore, Network, Run, State, Unit
from analysis.services.dissection import DETECTS, options_in, read_summary
from analysis.services.figure_links import concept_page, layer_page, named
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
    rings_on_bars,
    strokes_on_bars,
)
from analysis.services.findings import runs_with
from analysis.services.measures import Statistic
from analysis.services.sharing import is_shared

Summary = Mapping[str, Any]
UNTRAINED = "random:"


class LayerDetectors(NamedTuple):
    """The detectors of one layer, and what baselines reach in it."""

    layer: str
    units: int
    detectors: int  # units whose best class has IoU > 0.04
    classes: int  # that they detect
    shuffled: int  # units that would detect one with the masks of other images
    untrained: int | None  # detectors of an untrained network; none: no such run
    silent: int  # units that are nowhere on
    best_iou: float
    precision: float | None  # of the units' own best classes, over pixels where they are on
    constant: str | None  # the one label that fits all units best
    constant_precision: float | None


class UnitClass(NamedTuple):
    """One unit and one of its best classes; see ClassScore."""

    layer: str
    channel: int
    rank: int
    name: str
    detects: bool
    iou: float
    cap: float
    chance: float
    f1: float
    precision: float
    average_precision: float
    correlation: float


class ClassReach(NamedTuple):
    """One class of the masks: how much there is of it, and who covers it best."""

    name: str
    images: int
    share: float  # of all pixels of known classes
    cap: float  # of a unit that is on at the run's share of pixels
    detectors: int
    best_iou: float
    best_layer: str
    best_unit: int


def by_layer(run: Run) -> list[LayerDetectors]:
    """Return the detectors of each layer, in the network's order; none before the step is done."""
    summary = read_summary(run)
    if summary is None:
        return []
    baseline = untrained_run(run)
    told = read_summary(baseline) if baseline else None
    base = {row["layer"]: row for row in told["layers"]} if told else {}
    return [
        LayerDetectors(
            **{name: row[name] for name in LayerDetectors._fields if name in row}
            | {"classes": len(row["classes"])},
            untrained=base[row["layer"]]["detectors"] if row["layer"] in base else None,
        )
        for row in summary["layers"]
    ]


def by_unit(run: Run) -> Iterator[UnitClass]:
    """Give the best classes of all units, in the network's order."""
    rows = ClassScore.objects.filter(run=run)
    rows = rows.order_by("unit__layer__position", "unit__channel", "rank")
    names = ("unit__layer__name", "unit__channel", "rank", "name", *UnitClass._fields[5:])
    for layer, unit, rank, name, iou, *others in rows.values_list(*names).iterator():
        yield UnitClass(layer, unit, rank, name, rank == 0 and iou > DETECTS, iou, *others)


def by_class(run: Run) -> list[ClassReach]:
    """Return the classes, those with most pixels first."""
    summary = read_summary(run) or {"classes": (), "layers": ()}
    found = [
        ClassReach(
            **{name: row[name] for name in ClassReach._fields if name in row},
            detectors=sum(layer["classes"].get(row["name"], 0) for layer in summary["layers"]),
        )
        for row in summary["classes"]
    ]
    return sorted(found, key=lambda row: (-row.share, row.name))


BY_LAYER = Statistic("detectors", "Detectors of each layer", "dissect", LayerDetectors, by_layer)
BY_CLASS = Statistic("classes", "Classes of the masks", "dissect", ClassReach, by_class)
BY_UNIT = Statistic("dissection", "Best classes of each unit", "dissect", UnitClass, by_unit)


def untrained_run(run: Run) -> Run | None:
    """Return the newest dissection of an untrained network like the run's, over the same images.

    Like it are architecture and input, and the run's options; the weights are random. Beside a
    network that is public, or shared by a link, only a public one is shown: its readers may know
    of no other.
    """
    alike = Network.objects.filter(
        arch=run.network.arch,
        preprocessing=run.network.preprocessing,
        requested__weights__startswith=UNTRAINED,
        state=State.DONE,
    ).exclude(pk=run.network_id)
    if run.network.public or is_shared(run.network):
        alike = alike.filter(public=True)
    for network in alike:
        for other in runs_with(network, "dissect").filter(image_set=run.image_set):
            if options_in(other.recipe) == options_in(run.recipe):
                return other
    return None


def classes_of(unit: Unit, run: Run | None) -> list[ClassScore]:
    """Return a unit's best classes: as the run found them, else the newest run that looked."""
    rows = ClassScore.objects.filter(unit=unit).select_related("run__image_set")
    newest = rows.filter(run=run).first() or rows.order_by("-run__finished_at", "-run").first()
    return list(rows.filter(run=newest.run).order_by("rank")) if newest else []


LAYER_COLUMNS = (
    Column("layer", "Layer"),
    Column("units", "Units"),
    Column("detectors", "Detectors"),
    Column("classes", "of classes"),
    Column("shuffled", "Other images’ masks"),
    Column("untrained", "Untrained network"),
    Column("silent", "Never on"),
    Column("best_iou", "Best IoU", 4),
    Column("precision", "Precision of labels", 2),
    Column("constant_precision", "of one label for all", 2),
)
CLASS_COLUMNS = (
    Column("name", "Class"),
    Column("images", "Images"),
    Column("percent", "% of pixels", 2),
    Column("cap", "Cap", 3),
    Column("detectors", "Detectors"),
    Column("best_iou", "Best IoU", 4),
    Column("best", "by"),
)


def layer_figure(run: Run, download: str) -> Figure | None:
    """Return the detectors of each layer beside the baselines; None before there are any."""
    layers = by_layer(run)
    if not layers:
        return None
    return Figure(
        name="detectors",
        question="How many units detect a class, and how many would by chance?",
        answer=_layer_answer(layers),
        spec=_layer_drawing(run, layers),
        columns=LAYER_COLUMNS,
        rows=[row._asdict() | {"href": layer_page(run.network.slug, row.layer)} for row in layers],
        method=_method(run, layers),
        download=download,
    )


def class_figure(run: Run, download: str) -> Figure | None:
    """Return how well each class is covered below its cap; None before the step is done."""
    classes = [row for row in by_class(run) if row.share > 0]
    if not classes:
        return None
    quantile = options_in(run.recipe)["quantile"]
    rows = [
        {
            **row._asdict(),
            "percent": 100 * row.share,
            "best": f"{row.best_layer} {row.best_unit}",
            "href": concept_page(row.name),
        }
        for row in classes
    ]
    return Figure(
        name="classes",
        question="Which classes are covered, and which are out of reach?",
        answer=_class_answer(classes, quantile),
        spec=_class_drawing(rows),
        columns=CLASS_COLUMNS,
        rows=rows,
        method=(
            f"Points: the best IoU of any unit with the class. Line: the cap. A unit on for a share"
            f" q = {quantile:g} of all pixels can reach at most q / f with a class that fills a"
            f" share f > q, and f / q with a smaller one. Dashed: {DETECTS}, above which a unit"
            " detects the class that it fits best, and no other: a class may have its point there"
            " and no detector. Shares are of the pixels of known classes."
        ),
        download=download,
    )


def _layer_answer(layers: list[LayerDetectors]) -> str:
    most = max(layers, key=lambda row: row.detectors / row.units)
    if not most.detectors:
        return f"No unit reaches an IoU above {DETECTS} with any class."
    told = (
        f"In {most.layer} {most.detectors:,} of {most.units:,} units"
        f" ({most.detectors / most.units:.0%}) detect one of {most.classes} classes; with the masks"
        f" of other images {most.shuffled:,} would"
    )
    if most.untrained is None:
        return f"{told}."
    return f"{told}, of an untrained network {most.untrained:,}."


def _detecting(run: Run) -> dict[str, list[int]]:
    """Return the units of each layer that detect a class, best first."""
    found: dict[str, list[int]] = {}
    rows = ClassScore.objects.filter(run=run, rank=0, iou__gt=DETECTS)
    for layer, unit in rows.order_by("-iou", "unit__channel").values_list(
        "unit__layer__name", "unit__channel"
    ):
        found.setdefault(layer, []).append(unit)
    return found


def _layer_drawing(run: Run, layers: list[LayerDetectors]) -> Spec:
    """Return bars of the share of units, with the baselines upon them."""
    detecting = _detecting(run)
    rows = [
        {
            "layer": row.layer,
            "observed": row.detectors / row.units,
            "shuffled": row.shuffled / row.units,
            "untrained": None if row.untrained is None else row.untrained / row.units,
            "words": f"{row.detectors:,}",
            "units": named(detecting.get(row.layer, [])),
            "href": layer_page(run.network.slug, row.layer),
        }
        for row in layers
    ]
    x = {"x": ordered("layer", "", [row.layer for row in layers])}
    y = "share of the layer’s units"
    tip = [
        channel("layer", "layer", "nominal"),
        channel("observed", "detect", format=".1%"),
        channel("units", "units, best first", "nominal"),
    ]

    def place(name: str) -> Spec:
        return x | {"y": channel(name, y, axis={"format": "%"})}

    return drawing(
        rows,
        mark("bar", place("observed") | {"tooltip": tip} | LINKED),
        *strokes_on_bars(place("shuffled")),
        *rings_on_bars(place("untrained")),
        mark("text", place("observed") | {"text": channel("words", kind="nominal")}, "label"),
    )


def _class_answer(classes: list[ClassReach], quantile: float) -> str:
    covered = [row for row in classes if row.detectors]
    hidden = [row.name for row in classes if row.cap <= DETECTS]
    verb = "is" if len(covered) == 1 else "are"
    told = f"{len(covered)} of {len(classes)} classes {verb} detected by some unit"
    if covered:
        best = max(covered, key=lambda row: row.best_iou)
        told += f", {best.name} the best one (IoU {best.best_iou:.2f})"
    if not hidden:
        return f"{told}; none is out of reach."
    some = ", ".join(hidden[:4]) + (", …" if len(hidden) > 4 else "")
    are = "is" if len(hidden) == 1 else "are"
    return f"{told}; {some} {are} capped below {DETECTS} at a quantile of {quantile:g}."


def _readable(rows: list[dict[str, Any]]) -> list[bool]:
    """Return which classes are named in the drawing: those with detectors, none over another.

    Of two that would lie over one another the better is named; the table has them all.
    """
    least, most = (math.log(choose(row["percent"] for row in rows)) for choose in (min, max))
    across, upward = (most - least) or 1.0, max(row["best_iou"] for row in rows) or 1.0
    taken: list[tuple[float, float]] = []
    named = {}
    for row in sorted(rows, key=lambda row: -row["best_iou"]):
        place = (math.log(row["percent"]) - least) / across, row["best_iou"] / upward
        free = all(abs(place[0] - x) > 0.075 or abs(place[1] - y) > 0.07 for x, y in taken)
        named[row["name"]] = row["detectors"] > 0 and free
        taken += [place] if named[row["name"]] else []
    return [named[row["name"]] for row in rows]


def _class_drawing(rows: list[dict[str, Any]]) -> Spec:
    """Return the best IoU of each class over its share of pixels, below its cap."""
    limit = [{"limit": DETECTS}]
    log = {"type": "log", "nice": False}
    x = {"x": channel("percent", "% of pixels (logarithmic scale)", scale=log)}
    y = "best IoU"
    scale = {"domain": [0, max(0.1, 1.25 * max(row["best_iou"] for row in rows))], "clamp": True}
    tip = [
        channel("name", "class", "nominal"),
        channel("best_iou", "best IoU", format=".3f"),
        channel("best", "by unit", "nominal"),
    ]
    line = mark("line", x | {"y": channel("cap", y, scale=scale)}, "interval")
    rule = mark("rule", {"y": channel("limit", y)}, "reference") | {"data": {"values": limit}}
    best = {"y": channel("best_iou", y), "tooltip": tip} | LINKED
    words = {"y": channel("best_iou", y), "text": channel("name", kind="nominal")}
    rows = [row | {"named": name} for row, name in zip(rows, _readable(rows), strict=True)]
    told = mark("text", x | words, "label") | {"transform": [{"filter": "datum.named"}]}
    return drawing(rows, line, rule, mark("point", x | best), told)


def _method(run: Run, layers: list[LayerDetectors]) -> str:
    options, summary = options_in(run.recipe), read_summary(run) or {}
    cells = "pixel by pixel" if options["cell"] == 1 else f"on cells of {options['cell']} px"
    left_out = summary.get("without_mask", 0) + summary.get("refused", 0)
    images = f"{summary.get('compared', 0):,} images"
    if left_out:
        images += f"; {left_out:,} without a mask that can be used are left out"
    told = (
        f"Network Dissection: a unit is on at its top {100 * options['quantile']:g}% of activations"
        f" and detects its best class where IoU > {DETECTS}, {cells} ({images}). Bars: this"
        " network. Strokes: the same maps with the masks of other images, shuffled."
    )
    if any(row.untrained is not None for row in layers):
        told += " Rings: the same architecture with random weights."
    names = {row.constant for row in layers if row.constant}
    if names:
        told += (
            " Precision: the share of the pixels where a unit is on that are of its class; one"
            f" label for all units is {' or '.join(sorted(names))}."
        )
    return told
