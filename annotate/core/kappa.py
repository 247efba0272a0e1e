"""Agreement beyond chance, with an interval: Fleiss' kappa and Krippendorff's alpha.

Both begin with a table of counts, one row for each task and one column for each label: how many
answers gave it that label. Rows may have different numbers of answers, and with fewer than two a
row says nothing of agreement and is left out.

The intervals are bootstrapped over tasks: as many tasks are drawn again, with replacement, and
each draw's coefficient counted. Tasks with the same counts are the same to both, so a draw is one
multinomial over the different rows, of which there are few, and all draws are one matrix product.
They say how much another set of units would have changed the figure, not what other people
would have said.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Counts = Float64[np.ndarray, "tasks labels"]
Sums = Float64[np.ndarray, "draws columns"]
Values = Float64[np.ndarray, " draws"]


@dataclass(frozen=True)
class Coefficient:
    """An agreement beyond chance: 1 is perfect, 0 as chance has it, below 0 is worse.

    ``low`` and ``high`` hold ``level`` of the draws; ``tasks`` and ``answers`` went into it.
    """

    value: float
    low: float
    high: float
    level: float
    tasks: int
    answers: int


def fleiss_kappa(counts: Counts) -> float:
    """Return Fleiss' kappa: (P - P_e) / (1 - P_e).

    P is the mean over tasks of the share of pairs of answers that agree,
    Σ_j n_ij (n_ij - 1) / (n_i (n_i - 1)); P_e = Σ_j p_j², with p_j the share of label j among all
    answers. With as many answers to each task it is that of J. L. Fleiss (1971), Measuring nominal
    scale agreement among many raters, Psychological Bulletin 76(5), 378–382; with varying numbers
    every task counts alike in P, and every answer in P_e.

    Raises:
        ValueError: no task has two answers, all answers are the same, or counts are no counts.
    """
    return _value(_fleiss_rows(counts), _fleiss)


def krippendorff_alpha(counts: Counts) -> float:
    """Return Krippendorff's alpha for nominal labels: 1 - D_o / D_e.

    Each ordered pair of answers to one task counts 1 / (n_i - 1) in the matrix of coincidences;
    D_o is the share of it off the diagonal, D_e what chance puts there if all n answers are
    shuffled: 1 - Σ_j n_j (n_j - 1) / (n (n - 1)). It treats missing answers rightly and corrects
    for small numbers. K. Krippendorff (2011), Computing Krippendorff's alpha-reliability.

    Raises:
        ValueError: no task has two answers, all answers are the same, or counts are no counts.
    """
    return _value(_krippendorff_rows(counts), _krippendorff)


def bootstrapped(
    counts: Counts,
    rng: np.random.Generator,
    coefficient: Callable[[Counts], float] = krippendorff_alpha,
    draws: int = 1000,
    level: float = 0.95,
) -> Coefficient:
    """Return one of the two with its bootstrap interval over tasks.

    Draws in which all answers are the same have no coefficient and are left out.

    Raises:
        ValueError: as the coefficients do; or draws or level are out of range, or the coefficient
            is another one.
    """
    if coefficient not in PARTS:
        raise ValueError(f"{coefficient!r} is neither fleiss_kappa nor krippendorff_alpha")
    if draws < 2 or not 0 < level < 1:
        raise ValueError(f"{draws} draws at level {level}: give 2 or more, and between 0 and 1")
    rows, value = PARTS[coefficient]
    features = rows(counts)
    found = _value(features, value)
    different, times = np.unique(features, axis=0, return_counts=True)
    drawn = rng.multinomial(len(features), times / len(features), size=draws)
    drawn_values = value(drawn @ different)  # (draws, rows) @ (rows, columns)
    tail = (1 - level) / 2
    low, high = np.nanquantile(drawn_values, [tail, 1 - tail])
    answers = int(_paired(counts).sum())
    return Coefficient(found, float(low), float(high), level, len(features), answers)


def _paired(counts: Counts) -> Counts:
    """Return the rows with two answers or more; raises ValueError if there are none."""
    table = np.array(counts, np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts must be a table of numbers from 0: a row a task, a column a label")
    table = np.asarray(table[table.sum(axis=1) >= 2])
    if not len(table):
        raise ValueError("no task has two answers, so nobody can agree")
    return table


def _fleiss_rows(counts: Counts) -> Float64[np.ndarray, "tasks columns"]:
    """Return for each task: its share of agreeing pairs, 1, and its counts."""
    table = _paired(counts)
    answers = table.sum(axis=1)
    pairs = (table * (table - 1)).sum(axis=1) / (answers * (answers - 1))
    return np.column_stack([pairs, np.ones(len(table)), table])


def _fleiss(sums: Sums) -> Values:
    """Return kappa from sums over tasks of `_fleiss_rows`; nan where chance explains all."""
    seen = sums[:, 0] / sums[:, 1]
    share = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
    chance = (share**2).sum(axis=1)
    return _over(seen - chance, 1 - chance)


def _krippendorff_rows(counts: Counts) -> Float64[np.ndarray, "tasks columns"]:
    """Return for each task: its coincidences on the diagonal, and its counts."""
    table = _paired(counts)
    same = (table * (table - 1)).sum(axis=1) / (table.sum(axis=1) - 1)
    return np.column_stack([same, table])


def _krippendorff(sums: Sums) -> Values:
    """Return alpha from sums over tasks of `_krippendorff_rows`; nan where chance explains all."""
    label = sums[:, 1:]
    answers = label.sum(axis=1)
    observed = 1 - sums[:, 0] / answers
    expected = 1 - (label * (label - 1)).sum(axis=1) / (answers * (answers - 1))
    return _over(expected - observed, expected)


def _over(above: Values, below: Values) -> Values:
    """Divide; nan where there is nothing to divide by, but for the error of sums."""
    nothing = np.abs(below) < 1e-12
    return np.where(nothing, np.nan, above / np.where(nothing, 1.0, below))


def _value(
    features: Float64[np.ndarray, "tasks columns"], value: Callable[[Sums], Values]
) -> float:
    """Return the coefficient over all tasks; raises ValueError where there is none."""
    found = float(value(features.sum(axis=0, keepdims=True))[0])
    if np.isnan(found):
        raise ValueError("all answers are the same, so chance alone would agree as well")
    return found


Rows = Callable[[Counts], Float64[np.ndarray, "tasks columns"]]
PARTS: dict[Hashable, tuple[Rows, Callable[[Sums], Values]]] = {
    fleiss_kappa: (_fleiss_rows, _fleiss),
    krippendorff_alpha: (_krippendorff_rows, _krippendorff),
}
