"""How a unit's activations are distributed: counts in fixed bins, so sketches merge exactly.

`Sketch` is a running statistic: ``add`` values, ``merge`` others, ``state`` out and in. Counts are
whole numbers that only add up: the result does not depend on order, batches or shards.

Bins: see core/bins.py; the error of a value is at most 1/64 of it. Memory is units × 3,073 counts
of 8 bytes: 24 KiB a unit.

Positions: of each map at most ``count`` positions are read, evenly spaced from a start that the
image's number alone decides; every position is as likely as any other. A quantile q read from n
values then has the standard error sqrt(q (1 - q) / n) in its rank if values were independent, and
neighbours' likeness within a map is what the even spacing makes least of. A map with no more than
``count`` positions is read whole and adds no error.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Float64, Int32, Int64
from torch import Tensor

from analysis.core.bins import BINS, FINE, LEAST, SIDE, quantile
from analysis.core.mixing import mixed

# The bits of a float32 above its 23 - FINE lowest: the power of two and the bin within it.
SHIFT = 23 - FINE
ZERO = ((127 + LEAST) << FINE) - 1
POSITIONS = 16


class Sketch:
    """Counts of each unit's activations in fixed bins."""

    def __init__(self, units: int, *, device: torch.device | str = "cpu") -> None:
        """Start empty.

        Raises:
            ValueError: ``units`` below 1.
        """
        if units < 1:
            raise ValueError(f"A distribution needs at least one unit, not {units}.")
        self.counts = torch.zeros((units, BINS), dtype=torch.int64, device=device)
        self.rows = torch.arange(units, dtype=torch.int32, device=device) * BINS

    def add(self, values: Float[Tensor, "batch some units"]) -> None:
        """Count values; every one must be finite."""
        bins = fixed_bins(values.float()).add_(self.rows).flatten().long()
        self.counts.view(-1).scatter_add_(0, bins, torch.ones_like(bins))

    def merge(self, other: "Sketch") -> None:
        """Take in what another has counted.

        Raises:
            ValueError: the numbers of units differ.
        """
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"Distributions of {len(self.counts)} and {len(other.counts)} units do not merge."
            )
        self.counts += other.counts.to(self.counts.device)

    def quantile(self, q: float) -> Float64[np.ndarray, " units"]:
        """Return, per unit, the value that a share ``q`` of its activations does not exceed.

        See `analysis.core.bins.quantile`; NaN for a unit that has counted nothing.

        Raises:
            ValueError: ``q`` is not from 0 to 1.
        """
        return quantile(self.counts.cpu().numpy(), 0, q)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known: ``counts`` of the bins from ``first`` on; the rest are 0."""
        counts = self.counts.cpu().numpy()
        used = np.flatnonzero(counts.any(0))
        first, last = (used[0], used[-1] + 1) if len(used) else (SIDE, SIDE + 1)
        return {"first": np.int64(first).reshape(1), "counts": counts[:, first:last].copy()}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> "Sketch":
        """Return what `state` gave, on the CPU."""
        counts, first = torch.from_numpy(state["counts"]), int(state["first"][0])
        sketch = cls(len(counts))
        sketch.counts[:, first : first + counts.shape[1]] = counts
        return sketch


def sampled(
    maps: Float[Tensor, "batch units positions"], image: Int64[Tensor, " batch"], count: int
) -> Float[Tensor, "batch some units"]:
    """Return the activations at the positions that are read of each image; see the module."""
    positions = maps.shape[2]
    last = maps.transpose(1, 2)  # (batch, positions, units)
    if positions <= count:
        return last
    item = torch.arange(len(maps), device=maps.device)[:, None]
    return last[item, sampled_positions(image, positions, count)]


def sampled_positions(
    image: Int64[Tensor, " batch"], positions: int, count: int
) -> Int64[Tensor, "batch some"]:
    """Return which of the positions are read of each image: ``count``, evenly spaced, all unlike.

    The start comes from the image's number, so another batch or shard reads the same ones.
    """
    start = mixed(image, 0) % positions  # (batch,)
    steps = torch.arange(count, device=image.device) * positions // count  # (some,)
    return (start[:, None] + steps) % positions


def fixed_bins(values: Float[Tensor, "*shape"]) -> Int32[Tensor, "*shape"]:
    """Return each value's bin, 0 to BINS - 1, ascending with the value."""
    bits = values.contiguous().view(torch.int32)
    size = ((bits & 0x7FFFFFFF) >> SHIFT).sub_(ZERO).clamp_(0, SIDE)
    sign = (bits >> 31) | 1  # -1 or 1
    return size.mul_(sign).add_(SIDE)
