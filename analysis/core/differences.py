"""How far two samples of units differ, and how easily chance makes such a difference.

Two networks are two independent samples of units. Two runs of one network look at the same units,
so that each unit is its own partner. Units are drawn, or exchanged, whole: what was measured on one
unit hangs together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64

from analysis.core.correlations import Correlations, exchanged
from analysis.core.intervals import wilson
from analysis.core.meanings import AT_ONCE, RESAMPLES, Formula, Sums, resampled_sums

EXCHANGES = 1  # seed of exchanges, apart from that of the resamples
SURE = 0.05  # p after Holm's correction, below which something is called beyond chance
ALIKE = 4  # units of a kind, from which on it is quicker to draw kinds
Way = Literal["bootstrap", "paired bootstrap", "Newcombe", "paired Newcombe", "none"]


@dataclass(frozen=True)
class Difference:
    """First - second with its 95% interval; None for what these units cannot tell.

    ``p`` says how often chance alone makes a difference as large, where it makes no difference
    which sample a unit is of.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    way: Way = "none"  # in which the interval was found


def apart(
    first: Float64[np.ndarray, "units columns"],
    second: Float64[np.ndarray, "others columns"],
    formula: Formula,
    seed: int = 0,
) -> list[Difference]:
    """Return the differences of the figures that ``formula`` makes of two independent samples.

    Interval: the middle 95% of 2,000 differences, units of either sample drawn with replacement.
    p: 2,000 exchanges of units between the samples, the observed one counted along (Phipson and
    Smyth 2010). A sample of one unit, and figures that no drawing changes, have neither.
    """
    values = formula(first.sum(0)) - formula(second.sum(0))  # (figures,)
    if min(len(first), len(second)) < 2:
        return [Difference(_known(value)) for value in values]
    chance = np.random.default_rng(seed)
    drawn = [formula(drawn_sums(table, chance)) for table in (first, second)]
    pool = np.concatenate([first, second])
    mine = exchanged_sums(pool, len(first), chance)  # (resamples, columns)
    by_chance = formula(mine) - formula(pool.sum(0) - mine)
    return _differences(values, drawn[0] - drawn[1], by_chance, "bootstrap")


def apart_in_pairs(
    first: Float64[np.ndarray, "units columns"],
    second: Float64[np.ndarray, "units columns"],
    formula: Formula,
    seed: int = 0,
) -> list[Difference]:
    """Return the same for two measurements of the same units, row by row.

    Units are drawn with both of their rows; by chance the two rows of a unit change places.
    """
    values = formula(first.sum(0)) - formula(second.sum(0))
    units, columns = first.shape
    if units < 2:
        return [Difference(_known(value)) for value in values]
    chance = np.random.default_rng(seed)
    drawn = drawn_sums(np.concatenate([first, second], 1), chance)
    observed = formula(drawn[:, :columns]) - formula(drawn[:, columns:])
    swapped = (chance.random((RESAMPLES, units)) < 0.5).astype(np.float64)
    moved = swapped @ (second - first)  # (resamples, columns)
    by_chance = formula(first.sum(0) + moved) - formula(second.sum(0) - moved)
    return _differences(values, observed, by_chance, "paired bootstrap")


def drawn_sums(
    table: Float64[np.ndarray, "units columns"], chance: np.random.Generator
) -> Float64[np.ndarray, "resamples columns"]:
    """Return the sums over as many units drawn with replacement, for each resample.

    Where units are much alike, it is drawn how many there are of each kind: a few numbers.
    """
    rows, often = np.unique(table, axis=0, return_counts=True)
    if ALIKE * len(rows) > len(table):
        return resampled_sums(table, chance)
    times = chance.multinomial(len(table), often / len(table), RESAMPLES)  # (resamples, kinds)
    sums: Float64[np.ndarray, "resamples columns"] = times.astype(np.float64) @ rows
    return sums


def exchanged_sums(
    pool: Float64[np.ndarray, "units columns"], size: int, chance: np.random.Generator
) -> Float64[np.ndarray, "resamples columns"]:
    """Return the sums over ``size`` units drawn without replacement, for each resample."""
    rows, often = np.unique(pool, axis=0, return_counts=True)
    if ALIKE * len(rows) <= len(pool):
        times = chance.multivariate_hypergeometric(often, size, RESAMPLES, method="marginals")
        few: Float64[np.ndarray, "resamples columns"] = times.astype(np.float64) @ rows
        return few
    sums = np.empty((RESAMPLES, pool.shape[1]))
    for start in range(0, RESAMPLES, AT_ONCE):
        lots = chance.random((AT_ONCE, len(pool)))
        last = np.partition(lots, size - 1, axis=1)[:, size - 1 : size]  # (at once, 1)
        sums[start : start + AT_ONCE] = (lots <= last).astype(np.float64) @ pool
    return sums


