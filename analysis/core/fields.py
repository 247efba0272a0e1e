"""What a location of a layer is taken to see: the mask that is stamped on the picture for it.

Until a unit's own field is measured, it is a disc of its layer's usual empirical size, as in the
quick version of the paper's authors (65 px at conv5). The size comes from the paper's own
measurements (PROTOCOL.md, section 3.2), which say how much smaller than the theoretical field
the empirical one is: 0.94 of it at 19 px, 0.36 at 195 px.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot

import numpy as np
from jaxtyping import Bool

# Theoretical size → mean empirical size of both networks, in pixels of a 227 px input.
MEASURED = {19: 17.85, 67: 37.05, 99: 51.6, 131: 60.2, 195: 71.15}
LARGEST_SHARE = 71.15 / 227


@dataclass(frozen=True)
class FieldMask:
    """What one location sees, in pixels of the network's input, centred on the location.

    ``covers`` has odd sides; its middle pixel is the one that holds the location's centre.
    ``kind`` says where it comes from: "disc" (its layer's) or "own" (measured for the unit).
    """

    kind: str
    covers: Bool[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class LayerFields:
    """The fields of a layer's units: their own where measured, else the layer's."""

    shared: FieldMask
    own: Mapping[int, FieldMask] = field(default_factory=dict)

    def for_unit(self, channel: int) -> FieldMask:
        """Return what is stamped for the locations of a unit."""
        return self.own.get(channel, self.shared)


@dataclass(frozen=True)
class LayerGrid:
    """Where the locations of a layer lie in the network's input of height × width pixels.

    ``size``, ``stride`` and ``offset`` are those of the theoretical field: location (row, column)
    is centred at offset + stride · (row, column), where pixel k covers k..k+1. All three are None
    for a layer whose locations see the whole image; they are then taken to lie evenly.
    """

    rows: int
    columns: int
    height: int
    width: int
    size: int | None = None
    stride: int | None = None
    offset: float | None = None

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Return the centre (y, x) of a location, in pixels of the input."""
        if self.stride is None or self.offset is None:
            return (row + 0.5) * self.height / self.rows, (column + 0.5) * self.width / self.columns
        return self.offset + self.stride * row, self.offset + self.stride * column

    @property
    def cell(self) -> tuple[float, float]:
        """The distance (y, x) between neighbours, in pixels of the input."""
        if self.stride is None:
            return self.height / self.rows, self.width / self.columns
        return float(self.stride), float(self.stride)


def empirical_size(theoretical: float) -> float:
    """Return the usual empirical size of a theoretical field, both in pixels.

    Between the paper's five layers by straight lines in logarithms; below the smallest in
    proportion, above the largest with the slope of the last two (size^0.42). Never larger than
    the theoretical one.
    """
    sizes = np.log([*MEASURED, 1e6])
    slope = np.log(71.15 / 60.2) / np.log(195 / 131)
    empirical = np.log([*MEASURED.values(), 71.15 * (1e6 / 195) ** slope])
    if theoretical <= min(MEASURED):
        return theoretical * MEASURED[19] / 19
    return float(np.exp(np.interp(np.log(theoretical), sizes, empirical)))


def disc_diameter(grid: LayerGrid) -> float:
    """Return the diameter of a layer's disc, in pixels of the input.

    The empirical size of the theoretical field, but no larger a share of the input than that of
    the paper's last layer: the theoretical fields of deep networks are several times the input,
    far beyond what was measured, and their discs would leave nothing dark. A layer that sees the
    whole image has that largest disc. At least the diagonal of a cell of the grid, so that
    neighbours leave no hole.
    """
    shorter = min(grid.height, grid.width)
    size = most = shorter * LARGEST_SHARE
    if grid.size is not None:
        size = min(empirical_size(float(grid.size)), most)
    return min(max(size, hypot(*grid.cell)), float(shorter))


def disc(diameter: float) -> FieldMask:
    """Return a disc: every pixel whose centre is at most half the diameter from the middle."""
    reach = int(diameter / 2)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return FieldMask("disc", np.hypot(y, x) <= diameter / 2)
