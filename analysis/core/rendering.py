"""Pictures of a top image, rendered once: plain and segmented, two tiles and a large view, WebP.

They show the box of the image that the network sees (`Preprocessing.box`), at the image's own
sharpness and proportions. Outside of the mask the picture is darkened to a fifth.
Maps of fields are drawn as a glow, for pages to lay over their own grey.
"""

import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

DARKENED = 0.2
# The longer side, in pixels.
SIZES = {"large": 448, "tile2x": 224, "tile": 112}
BLOWN_UP = 2.5  # at most, for the large view
QUALITY = 80
# How hard the encoder tries: 2 takes half the time of 4 and gives 3% larger files.
EFFORT = 2

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """What the network saw of an image, as large as it will be shown."""

    large: Image.Image

    @classmethod
    def of(cls, image: Image.Image, box: Box) -> "View":
        """Cut the box (left, top, right, bottom) out of an upright RGB image.

        A small one is as large as a sharp tile: blowing it up further would show nothing more.
        """
        width, height = box[2] - box[0], box[3] - box[1]
        longer = max(width, height)
        scale = SIZES["large" if longer * BLOWN_UP >= SIZES["large"] else "tile2x"] / longer
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls(image.resize(size, Image.Resampling.LANCZOS, box=box))

    def plain(self) -> dict[str, bytes]:
        """Return the files of the picture as it is, by size."""
        return _files(self.large)

    def segmented(self, mask: Bool[np.ndarray, "height width"]) -> dict[str, bytes]:
        """Return the files of the picture darkened outside the mask, by size.

        ``mask`` is in pixels of the network's input, which the box fills; its edges are softened
        on the way to the picture's own pixels.
        """
        light = (
            Image.fromarray(mask).convert("L").resize(self.large.size, Image.Resampling.BILINEAR)
        )
        dark = self.large.point(lambda value: int(value * DARKENED + 0.5))
        return _files(Image.composite(self.large, dark, light))


def glow(field: Float[np.ndarray, "rows columns"]) -> bytes:
    """Return a map as a white PNG that is the less transparent the nearer to 1; NaN is clear."""
    alpha = (np.clip(np.nan_to_num(field), 0, 1) * 255 + 0.5).astype(np.uint8)
    white = Image.new("LA", (field.shape[1], field.shape[0]), (255, 0))
    white.putalpha(Image.fromarray(alpha))
    kept = io.BytesIO()
    white.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _files(large: Image.Image) -> dict[str, bytes]:
    longer = max(large.size)
    by_side: dict[int, bytes] = {}
    for side in {min(side, longer) for side in SIZES.values()}:
        shown = large
        if side != longer:
            size = tuple(max(1, round(length * side / longer)) for length in large.size)
            shown = large.resize(size, Image.Resampling.LANCZOS)  # type: ignore[arg-type]
        kept = io.BytesIO()
        shown.save(kept, "WEBP", quality=QUALITY, method=EFFORT)
        by_side[side] = kept.getvalue()
    return {name: by_side[min(side, longer)] for name, side in SIZES.items()}
