"""How well two kinds of mask fit the classes of the images: pixels counted, IoU, means of units.

For each unit the pixels of its masks over its images are counted once for each kind of mask (the
disc of its layer, its own field). A kind's score is the IoU with the class that it fits best, as
Network Dissection does for thresholded maps (Bau et al. 2017, section 3.1); so each kind may have
a class of its own, and both choices flatter alike. Pixels of no class are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, Integer

VOID = -1  # a pixel of no class
RESAMPLES = 2000


@dataclass(frozen=True)
class Count:
    """Pixels of one mask on one image."""

    unit: int  # its place in the layer
    both: Int64[np.ndarray, " classes"]  # of the mask, by class
    truth: Int64[np.ndarray, " classes"]  # of the image, by class


def pixels_of(
    labels: Integer[np.ndarray, "height width"], classes: int
) -> Int64[np.ndarray, " classes"]:
    """Return how many pixels each class has.

    Raises:
        ValueError: a label outside VOID..classes-1.
    """
    if labels.min() < VOID or labels.max() >= classes:
        raise ValueError(f"a mask holds a label outside {VOID}..{classes - 1}")
    counts: Int64[np.ndarray, " classes"] = np.bincount(labels.ravel() + 1, minlength=classes + 1)
    return counts[1:]


def counted(
    unit: int,
    mask: Bool[np.ndarray, "height width"],
    labels: Integer[np.ndarray, "height width"],
    truth: Int64[np.ndarray, " classes"],
) -> Count:
    """Return the pixels of a mask; ``truth`` are those of its image, as `pixels_of` counts them."""
    inside = np.bincount(labels[mask] + 1, minlength=len(truth) + 1)[1:]
    return Count(unit, inside, truth)


class Overlap:
    """Counts of one kind of mask. Whole numbers: neither order nor shards change the result."""

    def __init__(self, units: int, classes: int) -> None:
        """Start empty."""
        self.both = np.zeros((units, classes), np.int64)
        self.truth = np.zeros((units, classes), np.int64)
        self.images = np.zeros(units, np.int64)

    def add(self, count: Count) -> None:
        """Count one mask."""
        self.both[count.unit] += count.both
        self.truth[count.unit] += count.truth
        self.images[count.unit] += 1

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known."""
        return {"both": self.both, "truth": self.truth, "images": self.images}

    def merge(self, state: Mapping[str, np.ndarray]) -> None:
        """Take in what another has counted."""
        self.both += state["both"]
        self.truth += state["truth"]
        self.images += state["images"]

    def iou(self) -> Float64[np.ndarray, "units classes"]:
        """Return intersection over union of every unit with every class; 0 where both are empty."""
        on = self.both.sum(1, keepdims=True)  # (units, 1): a mask's pixels that have a class
        union = on + self.truth - self.both  # (units, classes)
        iou: Float64[np.ndarray, "units classes"] = self.both / np.maximum(union, 1)
        return iou

    def best(self) -> tuple[Int64[np.ndarray, " units"], Float64[np.ndarray, " units"]]:
        """Return each unit's best class, the first of equals, and its IoU."""
        iou = self.iou()
        label = iou.argmax(1)
        return label, iou[np.arange(len(iou)), label]


@dataclass(frozen=True)
class Mean:
    """A mean over units with its 95% interval; no interval for a single unit."""

    mean: float
    low: float | None
    high: float | None
    n: int


def mean_of(values: Float64[np.ndarray, " units"], seed: int = 0) -> Mean:
    """Return the mean with a percentile bootstrap over the units (Efron 1979), 2,000 resamples.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("There is no mean of no units.")
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return Mean(mean, None, None, n)
    chance = np.random.default_rng(seed)
    drawn = [values[chance.integers(0, n, n)].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Mean(mean, float(low), float(high), n)
