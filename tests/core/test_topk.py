"""Top images against sorting everything: any batch, order, split and tie."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.mixing import mixed
from analysis.core.topk import TopK, peaks

UNITS, IMAGES = 5, 20


def drawn(seed, positions=6):
    """Few values, so many ties; some below zero."""
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(-2, 3, (IMAGES, UNITS, positions), generator=chance).float() / 2


def slow(maps, k, unit, tie=lambda image: image):
    order = sorted(range(len(maps)), key=lambda n: (-maps[n, unit].max().item(), tie(n)))
    return [(n, maps[n, unit].max().item(), maps[n, unit].tolist()) for n in order[:k]]


def add(top, maps, images):
    score, place = peaks(maps[images], images)
    top.add(score, images, place)


def filled(maps, batches, k=6, seed=None):
    top = TopK(UNITS, k, seed=seed)
    for images in batches:
        add(top, maps, images)
    return top


def same(one, other):
    mine, theirs = one.state(), other.state()
    return all(mine[name].tobytes() == theirs[name].tobytes() for name in mine)


@pytest.mark.parametrize("batch", [1, 3, 7, 20])
@pytest.mark.parametrize("k", [1, 6, 30])
def test_batching_and_order_do_not_matter(batch, k):
    maps = drawn(batch)
    top = filled(maps, torch.randperm(IMAGES).split(batch), k)
    for unit in range(UNITS):
        expected = slow(maps, k, unit)
        kept = min(k, IMAGES)
        assert top.images()[unit, :kept].tolist() == [image for image, _, _ in expected]
        assert top.scores()[unit, :kept].tolist() == [score for _, score, _ in expected]
        places = [values.index(score) for _, score, values in expected]
        assert top.places[unit, :kept].tolist() == places
        assert (top.images()[unit, kept:] == -1).all()


@settings(deadline=None)
@given(
    cut=st.integers(0, IMAGES),
    seed=st.integers(0, 2**31),
    shuffle=st.booleans(),
    swap=st.booleans(),
)
def test_merging_parts_in_either_order_gives_the_same_bytes(cut, seed, shuffle, swap):
    maps = drawn(seed % 7)
    order = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(seed))
    ties = 3 if shuffle else None
    parts = [filled(maps, [part], seed=ties) for part in (order[:cut], order[cut:]) if len(part)]
    total = TopK(UNITS, 6, seed=ties)
    for part in reversed(parts) if swap else parts:
        total.merge(TopK.from_state(part.state(), seed=ties))
    assert same(total, filled(maps, [torch.arange(IMAGES)], seed=ties))


def test_equal_images_are_chosen_by_a_shuffle_where_one_is_asked_for():
    maps = torch.zeros(200, 1, 4)
    top = TopK(1, 10, seed=5)
    for images in torch.randperm(200).split(17):
        add(top, maps, images)
    expected = sorted(range(200), key=lambda n: mixed(torch.tensor(n), 5).item())[:10]
    assert top.images()[0].tolist() == expected
    assert expected != sorted(expected)  # no longer the first ones


def test_another_seed_chooses_other_images():
    maps = torch.zeros(200, 1, 4)
    images = torch.arange(200)
    chosen = set()
    for seed in range(5):
        top = TopK(1, 10, seed=seed)
        add(top, maps, images)
        chosen.add(tuple(top.images()[0].tolist()))
    assert len(chosen) == 5


def test_zero_and_minus_zero_are_equal():
    maps = torch.tensor([0.0, -0.0, 0.0, -0.0]).reshape(4, 1, 1)
    top = TopK(1, 4)
    for image in (3, 1, 0, 2):
        some = torch.tensor([image])
        add(top, maps, some)
    assert top.images()[0].tolist() == [0, 1, 2, 3]


def test_large_image_numbers_and_extreme_scores_keep_their_order():
    score = torch.tensor([[3e38], [-3e38], [1e-40], [-1e-40], [3e38]])
    images = torch.tensor([2**32 - 1, 0, 7, 8, 2**31])
    top = TopK(1, 5)
    top.add(score, images, torch.zeros_like(score).long())
    assert top.images()[0].tolist() == [2**31, 2**32 - 1, 7, 8, 0]
    assert top.scores()[0].tolist() == [score[n, 0].item() for n in (4, 0, 2, 3, 1)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_named_with_unit_and_image(value):
    maps = torch.randn(4, 3, 9)
    maps[2, 1, 5] = value
    with pytest.raises(ValueError, match=r"Unit 1 gives .*(nan|inf) on image 40"):
        peaks(maps, torch.tensor([10, 20, 40, 50]))


def test_finite_values_whose_sum_overflows_are_allowed():
    maps = torch.full((2, 2, 8), 3e38)
    score, place = peaks(maps, torch.arange(2))
    assert score.tolist() == [[maps.max().item()] * 2] * 2
    assert place.tolist() == [[0, 0], [0, 0]]


def test_only_alike_statistics_merge():
    with pytest.raises(ValueError, match="do not merge"):
        TopK(3, 4).merge(TopK(3, 5))
    with pytest.raises(ValueError, match="do not merge"):
        TopK(3, 4, seed=1).merge(TopK(3, 4, seed=2))
    with pytest.raises(ValueError, match="at least one"):
        TopK(0, 4)


def test_memory_does_not_grow_with_the_images():
    top = TopK(UNITS, 6)
    for start in range(0, 3000, 100):
        images = torch.arange(start, start + 100)
        score, place = peaks(torch.rand(100, UNITS, 4), images)
        top.add(score, images, place)
        assert top.keys.shape == top.places.shape == (UNITS, 6)
    assert sum(array.nbytes for array in top.state().values()) == UNITS * 6 * (4 + 8 + 4)
    assert isinstance(top.state()["image"], np.ndarray)
