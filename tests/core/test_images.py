"""Files of every odd kind: each is read rightly, or refused with its reason."""

import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.core.images import (
    ImageRefused,
    Preprocessing,
    below,
    open_image,
    open_mask,
    prepare,
    view,
    view_mask,
)

RED, GREEN, BLUE = (200, 30, 20), (20, 180, 40), (10, 40, 220)


def save(path, image, **options):
    image.save(path, **options)
    return path


def left_and_right(mode="RGB", size=(32, 16)):
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def near(pixel, colour, by=12):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "bmp", "tiff", "ppm", "gif", "avif", "jp2"])
def test_the_usual_formats_are_read(tmp_path, kind):
    image = open_image(save(tmp_path / f"x.{kind}", left_and_right()))
    assert image.mode == "RGB"
    assert image.size == (32, 16)
    assert near(image.getpixel((4, 8)), RED, 25)
    assert near(image.getpixel((28, 8)), BLUE, 25)


def test_the_name_says_nothing_about_the_content(tmp_path):
    save(tmp_path / "x.png", left_and_right())
    (tmp_path / "x.png").rename(tmp_path / "x.jpg")
    assert open_image(tmp_path / "x.jpg").getpixel((0, 0)) == RED


def test_a_cmyk_jpeg_has_its_colours_and_not_their_negative(tmp_path):
    image = open_image(save(tmp_path / "x.jpg", left_and_right("CMYK"), quality=95))
    assert near(image.getpixel((4, 8)), RED)
    assert near(image.getpixel((28, 8)), BLUE)


def test_16_bit_grey_is_scaled_and_not_clipped(tmp_path):
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    for name in ("x.png", "x.tiff"):
        image = open_image(save(tmp_path / name, Image.fromarray(grey)))
        assert np.asarray(image)[:, :, 1].ravel().tolist() == list(range(256))


def test_16_bit_grey_of_a_pgm_is_scaled_too(tmp_path):
    (tmp_path / "x.pgm").write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", 65535, 32768))
    assert np.asarray(open_image(tmp_path / "x.pgm"))[0, :, 0].tolist() == [255, 128]


def test_16_bit_colour_keeps_its_high_byte(tmp_path):
    rows = b"".join(b"\0" + struct.pack(">6H", 65535, 0, 256 * 77, 0, 65535, 0) for _ in range(2))
    (tmp_path / "x.png").write_bytes(png(2, 2, depth=16, colour=2, rows=rows))
    image = open_image(tmp_path / "x.png")
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 77), (0, 255, 0)]


def test_a_palette_is_looked_up(tmp_path):
    image = open_image(save(tmp_path / "x.png", left_and_right().quantize(4)))
    assert near(image.getpixel((4, 8)), RED)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_lie_on_white(tmp_path, mode):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    if mode == "P":
        flat = Image.new("P", (8, 8), 0)
        flat.putpalette([0, 0, 0, 255, 0, 0])
        path = save(tmp_path / "x.png", flat, transparency=0)
    else:
        path = save(tmp_path / "x.png", image.convert(mode))
    assert open_image(path).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tiff"])
def test_an_animation_is_its_first_frame(tmp_path, kind):
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), GREEN)
    path = save(tmp_path / f"x.{kind}", first, save_all=True, append_images=[second])
    assert near(open_image(path).getpixel((4, 4)), RED)