# ---- Shares of units ---------------------------------------------------------------------------
def shares_apart(
    first: Bool[np.ndarray, " units"], second: Bool[np.ndarray, " others"]
) -> Difference:
    """Return the difference of two independent shares of units.

    Interval: Newcombe's, of the two Wilson intervals (Newcombe 1998, method 10), which has a width
    where no unit or every unit counts, and of one unit too. p: Fisher's exact test, all exchanges
    of units at once.
    """
    hits, others = int(first.sum()), int(second.sum())
    if not len(first) or not len(second):
        return Difference(None)
    p, q = hits / len(first), others / len(second)
    low, high = _newcombe((p, *wilson(p, len(first))), (q, *wilson(q, len(second))), 0.0)
    chance = fisher(hits, len(first), others, len(second))
    return Difference(p - q, low, high, chance, "Newcombe")


def shares_in_pairs(
    first: Bool[np.ndarray, " units"], second: Bool[np.ndarray, " units"]
) -> Difference:
    """Return the difference of two shares of the same units.

    Interval: Newcombe's for pairs, with the correlation between them (Newcombe 1998, method 10 for
    paired data). p: McNemar's exact test, all exchanges within pairs at once.
    """
    units = len(first)
    if not units:
        return Difference(None)
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    mine, yours = int((first & ~second).sum()), int((~first & second).sum())
    p, q = (both + mine) / units, (both + yours) / units
    likeness = _likeness(both, mine, yours, neither)
    low, high = _newcombe((p, *wilson(p, units)), (q, *wilson(q, units)), likeness)
    return Difference(p - q, low, high, mcnemar(mine, yours), "paired Newcombe")


def fisher(hits: int, of: int, others: int, others_of: int) -> float:
    """Return the two-sided p of Fisher's exact test: tables no likelier than the observed one."""
    whole, all_hits = of + others_of, hits + others
    least, most = max(0, all_hits - others_of), min(of, all_hits)

    def likely(count: int) -> float:
        return (
            _choices(of, count) + _choices(others_of, all_hits - count) - _choices(whole, all_hits)
        )

    observed = likely(hits) + 1e-7  # equal ones are equal, whatever rounding says
    found = (likely(count) for count in range(least, most + 1))
    return min(1.0, sum(math.exp(one) for one in found if one <= observed))


def mcnemar(mine: int, yours: int) -> float:
    """Return the two-sided p of McNemar's exact test on pairs of which one alone counts."""
    pairs = mine + yours
    tail = sum(
        math.exp(_choices(pairs, count) - pairs * math.log(2))
        for count in range(min(mine, yours) + 1)
    )
    return min(1.0, 2 * tail)


# ---- Correlations of the same things -----------------------------------------------------------
class CorrelationsApart:
    """How far the first columns of two tables of the same things differ in their correlations.

    Interval: the middle 95% of 2,000 differences, things drawn with replacement, the same ones for
    both tables. p: 2,000 exchanges of the two values of a thing, on one scale (mean 0 and
    deviation 1; ranks for Spearman and Kendall), the observed one counted along. A partial
    correlation has no p.
    """

    def __init__(self, first: Correlations, second: Correlations) -> None:
        """Take two tables that are the same but for their first columns.

        Raises:
            ValueError: the tables are not of as many things.
        """
        if first.table.shape != second.table.shape:
            raise ValueError(f"tables of {first.table.shape} and {second.table.shape} are no pair")
        self.both = first, second
        self.dealt: dict[str, Float64[np.ndarray, "resamples columns"]] = {}

    def of(self, coefficient: str, column: int, given: int | None = None) -> Difference:
        """Return the difference of one correlation, or of a partial one; unknown if one is."""
        ends = [
            one.of(coefficient, column)
            if given is None
            else one.partial(coefficient, column, given)
            for one in self.both
        ]
        mine, yours = ends[0].value, ends[1].value
        if mine is None or yours is None:
            return Difference(None)
        drawn = [one.resamples(coefficient, column, given) for one in self.both]
        by_chance = np.empty(0) if given else self._by_chance(coefficient)[:, column - 1]
        found = Difference(mine - yours, way="paired bootstrap")
        return _difference(found, drawn[0] - drawn[1], by_chance)

    def _by_chance(self, coefficient: str) -> Float64[np.ndarray, "resamples columns"]:
        """Return the differences with every other column after exchanges."""
        if coefficient not in self.dealt:
            first, second = (one.table for one in self.both)
            swapped = np.random.default_rng(EXCHANGES).random((RESAMPLES, len(first))) < 0.5
            ends = exchanged(first[:, 0], second[:, 0], first[:, 1:], coefficient, swapped)
            self.dealt[coefficient] = ends[0] - ends[1]
        return self.dealt[coefficient]


