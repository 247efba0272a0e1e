"""Every unit with every class, as a dissection scored them: the rows of its two figures."""

from collections.abc import Iterator
from typing import NamedTuple

from analysis.core.arrays import unpacked
from analysis.models import Run
from analysis.services import files
from analysis.services.dissection import class_names, has_places, layer_file
from analysis.services.measures import Statistic


class ClassOfUnit(NamedTuple):
    """One unit and one class; a unit detects its best class where ``iou`` > 0.04."""

    layer: str
    channel: int
    name: str
    iou: float
    cap: float
    chance: float  # IoU with the masks of other images
    precision: float  # share of the pixels where the unit is on that are of the class
    on: int  # known pixels where the unit is on
    pixels: int  # of the class, in all images
    images: int  # that hold the class


SCORES_KEPT = ("iou", "cap", "shuffled", "precision")
FACTS = ("on", "pixels", "images", "label")


def rows(run: Run) -> Iterator[ClassOfUnit]:
    """Give every unit with every class, in the network's order; a layer at a time."""
    names = dict(class_names(run.image_set))
    for layer in run.layers.order_by("position"):
        if not has_places(layer):
            continue
        kept = unpacked(files.read(layer_file(run, layer)), *SCORES_KEPT, *FACTS)
        told = [
            (names.get(label, f"class {label}"), pixels, images)
            for label, pixels, images in zip(
                *(kept[name].tolist() for name in ("label", "pixels", "images")), strict=True
            )
        ]
        for channel, on in enumerate(kept["on"].tolist()):
            scores = zip(*(kept[name][channel].tolist() for name in SCORES_KEPT), strict=True)
            for (name, *facts), some in zip(told, scores, strict=True):
                yield ClassOfUnit._make((layer.name, channel, name, *some, on, *facts))


def lacking(run: Run) -> str:
    """Return why there are no rows: a layer's file of scores is not here."""
    for layer in run.layers.order_by("position"):
        if has_places(layer) and not files.exists(layer_file(run, layer)):
            return (
                f"The scores of {layer.name} of run {run} are not in the media storage: only the"
                " best classes of each unit are known, as the statistic dissection has them."
            )
    return ""


SCORES = Statistic(
    name="dissection-scores",
    summary="Every unit with every class of the masks, with the baseline of other images",
    step="dissect",
    row=ClassOfUnit,
    rows=rows,
    settled=True,
    lacking=lacking,
)
