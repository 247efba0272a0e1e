"""An image with a mask and boxes drawn on it: what was found, and what is there."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool
from PIL import Image, ImageDraw

FOUND, TRUTH = (230, 159, 0), (86, 180, 233)
STRENGTH = 0.45
LINE = 2  # pixels


def marked(
    image: Image.Image,
    mask: Bool[np.ndarray, "height width"],
    boxes: Sequence[tuple[int, int, int, int]] = (),
    colour: tuple[int, int, int] = FOUND,
) -> Image.Image:
    """Return ``image`` with a mask tinted and boxes (left, top, right, bottom) drawn.

    Mask and boxes are in pixels of the mask, which is laid over the whole image.
    """
    height, width = mask.shape
    over = np.asarray(Image.fromarray(mask).resize(image.size, Image.Resampling.NEAREST))
    pixels = np.asarray(image.convert("RGB"), np.float32).copy()
    pixels[over] = (1 - STRENGTH) * pixels[over] + STRENGTH * np.array(colour, np.float32)
    shown = Image.fromarray(pixels.round().astype(np.uint8))
    draw = ImageDraw.Draw(shown)
    across, down = image.width / width, image.height / height
    for left, top, right, bottom in boxes:
        corners = (left * across, top * down, right * across - 1, bottom * down - 1)
        draw.rectangle(corners, outline=colour, width=LINE)
    return shown
