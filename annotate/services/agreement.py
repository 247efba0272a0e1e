"""How well a campaign's answers agree: the tables of its page, counted from the answers alone.

Precision, words and shares of groups are counted as everywhere (`analysis.services.meanings`), on
labels that are put together here; kappa and alpha by `annotate.core.kappa`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from analysis.services.meanings import (
    ANSWER,
    THRESHOLD,
    GroupShare,
    Label,
    LayerAgreement,
    LayerPrecision,
    agreements,
    group_shares,
    precisions,
)
from analysis.services.meanings import Said as Answered
from annotate.core.consensus import METHODS, Basis, Said, Words
from annotate.core.edits import Edits
from annotate.core.heard import Heard, by_unit
from annotate.core.kappa import (
    Counts,
    bootstrapped,
    fleiss_kappa,
    krippendorff_alpha,
)
from annotate.core.rules import CATEGORIES
from annotate.services.consensus import METHOD

ALL = "all layers"
DRAWS = 1000
Row = dict[str, Any]


class Reliability(NamedTuple):
    """Agreement beyond chance on the six groups, or on one of them against the rest."""

    layer: str
    group: str  # empty: all six
    units: int  # with at least two answers
    answers: int  # about these units
    kappa: float | None  # Fleiss'
    kappa_low: float | None
    kappa_high: float | None
    alpha: float | None  # Krippendorff's
    alpha_low: float | None
    alpha_high: float | None
    missing: str  # why there is none


# The tables by name, with the row that each is made of; the API and the CSV have the same.
TABLES: Mapping[str, Any] = {
    "agreement": Reliability,
    "precision": LayerPrecision,
    "words": LayerAgreement,
    "groups": GroupShare,
}


def by_head(heard: Sequence[Heard], edits: Edits, method: str = METHOD) -> dict[str, Words]:
    """Return what each unit's answers come to if all count alike; ``method`` is that of words.

    Answers to known units are no part of it: they check workers.
    """
    units = by_unit(one for one in heard if one.truth is None)
    return {
        unit: METHODS[method][1](
            [Said(one.who, one.concept, one.category, frozenset()) for one in some],
            Basis(edits=edits),
        )
        for unit, some in units.items()
    }


def tables_of(
    heard: Sequence[Heard], words: Mapping[str, Words], layers: Sequence[str]
) -> dict[str, list[Row]]:
    """Return the tables; ``layers`` says their order. Where there are several, all come first.

    ``words`` are those of `by_head`: which answers of a unit mean the same concept.
    """
    labels = _labels(heard, words, layers)
    if len({label.layer for label in labels}) > 1:
        labels = [replace(label, layer=ALL) for label in labels] + labels
    shares = (row for row in group_shares(labels, THRESHOLD) if row.counted_by == ANSWER)
    found: dict[str, Iterable[Any]] = {
        "agreement": _reliability(labels),
        "precision": precisions(labels, THRESHOLD),
        "words": agreements(labels),
        "groups": shares,
    }
    return {name: [row._asdict() for row in found[name]] for name in TABLES}


def _labels(
    heard: Sequence[Heard], words: Mapping[str, Words], layers: Sequence[str]
) -> list[Label]:
    """Return the answers unit by unit, in the order of the network."""
    place = {layer: number for number, layer in enumerate(layers)}
    units = by_unit(one for one in heard if one.truth is None)
    labels = [_label(some, words[unit].groups) for unit, some in units.items()]
    return sorted(labels, key=lambda label: (place[label.layer], label.channel))


def _label(some: Sequence[Heard], groups: Sequence[int]) -> Label:
    """Return one unit's answers, with the words that mean one concept numbered alike."""
    answers = [
        Answered(one.concept, one.category, one.precision, group)
        for one, group in zip(some, groups, strict=True)
    ]
    known = [one.precision for one in answers if one.precision is not None]
    precision = fmean(known) if known else None
    return Label(some[0].layer, some[0].channel, "", precision, answers)


def _reliability(labels: Sequence[Label]) -> Iterator[Reliability]:
    """Give kappa and alpha of all six groups and of each, layer by layer."""
    by_layer: dict[str, list[list[int]]] = {}
    for label in labels:
        said = [answer.category for answer in label.answers]
        by_layer.setdefault(label.layer, []).append([said.count(one) for one in CATEGORIES])
    for layer, rows in by_layer.items():
        counts = np.array(rows, np.float64)  # (units, groups)
        yield _coefficients(layer, "", counts)
        for number, group in enumerate(CATEGORIES):
            this = counts[:, number]
            against = np.column_stack([this, counts.sum(axis=1) - this])
            yield _coefficients(layer, group, against)


def _coefficients(layer: str, group: str, counts: Counts) -> Reliability:
    """Return one row; what cannot be counted says why."""
    several = counts[counts.sum(axis=1) >= 2]
    sizes = len(several), int(several.sum())
    try:
        kappa, alpha = (
            bootstrapped(counts, np.random.default_rng(0), coefficient, DRAWS)
            for coefficient in (fleiss_kappa, krippendorff_alpha)
        )
    except ValueError as reason:
        nothing = (None, None, None)
        return Reliability(layer, group, *sizes, *nothing, *nothing, str(reason))
    told = _tells_an_interval(several)
    return Reliability(
        *(layer, group, *sizes),
        *(kappa.value, kappa.low if told else None, kappa.high if told else None),
        *(alpha.value, alpha.low if told else None, alpha.high if told else None),
        "",
    )


def _tells_an_interval(several: Counts) -> bool:
    """Tell whether two units or more have an answer other than the commonest one.

    Where only one has, it is drawn or it is not, and draws without it have no coefficient: the
    interval would be as narrow as if the figure were known.
    """
    commonest = int(several.sum(axis=0).argmax())
    others = several.sum(axis=1) - several[:, commonest]
    return int((others > 0).sum()) >= 2
