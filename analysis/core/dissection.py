"""Network Dissection: how well each unit's strongest responses cover the masks of each class.

A unit is thresholded at its own top quantile over the whole image set (0.5% of its locations, as
Bau et al. 2017 do), its map enlarged to the mask, and compared with every class by intersection
over union, counted over all pixels of all images. It detects its best class when IoU > 0.04.

**The cap.** A unit that is on for a share q of all pixels cannot cover more than q / f of a class
that fills a share f > q: a sky of a fifth of all pixels is capped at 0.005 / 0.2 = 0.025 and can
never be "detected" at this threshold. `ceiling` gives the cap of each class.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

TOP = 0.005  # share of a unit's locations that counts as on
DETECTS = 0.04  # a unit detects its best class above this IoU


def enlarge(
    maps: Float[Tensor, "batch units h w"], size: tuple[int, int], stride: float, offset: float
) -> Float[Tensor, "batch units height width"]:
    """Enlarge maps to pixels, linearly; beyond the outermost centres the border's value goes on.

    Location r is centred at ``offset + stride * r`` pixels, pixel i at ``i + 0.5``.
    """
    grids = []
    for pixels, cells in zip(size, maps.shape[2:], strict=True):
        place = (torch.arange(pixels, device=maps.device) + 0.5 - offset) / stride
        grids.append((2 * place + 1) / cells - 1)  # -1 and 1 are the outer edges of the map
    y, x = torch.meshgrid(*grids, indexing="ij")
    grid = torch.stack([x, y], dim=-1).expand(len(maps), -1, -1, -1)  # (batch, height, width, 2)
    return torch.nn.functional.grid_sample(
        maps, grid.to(maps.dtype), padding_mode="border", align_corners=False
    )


@dataclass(frozen=True)
class Detector:
    """A unit that detects a class."""

    unit: int
    label: int
    iou: float


class Dissection:
    """Counts of pixels, gathered in one pass: memory grows with units × classes, not images.

    Counts are whole numbers, so neither order nor batches change the result.
    """

    def __init__(self, thresholds: Float[Tensor, " units"], classes: int, void: int = -1) -> None:
        """Take each unit's threshold, the number of classes, and the label that is none."""
        if not thresholds.isfinite().all():
            raise ValueError("a unit's threshold is not a finite number: scan the images again")
        self.thresholds, self.classes, self.void = thresholds, classes, void
        units = len(thresholds)
        self.both = torch.zeros(units, classes, dtype=torch.int64)
        self.on = torch.zeros(units, dtype=torch.int64)
        self.pixels = torch.zeros(classes, dtype=torch.int64)

    def add(
        self,
        maps: Float[Tensor, "batch units height width"],
        labels: Int[Tensor, "batch height width"],
    ) -> None:
        """Count a batch: maps enlarged to the size of the labels."""
        known = labels != self.void
        if (
            known.any()
            and not 0 <= int(labels[known].min()) <= int(labels[known].max()) < self.classes
        ):
            raise ValueError(f"a mask holds a label outside 0..{self.classes - 1}")
        on: Bool[Tensor, "batch units height width"]
        on = (maps > self.thresholds[:, None, None]) & known[:, None]
        image, unit, row, column = on.nonzero(as_tuple=True)
        pair = unit * self.classes + labels[image, row, column].long()
        self.both += torch.bincount(pair, minlength=self.both.numel()).reshape(self.both.shape)
        self.on += on.sum(dim=(0, 2, 3))
        self.pixels += torch.bincount(labels[known].long(), minlength=self.classes)

    def iou(self) -> Float[Tensor, "units classes"]:
        """Return intersection over union of every unit with every class; 0 where both are empty."""
        union = self.on[:, None] + self.pixels - self.both
        return self.both / union.clamp(min=1)

    def ceiling(self, top: float = TOP) -> Float[Tensor, " classes"]:
        """Return the most that a unit on for a share ``top`` of all pixels can reach."""
        share = self.pixels / self.pixels.sum().clamp(min=1)
        return torch.minimum(share / top, top / share.clamp(min=1e-12))

    def detectors(self, least: float = DETECTS) -> list[Detector]:
        """Return the units that detect their best class, in order of unit."""
        best, label = self.iou().max(dim=1)
        return [
            Detector(unit, int(label[unit]), float(best[unit]))
            for unit in range(len(best))
            if best[unit] > least
        ]
