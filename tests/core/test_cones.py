"""Cones against the plain definition: change one input and see which outputs change."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from analysis.core.cones import Cones, backward, cones, forward, grouped
from analysis.core.operations import Reach
from analysis.core.wiring import IMAGE, follow

reaches = st.builds(
    Reach,
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
)


def needs(reach: Reach, output: int) -> set[int]:
    """The inputs of one output, from the definition of a convolution."""
    first = output * reach.stride - reach.padding
    return {first + number * reach.dilation for number in range(reach.kernel)}


@settings(deadline=None)
@given(reaches, st.integers(0, 20), st.integers(1, 9))
def test_an_output_that_needs_a_changed_input_is_in_the_forward_cone(reach, low, length):
    changed = set(range(low, low + length))
    begin, end = forward(reach, np.array([low]), np.array([low + length]), 40)
    inside = set(range(int(begin[0]), int(end[0])))
    truly = {output for output in range(40) if needs(reach, output) & changed}
    assert truly <= inside
    if reach.dilation == 1:  # with gaps between the inputs, the cone may hold a little more
        assert truly == inside


@settings(deadline=None)
@given(reaches, st.integers(0, 8), st.integers(1, 5))
def test_the_backward_cone_is_the_smallest_interval_that_holds_all_that_is_needed(
    reach, low, length
):
    model = nn.Conv2d(
        3, 1, (reach.kernel, 1), (reach.stride, 1), (reach.padding, 0), (reach.dilation, 1)
    )
    wiring = follow(nn.Sequential(model), torch.zeros(1, 3, 60, 1), ["0"])
    seen = backward(wiring.steps, 0, {1: (low, low + length)}, {0: 60, 1: 99})
    needed = set.union(*(needs(reach, output) for output in range(low, low + length)))
    needed &= set(range(60))
    begin, end = seen[IMAGE]
    assert set(range(begin, end)) >= needed
    if not reach.padding:  # with a border, gaps between inputs may lie at its edge
        assert (begin, end) == (min(needed), max(needed) + 1)


def chain_cones(axis: int = 0) -> Cones:
    model = nn.Sequential(nn.Conv2d(3, 2, 5, 2, 2), nn.MaxPool2d(3, 2), nn.Conv2d(2, 2, 3, 1, 1))
    wiring = follow(model.eval(), torch.zeros(1, 3, 61, 61), ["2"])
    value = wiring.modules["2"]
    return cones(wiring, {value: (7, 8)}, axis, np.arange(0, 51, 3), 11)


def test_only_places_that_reach_the_location_are_kept():
    kept = chain_cones()
    # Location 7 sees 6..8 of the pool, 12..18 of the first convolution, rows 22..38 of the image.
    assert kept.seen[0].tolist() == [0, 61]
    first = kept.places * 3
    assert all(start + 11 > 22 and start <= 38 for start in first)
    assert len(first) == len(
        [start for start in range(0, 51, 3) if start + 11 > 22 and start <= 38]
    )


@settings(deadline=None)
@given(st.floats(0, 1e6))
def test_groups_hold_every_place_once_and_all_that_it_needs(overhead):
    axes = (chain_cones(0), chain_cones(1))
    groups = grouped(axes, np.array([0.0, 150.0, 5.0, 36.0]), overhead)
    for cone, some in zip(axes, groups, strict=True):
        assert sorted(np.concatenate([group.places for group in some])) == cone.places.tolist()
        for group in some:
            members = np.searchsorted(cone.places, group.places)
            for row, value in enumerate(cone.values):
                low, size = group.low[value], group.size[value]
                needed = cone.high[row, members] > cone.low[row, members]
                assert (low <= np.where(needed, cone.low[row, members], low)).all()
                assert (low + size >= np.where(needed, cone.high[row, members], 0)).all()
                assert (low >= cone.seen[row, 0]).all()
                assert (low + size <= cone.seen[row, 1]).all()


def test_dear_batches_make_few_groups_and_cheap_ones_many():
    axes, weights = (chain_cones(0), chain_cones(1)), np.array([0.0, 150.0, 5.0, 36.0])
    dear, cheap = grouped(axes, weights, 1e9), grouped(axes, weights, 0.0)
    assert [len(some) for some in dear] == [1, 1]
    sizes = {tuple(size) for size in axes[0].sizes().T.tolist()}
    assert len(cheap[0]) == len(sizes) > 1
