"""How far several people say the same, and how sure that makes a share of images.

Every vote table here has one row for each answer and one column for each image:
1 kept, 0 rejected, nan not seen.
"""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from analysis.core.intervals import Z95, wilson

Votes = NDArray[np.float64]


def share_agreeing(pairs: Sequence[tuple[int, str]], concept: int, category: str) -> float:
    """Return the share of answers with this group of words and this category.

    ``pairs`` holds one (group of words, category) for each answer. A single answer agrees with
    itself: the share is 1, and the consensus says that it is single.
    """
    if not pairs:
        raise ValueError("no answers, so no share of them agrees")
    return sum(pair == (concept, category) for pair in pairs) / len(pairs)


def precision(votes: Votes) -> float:
    """Return the mean over answers of kept / shown (Zhou et al. 2015, section 3.3).

    Images that an answer did not see count neither as kept nor as shown.
    """
    return float(np.nanmean(votes, axis=1).mean())


def precision_interval(votes: Votes, z: float = Z95) -> tuple[float, float]:
    """Bound the precision: a Wilson interval with an effective number of observations.

    Votes of one person hang together, and so do votes on one image, so 3 × 57 votes are far
    fewer than 171 independent ones. The variance of the mean of a table whose rows and columns
    are both drawn at random is (MS_rows + MS_columns - MS_rest) / (rows × columns). The effective
    number n is p (1 - p) over that variance: as many independent votes as would be as unsure. It
    is never more than the number of images, however many people look at the same ones, and never
    less than one. Wilson's interval with n stays within 0 and 1, and has a width at p = 1.
    """
    p = precision(votes)
    images = votes.shape[1]
    row_means = np.nanmean(votes, axis=1, keepdims=True)  # (answers, 1)
    table = np.where(np.isnan(votes), row_means, votes)  # (answers, images)
    variance = _variance_of_mean(table)
    spread = p * (1 - p)
    n = images if variance <= 0 or spread <= 0 else min(max(spread / variance, 1.0), images)
    return wilson(p, n, z)


def _variance_of_mean(table: Votes) -> float:
    """Return the variance of the mean of a table with random rows and random columns.

    With a single row only the columns vary: what another person would have said is not known.
    """
    answers, images = len(table), len(table.T)
    mean, rows, columns = float(table.mean()), table.mean(axis=1), table.mean(axis=0)
    if images < 2:
        return 0.0
    ms_columns = answers * float(((columns - mean) ** 2).sum()) / (images - 1)
    if answers < 2:
        return ms_columns / images
    ms_rows = images * float(((rows - mean) ** 2).sum()) / (answers - 1)
    rest = table - rows[:, None] - columns[None, :] + mean  # (answers, images)
    ms_rest = float((rest**2).sum()) / ((answers - 1) * (images - 1))
    return (ms_rows + ms_columns - ms_rest) / (answers * images)


def kept_share(rejected: Set[int], unseen: Set[int], asked: Sequence[int]) -> float | None:
    """Return kept / seen of one answer over the places asked about; None if it saw none of them."""
    seen = [place for place in asked if place not in unseen]
    return sum(place not in rejected for place in seen) / len(seen) if seen else None


def apart(rejected: Set[int], others: Sequence[Set[int]], asked: Sequence[int]) -> list[int]:
    """Return the places asked about that one answer judged unlike most of the others.

    Where the others are of two minds, or there are none, nothing differs.
    """
    found = []
    for place in asked:
        marked = sum(place in other for other in others)
        most_marked, most_kept = 2 * marked > len(others), 2 * marked < len(others)
        if most_marked != (place in rejected) and (most_marked or most_kept):
            found.append(place)
    return found
