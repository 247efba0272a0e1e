"""The labels of a network by one source, and what is counted on them: groups, precision, agreement.

Single answers are read from the details of the labels, where a campaign and an import keep them
alike; so whose answers they are makes no difference here.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from analysis.core.intervals import wilson
from analysis.core.meanings import Estimate, agreeing, estimates, kappa, shares
from analysis.models import Category, Network, Source, UnitSemantics
from analysis.services.dissected import dissection_called, dissections, labels_by, origin_of
from analysis.services.measures import LabelStatistic

# A unit counts when its precision is above this (Zhou et al. 2015, section 3.3).
THRESHOLD = 0.75
GROUPS = Category.values
ANSWER, UNIT = "answer", "unit"
BY = (ANSWER, UNIT)


@dataclass(frozen=True)
class Wanted:
    """Whose labels of which network; of one campaign, or the newest label of each unit."""

    network: Network
    source: str
    campaign: str = ""
    threshold: float = THRESHOLD


@dataclass(frozen=True)
class Said:
    """One answer; ``group`` numbers the answers of a unit that mean the same concept."""

    concept: str
    category: str
    precision: float | None
    group: int | None


@dataclass(frozen=True)
class Label:
    """A unit's label with the answers behind it; a machine's has none."""

    layer: str
    channel: int
    category: str
    precision: float | None
    answers: list[Said] = field(default_factory=list)
    concept: str = ""
    iou: float | None = None  # with the masks of its class, where a machine measured it


class GroupShare(NamedTuple):
    """One semantic group in one layer: its share of the answers, or units, above the threshold."""

    layer: str
    counted_by: str  # answer, or unit
    category: str
    number: int  # of answers, or units, in this group
    of: int
    share: float | None
    share_low: float | None
    share_high: float | None


class LayerPrecision(NamedTuple):
    """How well the units of one layer keep to one concept."""

    layer: str
    units: int  # with a precision
    precision: float  # mean over units
    precision_low: float | None
    precision_high: float | None
    above: int  # units whose precision is above the threshold
    share: float
    share_low: float
    share_high: float


class LayerAgreement(NamedTuple):
    """How far several people say the same about the units of one layer."""

    layer: str
    units: int  # with at least two answers
    answers: int
    kappa: float | None  # Fleiss', of the six groups
    kappa_low: float | None
    kappa_high: float | None
    same_words: float | None  # share of units where more than half wrote the same
    same_words_low: float | None
    same_words_high: float | None
    same_concept: float | None  # the same, words that mean one concept counted as one
    same_concept_low: float | None
    same_concept_high: float | None


def origins(network: Network) -> dict[str, list[str]]:
    """Return who has named units of a network: campaigns or methods by source.

    Of several dissections each is named too, newest first: a machine's labels are the newest's.
    """
    rows = UnitSemantics.objects.filter(unit__layer__network=network)
    found = rows.order_by("source", "origin").values_list("source", "origin").distinct()
    by_source: dict[str, list[str]] = {source: [] for source in Source.values}
    for source, origin in found:
        by_source[source].append(origin)
    if by_source[Source.MACHINE] and len(runs := dissections(network)) > 1:
        by_source[Source.MACHINE] += map(origin_of, runs)
    return {source: names for source, names in by_source.items() if names}


def labels_of(wanted: Wanted) -> list[Label]:
    """Return the labels asked for in the order of the network, one for each unit.

    Of several labels of one source the newest counts, as the atlas shows it.
    """
    if run := dissection_called(wanted.network, wanted.source, wanted.campaign):
        return [
            Label(
                one.unit.layer.name,
                one.unit.channel,
                category="",
                precision=None,
                concept=one.concept,
                iou=one.details["iou"],
            )
            for one in labels_by(run)
        ]
    rows = UnitSemantics.objects.filter(
        unit__layer__network=wanted.network, source=wanted.source
    ).order_by("unit__layer__position", "unit__channel", "-updated_at", "pk")
    if wanted.campaign:
        rows = rows.filter(origin=wanted.campaign)
    columns = ("unit__layer__name", "unit__channel", "category", "precision", "concept")
    details = ("details__words", "details__iou")
    found: dict[tuple[str, int], Label] = {}
    for *known, words, iou in rows.values_list(*columns, *details).iterator():
        layer, channel, category, precision, concept = known
        said, fit = list(_answers(words)), iou if isinstance(iou, float) else None
        label = Label(layer, channel, category, precision, said, concept, fit)
        found.setdefault((layer, channel), label)
    return list(found.values())


def group_shares(labels: list[Label], threshold: float) -> Iterator[GroupShare]:
    """Give the six groups of each layer, by answers and then by units, low to high."""
    for layer, some in _by_layer(labels):
        for by in BY:
            yield from _shares(layer, by, group_counts(some, by, threshold))


def precisions(labels: list[Label], threshold: float) -> Iterator[LayerPrecision]:
    """Give the precision of each layer that has units with one."""
    for layer, some in _by_layer(labels):
        known = [label.precision for label in some if label.precision is not None]
        if known:
            yield _precision(layer, np.array(known), threshold)


def agreements(labels: list[Label], threshold: float = 0.0) -> Iterator[LayerAgreement]:
    """Give the agreement of each layer that has units with several answers, whatever precision."""
    for layer, some in _by_layer(labels):
        several = [label.answers for label in some if len(label.answers) >= 2]
        if several:
            yield _agreement(layer, several)


def groups_of(label: Label, by: str, threshold: float) -> list[str]:
    """Return the groups of a label's answers above the threshold; by unit, of the label itself."""
    sayings: list[Said] | list[Label] = label.answers if by == ANSWER else [label]
    return [
        one.category for one in sayings if one.precision is not None and one.precision > threshold
    ]


