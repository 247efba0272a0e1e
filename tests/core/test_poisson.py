"""Removal in the gradient domain against a literal dense solution, and what it promises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core import poisson

FINE = 1e-6


def beside(row, column, shape):
    """The neighbours of a pixel that lie in the image."""
    around = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    return [(r, c) for r, c in around if 0 <= r < shape[0] and 0 <= c < shape[1]]


def slow(image, region):
    """One equation a removed pixel: its gradients are zero, so it is its neighbours' mean."""
    result = image.astype(np.float64).copy()
    places = {tuple(place): at for at, place in enumerate(np.argwhere(region))}
    if len(places) == region.size:
        result[:] = image.mean(axis=(1, 2), keepdims=True)
        return result
    matrix, right = np.zeros((len(places),) * 2), np.zeros((len(places), len(image)))
    for place, at in places.items():
        for other in beside(*place, region.shape):
            matrix[at, at] += 1
            if other in places:
                matrix[at, places[other]] -= 1
            else:
                right[at] += image[:, other[0], other[1]]
    if places:
        result[:, region] = np.linalg.solve(matrix, right).T
    return result


def an_image(seed, height, width):
    chance = np.random.default_rng(seed)
    return chance.normal(size=(3, height, width)).astype(np.float32)


def blobs(seed, height, width, share):
    """Regions of any form: patches, single pixels, the border, holes."""
    chance = np.random.default_rng(seed)
    coarse = np.kron(chance.random((height // 4 + 1, width // 4 + 1)), np.ones((4, 4)))
    fine = chance.random((height, width)) < 0.05
    return (coarse[:height, :width] < share) ^ fine


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 33),
    width=st.integers(1, 33),
    share=st.floats(0, 1),
)
def test_it_is_the_dense_solution(seed, height, width, share):
    image, region = an_image(seed, height, width), blobs(seed, height, width, share)
    found = poisson.removed(torch.from_numpy(image), torch.from_numpy(region)[None], None, FINE)
    assert np.abs(found[0].numpy() - slow(image, region)).max() < 1e-4


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(slice(None), slice(0, 9)), (slice(20, 31), slice(14, 29)), (slice(1, 30), slice(1, 28))],
    ids=["along the left border", "in a corner", "nearly all"],
)
def test_regions_at_the_border(rows, columns):
    image, region = an_image(5, 31, 29), np.zeros((31, 29), bool)
    region[rows, columns] = True
    found = poisson.removed(torch.from_numpy(image), torch.from_numpy(region)[None], None, FINE)
    assert np.abs(found[0].numpy() - slow(image, region)).max() < 1e-4


def test_what_is_filled_in_makes_no_edge_and_leaves_the_rest_alone():
    image, region = an_image(7, 40, 48), blobs(7, 40, 48, 0.5)
    found = poisson.removed(torch.from_numpy(image), torch.from_numpy(region)[None], None, FINE)[0]
    found = found.numpy()
    assert np.array_equal(found[:, ~region], image[:, ~region])
    edge = [
        p for p in map(tuple, np.argwhere(~region)) if any(region[o] for o in beside(*p, (40, 48)))
    ]
    around = np.stack([image[:, r, c] for r, c in edge])
    assert (found[:, region].min(axis=1) >= around.min(axis=0) - 1e-4).all()
    assert (found[:, region].max(axis=1) <= around.max(axis=0) + 1e-4).all()
    for place in np.argwhere(region):  # no pixel stands out: it is the mean of those beside it
        mean = np.mean([found[:, r, c] for r, c in beside(*place, (40, 48))], axis=0)
        assert np.abs(found[:, place[0], place[1]] - mean).max() < 1e-4


def test_many_together_are_as_each_alone_and_a_start_changes_nothing():
    image = torch.from_numpy(an_image(1, 30, 37))
    regions = torch.stack([torch.from_numpy(blobs(seed, 30, 37, 0.4)) for seed in range(5)])
    together = poisson.removed(image, regions, None, FINE)
    alone = torch.cat([poisson.removed(image, region[None], None, FINE) for region in regions])
    started = poisson.removed(image, regions, torch.randn(5, 3, 30, 37), FINE)
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.allclose(together, started, atol=1e-4)


def test_the_tolerance_is_about_the_error():
    image, region = an_image(2, 64, 64), blobs(9, 64, 64, 0.6)
    found = poisson.removed(torch.from_numpy(image), torch.from_numpy(region)[None], None, 1e-3)
    assert np.abs(found[0].numpy() - slow(image, region)).max() < 5e-3


def test_nothing_and_everything_removed():
    image = torch.from_numpy(an_image(3, 16, 16))
    nothing, everything = (
        torch.zeros(16, 16, dtype=torch.bool),
        torch.ones(16, 16, dtype=torch.bool),
    )
    found = poisson.removed(image, torch.stack([nothing, everything]))
    assert torch.equal(found[0], image)
    assert torch.allclose(found[1], image.mean(dim=(1, 2))[:, None, None].expand(3, 16, 16))


def test_a_constant_image_stays_as_it_is():
    image, region = torch.full((3, 20, 20), 0.25), torch.from_numpy(blobs(4, 20, 20, 0.5))
    assert torch.allclose(poisson.removed(image, region[None], None, FINE)[0], image, atol=1e-5)
