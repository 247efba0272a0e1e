"""How much of the pictures the segmented images leave visible, layer by layer."""

from collections.abc import Mapping
from math import sqrt
from statistics import fmean
from typing import Any, NamedTuple

from django.db.models import Avg, Count, StdDev

from analysis.models import Run, Segment, TopImage
from analysis.services.figure_links import layer_page
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    apart,
    channel,
    drawing,
    mark,
    ordered,
    whiskers,
)
from analysis.services.measures import Statistic

COMPARED = 4  # units of a layer
SHARE = "share of the picture"
FIELDS = {"disc": "the layer's disc", "own": "the unit's own field"}


class Visible(NamedTuple):
    """What one layer's pictures show, with one kind of field."""

    layer: str
    field: str  # disc, or own
    units: int
    images: int
    visible: float  # mean share of the picture left undarkened
    visible_sd: float | None


def visible(run: Run) -> list[Visible]:
    """Return how much the strongest images of each layer leave visible, in the network's order."""
    shown = Segment.objects.filter(top_image__run=run, top_image__end=TopImage.End.TOP)
    layer = "top_image__unit__layer"
    found = (
        shown.order_by(f"{layer}__position", "field")
        .values_list(f"{layer}__name", "field", f"{layer}__position")
        .annotate(
            Count("top_image__unit", distinct=True),
            Count("pk"),
            Avg("visible"),
            StdDev("visible"),
        )
    )
    return [
        # Of a sample; the database's own function for it fails on SQLite with a single row.
        Visible(name, field, units, n, mean, sd * sqrt(n / (n - 1)) if n > 1 else None)
        for name, field, _, units, n, mean, sd in found
    ]


VISIBLE = Statistic(
    name="segments",
    summary="How much of its pictures each layer's fields leave visible",
    step="segment",
    row=Visible,
    rows=visible,
    settled=True,
)
COLUMNS = (
    Column("layer", "Layer"),
    Column("stamped", "Stamped with"),
    Column("units", "Units"),
    Column("images", "Images"),
    Column("visible", "Visible, mean", 3),
    Column("visible_sd", "s.d.", 3),
)


def figure(run: Run, download: str) -> Figure | None:
    """Return how much is left visible as a figure; None before there is any picture."""
    rows = visible(run)
    if not rows:
        return None
    drawn = [_drawn(run, row) for row in rows]
    layers = dict.fromkeys(row.layer for row in rows)
    place = {"x": ordered("layer", "", layers), "xOffset": {"field": "stamped"}}
    point = {
        "y": channel("visible", SHARE, scale={"domain": [0, 1]}),
        **apart("stamped", dict.fromkeys(row["stamped"] for row in drawn), "stamped with"),
        "tooltip": [
            channel("layer", "layer", "nominal"),
            channel("units", "units"),
            channel("visible", "visible", format=".3f"),
        ],
    } | LINKED
    return Figure(
        name="visible",
        question="How much of a picture do the units of a layer see?",
        answer=_answer(rows),
        spec=drawing(drawn, whiskers("low", "high", place, SHARE), mark("point", place | point)),
        columns=COLUMNS,
        rows=drawn,
        method=f"Of each unit the {run.recipe.get('top', 'strongest')} strongest images;"
        " whiskers are one standard deviation over pictures.",
        download=download,
    )


def _drawn(run: Run, row: Visible) -> Mapping[str, Any]:
    """Return a row with its words, the ends of its whisker and where its units are."""
    sd = row.visible_sd or 0.0
    low, high = max(0.0, row.visible - sd), min(1.0, row.visible + sd)
    words = {"stamped": FIELDS.get(row.field, row.field), "low": low, "high": high}
    return {**row._asdict(), **words, "href": layer_page(run.network.slug, row.layer)}


def _answer(rows: list[Visible]) -> str:
    """Return the answer: by layer, or by kind of field where there are both."""
    means = {
        FIELDS[field]: fmean(row.visible for row in rows if row.field == field)
        for field in FIELDS
        if any(row.field == field for row in rows)
    }
    if len(means) > 1:
        told = " and ".join(f"{words} {mean:.0%}" for words, mean in means.items())
        return f"Averaged over layers, {told} of the image."
    least, most = (choose(rows, key=lambda row: row.visible) for choose in (min, max))
    if least.visible == most.visible:
        return f"{most.visible:.0%} of the image on average."
    return (
        f"From {least.visible:.0%} of the image ({least.layer}) to {most.visible:.0%}"
        f" ({most.layer}) on average."
    )


def compared(run: Run, count: int = COMPARED) -> list[Segment]:
    """Return the strongest picture of a few units that both masks were drawn for.

    They are those with the strongest activations of each layer, so that every layer has some.
    """
    both = Segment.objects.filter(
        top_image__run=run, top_image__rank=0, disc_visible__isnull=False
    ).select_related("top_image__unit__layer", "top_image__image")
    shown: list[Segment] = []
    for layer in run.layers.order_by("position"):
        own = both.filter(top_image__unit__layer=layer)
        shown += own.order_by("-top_image__activation", "pk")[:count]
    return shown
