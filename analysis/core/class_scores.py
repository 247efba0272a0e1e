"""How well units answer to classes, from counts of pixels: IoU, F1, AP, correlation, and caps.

Counts are (units, classes) or broadcast to it: ``both`` pixels of the class where the unit is on,
``on`` pixels where it is, ``pixels`` of the class, ``known`` pixels of any class.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import digamma

# Numbers of which a score makes copies at a time.
AT_ONCE = 1 << 21
FAR = 1000.0
Counts = Int64[np.ndarray, "#units #classes"]
Scores = Float64[np.ndarray, "units classes"]


def iou(both: Counts, on: Counts, pixels: Counts) -> Scores:
    """Return intersection over union (Bau et al. 2017, section 2.3); 0 where both are empty."""
    found: Scores = both / np.maximum(on + pixels - both, 1)
    return found


def f1(both: Counts, on: Counts, pixels: Counts) -> Scores:
    """Return the harmonic mean of precision and recall; 0 where both are empty."""
    found: Scores = 2 * both / np.maximum(on + pixels, 1)
    return found


def precision(both: Counts, on: Counts) -> Scores:
    """Return the share of the pixels where the unit is on that are of the class; 0 if none is."""
    found: Scores = both / np.maximum(on, 1)
    return found


def cap(on: Counts, pixels: Counts) -> Scores:
    """Return the most that IoU can be: the smaller of the two areas within the larger.

    A unit that is on for a share q of all pixels cannot exceed q / f with a class of share f > q.
    """
    found: Scores = np.minimum(on, pixels) / np.maximum(np.maximum(on, pixels), 1)
    return found


class Estimate(NamedTuple):
    """An average precision, and the least and most that it can be."""

    value: Scores
    least: Scores
    most: Scores


def average_precision(levels: Int64[np.ndarray, "units levels classes"]) -> Estimate:
    """Return the area under the precision-recall curve, sum of (R_n - R_n-1) P_n over pixels.

    ``levels`` counts the pixels of each class whose value lies in each level, ascending. Between
    levels the order is exact, within one it is not known: ``least`` has all other pixels first,
    ``most`` all of the class's, ``value`` mixes them evenly. That is the expectation over random
    orders to first order; scikit-learn takes equal values for one step instead. 0 without pixels.
    """
    step = max(1, AT_ONCE // max(levels[0].size, 1))
    parts = [_areas(levels[at : at + step]) for at in range(0, len(levels), step)]
    return Estimate(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _areas(levels: Int64[np.ndarray, "units levels classes"]) -> Estimate:
    """Return `average_precision` of a few units."""
    own = levels[:, ::-1].astype(np.float64)  # from the strongest level down
    others = own.sum(2, keepdims=True) - own
    own_above, others_above = own.cumsum(1) - own, others.cumsum(1) - others
    first = own_above + others_above
    total = np.maximum(own.sum(1), 1)
    # Of p pixels of the class and n others in a level, n · i / (p + 1) others stand before the
    # i-th: its precision is (own above + i) / (first + i (1 + n / (p + 1))).
    wide = 1 + others / (own + 1)
    value = _sum_of_precisions(own, own_above, first / wide) / wide
    most = _sum_of_precisions(own, own_above, first)
    least = _sum_of_precisions(own, own_above, first + others)
    return Estimate(*(part.sum(1) / total for part in (value, least, most)))


def _sum_of_precisions(
    count: Float64[np.ndarray, "*shape"],
    start: Float64[np.ndarray, "*shape"],
    base: Float64[np.ndarray, "*shape"],
) -> Float64[np.ndarray, "*shape"]:
    """Return the sum over i = 1..count of (start + i) / (base + i).

    Each term is 1 + (start - base) / (base + i); the sum of 1 / (base + i) is a difference of the
    digamma function. Beyond FAR its first terms, ln x and 1 / 24 x^2, leave an error below 1e-14,
    and taken by log1p they do not cancel.
    """
    x, y = base + 0.5, base + count + 0.5
    far = np.log1p(count / x) + (1 / y**2 - 1 / x**2) / 24
    near = digamma(base + count + 1) - digamma(base + 1)
    total: Float64[np.ndarray, "*shape"] = count + (start - base) * np.where(base > FAR, far, near)
    return total


class Sums(NamedTuple):
    """Sums over pixels of a unit's values: all, squared, and those within each class."""

    values: Float64[np.ndarray, "units 1"]
    squares: Float64[np.ndarray, "units 1"]
    within: Float64[np.ndarray, "units classes"]


def correlation(sums: Sums, pixels: Counts, known: int) -> Scores:
    """Return Pearson's correlation of a unit's values with "is of the class", over known pixels.

    0 where the unit, or the class, is the same everywhere.
    """
    covariance = known * sums.within - sums.values * pixels
    unit = known * sums.squares - sums.values**2
    label = (pixels * (known - pixels)).astype(np.float64)
    # Rounding leaves a constant unit a variance of about this size.
    varies = (unit > 1e-9 * known * sums.squares) & (label > 0)
    scale = np.sqrt(np.where(varies, unit * label, 1.0))
    return np.where(varies, np.clip(covariance / scale, -1, 1), 0.0)
