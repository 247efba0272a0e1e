"""Empirical fields against a slow, literal rendering of the paper's words, pixel by pixel."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.core.discrepancy import (
    STEP,
    Interval,
    Places,
    average,
    interval,
    mask,
    measured,
    reach_of,
    recentred,
)

OCCLUDER = 11


def lattice(length, centre, stride=3):
    """Return the occluder's places on one axis of an image, from a location's centre."""
    count = len(range(0, length - OCCLUDER + 1, stride))
    return Places(OCCLUDER / 2 - centre, stride, count, OCCLUDER / 2)


def blob(y, x, height, width, turn=0.0):
    """Return a smooth hill with these half-widths, as a function of the offset."""
    cos, sin = math.cos(turn), math.sin(turn)
    down, across = y * cos - x * sin, y * sin + x * cos
    return np.exp(-math.log(2) * ((down / height) ** 2 + (across / width) ** 2))


def changes(rows, columns, hill):
    """Return what the occluder would measure if hiding a place had the effect of the hill there."""
    y = rows.first + rows.stride * np.arange(rows.count)
    x = columns.first + columns.stride * np.arange(columns.count)
    return hill(*np.meshgrid(y, x, indexing="ij"))


def literal(change, rows, columns, y, x):
    """Return one image's map at an offset, from the places around it, by straight lines."""

    def around(places, offset):
        first, last = places.first, places.first + places.stride * (places.count - 1)
        if offset < first - places.reach or offset > last + places.reach:
            return None
        for k in range(places.count):
            here = first + places.stride * k
            if offset <= here:
                if k == 0:
                    return [(0, 1.0)]
                share = (here - offset) / places.stride
                return [(k - 1, share), (k, 1 - share)]
        return [(places.count - 1, 1.0)]

    down, across = around(rows, y), around(columns, x)
    if down is None or across is None:
        return math.nan
    most = max(abs(value) for line in change.tolist() for value in line)
    return sum(abs(change[i, j]) / most * a * b for i, a in down for j, b in across)


@given(seed=st.integers(0, 10**6), stride=st.sampled_from([3, 6, 12]), reach=st.integers(1, 14))
def test_a_map_is_laid_on_its_location(seed, stride, reach):
    chance = np.random.default_rng(seed)
    rows = lattice(int(chance.integers(11, 50)), chance.uniform(-3, 45), stride)
    columns = lattice(int(chance.integers(11, 50)), chance.uniform(-3, 45), stride)
    change = chance.normal(size=(rows.count, columns.count))
    found = recentred(change, rows, columns, reach)
    for a in range(-reach, reach + 1, 3):
        for b in range(-reach, reach + 1, 2):
            own = literal(change, rows, columns, STEP * a, STEP * b)
            assert found[a + reach, b + reach] == pytest.approx(own, nan_ok=True, abs=1e-9)


def test_the_mean_is_over_the_images_that_have_data():
    maps = np.full((8, 3, 3), np.nan)
    maps[:5, 0, 0] = [1, 2, 3, 4, 5]
    maps[:2, 1, 1] = [4, 8]
    maps[0, 2, 2] = 1.0  # one of eight: too few
    found = average(maps)
    assert (found[0, 0], found[1, 1]) == (3, 6)
    assert np.isnan(found[2, 2])
    assert np.isnan(found[0, 1])


def test_a_single_image_is_its_own_mean():
    own = np.array([[0.5, np.nan, 1], [0, 1, 0], [0, 0, 0.25]])
    assert np.array_equal(average(own[None]), own, equal_nan=True)


