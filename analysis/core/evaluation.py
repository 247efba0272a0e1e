"""How well masks and scores agree with the masks of a set: Jaccard index and average precision.

Each named thing (a unit, or a concept with all its units) has one class that it should find.

- **Jaccard**: pixels that its mask and the class share, over pixels of either, counted over all
  images; pixels of no class are left out. **Chance** is the same with the mask of another image.
- **Average precision** of saying which images hold the class at all: images are ordered by how
  rare the thing's strongest activation in them is, and precision is averaged over recall. Images
  as good as equal (the same 1 in 600 of six powers of ten) are taken together. Its chance is the
  share of images that hold the class.

Zhou et al. 2015 give J and AP for some units (PROTOCOL.md) and do not say over what they average;
this is our reading.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64, Integer

VOID = -1
BINS = 600
RAREST = 1e-6
Labels = Integer[np.ndarray, "height width"]
Counts = Int64[np.ndarray, " things"]


def bins_of(rarity: Float64[np.ndarray, " things"]) -> Int64[np.ndarray, " things"]:
    """Return the bin of each rarity (1 common, RAREST or less: rare); higher is rarer."""
    share = np.log(np.clip(rarity, RAREST, 1)) / np.log(RAREST)
    return np.asarray(np.minimum((share * BINS).astype(np.int64), BINS - 1))


class Evaluation:
    """Counts over images. Whole numbers: neither order nor shards change the result."""

    def __init__(self, classes: Sequence[int]) -> None:
        """Take the class that each thing should find."""
        self.classes = np.array(classes, np.int64)
        things = len(self.classes)
        self.both, self.on, self.truth, self.chance_both, self.chance_on, self.chance_truth = (
            np.zeros(things, np.int64) for _ in range(6)
        )
        self.counts = np.zeros((things, 2, BINS), np.int64)  # without and with the class

    def add(
        self,
        masks: Mapping[int, Bool[np.ndarray, "height width"]],
        rarity: Float64[np.ndarray, " things"],
        labels: Labels,
        other: Labels | None = None,
    ) -> Int64[np.ndarray, "things 8"]:
        """Count one image: the masks of the things that are on, and its pixels' classes.

        ``rarity`` is that of each thing's strongest activation, ``other`` the classes of another
        image, for chance. Returned is what was counted of this image; OF_IMAGE names the columns.
        """
        there = np.isin(self.classes, labels).astype(np.int64)
        step = bins_of(rarity)
        pixels = [*self._covered(masks, labels), *self._covered(masks, other)]
        for name, counted in zip(SUMS, pixels, strict=True):
            getattr(self, name).__iadd__(counted)
        np.add.at(self.counts, (np.arange(len(self.classes)), there, step), 1)
        return np.stack([*pixels, there, step], axis=1)

    def _covered(
        self, masks: Mapping[int, Bool[np.ndarray, "height width"]], labels: Labels | None
    ) -> tuple[Counts, Counts, Counts]:
        """Return pixels that mask and class share, of the mask, of the class; none of no image."""
        both, on, truth = (np.zeros(len(self.classes), np.int64) for _ in range(3))
        if labels is None:
            return both, on, truth
        for thing, mask in masks.items():
            both[thing] = (labels[mask] == self.classes[thing]).sum()
            on[thing] = (labels[mask] != VOID).sum()
        return both, on, self._pixels(labels)

    def _pixels(self, labels: Labels) -> Counts:
        """Return the pixels of each thing's class."""
        last = int(self.classes.max(initial=0))
        found = np.bincount(np.clip(labels.ravel(), VOID, last + 1) + 1, minlength=last + 3)
        return np.asarray(found[self.classes + 1])

    def jaccard(self) -> Float64[np.ndarray, " things"]:
        """Return the Jaccard index of each thing; 0 where neither it nor its class is anywhere."""
        return _ratio(self.both, self.on + self.truth - self.both)

    def chance(self) -> Float64[np.ndarray, " things"]:
        """Return the Jaccard index with the masks of other images."""
        either = self.chance_on + self.chance_truth - self.chance_both
        return _ratio(self.chance_both, either)

    def average_precision(self) -> Float64[np.ndarray, " things"]:
        """Return the average precision of each thing; NaN where no image holds its class."""
        rarest_first = self.counts[:, :, ::-1]
        held, all_of = rarest_first[:, 1], rarest_first.sum(1)  # (things, bins)
        upto = _ratio(held.cumsum(1), all_of.cumsum(1))
        total = held.sum(1)
        found = (held * upto).sum(1) / np.maximum(total, 1)
        return np.asarray(np.where(total > 0, found, np.nan))

    def images(self) -> Counts:
        """Return how many images hold each thing's class."""
        return np.asarray(self.counts[:, 1].sum(1))

    def state(self) -> dict[str, np.ndarray]:
        """Return all that was counted."""
        return {name: getattr(self, name) for name in NAMES}

    def merge(self, state: Mapping[str, np.ndarray]) -> None:
        """Take in what `state` gave of other images.

        Raises:
            ValueError: it was counted for other things.
        """
        if len(state["both"]) != len(self.classes):
            raise ValueError(
                f"Counts of {len(state['both'])} things are none of these {len(self.classes)}."
            )
        for name in NAMES:
            getattr(self, name).__iadd__(state[name])


SUMS = ("both", "on", "truth", "chance_both", "chance_on", "chance_truth")
NAMES = (*SUMS, "counts")
# Whether the image holds the class, and the step of the rarity: 0 common to BINS - 1 rare.
OF_IMAGE = (*SUMS, "there", "step")


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return a ratio of counts, 0 where there is nothing below."""
    return np.asarray(above / np.maximum(below, 1))