@pytest.mark.parametrize("kind", ["jpg", "png", "tiff", "webp"])
def test_the_orientation_tag_is_followed(tmp_path, kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    image = open_image(save(tmp_path / f"x.{kind}", left_and_right(), exif=exif))
    assert image.size == (16, 32)
    assert near(image.getpixel((8, 2)), RED, 25)
    assert near(image.getpixel((8, 30)), BLUE, 25)


def test_the_orientation_survives_16_bit_and_transparency(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.fromarray(np.zeros((4, 9), np.uint16))
    assert open_image(save(tmp_path / "a.png", grey, exif=exif)).size == (4, 9)
    clear = Image.new("RGBA", (9, 4), (1, 2, 3, 0))
    assert open_image(save(tmp_path / "b.png", clear, exif=exif)).size == (4, 9)


def test_a_broken_orientation_tag_costs_nothing(tmp_path):
    path = save(tmp_path / "x.jpg", left_and_right(), exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")
    assert open_image(path).size == (32, 16)


def png(width, height, depth=8, colour=0, rows=b""):
    """A PNG written by hand, so that its header may say anything."""

    def chunk(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    (tmp_path / "x.png").write_bytes(png(100_000, 100_000))
    with pytest.raises(ImageRefused, match="pixels"):
        open_image(tmp_path / "x.png")


def test_the_limit_on_pixels_is_the_callers(tmp_path):
    path = save(tmp_path / "x.png", left_and_right())
    assert open_image(path, max_pixels=32 * 16)
    with pytest.raises(ImageRefused, match="32 × 16 pixels are more than the 511"):
        open_image(path, max_pixels=511)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "gif", "tiff", "bmp", "jp2", "avif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused(tmp_path, kind, share):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = save(tmp_path / f"x.{kind}", Image.fromarray(noise))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageRefused):
        open_image(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff",
        b"GIF89a",
    ],
)
def test_what_is_no_image_is_refused(tmp_path, data):
    (tmp_path / "x.jpg").write_bytes(data)
    with pytest.raises(ImageRefused):
        open_image(tmp_path / "x.jpg")


def test_a_postscript_file_starts_no_program(tmp_path):
    buffer = io.BytesIO()
    left_and_right().save(buffer, "EPS")
    (tmp_path / "x.jpg").write_bytes(buffer.getvalue())
    with pytest.raises(ImageRefused, match="not an image that is read here"):
        open_image(tmp_path / "x.jpg")


def test_floating_point_and_32_bit_pixels_are_refused_with_advice(tmp_path):
    for number, values in enumerate((np.zeros((4, 4), np.float32), np.zeros((4, 4), np.int32))):
        path = save(tmp_path / f"{number}.tiff", Image.fromarray(values))
        with pytest.raises(ImageRefused, match="8 or 16 bits"):
            open_image(path)


def test_random_bytes_after_a_good_start_never_escape(tmp_path):
    rng = np.random.default_rng(1)
    for kind in ("jpg", "png", "webp", "gif", "tiff", "bmp"):
        good = bytearray(save(tmp_path / f"x.{kind}", left_and_right()).read_bytes())
        for attempt in range(30):
            broken = bytearray(good)
            for place in rng.integers(0, len(good), 8):
                broken[place] = rng.integers(256)
            path = tmp_path / f"{attempt}.{kind}"
            path.write_bytes(broken)
            with suppress(ImageRefused):
                assert open_image(path).mode == "RGB"


def test_a_mask_keeps_its_indexes_through_its_palette(tmp_path):
    values = np.arange(40, dtype=np.uint8).reshape(5, 8)
    coloured = Image.fromarray(values)
    coloured.putpalette(list(range(256)) * 3)
    assert open_mask(save(tmp_path / "p.png", coloured)).tolist() == values.tolist()
    deep = Image.fromarray(values.astype(np.uint16) * 300)
    assert open_mask(save(tmp_path / "d.png", deep)).max() == 39 * 300
    with pytest.raises(ImageRefused, match="one channel"):
        open_mask(save(tmp_path / "c.png", left_and_right()))


# ---- Paths ---------------------------------------------------------------------------------


def test_a_set_without_a_folder_has_no_files():
    with pytest.raises(ImageRefused, match="has no folder here"):
        below(Path(), "manage.py")


def test_a_path_below_the_folder_is_found(tmp_path):
    (tmp_path / "日本").mkdir()
    (tmp_path / "日本" / "صورة.jpg").write_bytes(b"x")
    assert below(tmp_path, "日本/صورة.jpg").read_bytes() == b"x"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "", "a\0b", ".", "absent"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    with pytest.raises(ImageRefused):
        below(tmp_path, path)


def test_links_are_followed_inside_only(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "real").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"s")
    (root / "inside").symlink_to("real")
    (root / "outside").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to("loop")
    assert below(root, "inside").read_bytes() == b"x"
    with pytest.raises(ImageRefused, match="leads out"):
        below(root, "outside")
    with pytest.raises(ImageRefused, match="loop"):
        below(root, "loop")


def test_a_pipe_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImageRefused, match="regular"):
        below(tmp_path, "pipe")


# ---- Preparation ---------------------------------------------------------------------------


def test_preparation_survives_json():
    odd = Preprocessing(64, 96, (0.1, 0.2, 0.3), (1, 2, 3), "bicubic", "squash", 0.5, "BGR")
    assert Preprocessing.from_json(odd.to_json()) == odd
    assert Preprocessing.from_json({}) == Preprocessing()


@pytest.mark.parametrize(
    "bad",
    [
        {"height": 0},
        {"width": 99999},
        {"std": [1, 0, 1]},
        {"mean": [0, 0]},
        {"mean": [float("nan"), 0, 0]},
        {"fit": "stretch"},
        {"interpolation": "magic"},
        {"crop": 0},
        {"channels": "GBR"},
        {"size": 224},
    ],
)
def test_a_preparation_that_means_nothing_is_refused(bad):
    with pytest.raises(ValueError, match=r"\S"):
        Preprocessing.from_json(bad)


@pytest.mark.parametrize(
    ("preparation", "box"),
    [
        (Preprocessing(10, 10), (100, 0, 500, 400)),
        (Preprocessing(10, 10, crop=0.5), (200, 100, 400, 300)),
        (Preprocessing(10, 20), (0, 50, 600, 350)),
        (Preprocessing(10, 10, fit="squash"), (0, 0, 600, 400)),
    ],
)
def test_the_box_is_the_largest_centred_one_of_the_inputs_shape(preparation, box):
    assert preparation.box(600, 400) == box


def test_prepare_is_pixel_minus_mean_over_deviation(tmp_path):
    noise = np.random.default_rng(2).integers(0, 255, (6, 8, 3), np.uint8)
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
    got = prepare(Image.fromarray(noise), Preprocessing(6, 8, mean, std))
    want = ((noise / 255 - mean) / std).transpose(2, 0, 1)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, atol=1e-5)
    turned = prepare(Image.fromarray(noise), Preprocessing(6, 8, mean, std, channels="BGR"))
    np.testing.assert_allclose(turned[0], (noise[:, :, 2] / 255 - 0.5) / 0.2, atol=1e-5)


