"""From a file of any odd kind to the numbers that a network is given."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from math import ceil, floor
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from jaxtyping import Float32, Integer, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

# Below Pillow's own alarm (89 million), and above every camera that is likely to be met.
MAX_PIXELS = 80_000_000
# Readers that only decode. Pillow's others start programs (EPS) or are seldom tested.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N", "I")
RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Sizes are checked by ourselves before a pixel is decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageRefused(ValueError):
    """An image cannot be used; the message is the reason, one plain sentence."""


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input of a network.

    The geometric rule: a box of the upright image (see `box`) is resized to height × width in one
    step. Input pixel coordinates (x, y) and image coordinates are joined by

        image_x = left + x * (right - left) / width        (and the same for y)

    where pixel k covers k..k+1. With fit "crop" the box is the largest centred one of the input's
    shape, its sides multiplied by `crop`; with fit "squash" it is the whole image.
    Colours: (pixel / 255 - mean) / std, per channel, order RGB or BGR as `channels` says.
    """

    height: int = 224
    width: int = 224
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: str = "bilinear"
    fit: str = "crop"
    crop: float = 1.0
    channels: str = "RGB"

    def __post_init__(self) -> None:
        """Refuse values that no network could mean.

        Raises:
            ValueError: names the value and what is allowed.
        """
        for name in ("height", "width"):
            if not 1 <= getattr(self, name) <= 4096:
                raise ValueError(f"Input {name} {getattr(self, name)} is not between 1 and 4096.")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError("Mean and std need three numbers each, and std none of 0 or less.")
        if not np.isfinite([*self.mean, *self.std]).all():
            raise ValueError("Mean and std must be finite numbers.")
        allowed = {
            "interpolation": tuple(RESAMPLING),
            "fit": ("crop", "squash"),
            "channels": ("RGB", "BGR"),
        }
        for name, values in allowed.items():
            if (value := getattr(self, name)) not in values:
                raise ValueError(f"{name} {value!r} is none of {', '.join(values)}.")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop {self.crop!r} is not above 0 and at most 1.")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """Return the preparation that a row holds; what is absent has its default.

        Raises:
            ValueError: for an unknown name or a bad value.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"Preparation does not know {', '.join(unknown)}.")
        given: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in values.items()
        }
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return every value, as the row and the recipe keep them."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return (left, top, right, bottom) of what the network sees of an image, in its pixels."""
        if self.fit == "squash":
            return 0.0, 0.0, float(width), float(height)
        scale = self.crop * min(width / self.width, height / self.height)
        left, top = (width - self.width * scale) / 2, (height - self.height * scale) / 2
        return max(left, 0.0), max(top, 0.0), min(width - left, width), min(height - top, height)

    def placed(self, seen: tuple[int, int, int, int], width: int, height: int) -> tuple[int, ...]:
        """Return a box of the input (left, top, right, bottom) in pixels of the upright image.

        Corners are rounded outward, so that nothing of the box is lost.
        """
        left, top, right, bottom = self.box(width, height)
        across, down = (right - left) / self.width, (bottom - top) / self.height
        least = 1e-9  # of a pixel: what arithmetic adds to a whole number is no pixel more
        return (
            floor(left + seen[0] * across + least),
            floor(top + seen[1] * down + least),
            ceil(left + seen[2] * across - least),
            ceil(top + seen[3] * down - least),
        )


def below(root: Path, path: str) -> Path:
    """Return the real path of a file below ``root``.

    Raises:
        ImageRefused: where the path leaves the folder, by itself or through a link, or has no end.
    """
    if not root.is_absolute():  # of an image set that came without its images
        raise ImageRefused("its image set has no folder here")
    inside = PurePosixPath(path)
    if not path or "\0" in path or inside.is_absolute() or ".." in inside.parts:
        raise ImageRefused("its path leaves the folder of the image set")
    try:
        real = (root / inside).resolve(strict=True)
    except FileNotFoundError:
        raise ImageRefused("the file does not exist") from None
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        raise ImageRefused("its path cannot be followed (a loop of links?)") from None
    if not real.is_relative_to(root.resolve()):
        raise ImageRefused("it is a link that leads out of the folder of the image set")
    if not real.is_file():
        raise ImageRefused("it is not a regular file")
    return real


