"""How large the empirical receptive fields of a run are: the paper's table, figure and rows."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from analysis.models import ReceptiveField, Run
from analysis.services.fields import LayerRow, layer_table
from analysis.services.figure_links import layer_page, unit_page
from analysis.services.figures import LINKED, Column, Figure, Spec, channel, drawing, mark, whiskers
from analysis.services.measures import Statistic

# Zhou et al. 2015, section 3.2: theoretical size of an AlexNet layer → mean and s.d. of the
# empirical sizes of Places-CNN and of ImageNet-CNN, in px of an input of 227 px.
PUBLISHED = {
    19: ((17.8, 1.6), (17.9, 1.6)),
    67: ((37.4, 5.9), (36.7, 5.4)),
    99: ((52.1, 10.6), (51.1, 9.9)),
    131: ((60.0, 13.7), (60.4, 16.0)),
    195: ((72.0, 20.0), (70.3, 21.6)),
}
NETWORKS = ("Places-CNN", "ImageNet-CNN")


class LayerFields(NamedTuple):
    """The fields of one layer, in pixels of the network's input."""

    layer: str
    theoretical: int | None  # none: a location sees the whole image
    size: float | None  # mean over units
    size_sd: float | None
    units: int  # with a field
    without_field: int  # looked at, and none found
    settled: int  # stopped because more images would not have changed them
    published_places: float | None  # the paper's mean for a layer of this theoretical size
    published_places_sd: float | None
    published_imagenet: float | None
    published_imagenet_sd: float | None


class UnitField(NamedTuple):
    """The field of one unit, in pixels of the network's input; see ReceptiveField."""

    layer: str
    channel: int
    size: float | None
    size_low: float | None
    size_high: float | None
    dy: float | None
    dx: float | None
    anisotropy: float | None
    spread: float | None
    images: int
    stride: int | None
    settled: bool
    problem: str


def by_layer(run: Run) -> list[LayerFields]:
    """Return the paper's table of a run, in the network's order; layers not looked at left out."""
    return [_layer(row) for row in layer_table(run) if row.units or row.problems]


def by_unit(run: Run) -> Iterator[UnitField]:
    """Give the fields of all units that were looked at, in the network's order."""
    rows = ReceptiveField.objects.filter(run=run).order_by("unit__layer__position", "unit__channel")
    columns = UnitField._fields[2:11]
    names = ("unit__layer__name", "unit__channel", *columns, "converged", "problem")
    for values in rows.values_list(*names).iterator():
        yield UnitField(*values)


BY_LAYER = Statistic(
    name="fields",
    summary="Mean size of the empirical receptive fields of each layer beside the theoretical one",
    step="locate",
    row=LayerFields,
    rows=by_layer,
    settled=True,
)
BY_UNIT = Statistic(
    name="unit-fields",
    summary="The empirical receptive field of each unit",
    step="locate",
    row=UnitField,
    rows=by_unit,
    settled=True,
)


def figure(run: Run, download: str) -> Figure | None:
    """Return the sizes of the fields as a figure; None before any unit was looked at."""
    layers = by_layer(run)
    if not layers:
        return None
    published = any(row.published_places for row in layers)
    return Figure(
        name="sizes",
        question="How large is what a unit really looks at?",
        answer=_answer(layers),
        spec=_drawing(run, layers),
        columns=COLUMNS + (PUBLISHED_COLUMNS if published else ()),
        rows=[_told(row) | {"href": layer_page(run.network.slug, row.layer)} for row in layers],
        method=_method(run, published),
        download=download,
    )


COLUMNS = (
    Column("layer", "Layer"),
    Column("theoretical", "Theoretical, px"),
    Column("size", "Empirical mean, px", 1),
    Column("size_sd", "s.d.", 1),
    Column("units", "Units"),
    Column("without_field", "Without a field"),
    Column("settled", "Settled"),
)
PUBLISHED_COLUMNS = (
    Column("places", "Published, Places-CNN"),
    Column("imagenet", "Published, ImageNet-CNN"),
)


def _layer(row: LayerRow) -> LayerFields:
    (places, places_sd), (imagenet, imagenet_sd) = PUBLISHED.get(
        row.theoretical or 0, ((None, None), (None, None))
    )
    return LayerFields(
        layer=row.layer,
        theoretical=row.theoretical,
        size=row.mean,
        size_sd=row.deviation,
        units=row.units,
        without_field=row.problems,
        settled=row.converged,
        published_places=places,
        published_places_sd=places_sd,
        published_imagenet=imagenet,
        published_imagenet_sd=imagenet_sd,
    )


