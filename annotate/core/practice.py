"""How near a practice answer comes to what the expert said: images, words, group; and the bar.

An answer's score is half the images, a quarter the words, a quarter the group, each between 0
and 1. A round's points are the mean over its units, in whole points of 100, so that what is
shown is what is compared with the bar.

The share of images alike is taken apart for those that the expert kept and those that she
marked, and averaged over the two. The plain share would call it 95% alike to mark nothing where
she marked three of sixty; this one calls it a half.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean

from annotate.core.rules import CATEGORIES, Given
from annotate.core.words import merge

IMAGES, WORDS, GROUP = 0.5, 0.25, 0.25
NEIGHBOURING = 0.5  # “part” for “object” is half right
# Marking nothing and getting words and group right makes 75 points: not enough.
DEFAULT_BAR = 80
ATTEMPTS = 2


@dataclass(frozen=True)
class Expert:
    """What the researcher said about a unit; indexes are places in the task's items."""

    concept: str
    category: str
    rejected: frozenset[int]
    other_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """How near one answer comes: three shares between 0 and 1."""

    images: float
    words: float
    group: float

    @property
    def total(self) -> float:
        """Return the weighted sum, between 0 and 1."""
        return IMAGES * self.images + WORDS * self.words + GROUP * self.group

    @property
    def points(self) -> int:
        """Return the total in whole points of 100."""
        return round(100 * self.total)


@dataclass(frozen=True)
class Difference:
    """One image that only one of the two marked: the worker, or else the expert."""

    place: int
    marked_by_worker: bool


def score(given: Given, expert: Expert, shown: int) -> Score:
    """Compare one answer with the expert's.

    Raises:
        ValueError: every picture failed to load, so nothing can be compared.
    """
    return Score(
        images=images_alike(given, expert, shown),
        words=float(same_concept(given.concept, (expert.concept, *expert.other_words))),
        group=group_alike(given.category, expert.category),
    )


def images_alike(given: Given, expert: Expert, shown: int) -> float:
    """Return the share of images judged alike, averaged over those kept and those marked by her.

    Images that the worker could not see count for neither side; a side without images is left out.
    """
    marked = set(given.rejected)
    seen = set(range(shown)) - (set(given.unseen) - marked)
    sides = [seen - expert.rejected, seen & expert.rejected]
    shares = [
        sum((place in marked) == is_hers for place in side) / len(side)
        for side, is_hers in zip(sides, (False, True), strict=True)
        if side
    ]
    if not shares:
        raise ValueError(f"none of the {shown} images was seen, so none can be compared")
    return mean(shares)


def same_concept(said: str, accepted: Sequence[str]) -> bool:
    """Tell whether the words are one of those accepted, however they are written."""
    return any(merge([word, said]) == [0, 0] for word in accepted)


def group_alike(said: str, right: str) -> float:
    """Return 1 for the same group, a half for its neighbour in the order low to high, else 0.

    Raises:
        ValueError: one of the two is no group.
    """
    for name in (said, right):
        if name not in CATEGORIES:
            raise ValueError(f"{name!r} is no group; there are: {', '.join(CATEGORIES)}")
    apart = abs(CATEGORIES.index(said) - CATEGORIES.index(right))
    return {0: 1.0, 1: NEIGHBOURING}.get(apart, 0.0)


def differences(given: Given, expert: Expert) -> list[Difference]:
    """Return the images that only one of the two marked, by place; unseen ones are none."""
    marked = set(given.rejected)
    apart = (marked ^ expert.rejected) - (set(given.unseen) - marked)
    return [Difference(place, place in marked) for place in sorted(apart)]


def round_points(totals: Sequence[float]) -> int:
    """Return the points of a round from the totals of its units.

    Raises:
        ValueError: the round has no units.
    """
    if not totals:
        raise ValueError("a practice round without units has no points")
    return round(100 * mean(totals))


def draws(ready: int, units: int) -> bool:
    """Tell whether rounds draw so many units, each attempt others.

    ``units`` 0 asks all; so do too few that are ready, for the second attempt must find others.
    """
    return units > 0 and ATTEMPTS * units <= ready


def drawn(ready: Sequence[int], asked: Collection[int], units: int, rng: Random) -> list[int]:
    """Return the units of a round, in the order of `ready`; ``asked``: those of earlier rounds.

    Units asked before come again only where too few others are left, as when some were removed.
    """
    if not draws(len(ready), units):
        return list(ready)
    fresh = [one for one in ready if one not in asked]
    chosen = set(rng.sample(fresh if len(fresh) >= units else list(ready), units))
    return [one for one in ready if one in chosen]


def passes(points: int, bar: int) -> bool:
    """Tell whether a round passes: at the bar is over it."""
    return points >= bar
