"""What there is more of among the chosen than among all: shares, their intervals, and the ratio."""

from collections.abc import Hashable, Iterable, Sequence
from heapq import nsmallest
from typing import NamedTuple, TypeVar

from analysis.core.intervals import wilson

Set = TypeVar("Set", bound=Hashable)


class Share(NamedTuple):
    """Of how many chosen so many are of a kind, beside what chance would give."""

    share: float
    low: float  # Wilson's interval, 95%
    high: float
    baseline: float  # the kind's share of all there is to choose from
    ratio: float  # share / baseline: 1 is chance
    ratio_low: float
    ratio_high: float


def share_of(number: int, of: int, there: int, of_all: int) -> Share:
    """Return how ``number`` of ``of`` chosen compare with ``there`` of all ``of_all``.

    Raises:
        ValueError: nothing was chosen, or there is nothing of the kind.
    """
    if not 0 <= number <= of or not 0 < there <= of_all or not of:
        raise ValueError(f"no share of {number} in {of} chosen, of {there} in {of_all}")
    share, baseline = number / of, there / of_all
    low, high = wilson(share, of)
    return Share(share, low, high, baseline, share / baseline, low / baseline, high / baseline)


def first_of_all(
    lists: Iterable[tuple[Set, Sequence[tuple[int, float]]]], k: int
) -> list[tuple[Set, int, float]]:
    """Return the k highest of several sets' own (number, score) lists, as (set, number, score).

    Exact where each list has its set's k highest, or all. Equal scores go to the set that stands
    first, then to the smaller number.
    """
    every = (
        (-score, place, number, one)
        for place, (one, ranked) in enumerate(lists)
        for number, score in ranked
    )
    best = nsmallest(k, every, key=lambda entry: entry[:3])
    return [(one, number, -score) for score, _, number, one in best]
