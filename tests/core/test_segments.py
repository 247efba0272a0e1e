"""Masks against painting by hand, and from the pixel that drives a unit to the drawn picture."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from analysis.core.activations import maps_of
from analysis.core.fields import FieldMask, LayerGrid, disc, disc_diameter
from analysis.core.images import Preprocessing, prepare
from analysis.core.rendering import View
from analysis.core.segments import above_half, above_level, moved, stamp

SIDE = 64


def test_locations_above_half_of_the_maximum_are_kept():
    pattern = above_half(np.array([[0.0, 2.0], [1.0, 1.01]], np.float32))
    assert pattern.tolist() == [[False, True], [False, True]]


def test_a_map_without_anything_above_zero_has_no_pattern():
    assert not above_half(np.array([[0.0, -2.0]], np.float32)).any()
    assert not above_half(np.full((3, 3), -1.0, np.float32)).any()


def test_locations_above_a_level_are_kept_and_the_strongest_alone_where_none_is():
    maps = np.array([[0.0, 2.0], [1.0, 2.0]], np.float32)
    assert above_level(maps, 0.5).tolist() == [[False, True], [True, True]]
    assert above_level(maps, 2.0).tolist() == [[False, True], [False, False]]  # the first of equals
    assert above_level(maps, -1.0).all()
    assert not above_level(np.array([[0.0, -2.0]], np.float32), -3.0).any()
    with pytest.raises(ValueError, match="A unit's level is nan"):
        above_level(maps, float("nan"))


def test_a_moved_pattern_is_as_large_and_lies_where_the_image_alone_says():
    strong = np.triu(np.ones((5, 5), dtype=bool))
    found = [moved(strong, number) for number in range(40)]
    assert {int(pattern.sum()) for pattern in found} == {15}
    assert len({pattern.tobytes() for pattern in found}) > 4
    assert all(np.array_equal(moved(strong, n), found[n]) for n in range(40))
    assert moved(strong, 3, seed=1).tobytes() != found[3].tobytes()
    assert np.array_equal(strong, np.triu(np.ones((5, 5), dtype=bool)))  # what is given stays


def test_with_nothing_to_borrow_it_is_one_location_anywhere():
    places = [moved(np.zeros((4, 6), dtype=bool), number) for number in range(300)]
    assert {int(pattern.sum()) for pattern in places} == {1}
    assert (np.sum(places, axis=0) > 0).all()  # every location is chosen at some time


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    stride=st.integers(2, 12),
    offset=st.floats(-4, 12),
    side=st.sampled_from([1, 3, 7, 15]),
)
def test_stamping_is_painting_each_field_by_hand(seed, stride, offset, side):
    chance = np.random.default_rng(seed)
    grid = LayerGrid(4, 5, 40, 50, size=9, stride=stride, offset=offset)
    pattern = chance.random((4, 5)) < 0.4
    field = FieldMask("own", chance.random((side, side)) < 0.6)
    slow = np.zeros((40, 50), dtype=bool)
    for row, column in zip(*pattern.nonzero(), strict=True):
        y = min(max(int(np.floor(offset + stride * row)), 0), 39)
        x = min(max(int(np.floor(offset + stride * column)), 0), 49)
        for down, right in zip(*field.covers.nonzero(), strict=True):
            at = (y + down - side // 2, x + right - side // 2)
            if 0 <= at[0] < 40 and 0 <= at[1] < 50:
                slow[at] = True
    assert np.array_equal(stamp(pattern, field, grid), slow)


def test_a_pattern_of_another_grid_is_refused():
    with pytest.raises(ValueError, match="no grid of 3 × 3"):
        stamp(np.zeros((2, 3), dtype=bool), disc(5.0), LayerGrid(3, 3, 9, 9))


def known_net():
    """Field 9, stride 4, centred at 0.5; driven by the pixels at most 3 from the centre."""
    first, second = nn.Conv2d(3, 1, 5, 2, 2, bias=False), nn.Conv2d(1, 1, 3, 2, 1, bias=False)
    cross = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
    first.weight.data.zero_()[:, :, 1:4, 1:4] = cross
    second.weight.data[:] = cross
    grid = LayerGrid(SIDE // 4, SIDE // 4, SIDE, SIDE, size=9, stride=4, offset=0.5)
    return nn.Sequential(first, second).eval(), grid


@pytest.mark.parametrize(("row", "column"), [(0, 0), (7, 3), (15, 15), (2, 14)])
def test_the_stamp_covers_the_pixels_that_drive_the_location(row, column):
    net, grid = known_net()
    pixels = torch.zeros(1, 3, SIDE, SIDE, requires_grad=True)
    net(pixels)[0, 0, row, column].backward()
    drives = (pixels.grad[0] != 0).any(0).numpy()
    pattern = np.zeros((16, 16), dtype=bool)
    pattern[row, column] = True
    mask = stamp(pattern, disc(disc_diameter(grid)), grid)
    assert mask[drives].all()
    assert mask.sum() <= 69  # and not much more: a disc of 9 pixels
    y, x = np.argwhere(drives).mean(0) + 0.5
    if 0 < row < 15 and 0 < column < 15:
        assert grid.centre(row, column) == (y, x)


@pytest.mark.parametrize("size", [(150, 100), (90, 200), (64, 64)])
@pytest.mark.parametrize("fit", ["crop", "squash"])
@pytest.mark.parametrize("place", [(0.3, 0.4), (0.62, 0.55), (0.5, 0.71)])
def test_what_drives_the_unit_stays_bright_in_the_picture_and_the_rest_is_darkened(
    size, fit, place
):
    """A white spot on grey, at a share of the box that the network sees."""
    preparation = Preprocessing(SIDE, SIDE, mean=(0.4,) * 3, std=(1.0,) * 3, fit=fit, crop=0.875)
    left, top, right, bottom = preparation.box(*size)
    x, y = left + place[0] * (right - left), top + place[1] * (bottom - top)
    pixels = np.full((size[1], size[0], 3), 102, np.uint8)
    pixels[int(y) - 3 : int(y) + 3, int(x) - 3 : int(x) + 3] = 255
    image = Image.fromarray(pixels)

    net, grid = known_net()
    batch = torch.from_numpy(prepare(image, preparation))[None]
    pattern = above_half(maps_of(net, ["1"], batch)["1"][0, 0].numpy())
    mask = stamp(pattern, disc(disc_diameter(grid)), grid)
    view = View.of(image, (left, top, right, bottom))
    drawn = Image.open(io.BytesIO(view.segmented(mask)["large"])).convert("L")
    shown = np.asarray(drawn, float)
    at = (int(place[1] * shown.shape[0]), int(place[0] * shown.shape[1]))
    assert shown[at] > 230
    # Far from the spot the grey of 102 is at a fifth.
    rows, columns = np.indices(shown.shape)
    far = np.hypot((rows - at[0]) / shown.shape[0], (columns - at[1]) / shown.shape[1]) > 0.3
    assert abs(np.median(shown[far]) - 20) < 3
    assert shown[far].max() < 60
