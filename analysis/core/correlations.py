"""How counts go with other numbers: Pearson, Spearman, Kendall's tau-b, and partial correlations.

Rows are things (objects), columns are numbers about them; the first column is the one asked about.
Intervals: the middle 95% of resamples that draw things with replacement (Efron 1979), of those in
which the correlation is defined. P-values: two-sided, over permutations of the first column:
(1 + those at least as far from 0) / (1 + permutations) (Phipson and Smyth 2010). A partial
correlation is that of what is left of two columns, or of their ranks, after each is explained by
the third.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

RESAMPLES = PERMUTATIONS = 2000
AT_ONCE = 100  # resamples held in memory at a time
PAIRS = 1_000_000  # pairs of things held in memory at a time
LEAST = 4  # things; fewer say nothing
PEARSON, SPEARMAN, KENDALL = "pearson", "spearman", "kendall"
COEFFICIENTS = (PEARSON, SPEARMAN, KENDALL)
PARTIAL = (PEARSON, SPEARMAN)
Table = Float64[np.ndarray, "things columns"]
Drawn = Float64[np.ndarray, " resamples"]
# Far below any correlation of counts, far above what rounding leaves of equal ones.
SMALL = 1e-12


@dataclass(frozen=True)
class Correlation:
    """A correlation with its 95% interval and p-value; None for what does not exist."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


