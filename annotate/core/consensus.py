"""From several answers about one unit to one label.

A method takes the answers and what was shown, and returns a `Consensus`. There is one so far,
``majority``; a better one registers itself in `METHODS` under its own name.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.core import agreement
from annotate.core.rules import CATEGORIES
from annotate.core.words import merge, spelling

MAJORITY, TIE, SINGLE = "majority", "tie", "single"


@dataclass(frozen=True)
class Said:
    """One answer: indexes are places in the task's items."""

    who: str
    concept: str
    category: str
    rejected: frozenset[int]
    unseen: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Consensus:
    """One label out of several answers.

    ``how_concept`` and ``how_category`` say how it came about: majority (more answers than any
    other), tie (several had equally many) or single (one answer). ``votes`` gives for each place
    shown how many kept the image and how many saw it; ``tied`` are the places where half did.
    """

    concept: str
    category: str
    how_concept: str
    how_category: str
    precision: float
    precision_low: float
    precision_high: float
    agreement: float
    answers: int
    kept: list[int]
    tied: list[int]
    votes: dict[int, tuple[int, int]]
    groups: list[int]
    shares: list[float]


Method = Callable[[Sequence[Said], int, frozenset[int]], Consensus]


def majority(said: Sequence[Said], shown: int, controls: frozenset[int]) -> Consensus:
    """Decide each image, the category and the concept by the most votes.

    Parameters
    ----------
    said
        the answers, in the order in which they came: the last word in a tie is the earliest's.
    shown
        how many images the task shows; places are 0..shown-1.
    controls
        places of planted negatives: they count nowhere here.

    An image is kept when more than half of those who saw it kept it. Words are one concept when
    they differ by case, article, plural or a slip of the pen. Between concepts with equally many
    answers the one whose answers have the commonest category wins, and the other way round.
    """
    if not said:
        raise ValueError("no answers, so no consensus")
    places = [place for place in range(shown) if place not in controls]
    votes = _votes(said, places)  # (answers, places)
    groups = merge([one.concept for one in said])
    concept, category = _words(said, groups)
    low, high = agreement.precision_interval(votes)
    counts = _counts(votes, places)
    pairs = [(group, one.category) for group, one in zip(groups, said, strict=True)]
    return Consensus(
        concept=spelling([s.concept for s, g in zip(said, groups, strict=True) if g == concept]),
        category=category,
        how_concept=_how([str(group) for group in groups]),
        how_category=_how([one.category for one in said]),
        precision=agreement.precision(votes),
        precision_low=low,
        precision_high=high,
        agreement=agreement.share_agreeing(pairs, concept, category),
        answers=len(said),
        kept=[place for place, (kept, seen) in counts.items() if 2 * kept > seen],
        tied=[place for place, (kept, seen) in counts.items() if seen and 2 * kept == seen],
        votes=counts,
        groups=groups,
        shares=[float(share) for share in np.nanmean(votes, axis=1)],
    )


METHODS: dict[str, Method] = {"majority": majority}


def decide(
    said: Sequence[Said], shown: int, controls: frozenset[int], method: str = "majority"
) -> Consensus:
    """Return the consensus by the method of this name; raises ValueError if there is none."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    return METHODS[method](said, shown, controls)


def _votes(said: Sequence[Said], places: Sequence[int]) -> agreement.Votes:
    """Return the table of votes over ``places``: 1 kept, 0 rejected, nan not seen."""
    table = np.ones((len(said), len(places)))
    for row, one in enumerate(said):
        for column, place in enumerate(places):
            if place in one.rejected:
                table[row, column] = 0.0
            elif place in one.unseen:
                table[row, column] = np.nan
    return table


def _counts(votes: agreement.Votes, places: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return for each place how many kept the image and how many saw it."""
    kept, seen = np.nansum(votes, axis=0), (~np.isnan(votes)).sum(axis=0)
    return {p: (int(k), int(s)) for p, k, s in zip(places, kept, seen, strict=True)}


def _words(said: Sequence[Said], groups: Sequence[int]) -> tuple[int, str]:
    """Return the group of words and the category with the most answers.

    A tie of concepts looks at the categories and then the order, a tie of categories at the
    concept chosen.
    """
    by_group, by_category = Counter(groups), Counter(one.category for one in said)
    common = {name for name, n in by_category.items() if n == max(by_category.values())}
    backed = Counter(g for g, one in zip(groups, said, strict=True) if one.category in common)
    concept = min(by_group, key=lambda g: (-by_group[g], -backed[g], groups.index(g)))
    within = Counter(one.category for g, one in zip(groups, said, strict=True) if g == concept)
    order = [one.category for one in said]
    category = min(common, key=lambda c: (-within[c], order.index(c), CATEGORIES.index(c)))
    return concept, category


def _how(labels: Sequence[str]) -> str:
    """Say how the commonest of these came to be it."""
    if len(labels) == 1:
        return SINGLE
    ranked = Counter(labels).most_common(2)
    return TIE if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else MAJORITY
