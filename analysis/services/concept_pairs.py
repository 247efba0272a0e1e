"""The concepts of two sides next to each other: gained, lost, their units with pictures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.models import Segment, TopImage, Unit
from analysis.services.comparing import Side
from analysis.services.concept_counts import by_concept
from analysis.services.meanings import Label

Which = Literal["all", "both", "first", "second"]
WHICH: tuple[Which, ...] = ("all", "both", "first", "second")
SHOWN = 6  # units of a concept with their pictures; the atlas has them all


@dataclass(frozen=True)
class NamedUnit:
    """A unit of a concept, how good it is, and its strongest picture if one was drawn."""

    label: Label
    segment: Segment | None


@dataclass(frozen=True)
class Units:
    """The units that one side has of a concept: some of them with pictures."""

    side: Side
    number: int
    shown: list[NamedUnit]

    @property
    def more(self) -> int:
        """Return how many are not shown."""
        return self.number - len(self.shown)


@dataclass(frozen=True)
class Pair:
    """A concept with the labels of both sides."""

    concept: str
    first: list[Label]
    second: list[Label]

    @property
    def which(self) -> Which:
        """Return who has units of it."""
        if self.first and self.second:
            return "both"
        return "first" if self.first else "second"


def pairs(first: Side, second: Side) -> list[Pair]:
    """Return the concepts of both, those with most units together first."""
    found = [_concepts(side) for side in (first, second)]
    names = {**found[0], **found[1]}
    made = [Pair(name, found[0].get(name, []), found[1].get(name, [])) for name in names]
    return sorted(made, key=lambda pair: (-len(pair.first) - len(pair.second), pair.concept))


def chosen(found: Iterable[Pair], which: str, text: str) -> list[Pair]:
    """Return the concepts that are asked for; what makes no sense asks for all."""
    wanted = which if which in WHICH else "all"
    words = text.strip().casefold()
    return [pair for pair in found if wanted in {"all", pair.which} and words in pair.concept]


def with_pictures(
    some: Sequence[Pair], sides: tuple[Side, Side]
) -> list[tuple[Pair, tuple[Units, Units]]]:
    """Return concepts with their best units and pictures: four queries for any number."""
    first = [_best(pair.first) for pair in some]
    second = [_best(pair.second) for pair in some]
    drawn = [_pictures(side, best) for side, best in zip(sides, (first, second), strict=True)]

    def units(place: int, labels: list[Label], best: list[Label]) -> Units:
        shown = [NamedUnit(one, drawn[place].get((one.layer, one.channel))) for one in best]
        return Units(sides[place], len(labels), shown)

    return [
        (pair, (units(0, pair.first, mine), units(1, pair.second, yours)))
        for pair, mine, yours in zip(some, first, second, strict=True)
    ]


def _concepts(side: Side) -> dict[str, list[Label]]:
    if side.choice is None:
        raise ValueError(f"{side.name} has no labels to compare")
    return by_concept(side.choice.labels, side.choice.wanted.threshold)


def _best(labels: list[Label]) -> list[Label]:
    """Return the units to show: the best by precision, or by IoU, first."""
    order = sorted(labels, key=lambda one: (-(one.precision or 0.0), -(one.iou or 0.0)))
    return order[:SHOWN]


def _pictures(side: Side, some: Iterable[list[Label]]) -> dict[tuple[str, int], Segment]:
    """Return the strongest picture of each unit, as the newest run that drew one has it."""
    wanted: dict[str, set[int]] = {}
    for label in (one for labels in some for one in labels):
        wanted.setdefault(label.layer, set()).add(label.channel)
    channels = {channel for few in wanted.values() for channel in few}
    units = Unit.objects.filter(
        layer__network=side.network, layer__name__in=wanted, channel__in=channels
    )
    keys = {
        pk: (layer, channel)
        for pk, layer, channel in units.values_list("pk", "layer__name", "channel")
        if channel in wanted[layer]
    }
    tops = TopImage.objects.filter(
        unit__in=keys, end=TopImage.End.TOP, rank=0, segment__isnull=False
    )
    ordered = tops.select_related("segment").order_by("run__finished_at", "run")
    return {keys[top.unit_id]: top.segment for top in ordered}
