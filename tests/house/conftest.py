"""Photographs for tests that need a folder of readable images."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def make_photographs():
    """Write a folder of noise pictures, as an image set of two scenes."""

    def make(folder, count=16):
        rng = np.random.default_rng(0)
        for number in range(count):
            scene = folder / ("hall" if number % 2 else "attic")
            scene.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (72, 96, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(scene / f"{number}.png")

    return make
