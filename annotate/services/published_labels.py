"""The label of a unit whose answers were published: words by our rule, precision as released."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from analysis.services.semantics import UnitLabel
from annotate.core.consensus import Basis, Consensus, Said, decide
from annotate.core.released import Answered

METHOD = "majority"


def label(
    answers: Sequence[Answered], details: Mapping[str, Any], basis: Basis | None = None
) -> UnitLabel:
    """Return what several published answers make of a unit.

    Words and group are decided by our rule. Which images were rejected is not published, so one
    image that all kept stands for them and what the rule says of images is not used: precision is
    the mean of the released values, without an interval. ``basis`` has what researchers decided
    about the words, where they can.
    """
    said = [Said(one.who, one.concept, one.category, frozenset()) for one in answers]
    found = decide(said, 1, frozenset(), METHOD, basis)
    behind = _behind(found) if basis else [{} for _ in answers]
    words = [
        {
            "worker": one.who,
            "concept": one.concept,
            "category": one.category,
            "same_concept_as": group,
            "precision": one.precision,
            **({"kept": one.kept, "shown": one.shown} if one.shown else {}),
            **why,
        }
        for one, group, why in zip(answers, found.groups, behind, strict=True)
    ]
    return UnitLabel(
        concept=found.concept,
        category=found.category,
        precision=fmean(one.precision for one in answers),
        answers=len(answers),
        agreement=found.agreement,
        details={
            "method": METHOD,
            **details,
            "concept": found.how_concept,
            "category": found.how_category,
            **({"key": found.key, "spelt": found.spelt} if basis else {}),
            "words": words,
        },
    )


def _behind(found: Consensus) -> list[dict[str, str]]:
    """Say for each answer why its words stand behind the concept, for the page of concepts."""
    return [{"stands": tie.how if tie else "", "why": tie.why if tie else ""} for tie in found.ties]