class Correlations:
    """All correlations of the first column with the others, with one set of resamples.

    ``table`` holds no nan. Of fewer than four things, or of a column that is constant, there is
    no correlation.
    """

    def __init__(self, table: Table, seed: int = 0) -> None:
        """Draw the resamples and correlate every pair of columns in each."""
        self.table = table
        chance = np.random.default_rng(seed)
        things = len(table)
        self.enough = things >= LEAST
        self.orders: Int64[np.ndarray, "permutations things"] = np.array(
            [chance.permutation(things) for _ in range(PERMUTATIONS)]
        ).reshape(PERMUTATIONS, things)
        self.drawn: Int64[np.ndarray, "resamples things"] = chance.integers(
            0, max(things, 1), (RESAMPLES, things)
        )
        self.whole: dict[str, np.ndarray] = {}
        self.resampled: dict[str, np.ndarray] = {}
        if self.enough:
            for name in PARTIAL:
                self.whole[name] = matrices(_ranked(name, table[None]))[0]
                self.resampled[name] = np.concatenate(
                    [matrices(_ranked(name, table[some])) for some in self._batches()]
                )

    def of(self, coefficient: str, column: int) -> Correlation:
        """Return the correlation of the first column with another one."""
        if not self.enough:
            return Correlation(None)
        if coefficient == KENDALL:
            return self._kendall(column)
        value = float(self.whole[coefficient][0, column])
        if np.isnan(value):
            return Correlation(None)
        drawn = self.resamples(coefficient, column)
        first, other = (
            _standard(_ranked(coefficient, self.table[None, :, place])[0]) for place in (0, column)
        )
        dealt = first[self.orders] @ other / len(other)
        return Correlation(value, *_middle(drawn), _p(value, dealt))

    def resamples(self, coefficient: str, column: int, given: int | None = None) -> Drawn:
        """Return the correlation in every resample; nan where it is not defined.

        Tables of as many things with the same seed draw the same things, resample by resample.
        """
        if not self.enough:
            return np.full(RESAMPLES, np.nan)
        if given is not None:
            return _partial(self.resampled[coefficient], column, given)
        if coefficient == KENDALL:
            first, other = (_order(self.table[:, place]) for place in (0, column))
            return self._kendall_drawn(first, other)
        found: Drawn = self.resampled[coefficient][:, 0, column]
        return found

    def partial(self, coefficient: str, column: int, given: int) -> Correlation:
        """Return the correlation of the first column with another, a third one held fixed."""
        if not self.enough:
            return Correlation(None)
        value = _partial(self.whole[coefficient][None], column, given)[0]
        if np.isnan(value):
            return Correlation(None)
        return Correlation(float(value), *_middle(self.resamples(coefficient, column, given)))

    def _kendall(self, column: int) -> Correlation:
        """Return tau-b: the pairs in the same order less those in the opposite, of untied ones."""
        first, other = (_order(self.table[:, place]) for place in (0, column))
        untied = (first != 0).sum(), (other != 0).sum()
        if not min(untied):
            return Correlation(None)
        scale = np.sqrt(float(untied[0]) * float(untied[1]))
        value = float((first * other).sum() / scale)
        dealt = self._dealt_pairs[:, column] / scale
        return Correlation(value, *_middle(self.resamples(KENDALL, column)), _p(value, dealt))

    @cached_property
    def _dealt_pairs(self) -> np.ndarray:
        """Return what `_kendall` sums over pairs, of every permutation and column."""
        things = len(self.table)
        first = _order(self.table[:, 0])
        others = np.array([_order(values).ravel() for values in self.table.T]).T
        found, size = [], max(1, PAIRS // things**2)
        for start in range(0, PERMUTATIONS, size):
            some = self.orders[start : start + size]
            pairs = first[some[:, :, None], some[:, None, :]]  # (some, things, things)
            found.append(pairs.reshape(len(some), things**2) @ others)
        return np.concatenate(found)  # (permutations, columns)

    def _kendall_drawn(self, first: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return tau-b of every resample: a thing drawn w times has the weight w in every pair."""
        things = len(self.table)
        weights = np.array([np.bincount(some, minlength=things) for some in self.drawn], float)
        pairs, *untied = (
            ((weights @ of) * weights).sum(1) for of in (first * other, first**2, other**2)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            found: np.ndarray = pairs / np.sqrt(untied[0] * untied[1])
        return found

    def _batches(self) -> list[np.ndarray]:
        return [self.drawn[first : first + AT_ONCE] for first in range(0, RESAMPLES, AT_ONCE)]


def matrices(
    tables: Float64[np.ndarray, "tables things columns"],
) -> Float64[np.ndarray, "tables columns columns"]:
    """Return Pearson's correlation of every pair of columns; nan where one is constant."""
    standard = _standard(tables.swapaxes(1, 2))  # (tables, columns, things)
    found: Float64[np.ndarray, "tables columns columns"] = (
        standard @ standard.swapaxes(1, 2) / tables.shape[1]
    )
    return found.clip(-1, 1)


def exchanged(
    first: Float64[np.ndarray, " things"],
    second: Float64[np.ndarray, " things"],
    others: Float64[np.ndarray, "things columns"],
    coefficient: str,
    swapped: Bool[np.ndarray, "times things"],
) -> tuple[Float64[np.ndarray, "times columns"], Float64[np.ndarray, "times columns"]]:
    """Return how two columns correlate with others after some of their values change places.

    Before they do, both columns are brought to one scale: mean 0 and deviation 1, or ranks, for
    one column may count many more than the other.
    """
    ranked = PEARSON if coefficient == PEARSON else SPEARMAN
    mine, yours = _standard(_ranked(ranked, np.stack([first, second], 1)[None])[0].T)
    of = _taus if coefficient == KENDALL else _many
    return (
        of(np.where(swapped, yours, mine), others, coefficient),
        of(np.where(swapped, mine, yours), others, coefficient),
    )


def _many(rows: np.ndarray, others: np.ndarray, coefficient: str) -> np.ndarray:
    """Return the correlation of each row with every other column."""
    columns = _standard(_ranked(coefficient, others[None])[0].T)  # (columns, things)
    found: np.ndarray = _standard(_ranked(coefficient, rows[:, :, None])[:, :, 0]) @ columns.T
    return found / len(others)


def _taus(rows: np.ndarray, others: np.ndarray, coefficient: str) -> np.ndarray:
    """Return tau-b of each row with every other column."""
    pairs = np.array([_order(values).ravel() for values in others.T]).T  # (pairs, columns)
    found, size = [], max(1, PAIRS // len(others) ** 2)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        order = np.sign(some[:, :, None] - some[:, None, :]).reshape(len(some), -1)
        untied = np.abs(order).sum(1)[:, None] * np.abs(pairs).sum(0)
        found.append(order @ pairs / np.sqrt(np.where(untied > 0, untied, np.nan)))
    return np.concatenate(found)


def _standard(values: np.ndarray) -> np.ndarray:
    """Return values with mean 0 and deviation 1 along the last axis; nan where all are equal."""
    centred = values - values.mean(-1, keepdims=True)
    deviation = centred.std(-1, keepdims=True)
    largest = np.abs(values).max(-1, keepdims=True, initial=0)
    found: np.ndarray = centred / np.where(deviation > SMALL * largest, deviation, np.nan)
    return found


def _ranked(coefficient: str, tables: np.ndarray) -> np.ndarray:
    """Return what is correlated: the numbers, or their ranks among the things; ties share one."""
    if coefficient == PEARSON:
        return tables
    from scipy.stats import rankdata  # late: half a second at the start of every web process

    ranks: np.ndarray = rankdata(tables, axis=1)
    return ranks


def _partial(matrix: np.ndarray, column: int, given: int) -> np.ndarray:
    """Return the partial correlation of column 0 and another; nan where nothing is left."""
    xy, xz, yz = matrix[:, 0, column], matrix[:, 0, given], matrix[:, column, given]
    left = (1 - xz**2) * (1 - yz**2)
    found: np.ndarray = (xy - xz * yz) / np.sqrt(np.where(left > SMALL, left, np.nan))
    return found.clip(-1, 1)


def _order(values: np.ndarray) -> np.ndarray:
    """Return for every pair of things which is larger: 1, -1, or 0 for a tie."""
    found: np.ndarray = np.sign(values[:, None] - values[None, :])
    return found


def _middle(drawn: np.ndarray) -> tuple[float | None, float | None]:
    """Return the ends of the middle 95% of what is defined."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _p(value: float, dealt: np.ndarray) -> float:
    """Return the share of permutations at least as far from 0, the data themselves among them."""
    return float((1 + (np.abs(dealt) >= abs(value) - SMALL).sum()) / (1 + len(dealt)))
