"""The distribution sketch against sorting everything: stated errors hold, merges are exact."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.core.bins import BINS, RELATIVE_ERROR, middles
from analysis.core.quantiles import POSITIONS, Sketch, sampled, sampled_positions


def sketch_of(values):
    sketch = Sketch(values.shape[-1])
    sketch.add(values)
    return sketch


@settings(deadline=None)
@given(
    values=hnp.arrays(np.float32, (30,), elements=st.floats(-1e6, 1e6, width=32)),
    q=st.floats(0, 1),
)
def test_a_quantile_is_within_the_stated_error_of_the_sorted_values(values, q):
    sketch = sketch_of(torch.from_numpy(values).reshape(1, 30, 1))
    exact = float(np.sort(values)[max(int(np.ceil(q * 30)), 1) - 1])
    found = sketch.quantile(q)[0]
    assert abs(found - exact) <= max(abs(exact) * RELATIVE_ERROR, 2.0**-24)


def test_bins_ascend_with_the_value_and_are_symmetric():
    values = torch.tensor([-3e8, -2.0, -1.0, -1e-9, -0.0, 0.0, 1e-9, 1.0, 2.0, 3e8])
    bins = sketch_of(values.reshape(1, 1, -1)).counts.argmax(1).tolist()
    assert bins == sorted(bins)
    assert bins[0] == 0
    assert bins[-1] == BINS - 1
    assert [BINS - 1 - place for place in reversed(bins)] == bins
    assert len(middles()) == BINS
    assert (np.diff(middles()) > 0).all()


@settings(deadline=None)
@given(cut=st.integers(1, 39), seed=st.integers(0, 1000), swap=st.booleans())
def test_merging_in_any_order_gives_the_same_bytes(cut, seed, swap):
    values = torch.randn(40, 3, 2, generator=torch.Generator().manual_seed(seed))
    parts = [sketch_of(values[:cut]), sketch_of(values[cut:])]
    total = Sketch(2)
    for part in reversed(parts) if swap else parts:
        total.merge(Sketch.from_state(part.state()))
    mine, whole = total.state(), sketch_of(values).state()
    assert all(mine[name].tobytes() == whole[name].tobytes() for name in whole)


def test_a_state_holds_only_the_used_bins_and_comes_back():
    sketch = sketch_of(torch.tensor([1.0, 1.5, 2.0]).reshape(3, 1, 1))
    state = sketch.state()
    assert state["counts"].shape == (1, 33)
    assert Sketch.from_state(state).counts.equal(sketch.counts)
    empty = Sketch(2)
    assert Sketch.from_state(empty.state()).counts.equal(empty.counts)
    assert np.isnan(empty.quantile(0.5)).all()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Sketch(1).quantile(1.5)
    with pytest.raises(ValueError, match="do not merge"):
        Sketch(1).merge(Sketch(2))
    with pytest.raises(ValueError, match="at least one unit"):
        Sketch(0)


@pytest.mark.parametrize(("positions", "count"), [(36, 36), (169, 32), (729, 64), (7, 3)])
def test_positions_are_evenly_spaced_distinct_and_equally_likely(positions, count):
    images = torch.arange(40_000)
    chosen = sampled_positions(images, positions, count)
    assert chosen.shape == (40_000, count)
    gaps = (chosen.roll(-1, 1) - chosen) % positions
    assert gaps.min() >= positions // count
    assert gaps.max() <= -(-positions // count)
    likely = torch.bincount(chosen.flatten(), minlength=positions) / chosen.numel() * positions
    assert (likely - 1).abs().max() < 0.2


def test_positions_depend_on_the_image_alone():
    together = sampled_positions(torch.arange(100), 169, 32)
    alone = torch.cat([sampled_positions(torch.tensor([n]), 169, 32) for n in range(100)])
    assert together.equal(alone)


def test_small_maps_are_read_whole_and_large_ones_at_their_positions():
    maps = torch.randn(4, 3, 50)
    images = torch.tensor([9, 4, 1, 7])
    assert sampled(maps, images, 50).equal(maps.transpose(1, 2))
    some, places = sampled(maps, images, 8), sampled_positions(images, 50, 8)
    for item in range(4):
        for at, place in enumerate(places[item].tolist()):
            assert some[item, at].tolist() == maps[item, :, place].tolist()


def test_the_sampling_error_of_a_tail_is_as_stated():
    chance = torch.Generator().manual_seed(0)
    images, units, side, q = 600, 40, 13, 0.995
    coarse = torch.randn(images, units, 5, 5, generator=chance)
    # Neighbours are alike, as in the maps of a network.
    maps = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear").flatten(2)
    sketch = Sketch(units)
    sketch.add(sampled(maps, torch.arange(images), POSITIONS))
    found = torch.from_numpy(sketch.quantile(q)).float()
    share = (maps > found[None, :, None]).float().mean((0, 2)).numpy()  # of all positions
    error = np.sqrt(q * (1 - q) / (images * POSITIONS))
    # Within a bin values are not told apart: that adds about 1.6% of the value to the error.
    assert np.sqrt(np.mean((share - (1 - q)) ** 2)) < 2 * error