def share_of(text: str) -> float | None:
    """Return a number from 0 to 1, or None for anything else."""
    try:
        share = float(text)
    except ValueError:
        return None
    return share if math.isfinite(share) and 0 <= share <= 1 else None


CATEGORIES = LabelStatistic(
    name="categories",
    summary="Shares of the six groups in each layer among answers, and units, above the threshold",
    row=GroupShare,
    rows=group_shares,
)
PRECISION = LabelStatistic(
    name="precision",
    summary="Mean precision of each layer's units, and how many are above the threshold",
    row=LayerPrecision,
    rows=precisions,
)
AGREEMENT = LabelStatistic(
    name="agreement",
    summary="Fleiss' kappa of the six groups in each layer, and units whose answers have the same"
    " words",
    row=LayerAgreement,
    rows=agreements,
    uses_threshold=False,
)


def _answers(words: Any) -> Iterator[Said]:
    """Give the answers that a label's details hold; details are whatever a source wants kept."""
    for word in words if isinstance(words, list) else ():
        if isinstance(word, Mapping) and word.get("category") in GROUPS:
            yield Said(
                concept=str(word.get("concept", "")),
                category=word["category"],
                precision=word.get("precision"),
                group=word.get("same_concept_as"),
            )


def _by_layer(labels: list[Label]) -> Iterator[tuple[str, list[Label]]]:
    for layer, some in groupby(labels, key=lambda label: label.layer):
        yield layer, list(some)


def group_counts(labels: list[Label], by: str, threshold: float) -> NDArray[np.int64]:
    """Return how many answers above the threshold put each unit into each group.

    By unit it is one for the group of its label, where its precision is above the threshold.
    """
    rows = []
    for label in labels:
        counted = Counter(groups_of(label, by, threshold))
        rows.append([counted[group] for group in GROUPS])
    return np.array(rows, np.int64)  # (units, groups)


def _shares(layer: str, by: str, counts: NDArray[np.int64]) -> Iterator[GroupShare]:
    """Give the share of each group; none where nothing is above the threshold."""
    counted = counts[counts.sum(1) > 0].astype(np.float64)
    of = int(counted.sum())
    table = np.column_stack([counted, counted.sum(1)])  # (units, groups + 1)
    found = estimates(table, shares) if of else [Estimate(None)] * len(GROUPS)
    for place, (group, share) in enumerate(zip(GROUPS, found, strict=True)):
        count = int(counted[:, place].sum())
        yield GroupShare(layer, by, group, count, of, share.value, share.low, share.high)


def _precision(
    layer: str, known: Float64[np.ndarray, " units"], threshold: float
) -> LayerPrecision:
    units, above = len(known), int((known > threshold).sum())
    [mean] = estimates(np.column_stack([known, np.ones(units)]), shares)
    return LayerPrecision(
        layer=layer,
        units=units,
        precision=float(known.mean()),
        precision_low=mean.low,
        precision_high=mean.high,
        above=above,
        share=above / units,
        share_low=wilson(above / units, units)[0],
        share_high=wilson(above / units, units)[1],
    )


def _agreement(layer: str, several: list[list[Said]]) -> LayerAgreement:
    """Return the agreement of units that have at least two answers each."""
    counted = [Counter(one.category for one in answers) for answers in several]
    counts = np.array([[one[group] for group in GROUPS] for one in counted], np.int64)
    same = [[*same_said(answers), 1.0] for answers in several]
    [groups] = estimates(agreeing(counts), kappa)
    words, concept = estimates(np.array(same), shares)
    return LayerAgreement(
        layer,
        len(several),
        int(counts.sum()),
        *(groups.value, groups.low, groups.high),
        *(words.value, words.low, words.high),
        *(concept.value, concept.low, concept.high),
    )


def same_said(answers: list[Said]) -> tuple[float, float]:
    """Return whether most wrote the same words, and whether most mean the same concept: 1 or 0."""
    words = [one.concept.strip().casefold() for one in answers]
    return _most(words), _most([one.group for one in answers])


def _most(said: list[Any]) -> float:
    """Return 1 where more than half say the same, else 0; what is not known is not the same."""
    counted = Counter(one for one in said if one is not None)
    return float(any(2 * count > len(said) for count in counted.values()))
