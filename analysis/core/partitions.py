"""An image cut into regions: automatic ones, or the classes of its mask.

A partition numbers every pixel of the network's view from 0 without gaps. In a mask each class is
one region, however many pieces it has: masks of classes do not tell two chairs from one chair
behind a table, and what is asked afterwards is whether the chairs were kept. What has no label
(void) is a region of its own, and can be removed like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Integer, UInt8
from skimage.segmentation import felzenszwalb


@dataclass(frozen=True)
class Partition:
    """Regions of one image: a number for every pixel, and names where the regions have any."""

    number: Int[np.ndarray, "h w"]
    names: tuple[str, ...]  # one for each region; empty for automatic regions

    @property
    def count(self) -> int:
        """Return the number of regions."""
        return int(self.number.max()) + 1


@dataclass(frozen=True)
class Automatic:
    """How images are cut into regions by themselves (Felzenszwalb and Huttenlocher, 2004).

    ``scale``: larger asks for larger regions. ``sigma``: pixels of the smoothing before. ``least``:
    share of the image below which a region is joined to its neighbour.
    """

    scale: float = 100.0
    sigma: float = 0.8
    least: float = 0.006

    def cut(self, view: UInt8[np.ndarray, "h w 3"]) -> Partition:
        """Return the regions of what the network sees."""
        smallest = max(1, round(self.least * view.shape[0] * view.shape[1]))
        number = felzenszwalb(view, scale=self.scale, sigma=self.sigma, min_size=smallest)
        return Partition(np.unique(number, return_inverse=True)[1].reshape(view.shape[:2]), ())


def by_class(mask: Integer[np.ndarray, "h w"], names: Mapping[int, str], void: str) -> Partition:
    """Return the classes of a mask, in order of their index; ``void`` is said of what has no name.

    An index without a name is told by its number.
    """
    indexes, number = np.unique(mask, return_inverse=True)
    told = tuple(names.get(int(index), f"class {index}") for index in indexes)
    return Partition(number.reshape(mask.shape), tuple(name or void for name in told))


def kept_shares(partition: Partition, kept: Bool[np.ndarray, "h w"]) -> dict[str, float]:
    """Return for each named region the share of its pixels that are kept."""
    number = partition.number.ravel()
    pixels = np.bincount(number, minlength=partition.count)
    left = np.bincount(number, weights=kept.ravel(), minlength=partition.count)
    return {name: float(left[at] / pixels[at]) for at, name in enumerate(partition.names)}
