"""A unit's empirical receptive field: discrepancy maps, recentred, averaged, measured.

Zhou et al. 2015, section 3.2: an occluder is moved over an image, and the change of the unit's
activation at the location that won is the image's discrepancy map. The maps of the unit's top
images are laid over one another at that location and averaged.

Each image's map is the absolute change divided by its own maximum, so that it says where the unit
looks, not how strongly it fired. A field is kept at the offsets STEP · (-reach..reach) from the
location's centre, bilinear between the occluder's places. An offset that the occluder could not
hide in an image, because it lies beyond the border, has no data there (NaN) and the mean is over
the images that have; with data in less than a quarter of the images it has none in the mean.

The size is stated once, in `measured`: the side of a square as large as the area above half of
the maximum. The lattice of STEP pixels is interpolated to pixels before it is counted: cells of
3 × 3 px would make steps of one part in six in the fields of early layers (18 px in the paper).
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from jaxtyping import Bool, Float

from analysis.core.fields import FieldMask

STEP = 3  # pixels between neighbouring offsets of a field: the paper's stride
HALF = 0.5
# Below this share of the activation a change is the rounding of float32, not the occluder's doing.
LEAST_CHANGE = 1e-5
LEAST_SHARE_OF_IMAGES = 0.25

Map = Float[np.ndarray, "side side"]
Maps = Float[np.ndarray, "images side side"]


@dataclass(frozen=True)
class Places:
    """Where the middle of the occluder was on one axis, in pixels from the winning location.

    ``first`` is that of the first of ``count`` places, ``stride`` the distance to the next, and
    ``reach`` half of the occluder: what it hides on either side.
    """

    first: float
    stride: int
    count: int
    reach: float

    def sampled(
        self, offsets: Float[np.ndarray, " some"]
    ) -> tuple[Float[np.ndarray, "some count"], Bool[np.ndarray, " some"]]:
        """Return the weights that interpolate at each offset, and which offsets were ever hidden.

        Between places by straight lines; beyond the outermost as far as the occluder reached.
        """
        last = self.first + self.stride * (self.count - 1)
        hidden = (offsets >= self.first - self.reach) & (offsets <= last + self.reach)
        at = np.clip((offsets - self.first) / self.stride, 0, self.count - 1)
        below = np.minimum(at.astype(int), max(self.count - 2, 0))
        weights = np.zeros((len(offsets), self.count))
        line = np.arange(len(offsets))
        weights[line, below] = 1 - (at - below)
        weights[line, np.minimum(below + 1, self.count - 1)] += at - below
        return weights, hidden


@dataclass(frozen=True)
class Measure:
    """The numbers of one field, in pixels; see the module for the rule of its size."""

    size: float
    dy: float  # centre of the area above half, from the location, downwards
    dx: float
    anisotropy: float  # long principal axis of that area / short one, at least 1


@dataclass(frozen=True)
class Interval:
    """A 95% interval of a size over the images it was averaged from."""

    low: float
    high: float


def reach_of(size: int | None, occluder: int, height: int, width: int) -> int:
    """Return how many steps a field is kept to each side of the location.

    ``size`` is the theoretical field (None: the whole image): an occluder beyond it hides nothing.
    """
    most = max(height, width)
    pixels = most if size is None else min(most, size / 2 + occluder)
    return ceil(pixels / STEP)


def recentred(
    change: Float[np.ndarray, "rows columns"], rows: Places, columns: Places, reach: int
) -> Map | None:
    """Return one image's map around its location, its maximum 1; None where nothing changed.

    ``change`` is that of the activation, as a share of it, at every place of the occluder.

    Raises:
        ValueError: a change is not finite.
    """
    if not np.isfinite(change).all():
        raise ValueError("the activation under the occluder is not finite")
    own = np.abs(change.astype(np.float64))
    if own.max() <= LEAST_CHANGE:
        return None
    offsets = STEP * np.arange(-reach, reach + 1.0)
    down, hidden_down = rows.sampled(offsets)
    across, hidden_across = columns.sampled(offsets)
    around: Map = down @ (own / own.max()) @ across.T  # (side, side)
    around[~np.outer(hidden_down, hidden_across)] = np.nan
    return around


def average(maps: Maps) -> Map:
    """Return the mean of the images' maps; NaN where too few of them have data."""
    has = ~np.isnan(maps)
    return _mean(np.where(has, maps, 0).sum(0), has.sum(0), len(maps))


