"""The masks of a run's images as the network sees them: read ahead, judged, counted by cells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Int64

from analysis.core.images import ImageRefused, Preprocessing, below, open_mask, view_mask
from analysis.core.lattice import VOID, Lattice, Truth
from analysis.core.loading import in_order
from analysis.core.manifest import Entry
from analysis.models import ImageSet
from analysis.services.dissection import class_names

UNNAMED = VOID - 1


class MaskRefused(ValueError):
    """A mask that cannot be used; the sentence says which and why, for the run's log."""


class Masked(Protocol):
    """An image that has a mask: an entry of the manifest, or a row."""

    @property
    def number(self) -> int:
        """Its place in the manifest."""

    @property
    def path(self) -> str:
        """Where it lies below the root of the set."""

    @property
    def mask(self) -> str:
        """Where its mask lies below the root of the set."""

    @property
    def width(self) -> int:
        """Columns of the upright image."""

    @property
    def height(self) -> int:
        """Rows of the upright image."""


@dataclass(frozen=True)
class Judged:
    """An image's truth, or the sentence that says why its mask cannot be used; neither: no mask."""

    truth: Truth | None = None
    refused: str = ""


@dataclass(frozen=True)
class Pair:
    """What one image's maps are compared with: its own mask, and another image's for chance."""

    own: Judged
    other: Judged


@dataclass(frozen=True)
class Files:
    """Reads the masks of an image set, as they are or as a network sees them."""

    root: Path
    names: Sequence[tuple[int, str]]
    # Index in the file → place among the classes, VOID, or UNNAMED.
    places: Int64[np.ndarray, " indexes"] = field(repr=False)

    @classmethod
    def of(cls, image_set: ImageSet) -> "Files":
        """Return a reader of the set's masks."""
        names = class_names(image_set)
        void = image_set.labels.get("void_index")
        last = max([index for index, _ in names] + [void or 0])
        places = np.full(last + 2, UNNAMED)  # whatever lies beyond the last index is clipped to it
        places[[index for index, _ in names]] = np.arange(len(names))
        if void is not None:
            places[void] = VOID
        return cls(Path(image_set.root), names, places)

    def read(
        self, image: Masked, preparation: Preprocessing | None = None
    ) -> Int64[np.ndarray, "height width"]:
        """Return the class of every pixel of an image, or of a network's input: place, or VOID.

        Raises:
            MaskRefused: the mask cannot be used; names image, mask and reason.
        """
        try:
            return self._read(image, preparation)
        except (ImageRefused, OSError) as reason:
            told = reason.strerror if isinstance(reason, OSError) else reason
            raise MaskRefused(
                f"Image {image.number} ({image.path}) is left out: its mask {image.mask}"
                f" cannot be used, {told}."
            ) from reason

    def _read(
        self, image: Masked, preparation: Preprocessing | None
    ) -> Int64[np.ndarray, "height width"]:
        mask = open_mask(below(self.root, image.mask))
        if mask.shape != (image.height, image.width):
            raise ImageRefused(
                f"it has {mask.shape[1]} × {mask.shape[0]} pixels, its image {image.width} ×"
                f" {image.height} (upright)"
            )
        seen = mask if preparation is None else view_mask(mask, preparation)
        places: Int64[np.ndarray, "h w"] = self.places[np.clip(seen, 0, len(self.places) - 1)]
        if unnamed := sorted(set(seen[places == UNNAMED].tolist())):
            some = ", ".join(map(str, unnamed[:5]))
            raise ImageRefused(f"it holds classes that have no name in labels.json: {some}")
        return places


@dataclass(frozen=True)
class Masks:
    """Reads masks of an image set as a network sees them."""

    files: Files
    preparation: Preprocessing
    lattice: Lattice

    @classmethod
    def of(cls, image_set: ImageSet, preparation: Preprocessing, cell: int) -> "Masks":
        """Return a reader of the set's masks, for cells over the network's input."""
        lattice = Lattice(preparation.height, preparation.width, cell)
        return cls(Files.of(image_set), preparation, lattice)

    @property
    def names(self) -> Sequence[tuple[int, str]]:
        """Return index and name of each class, in the order of results."""
        return self.files.names

    @property
    def places(self) -> Int64[np.ndarray, " indexes"]:
        """Return the place of each index among the classes, VOID, or UNNAMED."""
        return self.files.places

    def judged(self, entry: Entry) -> Judged:
        """Return what an image's mask says, or why it cannot be used."""
        if not entry.mask:
            return Judged()
        try:
            return Judged(self.lattice.truth(self.labels(entry), len(self.names)))
        except MaskRefused as refused:
            return Judged(refused=str(refused))

    def labels(self, image: Masked) -> Int64[np.ndarray, "height width"]:
        """Return the class of every pixel of the network's input: its place, or VOID.

        Raises:
            MaskRefused: the mask cannot be used; names image, mask and reason.
        """
        return self.files.read(image, self.preparation)

    def pairs(self, entries: Iterable[tuple[Entry, Entry]], ahead: int) -> Iterator[Pair]:
        """Yield what each image and its partner say, in order, read ahead in threads."""
        return in_order(
            lambda two: Pair(self.judged(two[0]), self.judged(two[1])), entries, ahead=ahead
        )


class Batches:
    """Hands out pairs batch by batch, however many layers ask for the same one."""

    def __init__(self, source: Iterator[Pair]) -> None:
        """Take the pairs in the order of the images."""
        self.source = source
        self.numbers: list[int] = []
        self.held: list[Pair] = []

    def of(self, numbers: list[int]) -> list[Pair]:
        """Return the pairs of a batch of images, which come in order."""
        if numbers != self.numbers:
            self.numbers, self.held = numbers, list(islice(self.source, len(numbers)))
        return self.held


def partners(count: int, seed: int) -> Int64[np.ndarray, " images"]:
    """Return for every image another one, by chance: all in one ring, so none is its own."""
    ring = np.random.default_rng(seed).permutation(count)
    other = np.empty(count, np.int64)
    other[ring] = np.roll(ring, -1)
    return other
