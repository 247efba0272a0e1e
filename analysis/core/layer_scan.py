"""What a scan keeps of one layer: strongest images, weakest images, distribution."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from analysis.core.quantiles import POSITIONS, Sketch, sampled
from analysis.core.topk import TopK, peaks

# Images that wait to be sorted in and counted together: a few large operations cost far less than
# many small ones, on every device. Whatever the lot, the result is the same.
LOT = 256


@dataclass(frozen=True)
class Keep:
    """How much a scan keeps: part of a run's recipe.

    ``top`` and ``low`` are images per unit at either end, ``positions`` those read of each map for
    the distribution, ``seed`` that of the shuffle which breaks ties among the weakest.
    """

    top: int = 60
    low: int = 12
    positions: int = POSITIONS
    seed: int = 0


@dataclass(frozen=True)
class Seen:
    """What was read of a batch of maps and is not yet sorted in."""

    image: Int64[Tensor, " batch"]
    peak: Float32[Tensor, "batch units"]
    place: Int64[Tensor, "batch units"]
    samples: Float[Tensor, "batch some units"]


class LayerScan:
    """A running statistic over the feature maps of one layer.

    Memory is units × (K + bins + what is read of LOT images), whatever the number of images.
    """

    def __init__(self, units: int, keep: Keep, device: torch.device | str = "cpu") -> None:
        """Start empty."""
        self.keep = keep
        self.top = TopK(units, keep.top, device=device)
        # Scores are minus the maximum: an image is weak for a unit when even its maximum is low.
        self.low = TopK(units, keep.low, seed=keep.seed, device=device)
        self.sketch = Sketch(units, device=device)
        self.waiting: list[Seen] = []

    def add(self, maps: Float[Tensor, "batch units *grid"], image: Int64[Tensor, " batch"]) -> None:
        """Take in the maps of a batch of images, each image once. Nothing of them is held.

        Raises:
            ValueError: NaN or infinite activations; names the unit and the image.
        """
        flat = positions_last(maps)
        peak, place = peaks(flat, image)
        samples = sampled(flat, image, self.keep.positions).clone()
        # A sample of a map that is read whole is a view, and the map may be overwritten.
        self.waiting.append(Seen(image, peak, place, samples))
        if sum(len(seen.image) for seen in self.waiting) >= LOT:
            self.sort_in()

    def sort_in(self) -> None:
        """Sort in and count whatever waits."""
        if not self.waiting:
            return
        image = torch.cat([seen.image for seen in self.waiting])
        peak = torch.cat([seen.peak for seen in self.waiting])
        place = torch.cat([seen.place for seen in self.waiting])
        self.top.add(peak, image, place)
        self.low.add(-peak, image, place)
        self.sketch.add(torch.cat([seen.samples for seen in self.waiting]))
        self.waiting = []

    def merge(self, other: "LayerScan") -> None:
        """Take in what another has seen of other images."""
        self.sort_in()
        other.sort_in()
        self.top.merge(other.top)
        self.low.merge(other.low)
        self.sketch.merge(other.sketch)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known: arrays named top_, low_ and sketch_."""
        self.sort_in()
        parts = {
            "top": self.top.state(),
            "low": self.low.state(),
            "sketch": self.sketch.state(),
        }
        return {f"{part}_{k}": array for part, kept in parts.items() for k, array in kept.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], keep: Keep) -> "LayerScan":
        """Return what `state` gave, on the CPU."""

        def part(prefix: str) -> dict[str, np.ndarray]:
            start = f"{prefix}_"
            return {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}

        scan = cls(len(state["top_score"]), keep)
        scan.top = TopK.from_state(part("top"))
        scan.low = TopK.from_state(part("low"), seed=keep.seed)
        scan.sketch = Sketch.from_state(part("sketch"))
        return scan

    def weakest(self) -> Float32[np.ndarray, "units low"]:
        """Return the maxima of the weakest images, weakest first."""
        self.sort_in()
        return 0.0 - self.low.scores()


def positions_last(
    maps: Float[Tensor, "batch units *grid"],
) -> Float[Tensor, "batch units positions"]:
    """Return the maps with their grid as one axis, row by row; a view for every memory layout.

    A layer without a grid (a fully connected one) has one position.

    Raises:
        ValueError: for a tensor that is no batch of maps.
    """
    if maps.ndim == 2:
        return maps.unsqueeze(2)  # (batch, units, 1)
    if maps.ndim != 4:
        raise ValueError(
            f"A layer gives maps of shape (batch, units, rows, columns), not {tuple(maps.shape)}."
        )
    return maps.flatten(2)  # (batch, units, rows * columns)