def literal_measure(field):
    """Return size, centre, anisotropy: every pixel of the interpolated field looked at alone."""
    reach = STEP * (len(field) // 2)
    most = max(value for line in field.tolist() for value in line if not math.isnan(value))
    above = []
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            i, j = (y + reach) // STEP, (x + reach) // STEP
            a, b = (y + reach) % STEP / STEP, (x + reach) % STEP / STEP
            value = 0.0
            for k, share in ((i, 1 - a), (i + 1, a)):
                for n, part in ((j, 1 - b), (j + 1, b)):
                    if share * part and not math.isnan(field[k, n]):
                        value += share * part * field[k, n]
            if value > most / 2:
                above.append((y, x))
    y = sum(y for y, _ in above) / len(above)
    x = sum(x for _, x in above) / len(above)
    return math.sqrt(len(above)), y, x


@given(seed=st.integers(0, 10**6), reach=st.integers(0, 7), holes=st.booleans())
def test_the_size_is_that_of_the_square_as_large_as_what_is_above_half(seed, reach, holes):
    chance = np.random.default_rng(seed)
    field = chance.random((2 * reach + 1, 2 * reach + 1)) + 1e-3
    if holes and reach:
        field[chance.random(field.shape) < 0.3] = np.nan
        field[0, 0] = 0.9
    found = measured(field)
    assert (found.size, found.dy, found.dx) == pytest.approx(literal_measure(field), abs=1e-9)


@pytest.mark.parametrize("half", [6, 10, 25])
def test_a_round_hill_has_the_size_of_its_disc(half):
    field = blob(*np.mgrid[-30:31, -30:31] * STEP, half, half)
    found = measured(field)
    assert found.size == pytest.approx(math.sqrt(math.pi) * half, rel=0.02)
    assert (found.dy, found.dx) == pytest.approx((0, 0), abs=1e-9)
    assert found.anisotropy == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("turn", [0.0, 0.5, math.pi / 2])
def test_a_long_hill_has_long_axes_whichever_way_it_lies(turn):
    y, x = np.mgrid[-40:41, -40:41] * float(STEP)
    found = measured(blob(y - 9, x + 6, 12, 36, turn))
    assert found.anisotropy == pytest.approx(3, rel=0.03)
    assert (found.dy, found.dx) == pytest.approx((9, -6), abs=0.5)


def test_the_whole_road_finds_the_hill_wherever_the_location_lies():
    """Fractions of the lattice, corners, and data that ends at the border leave 2 px of error."""
    chance = np.random.default_rng(1)
    maps = []
    for _ in range(24):
        rows, columns = (lattice(227, chance.uniform(20, 207)) for _ in "yx")
        change = changes(rows, columns, lambda y, x: -0.7 * blob(y - 4, x - 8, 20, 30))
        maps.append(recentred(change, rows, columns, 60))
    found = measured(average(np.stack(maps)))
    assert found.size == pytest.approx(math.sqrt(math.pi * 20 * 30), abs=2)
    assert (found.dy, found.dx) == pytest.approx((4, 8), abs=1)
    assert found.anisotropy == pytest.approx(1.5, rel=0.05)


def test_no_change_is_no_map_and_no_field():
    places = lattice(30, 15.0)
    assert recentred(np.full((7, 7), 1e-6), places, places, 5) is None
    with pytest.raises(ValueError, match="nowhere above zero"):
        measured(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="nowhere above zero"):
        mask(np.full((3, 3), np.nan))


def test_what_is_not_finite_is_refused():
    places = lattice(30, 15.0)
    with pytest.raises(ValueError, match="not finite"):
        recentred(np.full((7, 7), np.inf), places, places, 5)


def test_the_interval_is_the_jackknife_over_images():
    chance = np.random.default_rng(3)
    y, x = np.mgrid[-20:21, -20:21] * STEP
    maps = np.stack([blob(y, x, half, half) for half in chance.uniform(10, 20, 9)])
    sizes = [measured(np.delete(maps, i, axis=0).mean(0)).size for i in range(9)]
    error = math.sqrt(8 / 9 * sum((size - sum(sizes) / 9) ** 2 for size in sizes))
    middle = measured(maps.mean(0)).size
    found = interval(maps)
    assert (found.low, found.high) == pytest.approx((middle - 1.96 * error, middle + 1.96 * error))
    assert interval(maps[:2]) is None
    same = interval(np.stack([maps[0]] * 5))
    assert same == Interval(measured(maps[0]).size, measured(maps[0]).size)


def test_the_mask_holds_the_pixels_that_the_size_counts():
    y, x = np.mgrid[-20:21, -20:21] * STEP
    field = blob(y - 9, x, 10, 15)
    own = mask(field)
    assert own.kind == "own"
    assert own.covers.shape[0] % 2 == own.covers.shape[1] % 2 == 1
    assert math.sqrt(own.covers.sum()) == measured(field).size
    rows = np.flatnonzero(own.covers.any(1)) - own.covers.shape[0] // 2
    assert rows.mean() == pytest.approx(9, abs=0.5)
    assert mask(field, 0.9).covers.sum() < own.covers.sum()


@pytest.mark.parametrize(("size", "steps"), [(19, 7), (195, 37), (None, 76), (5000, 76)])
def test_a_field_reaches_as_far_as_an_occluder_can_matter(size, steps):
    assert reach_of(size, 11, 227, 227) == steps
