"""From a unit's feature map to the mask that leaves only what drives the unit (PROTOCOL.md).

Locations above half of the map's maximum, or above one level for all images, are stamped with the
unit's field. What no stamp covers is darkened when the picture is drawn (core/rendering.py).

Weak images, of which some are planted as negatives, often have no activation above zero at all.
Such a map borrows the pattern of one of the unit's strong images, moved to another place. Both
choices follow from the image's number: its mask then looks like any other of the unit.
"""

from math import floor

import numpy as np
import torch
from jaxtyping import Bool, Float

from analysis.core.fields import FieldMask, LayerGrid
from analysis.core.mixing import mixed

HALF = 0.5
Pattern = Bool[np.ndarray, "rows columns"]


def above_half(maps: Float[np.ndarray, "rows columns"]) -> Pattern:
    """Return the locations above half of the maximum; none where nothing is above zero."""
    most = maps.max()
    if most <= 0:
        return np.zeros(maps.shape, dtype=bool)
    above: Pattern = maps > HALF * most
    return above


def above_level(maps: Float[np.ndarray, "rows columns"], level: float) -> Pattern:
    """Return the locations above a level; the strongest one alone where none is.

    None where nothing is above zero. The level of a unit is a quantile of its activations over
    the image set, as in Network Dissection (Bau et al. 2017, section 3.1).

    Raises:
        ValueError: the level is not finite: nothing was counted of the unit.
    """
    if not np.isfinite(level):
        raise ValueError(f"A unit's level is {level}: its activations were not counted.")
    if maps.max() <= 0:
        return np.zeros(maps.shape, dtype=bool)
    above: Pattern = maps > level
    if not above.any():
        above = np.zeros(maps.shape, dtype=bool)
        above[np.unravel_index(maps.argmax(), maps.shape)] = True
    return above


def moved(pattern: Pattern, number: int, seed: int = 0) -> Pattern:
    """Return a pattern moved to a place that the image's number decides; see the module.

    It is moved round the edges, so that as much of the picture stays visible. Where the pattern
    is empty, because the unit has no strong image to borrow from, it is one location.
    """
    given = pattern
    if not pattern.any():
        given = np.zeros_like(pattern)
        given[0, 0] = True
    rows, columns = given.shape
    return np.roll(given, (chance(number, seed, rows), chance(number, seed + 1, columns)), (0, 1))


def stamp(pattern: Pattern, field: FieldMask, grid: LayerGrid) -> Bool[np.ndarray, "height width"]:
    """Return the pixels of the network's input that the field covers at the pattern's locations.

    Raises:
        ValueError: the pattern has another shape than the layer's grid.
    """
    if pattern.shape != (grid.rows, grid.columns):
        raise ValueError(f"A map of {pattern.shape} is no grid of {grid.rows} × {grid.columns}.")
    spots = np.zeros((grid.height, grid.width), dtype=bool)
    for row, column in np.argwhere(pattern).tolist():
        y, x = grid.centre(row, column)
        # Centres in the padding beyond the border are moved to it: half of the field shows.
        spots[_within(y, grid.height), _within(x, grid.width)] = True
    # Every spot plus every offset of the field, on a canvas with half a field around. The fewer
    # of the two are gone through one by one.
    (high, wide), (field_high, field_wide) = spots.shape, field.covers.shape
    covered = np.zeros((high + field_high - 1, wide + field_wide - 1), dtype=bool)
    if spots.sum() <= field.covers.sum():
        for y, x in np.argwhere(spots).tolist():
            covered[y : y + field_high, x : x + field_wide] |= field.covers
    else:
        for y, x in np.argwhere(field.covers).tolist():
            covered[y : y + high, x : x + wide] |= spots
    top, left = field_high // 2, field_wide // 2
    return covered[top : top + high, left : left + wide].copy()


def _within(place: float, length: int) -> int:
    """Return the pixel that holds a place on one axis."""
    return min(max(floor(place), 0), length - 1)


def chance(number: int, seed: int, of: int) -> int:
    """Return one of 0..of-1, decided by the image's number and the seed alone."""
    return int(mixed(torch.tensor(number), seed)) % of
