"""Discs: the paper's sizes, the rule between and beyond them, the pixels they hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.fields import (
    FieldMask,
    LayerFields,
    LayerGrid,
    disc,
    disc_diameter,
    empirical_size,
)


@pytest.mark.parametrize(
    ("theoretical", "empirical"),
    [(19.0, 17.85), (67.0, 37.05), (99.0, 51.6), (131.0, 60.2), (195.0, 71.15)],
)
def test_the_papers_layers_have_the_papers_sizes(theoretical, empirical):
    assert empirical_size(theoretical) == pytest.approx(empirical)


@settings(deadline=None)
@given(small=st.floats(1, 5000), more=st.floats(0.01, 100))
def test_larger_fields_have_larger_discs_and_none_is_larger_than_the_field(small, more):
    assert empirical_size(small) < empirical_size(small + more) <= small + more


@pytest.mark.parametrize("size", [None, 851, 3000])
def test_deep_layers_have_the_largest_disc_a_third_of_the_input(size):
    stride, offset = (None, None) if size is None else (32, 31.5)
    grid = LayerGrid(7, 7, 224, 224, size=size, stride=stride, offset=offset)
    assert disc_diameter(grid) == pytest.approx(224 * 71.15 / 227)


def test_the_papers_last_layer_has_its_own_size():
    grid = LayerGrid(6, 6, 227, 227, size=195, stride=32, offset=33.5)
    assert disc_diameter(grid) == pytest.approx(71.15)


def test_a_layer_without_a_known_field_has_even_locations():
    grid = LayerGrid(rows=7, columns=7, height=224, width=224)
    assert grid.centre(0, 6) == (16, 208)
    assert grid.cell == (32, 32)


def test_a_disc_leaves_no_hole_between_neighbours_and_fits_the_input():
    sparse = LayerGrid(rows=7, columns=7, height=224, width=224, size=1, stride=32, offset=16.0)
    assert disc_diameter(sparse) == pytest.approx(32 * 2**0.5)
    coarse = LayerGrid(rows=1, columns=2, height=32, width=64, size=900, stride=32, offset=16.0)
    assert disc_diameter(coarse) == 32


def test_locations_lie_where_the_theoretical_field_says():
    grid = LayerGrid(rows=6, columns=6, height=227, width=227, size=195, stride=32, offset=33.5)
    assert grid.centre(2, 5) == (97.5, 193.5)


@pytest.mark.parametrize("diameter", [1.0, 2.5, 9.0, 17.85, 71.15])
def test_a_disc_holds_the_pixels_within_half_its_diameter(diameter):
    covers = disc(diameter).covers
    middle = covers.shape[0] // 2
    assert covers.shape == (2 * middle + 1, 2 * middle + 1)
    for (y, x), held in np.ndenumerate(covers):
        assert held == ((y - middle) ** 2 + (x - middle) ** 2 <= (diameter / 2) ** 2 + 1e-9)


def test_a_units_own_field_goes_before_its_layers():
    own = FieldMask("own", np.ones((3, 5), dtype=bool))
    fields = LayerFields(disc(9.0), {4: own})
    assert fields.for_unit(4) is own
    assert fields.for_unit(5).kind == "disc"
