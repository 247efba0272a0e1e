"""From a unit's feature map to the mask that leaves only what drives the unit (PROTOCOL.md).

Locations above half of the map's maximum are stamped with the unit's field. What no stamp covers
is darkened when the picture is drawn (core/rendering.py).

Weak images, of which some are planted as negatives, often have no activation above zero at all.
Such a map borrows the pattern of one of the unit's strong images, moved to another place. Both
choices follow from the image's number: its mask then looks like any other of the unit.
"""

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
    half_y, half_x = field.covers.shape[0] // 2, field.covers.shape[1] // 2
    # A margin as wide as the field, so that stamps at the border need no cutting.
    margin_y, margin_x = (2 * half_y, 2 * half_x)
    covered = np.zeros((grid.height + 2 * margin_y, grid.width + 2 * margin_x), dtype=bool)
    for row, column in np.argwhere(pattern).tolist():
        y, x = grid.centre(row, column)
        # Centres in the padding beyond the border are moved to it: half of the field shows.
        top = int(np.clip(np.floor(y), 0, grid.height - 1)) + margin_y - half_y
        left = int(np.clip(np.floor(x), 0, grid.width - 1)) + margin_x - half_x
        covered[top : top + field.covers.shape[0], left : left + field.covers.shape[1]] |= (
            field.covers
        )
    return covered[margin_y : margin_y + grid.height, margin_x : margin_x + grid.width].copy()


def chance(number: int, seed: int, of: int) -> int:
    """Return one of 0..of-1, decided by the image's number and the seed alone."""
    return int(mixed(torch.tensor(number), seed)) % of
