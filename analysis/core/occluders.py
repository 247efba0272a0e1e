"""The squares that are laid on an image to find out what a unit looks at, and where they lie."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.core.images import Preprocessing

KINDS = ("random", "grey", "blurred")


@dataclass(frozen=True)
class Occluder:
    """A square laid on the image: its side and the distance to the next in pixels, and its kind.

    ``random``: every pixel and colour by chance, another pattern at every place, the same for
    every image (Zhou et al. 2015, section 3.2: 11 × 11 pixels, every third place). ``grey``: the
    middle of the range. ``blurred``: the image itself, out of focus.
    """

    size: int = 11
    stride: int = 3
    kind: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no occluder {self.kind!r}: use {', '.join(KINDS)}.")
        if self.size < 1 or self.stride < 1:
            raise ValueError(
                f"An occluder of {self.size} pixels every {self.stride} is none: use 1 or more."
            )

    def places(self, side: int) -> Int[np.ndarray, " places"]:
        """Return the first pixel of every place along a side: 0, stride, … as long as it fits.

        Raises:
            ValueError: the image is smaller than the occluder.
        """
        if side < self.size:
            raise ValueError(
                f"A side of {side} pixels is shorter than the occluder's {self.size}: use a"
                " larger input size or a smaller occluder."
            )
        return np.arange(0, side - self.size + 1, self.stride)

    def patches(
        self, image: Float[Tensor, "3 height width"], preparation: Preprocessing
    ) -> Float[Tensor, "rows columns 3 size size"]:
        """Return what is laid on an image at every place, prepared as the image is."""
        rows, columns = (len(self.places(side)) for side in image.shape[1:])
        shape = (rows, columns, 3, self.size, self.size)
        if self.kind == "random":
            return _prepared(_chance(shape, self.seed), preparation).to(image)
        if self.kind == "grey":
            grey = torch.full((1, 1, 3, 1, 1), 127.5)
            return _prepared(grey, preparation).to(image).expand(shape)
        windows = blurred(image, self.size).unfold(1, self.size, self.stride)
        return windows.unfold(2, self.size, self.stride).permute(1, 2, 0, 3, 4)


@dataclass(frozen=True)
class Lattice:
    """Which places of an occluder are asked for: numbers of its rows and of its columns.

    Every row with every column. ``height`` and ``width`` are the image's.
    """

    occluder: Occluder
    height: int
    width: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @classmethod
    def of(
        cls,
        occluder: Occluder,
        size: tuple[int, int],
        rows: np.ndarray | None = None,
        columns: np.ndarray | None = None,
    ) -> "Lattice":
        """Return the places with these numbers, all of them by default."""
        given = [
            range(len(occluder.places(side))) if some is None else some.tolist()
            for side, some in zip(size, (rows, columns), strict=True)
        ]
        return cls(occluder, *size, tuple(given[0]), tuple(given[1]))

    @property
    def first(self) -> tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " columns"]]:
        """The first pixels of the rows and of the columns."""
        rows, columns = (self.occluder.places(side) for side in (self.height, self.width))
        return rows[list(self.rows)], columns[list(self.columns)]

    def patches(
        self, image: Float[Tensor, "3 height width"], preparation: Preprocessing
    ) -> Float[Tensor, "rows columns 3 size size"]:
        """Return what is laid on an image at each place of the lattice."""
        rows, columns = (
            torch.tensor(some, device=image.device) for some in (self.rows, self.columns)
        )
        return self.occluder.patches(image, preparation)[rows[:, None], columns]


def blurred(image: Float[Tensor, "3 height width"], size: int) -> Float[Tensor, "3 height width"]:
    """Return an image out of focus: a Gaussian whose standard deviation is ``size`` pixels."""
    reach = min(2 * size, min(image.shape[1:]) - 1)
    weight = torch.exp(-((torch.arange(-reach, reach + 1) / size) ** 2) / 2)
    weight = (weight / weight.sum()).to(image)
    padded = torch.nn.functional.pad(image[:, None], (reach,) * 4, mode="reflect")
    once = torch.conv2d(padded, weight[None, None, :, None])
    return torch.conv2d(once, weight[None, None, None, :])[:, 0]


def _prepared(pixels: Tensor, preparation: Preprocessing) -> Tensor:
    """Return pixels 0..255 as the network's input has them; colours are the third dimension."""
    mean, std = (torch.tensor(one)[:, None, None] for one in (preparation.mean, preparation.std))
    return (pixels / 255 - mean) / std


@lru_cache(maxsize=2)
def _chance(shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator).float()
