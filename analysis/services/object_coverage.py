"""How much of what is in an image set's masks the units of each layer name."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.services.measures import ObjectStatistic
from analysis.services.objects import (
    ObjectCount,
    UnitObject,
    Wanted,
    counts_of,
    summary_of,
    unit_objects,
)


class Coverage(NamedTuple):
    """What the units of one layer, or (no layer) of all asked, name."""

    layer: str | None
    units: int  # that count
    concepts: int  # different words among them, whether or not they mean a class
    matched: int  # units whose word means a class
    named: int  # objects that at least one unit stands for
    of: int  # objects there are
    share: float


def objects_there(rows: Sequence[ObjectCount], counted: bool) -> list[str]:
    """Return the classes that the images hold; all of them before a run has counted."""
    return [row.object for row in rows if row.images or not counted]


def coverage(units: Sequence[UnitObject], classes: Sequence[str], layer: str | None) -> Coverage:
    """Return what the units of one layer, or of all, name of some classes."""
    some = [unit for unit in units if layer is None or unit.layer == layer]
    named = {unit.object for unit in some} & set(classes)
    return Coverage(
        layer=layer,
        units=len(some),
        concepts=len({unit.concept.strip().casefold() for unit in some}),
        matched=sum(unit.object is not None for unit in some),
        named=len(named),
        of=len(classes),
        share=len(named) / len(classes),
    )


def by_layer(wanted: Wanted) -> Iterator[Coverage]:
    """Give what all units name, then those of each layer; none where the masks hold no class."""
    units, told = unit_objects(wanted), summary_of(wanted.image_set)
    classes = objects_there(list(counts_of(units, wanted.image_set, told)), told is not None)
    if classes:
        yield coverage(units, classes, None)
        for layer in dict.fromkeys(unit.layer for unit in units):
            yield coverage(units, classes, layer)


COVERAGE = ObjectStatistic(
    name="coverage",
    summary="Share of the objects in the image set that units name, in all layers (layer empty) and"
    " in each; before a count, of all classes of its masks",
    row=Coverage,
    rows=by_layer,
)
