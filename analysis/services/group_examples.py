"""Units that stand for each group: those that keep to their concept best, with pictures."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import F

from analysis.models import Category, Segment, TopImage, Unit, UnitSemantics
from analysis.services.meanings import Wanted

EACH = 3  # units of a group
BEST = 3  # pictures of a unit


@dataclass
class Example:
    """A unit's label with the strongest pictures that there are."""

    label: UnitSemantics
    segments: list[Segment] = field(default_factory=list)

    @property
    def unit(self) -> Unit:
        """Return the unit."""
        return self.label.unit


@dataclass
class Group:
    """One of the six groups with its examples."""

    value: str
    name: str
    examples: list[Example]


def groups(wanted: Wanted) -> list[Group]:
    """Return the groups that have a unit above the threshold, low to high.

    Of a group they are the units with the highest precision, of equals those deepest in the
    network. Three units of a group, three pictures of a unit; queries do not grow with either.
    """
    best = _best(wanted)
    rows = UnitSemantics.objects.select_related("unit__layer").in_bulk(
        [key for keys in best.values() for key in keys]
    )
    found = [
        Group(value, str(name), [Example(rows[key]) for key in best.get(value, ())])
        for value, name in Category.choices
    ]
    shown = {one.unit.pk: one for group in found for one in group.examples}
    for segment in _segments(list(shown)):
        unit = shown[segment.top_image.unit_id]
        of_run = {one.top_image.run_id for one in unit.segments}
        if of_run <= {segment.top_image.run_id}:  # the newest run comes first
            unit.segments.append(segment)
    return [group for group in found if group.examples]


def _best(wanted: Wanted) -> dict[str, list[int]]:
    """Return the keys of the best labels of each group; a unit may have several campaigns'."""
    rows = UnitSemantics.objects.filter(
        unit__layer__network=wanted.network,
        source=wanted.source,
        precision__gt=wanted.threshold,
    )
    rows = rows.filter(origin=wanted.campaign) if wanted.campaign else rows
    rows = rows.order_by("-precision", "-unit__layer__position", "unit__channel", "-updated_at")
    best: dict[str, dict[int, int]] = {}
    for key, unit, category in rows.values_list("pk", "unit", "category").iterator():
        units = best.setdefault(category, {})
        if len(units) < EACH:
            units.setdefault(unit, key)
    return {category: list(units.values()) for category, units in best.items() if category}


def _segments(units: list[int]) -> Iterator[Segment]:
    """Give the strongest pictures of units, those of the newest run first."""
    tops = {"top_image__end": TopImage.End.TOP, "top_image__rank__lt": BEST}
    rows = Segment.objects.filter(top_image__unit__in=units, **tops).select_related("top_image")
    newest = F("top_image__run__finished_at").desc(nulls_last=True)
    yield from rows.order_by(newest, "-top_image__run", "top_image__unit", "top_image__rank")