def _told(row: LayerFields) -> dict[str, Any]:
    """Return a row of the table, the paper's numbers as it gives them."""
    published = PUBLISHED.get(row.theoretical or 0)
    words = [f"{mean:.1f} ± {sd:.1f}" for mean, sd in published] if published else [None, None]
    whole = {} if row.theoretical else {"theoretical": "whole image"}
    return row._asdict() | whole | dict(zip(("places", "imagenet"), words, strict=True))


def _answer(layers: list[LayerFields]) -> str:
    known = [(row.layer, row.size, row.theoretical) for row in layers if row.size is not None]
    if not known:
        return "No unit that was looked at has a field: the table says how many were."
    shares = [(layer, size / whole) for layer, size, whole in known if whole]
    if not shares:
        sizes = ", ".join(f"{size:.0f} px in {layer}" for layer, size, _ in known)
        return f"On average {sizes}; these layers see the whole image in theory."
    (first, share), (last, least) = shares[0], shares[-1]
    more = f" and {least:.0%} in {last}" if len(shares) > 1 else ""
    return f"On average {share:.0%} of the theoretical size in {first}{more}."


def _drawing(run: Run, layers: list[LayerFields]) -> Spec:
    """Return each unit's size over its layer's theoretical one, means, and the paper's means."""
    title = "theoretical size, px (logarithmic scale)"
    x = {"x": channel("theoretical", title, scale=SCALE, axis=_axis(layers))}
    y = "empirical size, px"
    name = {"y": channel("high", y), "text": channel("layer", kind="nominal")}
    tip = [channel("layer", "layer", "nominal"), channel("mean", "mean, px", format=".1f")]
    single: Spec = {"y": channel("unit", y), "opacity": {"value": 0.35}} | LINKED
    single["tooltip"] = [
        channel("name", "unit", "nominal"),
        channel("unit", "its size, px", format=".1f"),
    ]
    return drawing(
        _points(run, layers),
        mark("tick", x | single),
        whiskers("low", "high", x, y),
        mark("point", x | {"y": channel("mean", y), "tooltip": tip}),
        mark("point", x | {"y": channel("published", y)}, "published"),
        mark("text", x | name, "label"),
    )


def _points(run: Run, layers: list[LayerFields]) -> list[dict[str, Any]]:
    """Return single units, then means with one s.d., then the paper's means."""
    theory = {row.layer: row.theoretical for row in layers}
    units: list[dict[str, Any]] = [
        {
            "layer": unit.layer,
            "theoretical": theory[unit.layer],
            "unit": unit.size,
            "name": f"{unit.layer} {unit.channel}",
            "href": unit_page(run.network.slug, unit.layer, unit.channel, run.short_key),
        }
        for unit in by_unit(run)
        if unit.size is not None and theory[unit.layer]
    ]
    means = [
        {
            "layer": row.layer,
            "theoretical": row.theoretical,
            "mean": row.size,
            "low": row.size - (row.size_sd or 0),
            "high": row.size + (row.size_sd or 0),
        }
        for row in layers
        if row.size is not None and row.theoretical
    ]
    papers = [
        {"theoretical": row.theoretical, "published": mean, "network": network}
        for row in layers
        if row.theoretical in PUBLISHED
        for network, (mean, _) in zip(NETWORKS, PUBLISHED[row.theoretical], strict=True)
    ]
    return units + means + papers


SCALE = {"type": "log", "nice": False, "padding": 24}


def _axis(layers: list[LayerFields]) -> Spec:
    """Return an axis that marks the layers' own sizes."""
    sizes = sorted({row.theoretical for row in layers if row.theoretical})
    return {"values": sizes, "grid": False, "format": "d"}


def _method(run: Run, published: bool) -> str:
    options = run.recipe.get("options", {}).get("locate", {})
    ways = {"grey": "grey", "blurred": "blurred"}
    occluder = ways.get(options.get("occluder", ""), "random pixels")
    told = (
        f"An 11 × 11 occluder ({occluder}) was moved over the units' strongest images; the change"
        " of the activation was recentred on the winning location and averaged. Size: side of"
        " the square as large as the area above half of the maximum. What is smaller than the"
        " occluder is found about as large as it: fields of the first layers may come out above the"
        " theoretical size. Whiskers: one s.d. over units; strokes: single units."
    )
    if published:
        told += " Rings: the paper's own means for AlexNet layers of the same theoretical size."
    return told
