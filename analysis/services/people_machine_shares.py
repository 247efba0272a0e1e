"""How far people and masks agree about units, counted: shares and Cohen's kappa, layer by layer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from analysis.core.intervals import wilson
from analysis.core.meanings import Estimate, cohen, estimates, paired
from analysis.models import Run
from analysis.services.measures import Statistic
from analysis.services.people_machine import (
    BOTH,
    DIFFERENT,
    KIND,
    PEOPLE,
    SAME,
    UNDETECTED,
    UNNAMED,
    UnitPair,
    by_unit,
)

EVERY = "all layers"


class LayerPairs(NamedTuple):
    """How far people, or who stands for them, and masks agree about the units of a layer."""

    layer: str  # or: all layers
    source: str
    people: int  # units that people name
    machine: int  # units that the machine names
    both: int
    same: int  # of both: mean the same class
    same_share: float | None
    same_low: float | None  # Wilson's interval, 95%
    same_high: float | None
    kind: int  # one a kind of the other
    kind_share: float | None
    kind_low: float | None
    kind_high: float | None
    different: int
    different_share: float | None
    different_low: float | None
    different_high: float | None
    unmatched: int  # people's word means no class of the masks
    unmatched_share: float | None
    unmatched_low: float | None
    unmatched_high: float | None
    agree_share: float | None  # same or kind, of those that can be compared
    agree_low: float | None
    agree_high: float | None
    matched: int  # units whose word means a class: those of kappa
    kappa: float | None  # Cohen's, of the classes
    kappa_low: float | None  # bootstrap over units, 95%
    kappa_high: float | None


def by_layer(run: Run) -> Iterator[LayerPairs]:
    """Give each layer's figures and those of all layers, source by source."""
    yield from counted(list(by_unit(run)))


def counted(pairs: Sequence[UnitPair]) -> Iterator[LayerPairs]:
    """Count units layer by layer, then all together where there are several layers."""
    layers = list(dict.fromkeys(pair.layer for pair in pairs))
    for source in (one for one in PEOPLE if any(pair.source == one for pair in pairs)):
        # What only the machine names, or people of another source do, is not named by this one.
        of = [pair for pair in pairs if pair.source == source]
        detected = {(p.layer, p.channel) for p in pairs if p.detects}
        for layer in layers:
            there = sum(name == layer for name, _ in detected)
            yield _counted(layer, source, [pair for pair in of if pair.layer == layer], there)
        if len(layers) > 1:
            yield _counted(EVERY, source, of, len(detected))


def _counted(layer: str, source: str, pairs: list[UnitPair], machine: int) -> LayerPairs:
    number = Counter(pair.relation for pair in pairs)
    both = sum(number[relation] for relation in BOTH)
    agree = number[SAME] + number[KIND]
    matched = [p for p in pairs if p.relation in BOTH and p.people_class]
    kappa = _kappa(matched)
    told: list[float | None] = []
    for relation in BOTH:
        told += [number[relation], *_share(number[relation], both)]
    return LayerPairs._make(
        [
            *(layer, source, len(pairs), machine, both),
            *told,
            *_share(agree, agree + number[DIFFERENT]),
            *(len(matched), kappa.value, kappa.low, kappa.high),
        ]
    )


def _share(number: int, of: int) -> tuple[float | None, float | None, float | None]:
    """Return a share with Wilson's interval; nothing of nothing."""
    return (number / of, *wilson(number / of, of)) if of else (None, None, None)


def _kappa(pairs: Iterable[UnitPair]) -> Estimate:
    """Return Cohen's kappa of the classes that both say; nothing for fewer than two units."""
    said = [(pair.people_class, pair.machine_class) for pair in pairs]
    if len(said) < 2:
        return Estimate(None)
    place = {name: at for at, name in enumerate(sorted({name for two in said for name in two}))}
    first, second = (np.array([place[two[side]] for two in said]) for side in (0, 1))
    [found] = estimates(paired(first, second), cohen)
    return found


def only_one(pairs: Iterable[UnitPair]) -> str:
    """Return whose labels there are where the others have none: people, machine, or nobody."""
    relations = {pair.relation for pair in pairs}
    if not relations:
        return "nobody"
    if relations == {UNNAMED}:
        return "machine"
    return "people" if relations == {UNDETECTED} else ""


BY_LAYER = Statistic(
    name="people-machine-layers",
    summary="How far people and masks agree about the units of each layer: shares and Cohen's"
    " kappa with intervals",
    step="dissect",
    row=LayerPairs,
    rows=by_layer,
)
