"""Fixed bins for activations, and what is read from counts in them; numpy only.

Every power of two from 2^-24 to 2^24 is cut into 32 equal bins, for both signs, and one bin holds
what is nearer to zero. The middle of a bin is within 1/64 (1.6%) of every value in it. Below
2^-24 the error is at most 2^-24; values beyond 2^24 count as lying in the outermost bin.
"""

import numpy as np
from jaxtyping import Float64, Integer

LEAST, MOST = -24, 24  # powers of two
FINE = 5  # 2^5 bins to each power of two
SIDE = (MOST - LEAST) << FINE  # bins of one sign
BINS = 2 * SIDE + 1
RELATIVE_ERROR = 1 / 64


def middles() -> Float64[np.ndarray, " bins"]:
    """Return the middle of every bin, ascending; that of the bin at zero is 0."""
    edges = np.ldexp(1 + np.arange(1 << FINE) / (1 << FINE), np.arange(LEAST, MOST)[:, None])
    edges = np.append(edges.ravel(), 2.0**MOST)
    middle = (edges[1:] + edges[:-1]) / 2
    return np.concatenate([-middle[::-1], [0.0], middle])


def folded(
    counts: Integer[np.ndarray, " some"], first: int, edges: Float64[np.ndarray, " edges"]
) -> Float64[np.ndarray, " steps"]:
    """Return how many activations of one unit lie in each step between ascending ``edges``.

    A bin goes whole into the step that holds its middle, the last edge included; what lies
    outside of the edges is left out. ``counts`` are those of the bins from ``first`` on.
    """
    middle = middles()[first : first + len(counts)]
    return np.histogram(middle, bins=edges, weights=counts)[0].astype(np.float64)


def quantile(
    counts: Integer[np.ndarray, "units some"], first: int, q: float
) -> Float64[np.ndarray, " units"]:
    """Return, per unit, the value that a share ``q`` of its activations does not exceed.

    ``counts`` are those of the bins from ``first`` on; all others are 0. The answer is the middle
    of the bin that holds the value of rank ceil(q n), at least 1; NaN for a unit without counts.

    Raises:
        ValueError: ``q`` is not from 0 to 1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"A quantile lies between 0 and 1, not at {q}.")
    upto = counts.cumsum(1)  # (units, some)
    total = upto[:, -1]
    rank = np.maximum(np.ceil(q * total), 1)
    place = (upto < rank[:, None]).sum(1).clip(max=counts.shape[1] - 1)
    return np.where(total > 0, middles()[first + place], np.nan)
