"""What a dissection found, written down: every score, the best classes of units, what they mean."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from django.db import transaction
from jaxtyping import Float64, Int64

from analysis.core.arrays import packed
from analysis.models import ClassScore, Layer, Run, Source, Unit
from analysis.services import files, semantics
from analysis.services.dissection import (
    DETECTS,
    ORIGIN,
    class_names,
    layer_file,
    options_in,
    write_summary,
)
from analysis.services.journal import log
from analysis.services.semantics import LONGEST_CONCEPT, UnitLabel

BEST = 3  # classes that a unit has rows for, by IoU
ROWS = 1000  # written by one statement
Scores = Mapping[str, np.ndarray]
STORED = ("iou", "cap", "f1", "precision", "average_precision", "correlation")


def store(run: Run, tally: Mapping[str, int], layers: Iterable[tuple[Layer, Scores]]) -> None:
    """Write the results of a run; a repetition changes nothing."""
    told: list[dict[str, Any]] = []
    reached: list[Best] = []
    classes: list[dict[str, Any]] = []
    for layer, scores in layers:
        files.write(layer_file(run, layer), packed(_kept(run, scores)))
        write_rows(run, layer, scores)
        write_semantics(run, layer)
        told.append(of_layer(run, layer, scores))
        reached.append(Best(layer.name, scores["iou"].argmax(0), scores["iou"].max(0)))
        classes = classes or of_classes(run, scores)
        log(run, _line(told[-1]))
    for place, row in enumerate(classes):
        row |= _best(reached, place)
    write_summary(run, {**tally, **options_in(run.recipe), "layers": told, "classes": classes})


class Best(NamedTuple):
    """The best unit of a layer for each class."""

    layer: str
    unit: Int64[np.ndarray, " classes"]
    iou: Float64[np.ndarray, " classes"]


def _best(reached: list[Best], place: int) -> dict[str, Any]:
    """Return the unit that covers a class best, of all layers."""
    best = max(reached, key=lambda one: float(one.iou[place]))
    return {
        "best_layer": best.layer,
        "best_unit": int(best.unit[place]),
        "best_iou": float(best.iou[place]),
    }


def _kept(run: Run, scores: Scores) -> dict[str, np.ndarray]:
    """Return what the file of a layer has: scores as float32, counts whole, indexes of classes."""
    small = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in scores.items()}
    return small | {"label": np.array([index for index, _ in class_names(run.image_set)])}


def best_classes(scores: Scores, unit: int) -> list[tuple[int, int]]:
    """Return (rank by IoU, class) of a unit's rows: the best by IoU, and the most correlated."""
    order = np.argsort(-scores["iou"][unit], kind="stable")
    found = {
        int(place): rank
        for rank, place in enumerate(order)
        if rank < BEST and scores["iou"][unit, place] > 0
    }
    likest = int(scores["correlation"][unit].argmax())
    if scores["correlation"][unit, likest] > 0:
        found.setdefault(likest, int(np.flatnonzero(order == likest)[0]))
    return sorted((rank, place) for place, rank in found.items())


def write_rows(run: Run, layer: Layer, scores: Scores) -> None:
    """Write the rows of a layer; those that stand are left alone, for they are the same."""
    names = class_names(run.image_set)
    units = layer.units.order_by("channel").values_list("channel", "pk")
    rows = [
        ClassScore(
            run=run,
            unit_id=pk,
            rank=rank,
            label=names[place][0],
            name=names[place][1][:200],
            chance=float(scores["shuffled"][channel, place]),
            **{name: float(scores[name][channel, place]) for name in STORED},
        )
        for channel, pk in units
        for rank, place in best_classes(scores, channel)
    ]
    with transaction.atomic():
        ClassScore.objects.bulk_create(rows, batch_size=ROWS, ignore_conflicts=True)


def write_semantics(run: Run, layer: Layer) -> None:
    """Say of every detector what it detects, by a machine; withdraw what no longer holds.

    Which of the six levels of meaning a class belongs to, masks do not say: it is left open.
    """
    found = ClassScore.objects.filter(run=run, unit__layer=layer, rank=0, iou__gt=DETECTS)
    said = {row.unit_id: row for row in found.select_related("unit")}
    synthetic = run.image_set.synthetic or run.network.synthetic
    with transaction.atomic():
        semantics.withdraw_others(
            units=Unit.objects.filter(layer=layer).exclude(pk__in=said),
            source=Source.MACHINE,
            origin=ORIGIN,
        )
        for row in said.values():
            numbers = {name: getattr(row, name) for name in (*STORED, "chance")}
            details = {"method": "network dissection", "synthetic": synthetic, **numbers}
            label = UnitLabel(row.name[:LONGEST_CONCEPT], details=details)
            semantics.record(
                unit=row.unit, source=Source.MACHINE, origin=ORIGIN, run=run, label=label
            )


def of_layer(run: Run, layer: Layer, scores: Scores) -> dict[str, Any]:
    """Return what is told of a layer: detectors, and the baselines beside them.

    The constant label is the one class that, said of every unit, would be right at most pixels.
    """
    iou, shuffled, lit = scores["iou"], scores["shuffled"], scores["on"] > 0
    names = class_names(run.image_set)
    detects = iou.max(1) > DETECTS
    counted = Counter(names[place][1] for place in iou.argmax(1)[detects])
    right = scores["precision"][lit]  # (units that are ever on, classes)
    constant = int(right.mean(0).argmax()) if len(right) else 0
    own = right[np.arange(len(right)), iou[lit].argmax(1)]
    return {
        "layer": layer.name,
        "units": len(iou),
        "silent": int((~lit).sum()),
        "detectors": int(detects.sum()),
        "shuffled": int((shuffled.max(1) > DETECTS).sum()),
        "classes": dict(counted.most_common()),
        "best_iou": float(iou.max(initial=0)),
        "precision": float(own.mean()) if len(right) else None,
        "constant": names[constant][1] if len(right) else None,
        "constant_precision": float(right[:, constant].mean()) if len(right) else None,
    }


def of_classes(run: Run, scores: Scores) -> list[dict[str, Any]]:
    """Return what is told of the classes: how much of all known pixels, and the cap q / f."""
    quantile = options_in(run.recipe)["quantile"]
    share = scores["pixels"] / max(int(scores["pixels"].sum()), 1)
    return [
        {
            "label": index,
            "name": name,
            "pixels": int(scores["pixels"][place]),
            "images": int(scores["images"][place]),
            "share": float(share[place]),
            "cap": float(min(quantile, share[place]) / max(quantile, share[place])),
        }
        for place, (index, name) in enumerate(class_names(run.image_set))
    ]


def _line(layer: Mapping[str, Any]) -> str:
    """Return a layer's count in words, for the log."""
    return (
        f"dissect: {layer['detectors']} of {layer['units']:,} units of {layer['layer']} detect"
        f" one of {len(layer['classes'])} classes (IoU > {DETECTS}); with the masks of other"
        f" images {layer['shuffled']} would"
    )
