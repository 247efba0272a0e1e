"""What many units' labels say together: shares, means and kappa, with bootstrap intervals.

Every figure is made of sums over units, so one table with a row for each unit is all that is
needed: drawing units anew is adding up its rows as often as each was drawn (Efron 1979). Units are
drawn, not answers: the answers about one unit hang together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer

RESAMPLES = 2000
AT_ONCE = 100  # resamples held in memory at a time
Sums = Float64[np.ndarray, "*some columns"]
Formula = Callable[[Sums], Float64[np.ndarray, "*some figures"]]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval; None for what these units cannot tell."""

    value: float | None
    low: float | None = None
    high: float | None = None


def estimates(
    table: Float64[np.ndarray, "units columns"], formula: Formula, seed: int = 0
) -> list[Estimate]:
    """Return the figures that ``formula`` makes of the sums over units, with their intervals.

    The interval holds the middle 95% of 2,000 resamples in which the figure is defined; a single
    unit gives none.

    Raises:
        ValueError: there are no units.
    """
    if not len(table):
        raise ValueError("there are no units, so there is nothing to estimate")
    values = formula(table.sum(0))  # (figures,)
    if len(table) == 1:
        return [Estimate(_known(value)) for value in values]
    drawn = formula(resampled_sums(table, np.random.default_rng(seed)))  # (resamples, figures)
    return [_estimate(value, some) for value, some in zip(values, drawn.T, strict=True)]


def resampled_sums(
    table: Float64[np.ndarray, "units columns"], chance: np.random.Generator
) -> Float64[np.ndarray, "resamples columns"]:
    """Return the sums over as many units drawn with replacement, for each resample."""
    units = len(table)
    sums = np.empty((RESAMPLES, table.shape[1]))
    for first in range(0, RESAMPLES, AT_ONCE):
        drawn = chance.integers(0, units, (AT_ONCE, units))
        places = drawn + units * np.arange(AT_ONCE)[:, None]  # each resample has counts of its own
        often = np.bincount(places.ravel(), minlength=AT_ONCE * units)
        sums[first : first + AT_ONCE] = often.astype(np.float64).reshape(AT_ONCE, units) @ table
    return sums


def shares(sums: Sums) -> Float64[np.ndarray, "*some figures"]:
    """Return every column but the last as a share of the last; nan where that is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float64[np.ndarray, "*some figures"] = sums[..., :-1] / sums[..., -1:]
    return found


def agreeing(
    counts: Integer[np.ndarray, "units groups"],
) -> Float64[np.ndarray, "units columns"]:
    """Return the table that `kappa` is made of: counts, agreeing share of pairs, and 1.

    ``counts`` says how many answers put each unit into each group; a unit with fewer than two
    answers has no pair of them, and is left out.
    """
    several = counts[counts.sum(1) >= 2].astype(np.float64)
    answers = several.sum(1)
    pairs = (several * (several - 1)).sum(1) / (answers * (answers - 1))  # Fleiss' P_i
    return np.column_stack([several, pairs, np.ones(len(several))])


def kappa(sums: Sums) -> Float64[np.ndarray, "*some 1"]:
    """Return Fleiss' kappa (Fleiss 1971); nan where all answers are of one group.

    Units may have different numbers of answers: chance is reckoned from the shares of groups
    among all answers, as it is where all have the same number.
    """
    counts, pairs, units = sums[..., :-2], sums[..., -2], sums[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = ((counts / counts.sum(-1, keepdims=True)) ** 2).sum(-1)  # Fleiss' P_e
        # All in one group: what is left is rounding, and no measure of anything.
        room = np.where(1 - chance > 1e-12, 1 - chance, np.nan)
        found: Float64[np.ndarray, "*some 1"] = ((pairs / units - chance) / room)[..., None]
    return found


def paired(
    first: Integer[np.ndarray, " units"], second: Integer[np.ndarray, " units"]
) -> Float64[np.ndarray, "units columns"]:
    """Return the table that `cohen` is made of: each one's class, whether it is the same, and 1.

    ``first`` and ``second`` are what two judges say about the same units: numbers of classes.
    """
    classes = np.unique(np.concatenate([first, second]))
    said = [(one[:, None] == classes).astype(np.float64) for one in (first, second)]
    return np.column_stack([*said, (first == second).astype(np.float64), np.ones(len(first))])


def cohen(sums: Sums) -> Float64[np.ndarray, "*some 1"]:
    """Return Cohen's kappa (Cohen 1960); nan where both say one and the same class of all units.

    Chance is reckoned from how often each of the two says each class.
    """
    classes = (sums.shape[-1] - 2) // 2
    first, second = sums[..., :classes], sums[..., classes:-2]
    same, units = sums[..., -2], sums[..., -1]
    chance = (first * second).sum(-1) / units**2
    with np.errstate(invalid="ignore", divide="ignore"):
        # Nothing left to agree about: what is left is rounding, and no measure of anything.
        room = np.where(1 - chance > 1e-12, 1 - chance, np.nan)
        found: Float64[np.ndarray, "*some 1"] = ((same / units - chance) / room)[..., None]
    return found


def _estimate(value: float, drawn: Float64[np.ndarray, " resamples"]) -> Estimate:
    """Return a figure with the interval of its resamples."""
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return Estimate(_known(value))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def _known(value: float) -> float | None:
    """Return the figure, or None where it is not defined."""
    return float(value) if np.isfinite(value) else None
