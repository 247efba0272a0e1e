"""Which mask fits what is in the images better: the layer's disc, or the unit's own field."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from analysis.core.arrays import packed, unpacked
from analysis.core.overlap import Overlap, mean_of
from analysis.models import Layer, Run, Unit
from analysis.services import files
from analysis.services.dissection import class_names
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

KINDS = ("disc", "own")
WORDS = {"disc": "the layer's disc", "own": "the unit's own field"}


class LayerMasks(NamedTuple):
    """Mean IoU of one layer's units with the class that each kind of mask fits best."""

    layer: str
    units: int
    disc: float
    disc_low: float | None
    disc_high: float | None
    own: float
    own_low: float | None
    own_high: float | None
    difference: float  # own - disc, mean over the units
    difference_low: float | None
    difference_high: float | None


class UnitMasks(NamedTuple):
    """What one unit's masks fit best, over its strongest images that have masks of classes."""

    layer: str
    channel: int
    images: int
    disc_class: str
    disc: float
    own_class: str
    own: float


def masks_file(run: Run, name: str) -> str:
    """Return the name of a file of counts, of a shard or a layer, in the media storage."""
    return f"runs/{run.key}/masks/{name}.npz"


def write_layer(run: Run, layer: Layer, overlaps: Mapping[str, Overlap]) -> None:
    """Keep what the units of a layer fit best: those that were counted on any image."""
    channels = np.flatnonzero(overlaps["own"].images)
    arrays = {"channel": channels, "images": overlaps["own"].images[channels]}
    for kind in KINDS:
        label, iou = overlaps[kind].best()
        arrays |= {f"{kind}_class": label[channels], f"{kind}_iou": iou[channels]}
    files.write(masks_file(run, f"layer-{layer.name}"), packed(arrays))


def by_layer(run: Run) -> list[LayerMasks]:
    """Return the mean of every layer that has units to compare, in the network's order."""
    found = []
    for layer in run.layers.order_by("position"):
        kept = _kept(run, layer)
        if kept is None or not len(kept["channel"]):
            continue
        scores = (kept["disc_iou"], kept["own_iou"], kept["own_iou"] - kept["disc_iou"])
        means = [mean_of(score) for score in scores]
        numbers = [value for one in means for value in (one.mean, one.low, one.high)]
        found.append(LayerMasks(layer.name, means[0].n, *numbers))  # type: ignore[arg-type]
    return found


def by_unit(run: Run) -> Iterator[UnitMasks]:
    """Give what every unit's masks fit best, in the network's order."""
    for layer in run.layers.order_by("position"):
        if (kept := _kept(run, layer)) is not None:
            for place in range(len(kept["channel"])):
                yield _unit(run, layer, kept, place)


def of_unit(run: Run, unit: Unit) -> UnitMasks | None:
    """Return what one unit's masks fit best; None where nothing was compared."""
    if (kept := _kept(run, unit.layer)) is None:
        return None
    places = np.flatnonzero(kept["channel"] == unit.channel)
    return _unit(run, unit.layer, kept, int(places[0])) if len(places) else None


BY_LAYER = Statistic(
    name="masks",
    summary="Mean IoU of disc and own field with the class that each fits best, by layer",
    step="segment",
    row=LayerMasks,
    rows=by_layer,
    settled=True,
)
BY_UNIT = Statistic(
    name="unit-masks",
    summary="The class that each unit's disc and own field fit best, with its IoU",
    step="segment",
    row=UnitMasks,
    rows=by_unit,
    settled=True,
)
COLUMNS = (
    Column("layer", "Layer"),
    Column("units", "Units"),
    Column("disc", "Disc, mean IoU", 3),
    Column("disc_interval", "95% interval"),
    Column("own", "Own field, mean IoU", 3),
    Column("own_interval", "95% interval"),
    Column("difference", "Own − disc", 3),
    Column("difference_interval", "95% interval"),
)


def figure(run: Run, download: str) -> Figure | None:
    """Return the comparison as a figure; None where nothing was compared."""
    rows = by_layer(run)
    if not rows:
        return None
    iou = "mean IoU with the best class"
    place = {
        "x": ordered("layer", "", [row.layer for row in rows]),
        "xOffset": ordered("mask", "", WORDS.values()),
    }
    point = {
        "y": channel("iou", iou, scale={"zero": True}),
        **apart("mask", WORDS.values(), "mask"),
        "tooltip": [
            channel("layer", "layer", "nominal"),
            channel("mask", "mask", "nominal"),
            channel("iou", "mean IoU", format=".3f"),
        ],
    } | LINKED
    pages = {row.layer: {"href": layer_page(run.network.slug, row.layer)} for row in rows}
    drawn = [one | pages[row.layer] for row in rows for one in _drawn(row)]
    return Figure(
        name="masks",
        question="Which mask fits what is there better: the disc, or the unit's own field?",
        answer=_answer(rows),
        spec=drawing(drawn, whiskers("low", "high", place, iou), mark("point", place | point)),
        columns=COLUMNS,
        rows=[row._asdict() | _intervals(row) | pages[row.layer] for row in rows],
        method="For each unit the pixels that its masks light on its strongest images, against"
        " the class of the images' masks that they fit best (IoU over all pixels of these"
        " images; each kind of mask with its own best class, chosen on the same pixels, so the"
        " level is flattered, the difference less). Mean over the units, 95% bootstrap.",
        download=download,
    )


def _kept(run: Run, layer: Layer) -> dict[str, np.ndarray] | None:
    try:
        return unpacked(files.read(masks_file(run, f"layer-{layer.name}")))
    except FileNotFoundError:
        return None


def _unit(run: Run, layer: Layer, kept: dict[str, np.ndarray], place: int) -> UnitMasks:
    names = [name for _, name in class_names(run.image_set)]
    return UnitMasks(
        layer=layer.name,
        channel=int(kept["channel"][place]),
        images=int(kept["images"][place]),
        disc_class=names[kept["disc_class"][place]],
        disc=float(kept["disc_iou"][place]),
        own_class=names[kept["own_class"][place]],
        own=float(kept["own_iou"][place]),
    )


def _drawn(row: LayerMasks) -> Iterator[dict[str, Any]]:
    """Give a point with its interval for either kind of mask."""
    told = row._asdict()
    for kind in KINDS:
        yield {
            "layer": row.layer,
            "mask": WORDS[kind],
            "iou": told[kind],
            "low": told[f"{kind}_low"],
            "high": told[f"{kind}_high"],
        }


def _intervals(row: LayerMasks) -> dict[str, str | None]:
    told = row._asdict()
    return {
        f"{name}_interval": None
        if told[f"{name}_low"] is None
        else f"{told[f'{name}_low']:.3f} to {told[f'{name}_high']:.3f}"
        for name in (*KINDS, "difference")
    }


def _answer(rows: list[LayerMasks]) -> str:
    """Say in how many layers which kind fits better, beyond chance."""
    own = sum(row.difference_low is not None and row.difference_low > 0 for row in rows)
    disc = sum(row.difference_high is not None and row.difference_high < 0 for row in rows)
    if own == disc == 0:
        return "Neither: in no layer is the difference beyond chance."
    parts = [
        f"{words} in {count}" for words, count in (("own fields", own), ("discs", disc)) if count
    ]
    layers = "layer" if len(rows) == 1 else "layers"
    return f"Of {len(rows)} {layers}: {' and '.join(parts)}, beyond chance."
