"""Pictures: sizes, proportions, the same bytes again, darkened to a fifth outside the mask."""

import io

import numpy as np
import pytest
from PIL import Image

from analysis.core.rendering import View


def picture(width=300, height=200, seed=0):
    coarse = np.random.default_rng(seed).integers(40, 255, (8, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("box", "large"),
    [((50.0, 0.0, 250.0, 200.0), (448, 448)), ((0.0, 0.0, 300.0, 200.0), (448, 299))],
)
def test_there_are_three_sizes_of_what_the_network_sees(box, large):
    files = View.of(picture(), box).plain()
    assert set(files) == {"tile", "tile2x", "large"}
    assert opened(files["large"]).size == large
    assert max(opened(files["tile"]).size) == 112
    assert max(opened(files["tile2x"]).size) == 224
    assert all(opened(data).format == "WEBP" for data in files.values())


def test_tiles_are_small():
    files = View.of(picture(), (50.0, 0.0, 250.0, 200.0)).plain()
    assert len(files["tile"]) < 8_000
    assert len(files["large"]) < 60_000


def test_outside_the_mask_pixels_are_a_fifth_and_inside_untouched():
    view = View.of(picture(), (50.0, 0.0, 250.0, 200.0))
    mask = np.zeros((64, 64), dtype=bool)
    mask[:, :32] = True
    plain = np.asarray(opened(view.plain()["large"]), float)
    segmented = np.asarray(opened(view.segmented(mask)["large"]), float)
    assert np.abs(segmented[:, :210] - plain[:, :210]).mean() < 3
    assert np.abs(segmented[:, 240:] - 0.2 * plain[:, 240:]).mean() < 3


@pytest.mark.parametrize("lit", [True, False])
def test_a_mask_of_all_or_nothing_is_drawn(lit):
    view = View.of(picture(), (50.0, 0.0, 250.0, 200.0))
    shown = np.asarray(opened(view.segmented(np.full((9, 9), lit))["tile"]), float)
    plain = np.asarray(opened(view.plain()["tile"]), float)
    assert np.abs(shown - plain * (1 if lit else 0.2)).mean() < 3


def test_the_same_picture_gives_the_same_bytes():
    mask = np.eye(32, dtype=bool)
    first, second = (View.of(picture(), (50.0, 0.0, 250.0, 200.0)) for _ in range(2))
    assert first.plain() == second.plain()
    assert first.segmented(mask) == second.segmented(mask)


def test_small_and_very_long_images_are_shown_too():
    small = View.of(picture(20, 20), (0.0, 0.0, 20.0, 20.0)).plain()
    assert opened(small["large"]).size == (224, 224)
    assert small["large"] == small["tile2x"]
    assert opened(View.of(picture(2000, 3), (0.0, 0.0, 2000.0, 3.0)).plain()["tile"]).size == (
        112,
        1,
    )
