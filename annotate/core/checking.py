"""Checking a worker unseen: when a known or a repeated unit comes, and what his answer to it says.

The surer it is that a worker is right about known units, the fewer of them he is given. What is
sure is the lower end of the Beta posterior of his share of right answers, from a flat prior:

    b(right, n) = 5% quantile of Beta(1 + right, 1 + n - right);   b(0, 0) = 0.05
    trust       = max(0, (b - 0.05) / 0.95)
    gold share  = 1/gold_first + trust * (1/gold_least - 1/gold_first)

With 1 in 5 at first and 1 in 25 at least, ten right of ten make 1 in 12, forty of forty 1 in 20.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import comb
from statistics import mean

from annotate.core.practice import Expert, images_alike, same_concept
from annotate.core.rules import Given

UNSURE = 0.05  # the quantile; of a flat prior it is this share itself
# As many checks as this would hold up the work that they are for.
MOST = 0.5
# Right about a known unit: so much of the images, and its words or its group.
IMAGES_ENOUGH = 0.75
# From here on a worker is told that "a few" are left, where checks make the number inexact.
FEW = 5
# More known units than these say no more about a worker.
REMEMBERED = 400


class Next(StrEnum):
    """What a worker is given next."""

    ASK = "ask"
    GOLD = "gold"
    REPEAT = "repeat"


@dataclass(frozen=True)
class Rates:
    """One unit in so many; 0 switches a kind off.

    Raises:
        ValueError: known units would become more as trust grows, or checks more than half.
    """

    gold_first: int
    gold_least: int
    repeat: int

    def __post_init__(self) -> None:
        """Refuse what would hold up the work."""
        if self.gold_first and self.gold_least < self.gold_first:
            raise ValueError(
                f"Known units become fewer as trust grows: 1 in {self.gold_first} at first and "
                f"1 in {self.gold_least} at least would be more. Raise the second number."
            )
        if _share(self.gold_first) + _share(self.repeat) > MOST:
            raise ValueError(
                f"Known units 1 in {self.gold_first} and repeated ones 1 in {self.repeat} would be "
                "more than half of the work: make them rarer."
            )


@dataclass(frozen=True)
class Sameness:
    """How far a worker agrees with himself about one unit."""

    images: float  # share judged alike, averaged over those kept and those marked at first
    group: bool
    words: bool

    @property
    def agrees(self) -> bool:
        """Tell whether he saw the same: by the rule that known units are judged by."""
        return self.images >= IMAGES_ENOUGH and (self.group or self.words)


def what_next(rates: Rates, right: int, known: int, draw: float) -> Next:
    """Return what comes next for a worker who was ``right`` about so many of ``known`` units.

    ``draw`` is uniform in [0, 1), the same whenever the same step is asked about.
    """
    gold = gold_share(rates, right, known)
    if draw < gold:
        return Next.GOLD
    return Next.REPEAT if draw < gold + _share(rates.repeat) else Next.ASK


def gold_share(rates: Rates, right: int, known: int) -> float:
    """Return which share of a worker's units are known ones; the formula stands above.

    Raises:
        ValueError: more right than known.
    """
    if not rates.gold_first:
        return 0.0
    first, least = _share(rates.gold_first), _share(rates.gold_least)
    trust = max(0.0, (lower_bound(right, known) - UNSURE) / (1 - UNSURE))
    return first + trust * (least - first)


@lru_cache(maxsize=4096)
def lower_bound(right: int, known: int) -> float:
    """Return the 5% quantile of Beta(1 + right, 1 + known - right), to 1e-9.

    P(Beta(a, b) <= x) = P(Binomial(a + b - 1, x) >= a) for whole a and b (Abramowitz and Stegun,
    26.5.24 and 6.6.4): no scipy in the web process.

    Raises:
        ValueError: more right than known, or a negative number.
    """
    if not 0 <= right <= known:
        raise ValueError(f"{right} right of {known} known units: there cannot be more than all.")
    if known > REMEMBERED:
        right, known = round(right * REMEMBERED / known), REMEMBERED
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, right, known) < UNSURE else (low, middle)
    return (low + high) / 2


def _below(x: float, right: int, known: int) -> float:
    """Return P(Beta(1 + right, 1 + known - right) <= x)."""
    trials = known + 1
    return sum(
        comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(right + 1, trials + 1)
    )


def is_right(given: Given, expert: Expert, shown: int) -> bool:
    """Tell whether an answer about a known unit is right: `IMAGES_ENOUGH`, and words or group.

    Not both: two people who see the same agree on the words in a third of the units only
    (PROTOCOL.md), and marking nothing is not enough, whatever the words.
    """
    if images_alike(given, expert, shown) < IMAGES_ENOUGH:
        return False
    words = (expert.concept, *expert.other_words)
    return given.category == expert.category or same_concept(given.concept, words)


def sameness(first: Given, again: Given, shown: int) -> Sameness:
    """Compare two answers of one worker to the same images, in their places of the task.

    Images that failed to load at either time are left out; where nothing is left, they are alike.
    """
    unseen = _unseen(first) | _unseen(again)
    once, twice = set(first.rejected), set(again.rejected)
    seen = set(range(shown)) - unseen
    shares = [_kept(seen - once, seen - twice), _kept(seen & once, seen & twice)]
    return Sameness(
        images=mean([share for share in shares if share is not None] or [1.0]),
        group=first.category == again.category,
        words=same_concept(again.concept, (first.concept,)),
    )


def shown_left(asked: int, answered: int, gold_units: int, rates: Rates) -> int:
    """Return how many units a worker is told are left, where some of his units are checks.

    ``asked`` are those asked about that were, are or can be his, ``answered`` all that he has
    answered. Whatever he answers makes it one less, so the number tells no kind from another. The
    checks still to come are guessed from their mean share; it never falls below 2.
    """
    gold = min(gold_units, round(asked * (_share(rates.gold_first) + _share(rates.gold_least)) / 2))
    guessed = (gold if rates.gold_first else 0) + round(asked * _share(rates.repeat))
    return max(2, asked + guessed - answered)


def _share(one_in: int) -> float:
    """Return 1 in so many as a share; 0 is none."""
    return 1 / one_in if one_in else 0.0


def _unseen(given: Given) -> Set[int]:
    """Return what failed to load; what was marked all the same was judged."""
    return set(given.unseen) - set(given.rejected)


def _kept(side: set[int], again: set[int]) -> float | None:
    """Return the share of a side that is on it again; None of an empty one."""
    return len(side & again) / len(side) if side else None