# ---- Many differences --------------------------------------------------------------------------
def holm(found: Sequence[float | None]) -> list[float | None]:
    """Return each p after Holm's correction for all that there are (Holm 1979)."""
    known = sorted((p, place) for place, p in enumerate(found) if p is not None)
    corrected: list[float | None] = [None] * len(found)
    worst = 0.0
    for rank, (p, place) in enumerate(known):
        worst = max(worst, min(1.0, p * (len(known) - rank)))
        corrected[place] = worst
    return corrected


def by_depth(first: int, second: int) -> list[tuple[int, int]]:
    """Return which of two rows of layers lie at the same relative depth; ends lie at ends.

    Each layer of the shorter row gets another one of the longer row; a single layer, the deepest.
    """
    if first > second:
        return [(one, other) for other, one in by_depth(second, first)]
    if first == 1:
        return [(0, second - 1)]
    step = (second - 1) / max(1, first - 1)
    return [(place, math.floor(place * step + 0.5)) for place in range(first)]


def _differences(
    values: Float64[np.ndarray, " figures"], drawn: Sums, by_chance: Sums, way: Way
) -> list[Difference]:
    """Return each figure's difference with the interval and p of its resamples."""
    return [
        _difference(Difference(_known(value), way=way), some, exchanged)
        for value, some, exchanged in zip(values, drawn.T, by_chance.T, strict=True)
    ]


def _difference(
    found: Difference,
    drawn: Float64[np.ndarray, " resamples"],
    by_chance: Float64[np.ndarray, " resamples"],
) -> Difference:
    drawn, by_chance = drawn[np.isfinite(drawn)], by_chance[np.isfinite(by_chance)]
    if found.value is None or not len(drawn):
        return replace(found, way="none")
    small = 1e-12 * max(1.0, abs(found.value))  # of rounding
    if np.abs(by_chance).max(initial=0) > small:
        as_far = int((np.abs(by_chance) >= abs(found.value) - small).sum())
        found = replace(found, p=(1 + as_far) / (1 + len(by_chance)))
    if np.ptp(drawn) <= small:
        return replace(found, way="none")  # constant values: nothing to draw from
    low, high = np.quantile(drawn, [0.025, 0.975])
    return replace(found, low=float(low), high=float(high))


Bounded = tuple[float, float, float]  # share, and the ends of its interval


def _newcombe(first: Bounded, second: Bounded, likeness: float) -> tuple[float, float]:
    """Return the interval of a difference of shares from the intervals of both."""
    (p, p_low, p_high), (q, q_low, q_high) = first, second

    def reach(mine: float, yours: float) -> float:
        return math.sqrt(max(0.0, mine**2 - 2 * likeness * mine * yours + yours**2))

    return p - q - reach(p - p_low, q_high - q), p - q + reach(p_high - p, q - q_low)


def _likeness(both: int, mine: int, yours: int, neither: int) -> float:
    """Return Newcombe's phi of a table of pairs, corrected for continuity; 0 at an empty edge."""
    edges = (both + mine) * (yours + neither) * (both + yours) * (mine + neither)
    if not edges:
        return 0.0
    product, half = float(both * neither - mine * yours), (both + mine + yours + neither) / 2
    if product > 0:
        product = max(product - half, 0.0)
    return product / math.sqrt(edges)


def _choices(of: int, count: int) -> float:
    """Return the logarithm of the number of ways to choose ``count`` of so many."""
    return math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)


def _known(value: float) -> float | None:
    """Return the figure, or None where it is not defined."""
    return float(value) if np.isfinite(value) else None