def open_image(path: Path | IO[bytes], max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return an image as it is meant to be seen: upright, 8-bit RGB, its first frame.

    ``path`` is a file, or one that is open for reading.

    Palette, grey, 16-bit, CMYK and animated files are converted; transparent pixels lie on white.

    Raises:
        ImageRefused: with the reason, for whatever cannot be read rightly.
    """
    image = to_rgb(decode(path, max_pixels))
    # A broken orientation tag is no reason to lose a good picture.
    with suppress(Exception):
        image = ImageOps.exif_transpose(image)
    return image


def open_mask(path: Path, max_pixels: int = MAX_PIXELS) -> Integer[np.ndarray, "height width"]:
    """Return a mask's class indexes; its palette is only a list of colours.

    Raises:
        ImageRefused: for anything but one channel of 8 or 16 bits.
    """
    image = decode(path, max_pixels)
    if image.mode not in ("1", "L", "P", *GREY_16):
        raise ImageRefused(f"a mask has one channel of class indexes, this one is {image.mode}")
    return np.asarray(image).astype(np.int32)


def decode(path: Path | IO[bytes], max_pixels: int) -> Image.Image:
    """Return the first frame of a file, decoded whole.

    Raises:
        ImageRefused: not an image, too many pixels (asked before any is decoded), or broken.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageRefused(
                    f"{width} × {height} pixels are more than the {max_pixels:,} that are read"
                )
            image.load()
            return image
    except ImageRefused:
        raise
    except UnidentifiedImageError:
        if _is_empty(path):
            raise ImageRefused("the file is empty") from None
        raise ImageRefused(f"not an image that is read here ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise ImageRefused(f"it unpacks to more than the {max_pixels:,} pixels allowed") from None
    except Exception as error:  # what a decoder raises for broken bytes is not foreseeable
        reason = str(error).split("\n")[0][:150] or type(error).__name__
        raise ImageRefused(f"broken or cut short: {reason}") from error


def _is_empty(path: Path | IO[bytes]) -> bool:
    """Return whether a file has no bytes."""
    return (path.stat().st_size if isinstance(path, Path) else path.seek(0, SEEK_END)) == 0


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a decoded image as 8-bit RGB, with its metadata.

    Raises:
        ImageRefused: where the meaning of its numbers is not known.
    """
    if image.mode in GREY_16:
        return grey_16_to_rgb(image)
    if image.mode in ("F", "LAB", "HSV"):
        raise ImageRefused(
            f"pixels of kind {image.mode} have no agreed range: save the file with 8 or 16 bits"
        )
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        flat = Image.alpha_composite(white, seen).convert("RGB")
        flat.info = dict(image.info)  # the orientation tag lives here
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


def grey_16_to_rgb(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as RGB: 65,535 becomes 255, rounded.

    Raises:
        ImageRefused: for 32-bit whole numbers, which have no agreed white.
    """
    if image.mode == "I" and image.format not in ("PPM", "PNG"):
        raise ImageRefused("32-bit pixels have no agreed range: save the file with 8 or 16 bits")
    grey = (np.asarray(image).astype(np.uint32) + 128) // 257
    flat = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    flat.info = dict(image.info)
    return flat


def prepare(image: Image.Image, preparation: Preprocessing) -> Float32[np.ndarray, "3 h w"]:
    """Return an upright RGB image as the input of a network; see `Preprocessing` for the rule.

    numpy, because the web side reads images too and never loads torch: join a batch with
    ``torch.from_numpy(numpy.stack(inputs))``.
    """
    return normalised(np.asarray(view(image, preparation), np.uint8), preparation)


def normalised(
    seen: UInt8[np.ndarray, "h w 3"], preparation: Preprocessing
) -> Float32[np.ndarray, "3 h w"]:
    """Return what the network sees of an image (`view`) as the numbers it is given."""
    pixels = seen.astype(np.float32) / 255
    if preparation.channels == "BGR":
        pixels = pixels[:, :, ::-1]
    mean, std = (np.array(v, np.float32) for v in (preparation.mean, preparation.std))
    return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1))  # (3, h, w)


def unprepared(
    pixels: Float32[np.ndarray, "3 h w"], preparation: Preprocessing
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the input of a network as an RGB picture: `prepare` taken back, rounded."""
    mean, std = (np.array(v, np.float32) for v in (preparation.mean, preparation.std))
    shown = pixels.transpose(1, 2, 0) * std + mean  # (h, w, 3)
    if preparation.channels == "BGR":
        shown = shown[:, :, ::-1]
    rounded: np.ndarray = (shown * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return rounded


def view(image: Image.Image, preparation: Preprocessing) -> Image.Image:
    """Return what the network sees of an image, in the size in which it sees it."""
    return image.resize(
        (preparation.width, preparation.height),
        RESAMPLING[preparation.interpolation],
        box=preparation.box(*image.size),
    )


def view_mask(
    mask: Integer[np.ndarray, "height width"], preparation: Preprocessing
) -> Integer[np.ndarray, "h w"]:
    """Return a mask cut to what the network sees, each pixel the class at its centre."""
    height, width = mask.shape
    left, top, right, bottom = preparation.box(width, height)
    columns = left + (np.arange(preparation.width) + 0.5) * (right - left) / preparation.width
    rows = top + (np.arange(preparation.height) + 0.5) * (bottom - top) / preparation.height
    seen: np.ndarray = mask[np.ix_(rows.astype(int), columns.astype(int))]  # (h, w)
    return seen
