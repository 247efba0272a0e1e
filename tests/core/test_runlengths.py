"""Run lengths and paths against walking over every pixel."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.runlengths import filled, mask_of, outlined, runs_of

masks = st.tuples(st.integers(0, 9999), st.integers(1, 9), st.integers(1, 9), st.floats(0, 1)).map(
    lambda made: np.random.default_rng(made[0]).random(made[1:3]) < made[3]
)


def slow_runs(mask):
    """COCO's rule, a pixel at a time: down the columns, beginning with what is outside."""
    runs, inside = [0], False
    for column in range(mask.shape[1]):
        for row in range(mask.shape[0]):
            if bool(mask[row, column]) != inside:
                inside = not inside
                runs.append(0)
            runs[-1] += 1
    return runs


@settings(deadline=None)
@given(masks)
def test_runs_are_those_of_a_walk_and_lead_back(mask):
    runs = runs_of(mask)
    assert runs == slow_runs(mask)
    assert np.array_equal(mask_of(runs, *mask.shape), mask)


@pytest.mark.parametrize("runs", [[5], [7], [3, -1, 4], []])
def test_runs_of_another_size_are_refused(runs):
    with pytest.raises(ValueError, match="no mask of 2 × 3"):
        mask_of(runs, 2, 3)


@settings(deadline=None)
@given(masks)
def test_the_filled_path_paints_the_mask(mask):
    painted = np.zeros_like(mask)
    path = filled(mask)
    for x, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1H(\d+)z", path):
        assert x == back
        assert not painted[int(y), int(x) : int(x) + int(length)].any()
        painted[int(y), int(x) : int(x) + int(length)] = True
    assert np.array_equal(painted, mask)


@settings(deadline=None)
@given(masks)
def test_the_outline_has_one_piece_between_any_two_pixels_that_differ(mask):
    height, width = mask.shape
    around = np.pad(mask, 1)
    slow = set()
    for y in range(height + 1):
        for x in range(width + 1):
            if x < width and around[y, x + 1] != around[y + 1, x + 1]:
                slow.add(("h", x, y))
            if y < height and around[y + 1, x] != around[y + 1, x + 1]:
                slow.add(("v", x, y))
    drawn = set()
    for x, y, way, length in re.findall(r"M(\d+) (\d+)([hv])(\d+)", outlined(mask)):
        for step in range(int(length)):
            drawn.add((way, int(x) + step * (way == "h"), int(y) + step * (way == "v")))
    assert drawn == slow
