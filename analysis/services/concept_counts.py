"""Which concepts the units of a network are named by, and how many: of all layers together."""

from collections.abc import Iterator
from statistics import fmean
from typing import NamedTuple

from analysis.core.intervals import wilson
from analysis.services.meanings import Label
from analysis.services.measures import LabelStatistic


class NamedUnits(NamedTuple):
    """One concept, and the units named by it."""

    concept: str  # in small letters
    units: int
    of: int  # units that count: their precision is above the threshold, or not known
    share: float
    share_low: float
    share_high: float
    layers: str  # that have such units, in the network's order
    precision: float | None  # mean over units
    iou: float | None  # mean over units; a machine's


def counting(labels: list[Label], threshold: float) -> list[Label]:
    """Return the labels that count: precision above the threshold, or none, as a machine's."""
    return [one for one in labels if one.precision is None or one.precision > threshold]


def name_of(label: Label) -> str:
    """Return the concept as it is matched: whatever its case."""
    return label.concept.strip().casefold()


def by_concept(labels: list[Label], threshold: float) -> dict[str, list[Label]]:
    """Return the labels that count by concept, the commonest first."""
    found: dict[str, list[Label]] = {}
    for label in counting(labels, threshold):
        found.setdefault(name_of(label), []).append(label)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def rows(labels: list[Label], threshold: float) -> Iterator[NamedUnits]:
    """Give each concept with its units."""
    of = len(counting(labels, threshold))
    for concept, some in by_concept(labels, threshold).items():
        share = len(some) / of
        precisions = [one.precision for one in some if one.precision is not None]
        ious = [one.iou for one in some if one.iou is not None]
        yield NamedUnits(
            concept,
            len(some),
            of,
            share,
            *wilson(share, of),
            " ".join(dict.fromkeys(one.layer for one in some)),
            fmean(precisions) if precisions else None,
            fmean(ious) if ious else None,
        )


CONCEPTS = LabelStatistic(
    name="concepts",
    summary="Units named by each concept, of all layers together",
    row=NamedUnits,
    rows=rows,
)
