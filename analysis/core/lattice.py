"""Where maps and masks are compared: the cells of a lattice over the network's input.

Every cell knows exactly how many pixels of each class lie in it; a map is read once for a cell, at
its centre. So a class's pixels are counted exactly, and only where a map crosses the threshold
within a cell is the comparison coarser than by pixels: with cells of 1 px it is by pixels.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64, Integer

CELL = 4  # pixels of a cell's side; docs/dissection.md says what it changes
VOID = -1  # a pixel that belongs to no class


@dataclass(frozen=True)
class Truth:
    """The classes of one image, by cell: the classes it has, ascending, and their pixels."""

    classes: Int64[np.ndarray, " present"]
    pixels: Int64[np.ndarray, "cells present"]


@dataclass(frozen=True)
class Lattice:
    """Cells of ``cell`` × ``cell`` pixels over an input of height × width; the last are smaller."""

    height: int
    width: int
    cell: int = CELL

    def __post_init__(self) -> None:
        """Refuse what is no lattice.

        Raises:
            ValueError: a side below 1.
        """
        if min(self.height, self.width, self.cell) < 1:
            raise ValueError(
                f"Cells of {self.cell} px over {self.height} × {self.width} px are no lattice."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and columns of cells."""
        return -(-self.height // self.cell), -(-self.width // self.cell)

    def centres(self) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " columns"]]:
        """Return the centres (y, x) of the cells in pixels of the input, pixel k from k to k+1."""
        rows, columns = (
            (starts + np.minimum(starts + self.cell, side)) / 2
            for side in (self.height, self.width)
            for starts in [np.arange(0, side, self.cell)]
        )
        return rows, columns

    def truth(self, labels: Integer[np.ndarray, "height width"], classes: int) -> Truth:
        """Return the pixels of each class in each cell; VOID pixels are in none.

        Raises:
            ValueError: labels of another size, or beyond VOID..classes-1.
        """
        if labels.shape != (self.height, self.width):
            raise ValueError(
                f"a mask of {labels.shape[1]} × {labels.shape[0]} pixels does not lie on an input"
                f" of {self.width} × {self.height}"
            )
        if labels.min() < VOID or labels.max() >= classes:
            raise ValueError(f"a mask holds a label outside {VOID}..{classes - 1}")
        columns = self.shape[1]
        row, column = (np.arange(side) // self.cell for side in labels.shape)
        slots = classes + 1  # the last one is void's
        place = (row[:, None] * columns + column) * slots + labels % slots  # (height, width)
        cells = self.shape[0] * columns
        counts = np.bincount(place.ravel(), minlength=cells * slots).reshape(cells, slots)
        present = np.flatnonzero(counts[:, :classes].any(0))
        return Truth(present, counts[:, present])


def reading(
    centres: Float64[np.ndarray, " cells"], places: int, stride: float, offset: float
) -> Float32[np.ndarray, "cells places"]:
    """Return the weights with which cells read a map's places along one axis, linearly.

    Place r is centred at ``offset + stride * r`` pixels. Beyond the outermost centres their value
    goes on. Every row sums to 1.
    """
    at = np.clip((centres - offset) / stride, 0, places - 1)
    before = np.minimum(at.astype(int), max(places - 2, 0))
    part = at - before
    weights = np.zeros((len(centres), places), np.float32)
    cells = np.arange(len(centres))
    weights[cells, np.minimum(before + 1, places - 1)] = part
    weights[cells, before] += (1 - part).astype(np.float32)
    return weights
