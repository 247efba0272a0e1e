"""Images cut into regions: without gaps, the same each time, with names where there are any."""

import numpy as np
import pytest

from analysis.core.partitions import Automatic, by_class, kept_shares

NAMES = {0: "wall", 3: "bed"}


def halves(height=40, width=60):
    view = np.full((height, width, 3), 40, np.uint8)
    view[:, width // 2 :] = 200
    return view


def test_two_colours_are_two_regions():
    found = Automatic(least=0.05).cut(halves())
    assert found.count == 2
    assert found.names == ()
    assert len(np.unique(found.number[:, :25])) == len(np.unique(found.number[:, 35:])) == 1


def test_regions_are_numbered_without_gaps_and_none_is_too_small():
    view = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    found = Automatic(scale=10, least=0.02).cut(view)
    pixels = np.bincount(found.number.ravel())
    assert pixels.min() >= round(0.02 * 64 * 64)
    assert np.array_equal(found.number, Automatic(scale=10, least=0.02).cut(view).number)


def test_a_constant_image_is_one_region():
    assert Automatic().cut(np.full((30, 30, 3), 77, np.uint8)).count == 1


def test_classes_are_regions_and_void_is_one_of_its_own():
    mask = np.array([[0, 0, 3], [9, 7, 3], [0, 9, 3]])
    found = by_class(mask, {**NAMES, 9: ""}, "unlabelled")
    assert found.names == ("wall", "bed", "class 7", "unlabelled")
    assert found.number.tolist() == [[0, 0, 1], [3, 2, 1], [0, 3, 1]]


def test_shares_kept_are_counted_by_name():
    mask = np.array([[0, 0, 3], [0, 0, 3]])
    kept = np.array([[True, False, True], [False, False, True]])
    assert kept_shares(by_class(mask, NAMES, ""), kept) == {
        "wall": pytest.approx(0.25),
        "bed": pytest.approx(1.0),
    }
