"""Odd files, names, links and tables of an import: read rightly, or listed with their reason."""

import os

import numpy as np
import pytest
from PIL import Image as Picture

from analysis.models import State
from analysis.services.image_sets import open_manifest
from tests.analysis.folders import imported, listed, mask, picture, refused, with_masks

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def root(tmp_path):
    """An empty folder to fill."""
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


# ---- Odd files -----------------------------------------------------------------------------


def test_odd_files_are_read_or_listed_and_none_stops_the_import(root):
    picture(root / "s" / "good.jpg")
    Picture.new("CMYK", (5, 5)).save(root / "s" / "cmyk.jpg")
    Picture.fromarray(np.zeros((5, 5), np.uint16)).save(root / "s" / "deep.png")
    exif = Picture.Exif()
    exif[0x0112] = 6
    picture(root / "s" / "turned.jpg", (30, 10), exif=exif)
    (root / "s" / "broken.jpg").write_bytes((root / "s" / "good.jpg").read_bytes()[:200])
    (root / "s" / "empty.jpg").write_bytes(b"")
    (root / "s" / "page.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "s" / "floats.tiff").write_bytes(b"")
    Picture.fromarray(np.zeros((5, 5), np.float32)).save(root / "s" / "floats.tiff")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "s" / "Thumbs.db").write_bytes(b"x")
    image_set = imported(root)
    sizes = {one.path: (one.width, one.height) for one in open_manifest(image_set).entries()}
    assert sizes["s/turned.jpg"] == (10, 30)
    assert set(sizes) == {"s/good.jpg", "s/cmyk.jpg", "s/deep.png", "s/turned.jpg"}
    reasons = refused(image_set)
    assert image_set.refused == len(reasons) == 4
    assert reasons["s/empty.jpg"] == "the file is empty"
    assert "broken" in reasons["s/broken.jpg"]
    assert "not an image" in reasons["s/page.svg"]
    assert "8 or 16 bits" in reasons["s/floats.tiff"]


def test_bombs_are_listed_and_never_unpacked(root):
    from tests.core.test_images import png

    picture(root / "s" / "good.png")
    (root / "s" / "bomb.png").write_bytes(png(60_000, 60_000))
    (root / "s" / "large.png").write_bytes(png(10_000, 9_000))
    reasons = refused(imported(root))
    assert "more than the 80,000,000 pixels" in reasons["s/bomb.png"]
    assert "10000 × 9000 pixels are more than the 80,000,000" in reasons["s/large.png"]


@pytest.mark.parametrize(
    "name", ["写真", "صورة", "фото", "a\nb", "=1+1", "<b>", "café", "😀", "x" * 200]
)
def test_a_name_in_any_script_is_a_name(root, name):
    picture(root / name / f"{name}.png")
    image_set = imported(root)
    assert listed(image_set) == [(f"{name}/{name}.png", name, "")]


def test_a_name_that_is_no_text_is_listed(root):
    picture(root / "s" / "good.png")
    os.rename(root / "s" / "good.png", os.fsencode(root / "s") + b"/caf\xe9.png")  # noqa: PTH104
    picture(root / "s" / "good.png")
    image_set = imported(root)
    assert image_set.count == 1
    assert refused(image_set) == {"s/caf\\udce9.png": "its name is not UTF-8"}


def test_links_neither_lead_out_nor_round_in_circles(root, tmp_path):
    outside = picture(tmp_path / "secret" / "x.png")
    inside = picture(root / "s" / "real.png")
    (root / "s" / "out.png").symlink_to(outside)
    (root / "s" / "in.png").symlink_to(inside)
    (root / "s" / "self.png").symlink_to("self.png")
    (root / "loop").symlink_to(root)
    (root / "elsewhere").symlink_to(outside.parent)
    os.mkfifo(root / "s" / "pipe.png")
    image_set = imported(root)
    assert [path for path, _, _ in listed(image_set)] == ["s/in.png", "s/real.png"]
    reasons = refused(image_set)
    assert set(reasons) == {"s/out.png", "s/self.png", "loop", "elsewhere", "s/pipe.png"}
    assert "leads out" in reasons["s/out.png"]
    assert "not followed" in reasons["loop"]


def test_an_images_folder_that_is_a_link_out_is_refused(root, tmp_path):
    picture(tmp_path / "secret" / "x.png")
    (root / "images").symlink_to(tmp_path / "secret")
    assert "images/ is a link out of photos/" in imported(root).error


# ---- scenes.csv, masks, labels.json --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file,scene\na.png,x\n", "scenes.csv has no column image: its columns are file, scene"),
        ("image\na.png\n", "scenes.csv has no column scene"),
        ("", "scenes.csv has no column image and no column scene: its columns are none"),
        (b"image,scene\na.png,caf\xe9\n", "scenes.csv is not UTF-8"),
        ("image,scene\n" + '"' + "x" * 200_000 + '",y\n', "scenes.csv is no table of commas"),
    ],
)
def test_a_scenes_file_that_cannot_be_used_is_said_in_a_sentence(root, text, sentence):
    with_masks(root)
    (root / "scenes.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert sentence in image_set.error


def test_rows_that_name_nothing_twice_or_outside_are_listed(root):
    with_masks(root)
    (root / "scenes.csv").write_text(
        "\ufeff image , scene ,mask\na.png,bedroom,\nabsent.png,attic,\na.png,bath,\n"
        "../../secret.png,x,\n/etc/passwd,x,\nb.png,bath,../labels.json\n,,\n",
        "utf-8",
    )
    image_set = imported(root)
    assert listed(image_set) == [("images/a.png", "bedroom", ""), ("images/b.png", "bath", "")]
    reasons = refused(image_set)
    assert reasons["images/a.png"] == "line 4 of scenes.csv names it again; the first counts"
    assert "line 3 of scenes.csv names it, but there is no such file" in reasons.values()
    assert "images/../../secret.png" in reasons
    assert "leaves the folder" in reasons["masks/../labels.json"]


def test_an_accent_may_be_written_in_two_ways(root):
    picture(root / "images" / "cafe\u0301.png")
    (root / "scenes.csv").write_text("image,scene\ncaf\u00e9.png,bar\n", "utf-8")
    assert imported(root).scenes == {"bar": 1}


def test_masks_that_do_not_fit_are_left_out_and_their_images_kept(root):
    with_masks(root, ("a", "b", "c", "d", "e"))
    mask(root / "masks" / "b.png", size=(8, 12))
    mask(root / "masks" / "c.png", 77)
    picture(root / "masks" / "d.png")
    (root / "masks" / "e.png").unlink()
    image_set = imported(root)
    assert [entry[2] for entry in listed(image_set)] == ["masks/a.png", "", "", "", ""]
    reasons = refused(image_set)
    assert "it has 8 × 12 pixels, its image 12 × 8" in reasons["masks/b.png"]
    assert "indexes that labels.json does not name: 77" in reasons["masks/c.png"]
    assert "one channel of class indexes" in reasons["masks/d.png"]
    assert "does not exist" in reasons["masks/e.png"]
    assert all("its image is kept" in reason for reason in reasons.values())


@pytest.mark.parametrize(
    "labels", [None, "{", "[]", '{"classes": [{"name": "x"}]}', '{"classes": []}']
)
def test_masks_need_labels_that_are_understood(root, labels):
    with_masks(root)
    if labels is None:
        (root / "labels.json").unlink()
    else:
        (root / "labels.json").write_text(labels)
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert "labels.json" in image_set.error