def measured(field: Map) -> Measure:
    """Return the numbers of a field; NaN counts as not above half.

    Raises:
        ValueError: nothing in the field is above zero.
    """
    y, x = _above(field, HALF)
    size = float(np.sqrt(len(y)))
    # 1/12: the variance of a pixel itself, so that a single row of them has two axes as well.
    spread = np.cov(np.stack([y, x]), bias=True) + np.eye(2) / 12
    short, long = np.linalg.eigvalsh(spread)
    return Measure(size, float(y.mean()), float(x.mean()), float(np.sqrt(long / short)))


def interval(maps: Maps) -> Interval | None:
    """Return the interval of the size of the maps' mean: jackknife, leaving each image out once.

    Efron & Stein 1981; ± 1.96 standard errors. None with fewer than three images.
    """
    count = len(maps)
    if count < 3:
        return None
    has = ~np.isnan(maps)
    filled = np.where(has, maps, 0)
    total, data = filled.sum(0), has.sum(0)
    sizes = np.array(
        [
            measured(_mean(total - own, data - there, count - 1)).size
            for own, there in zip(filled, has, strict=True)
        ]
    )
    error = np.sqrt((count - 1) / count * np.square(sizes - sizes.mean()).sum())
    size = measured(_mean(total, data, count)).size
    return Interval(max(0.0, size - 1.96 * error), size + 1.96 * error)


def mask(field: Map, share: float = HALF) -> FieldMask:
    """Return the pixels of a field above a share of its maximum, as `segments.stamp` takes them.

    Raises:
        ValueError: nothing in the field is above zero.
    """
    y, x = (line.astype(int) for line in _above(field, share))
    reach = int(max(np.abs(y).max(), np.abs(x).max()))
    covers = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=bool)
    covers[y + reach, x + reach] = True
    return FieldMask("own", covers)


def _above(
    field: Map, share: float
) -> tuple[Float[np.ndarray, " area"], Float[np.ndarray, " area"]]:
    """Return the offsets (y, x) in whole pixels where a field is above a share of its maximum."""
    filled = np.nan_to_num(field)
    most = filled.max()
    if most <= 0:
        raise ValueError("This field is nowhere above zero: no image's activation has changed.")
    middle = len(field) // 2
    near = filled > share * most
    first = [max(int(np.flatnonzero(near.any(axis))[0]) - 1, 0) for axis in (1, 0)]
    last = [min(int(np.flatnonzero(near.any(axis))[-1]) + 2, len(field)) for axis in (1, 0)]
    part = filled[first[0] : last[0], first[1] : last[1]]
    fine = _finer(_finer(part).T).T
    y, x = np.nonzero(fine > share * most)
    return y + STEP * (first[0] - middle) + 0.0, x + STEP * (first[1] - middle) + 0.0


def _finer(values: Float[np.ndarray, "some columns"]) -> Float[np.ndarray, "more columns"]:
    """Return rows of every STEP pixels as rows of every pixel, by straight lines."""
    fine = np.arange(STEP * (len(values) - 1) + 1)
    below = np.minimum(fine // STEP, max(len(values) - 2, 0))
    after = (fine / STEP - below)[:, None]
    above = np.minimum(below + 1, len(values) - 1)
    mixed: Float[np.ndarray, "more columns"] = values[below] * (1 - after) + values[above] * after
    return mixed


def _mean(total: Map, data: np.ndarray, images: int) -> Map:
    """Return sums over images / images with data, NaN where these are too few."""
    enough = data >= max(1, LEAST_SHARE_OF_IMAGES * images)
    return np.where(enough, total / np.maximum(data, 1), np.nan)