def test_a_mask_is_cut_like_its_image():
    """Each quarter of the picture has a colour and an index: they must still agree."""
    image, mask = Image.new("RGB", (60, 40)), np.zeros((40, 60), int)
    for index, (x, y) in enumerate([(0, 0), (30, 0), (0, 20), (30, 20)]):
        image.paste((index * 60,) * 3, (x, y, x + 30, y + 20))
        mask[y : y + 20, x : x + 30] = index
    for preparation in (Preprocessing(8, 8, crop=0.9), Preprocessing(8, 8, fit="squash")):
        seen = np.asarray(view(image, preparation))[:, :, 0] / 60
        assert (view_mask(mask, preparation) == seen.round()).all()


def test_a_box_of_the_input_lies_in_the_image_where_the_network_saw_it():
    square = Preprocessing(240, 240)  # the middle 480 of 640 × 480, at half the size
    assert square.placed((0, 0, 240, 240), 640, 480) == (80, 0, 560, 480)
    assert square.placed((10, 20, 11, 21), 640, 480) == (100, 40, 102, 42)
    squashed = Preprocessing(5, 5, fit="squash")  # 1.4 pixels of the image to each of the input
    assert squashed.placed((1, 1, 2, 2), 7, 7) == (1, 1, 3, 3)


def test_an_open_file_is_read_as_its_path_is(tmp_path):
    path = tmp_path / "image.png"
    Image.new("RGB", (9, 7), "red").save(path)
    with path.open("rb") as file:
        assert list(open_image(file).getdata()) == list(open_image(path).getdata())
    with pytest.raises(ImageRefused, match="empty"):
        open_image(io.BytesIO(b""))
    with pytest.raises(ImageRefused, match="not an image"):
        open_image(io.BytesIO(b"<svg></svg>"))
