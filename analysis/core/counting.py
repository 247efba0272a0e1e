"""How much of each class one mask holds: its pixels, and its connected pieces."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64
from skimage.measure import label


class Held(NamedTuple):
    """What one mask holds of every class."""

    pixels: Int64[np.ndarray, " classes"]
    instances: Int64[np.ndarray, " classes"]


def held(places: Int64[np.ndarray, "height width"], classes: int, void: int, least: int) -> Held:
    """Return pixels and instances of the classes 0..classes-1; ``void`` is none of them.

    An instance is a connected piece of one class, its pixels joined by sides or corners (8
    neighbours), of at least ``least`` pixels. Where masks name classes and not things, two chairs
    that touch are one piece, and one that is half hidden may be two.
    """
    pixels = np.bincount(places[places != void], minlength=classes)
    pieces = label(places, background=void, connectivity=2)  # type: ignore[no-untyped-call]
    sizes = np.bincount(pieces.ravel())
    owner = np.zeros(len(sizes), np.int64)
    owner[pieces.ravel()] = places.ravel()  # all pixels of a piece say the same
    large = np.flatnonzero(sizes >= least)
    instances = np.bincount(owner[large[large > 0]], minlength=classes)  # 0: what is void
    return Held(pixels.astype(np.int64), instances.astype(np.int64))
