"""Network Dissection: how well each unit's responses cover the masks of each class.

A unit is on where it exceeds its own top quantile over the whole image set (0.5% of its locations,
as Bau et al. 2017 do); its map is enlarged to the input and compared with every class over all
known pixels of all images, on the cells of a lattice (core/lattice.py). It detects its best class
when IoU > 0.04. Beside it stand scores that use the whole range of activations: average precision
from counts at 64 levels, and correlation from sums.

**The cap.** A unit that is on for a share q of all pixels cannot cover more than q / f of a class
that fills a share f > q: a sky of a fifth of all pixels is capped at 0.005 / 0.2 = 0.025 and can
never be "detected" at this threshold. `class_scores.cap` gives the cap of each pair.

**Chance.** The same maps are compared with the masks of other images: what a unit reaches there
says how much a class's place and size alone give.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64, Integer
from torch import Tensor

from analysis.core import class_scores
from analysis.core.bins import BINS, quantile
from analysis.core.class_scores import Sums
from analysis.core.lattice import Truth
from analysis.core.quantiles import fixed_bins

TOP = 0.005  # share of a unit's locations that counts as on
DETECTS = 0.04  # a unit detects its best class above this IoU
LEVELS = 64
# Each level but the last holds this share of what lies at or above it: the last, 1 in 28,000.
FINER = 0.15
# Numbers that are at hand at a time: larger lots leave the processor's cache.
AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Scale:
    """What a unit's activations are measured by: its threshold, its median, its levels.

    ``level`` says of each fixed bin (core/bins.py) which level it belongs to, ascending.
    """

    threshold: Float32[np.ndarray, " units"]
    median: Float32[np.ndarray, " units"]
    level: Int64[np.ndarray, "units bins"]

    @classmethod
    def of(cls, counts: Integer[np.ndarray, "units some"], first: int, top: float = TOP) -> Self:
        """Return the scale of a distribution, as `analysis.core.bins.quantile` reads it.

        Raises:
            ValueError: a unit has no counts.
        """
        if not counts.any(1).all():
            raise ValueError("a unit's distribution is empty: scan the images again")
        thresholds, medians = (quantile(counts, first, q) for q in (1 - top, 0.5))
        whole = np.zeros((len(counts), BINS))
        whole[:, first : first + counts.shape[1]] = counts
        above = whole[:, ::-1].cumsum(1)[:, ::-1]
        share = (above - whole / 2) / above[:, :1]  # of the values above the middle of a bin
        with np.errstate(divide="ignore"):
            level = np.log(share) / np.log1p(-FINER)
        return cls(
            thresholds.astype(np.float32),
            medians.astype(np.float32),
            np.minimum(level, LEVELS - 1).astype(np.int64),
        )


def enlarged(
    maps: Float[Tensor, "units rows columns"],
    down: Float[Tensor, "lines rows"],
    across: Float[Tensor, "crosses columns"],
) -> Float[Tensor, "units cells"]:
    """Return what the cells of a lattice read of maps; see `analysis.core.lattice.reading`."""
    wide = maps.contiguous() @ across.T  # (units, rows, crosses)
    return (down @ wide).flatten(1)


class Dissection:
    """Counts of pixels, gathered in one pass: memory grows with units × classes, not images.

    Counts are whole numbers, so neither order nor batches change them; the sums of activations
    are kept in float64 and added in the order of images and shards.
    """

    def __init__(self, scale: Scale, classes: int, device: torch.device | str = "cpu") -> None:
        """Start empty."""
        units = len(scale.threshold)
        self.classes = classes
        self.threshold = torch.from_numpy(scale.threshold).to(device)[:, None]
        self.median = torch.from_numpy(scale.median).to(device)[:, None]
        # Where the counts of a level begin in a unit's row of (levels, classes).
        self.begins = torch.from_numpy(scale.level * classes).to(device)

        def zeros(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        self.kept: dict[str, Tensor] = {
            "levels": zeros(units, LEVELS * classes),
            "values": zeros(units, 1, dtype=torch.float64),
            "squares": zeros(units, 1, dtype=torch.float64),
            "within": zeros(units, classes, dtype=torch.float64),
        }
        for masks in ("own", "other"):
            self.kept |= {
                f"{masks}_both": zeros(units, classes),
                f"{masks}_on": zeros(units, 1),
                f"{masks}_pixels": zeros(1, classes),
                f"{masks}_images": zeros(1, classes),
            }

    def add(
        self, values: Float[Tensor, "units cells"], own: Truth, other: Truth | None = None
    ) -> None:
        """Count one image: its values, its masks, and another image's masks for chance."""
        at = values.device
        on = (values > self.threshold).float()
        self._overlap("own", on, own)
        if other is not None:
            self._overlap("other", on, other)
        pixels = torch.from_numpy(own.pixels).to(at)  # (cells, present)
        cell, present = pixels.nonzero(as_tuple=True)
        label = torch.from_numpy(own.classes).to(at)
        self._sum(values - self.median, pixels.float(), label)
        self._rank(values, cell, label[present], pixels[cell, present])

    def _overlap(self, masks: str, on: Float[Tensor, "units cells"], truth: Truth) -> None:
        """Count the pixels of each class where units are on.

        In float32: sums of whole numbers below 2^24, the most pixels of an input, are exact.
        """
        pixels = torch.from_numpy(truth.pixels).to(on.device)
        label = torch.from_numpy(truth.classes).to(on.device)
        both = (on @ pixels.float()).long()  # (units, present)
        self.kept[f"{masks}_both"][:, label] += both
        self.kept[f"{masks}_on"] += both.sum(1, keepdim=True)
        self.kept[f"{masks}_pixels"][0, label] += pixels.sum(0)
        self.kept[f"{masks}_images"][0, label] += 1

    def _sum(
        self,
        values: Float[Tensor, "units cells"],
        pixels: Float[Tensor, "cells present"],
        label: Int64[Tensor, " present"],
    ) -> None:
        """Add up values, from the median on: a large mean would hide a small variance."""
        within = (values @ pixels).double()  # (units, present)
        self.kept["within"][:, label] += within
        self.kept["values"] += within.sum(1, keepdim=True)
        self.kept["squares"] += ((values * values) @ pixels.sum(1, keepdim=True)).double()

    def _rank(
        self,
        values: Float[Tensor, "units cells"],
        cell: Int64[Tensor, " pairs"],
        label: Int64[Tensor, " pairs"],
        pixels: Int64[Tensor, " pairs"],
    ) -> None:
        """Count the pixels of each class at each level of each unit."""
        step = max(1, AT_ONCE // max(len(cell), 1))
        for some in (slice(at, at + step) for at in range(0, len(values), step)):
            begins = self.begins[some].gather(1, fixed_bins(values[some]).long())
            place = begins[:, cell].add_(label)
            self.kept["levels"][some].scatter_add_(1, place, pixels.expand(len(place), -1))

    def merge(self, other: "Dissection") -> None:
        """Take in what another has counted of other images."""
        for name, kept in self.kept.items():
            kept += other.kept[name].to(kept.device)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that was counted, by name."""
        return {name: kept.cpu().numpy() for name, kept in self.kept.items()}

    def load(self, state: Mapping[str, np.ndarray]) -> Self:
        """Return itself with what `state` gave in place of what it had."""
        for name, kept in self.kept.items():
            kept.copy_(torch.from_numpy(state[name]))
        return self

    def iou(self, masks: str = "own") -> Float64[np.ndarray, "units classes"]:
        """Return intersection over union with the images' own masks, or with "other" images'."""
        state = self.state()
        both, on, pixels = (state[f"{masks}_{name}"] for name in ("both", "on", "pixels"))
        return class_scores.iou(both, on, pixels)

    def scores(self) -> dict[str, np.ndarray]:
        """Return every score of every unit and class, (units, classes) each, and what they rest on.

        ``pixels`` and ``images`` of each class, (classes,), and ``on``, the known pixels where each
        unit is on, (units,). ``shuffled`` is IoU with the masks of other images.
        """
        state = self.state()
        both, on, pixels = (state[f"own_{name}"] for name in ("both", "on", "pixels"))
        levels = state["levels"].reshape(len(both), LEVELS, self.classes)
        area = class_scores.average_precision(levels)
        sums = Sums(*(state[name] for name in Sums._fields))
        return {
            "iou": class_scores.iou(both, on, pixels),
            "f1": class_scores.f1(both, on, pixels),
            "precision": class_scores.precision(both, on),
            "cap": class_scores.cap(on, pixels),
            "average_precision": area.value,
            "average_precision_least": area.least,
            "average_precision_most": area.most,
            "correlation": class_scores.correlation(sums, pixels, int(pixels.sum())),
            "shuffled": self.iou("other"),
            "on": on[:, 0],
            "pixels": pixels[0],
            "images": state["own_images"][0],
        }
