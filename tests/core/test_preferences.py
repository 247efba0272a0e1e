"""The images that a layer prefers, against sums one by one: batches, order, ties, layouts."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.excess import first_of_all, share_of
from analysis.core.intervals import wilson
from analysis.core.preferences import Preferred, summed

MAPS = torch.randn((60, 5, 3, 7), generator=torch.Generator().manual_seed(1)) * 3
MAPS[7] = MAPS[41]  # these tie
MAPS[50] = MAPS[12]


def preferred(batches, k=9, maps=MAPS):
    found = Preferred(k)
    for images in batches:
        found.add(maps[images], images)
    return found


def one_by_one(k=9):
    sums = [math.fsum(maps.flatten().tolist()) for maps in MAPS]
    rounded = torch.tensor(sums, dtype=torch.float64).float().tolist()
    return [(n, rounded[n]) for n in sorted(range(60), key=lambda n: (-rounded[n], n))[:k]]


WHOLE = preferred([torch.arange(60)])


@settings(deadline=None)
@given(batch=st.integers(1, 60), seed=st.integers(0, 99), cut=st.integers(1, 59))
def test_batches_order_and_merges_leave_no_trace(batch, seed, cut):
    order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
    parts = [preferred(some.split(batch)) for some in order.split([cut, 60 - cut])]
    first = Preferred.from_state(parts[0].state())
    first.merge(parts[1])
    assert first.ranked() == WHOLE.ranked()
    assert {k: v.tobytes() for k, v in first.state().items()} == {
        k: v.tobytes() for k, v in WHOLE.state().items()
    }


def test_they_are_those_of_adding_up_one_by_one_and_ties_go_to_the_smaller_number():
    assert preferred([torch.arange(60)], k=60).ranked() == one_by_one(60)
    assert WHOLE.ranked() == one_by_one()
    numbers = [number for number, _ in preferred([torch.arange(60)], k=60).ranked()]
    assert numbers.index(41) == numbers.index(7) + 1
    assert numbers.index(50) == numbers.index(12) + 1


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65])
def test_sums_are_the_same_bits_alone_in_any_layout_and_near_the_exact_ones(count):
    maps = torch.randn((9, count, 2, 3), generator=torch.Generator().manual_seed(count)) * 1e3
    sums = summed(maps)
    assert sums.tolist() == [summed(one[None]).item() for one in maps]
    assert sums.equal(summed(maps.contiguous(memory_format=torch.channels_last)))
    exact = [math.fsum(one.flatten().tolist()) for one in maps]
    assert sums.tolist() == pytest.approx(exact, rel=1e-12, abs=1e-9)
    assert summed(torch.ones(2, 5)).tolist() == [5.0, 5.0]  # a layer without a grid
    assert summed(torch.full((1, 1, 1, 1), 2.5)).dtype == torch.float64


def test_fewer_images_than_places_and_what_is_not_finite():
    assert [number for number, _ in preferred([torch.arange(3)]).ranked()] == sorted(
        range(3), key=lambda n: -summed(MAPS)[n].item()
    )
    for value in (float("nan"), float("inf"), 3e38):
        maps = MAPS[:4].clone()
        maps[2, 0] = value
        with pytest.raises(ValueError, match="the activations on image 12 add up to"):
            Preferred(3).add(maps, torch.tensor([10, 11, 12, 13]))


def test_shares_stand_beside_chance():
    found = share_of(30, 100, 50, 1000)
    assert found[:3] == (0.3, *wilson(0.3, 100))
    assert (found.baseline, found.ratio) == (0.05, pytest.approx(6))
    assert found.ratio_low == pytest.approx(found.low / 0.05)
    assert share_of(0, 4, 1, 1).ratio == 0
    for wrong in ((5, 4, 1, 9), (0, 0, 1, 9), (0, 4, 0, 9), (0, 4, 10, 9)):
        with pytest.raises(ValueError, match="no share"):
            share_of(*wrong)


def test_the_first_of_several_lists_are_those_of_the_union():
    lists = [("b", [(4, 9.0), (1, 5.0), (2, 5.0)]), ("a", [(7, 9.0), (0, 5.0)]), ("c", [])]
    assert first_of_all(lists, 4) == [("b", 4, 9.0), ("a", 7, 9.0), ("b", 1, 5.0), ("b", 2, 5.0)]
    assert first_of_all(lists, 99)[-1] == ("a", 0, 5.0)
    assert first_of_all([], 3) == []
