"""Folders imported: every odd file is read rightly or listed with its reason, none stops it."""

import io
import json
import os

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from analysis import tasks
from analysis.core import manifest
from analysis.models import Image, ImageSet, State
from analysis.services import files, image_sets
from analysis.services.image_sets import ImageSetRefused, open_manifest, request_image_set
from analysis.services.registering import RegistrationRefused, allowed_path

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
LABELS = {"void_index": 9, "classes": [{"index": 0, "name": "wall"}, {"index": 1, "name": "bed"}]}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def root(tmp_path):
    """An empty folder to fill."""
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def picture(path, size=(12, 8), colour="red", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new("RGB", size, colour).save(path, **options)
    return path


def mask(path, value=1, size=(12, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.full(size[::-1], value, np.uint8)).save(path)


def with_masks(root, names=("a", "b")):
    """The layout with scenes.csv, masks and labels."""
    for name in names:
        picture(root / "images" / f"{name}.png", colour=(len(name), 0, ord(name[0])))
        mask(root / "masks" / f"{name}.png")
    rows = "".join(f"{name}.png,{name}.png,bedroom,x\n" for name in names)
    (root / "scenes.csv").write_text(f"image,mask,scene,split\n{rows}", "utf-8")
    (root / "labels.json").write_text(json.dumps(LABELS))


def imported(root, slug="photos", **options):
    image_set = request_image_set(slug=slug, folder=root)
    image_sets.import_images(image_set, **options)
    image_set.refresh_from_db()
    return image_set


def refused(image_set):
    return {one.path: one.reason for one in image_sets.refused_files(image_set)}


def listed(image_set):
    return [(one.path, one.scene, one.mask) for one in open_manifest(image_set).entries()]


# ---- Layouts -------------------------------------------------------------------------------


def test_one_folder_for_each_scene(root):
    for path in ("kitchen/2.png", "bedroom/1.png", "bedroom/deep/3.png", "loose.png"):
        picture(root / path)
    image_set = imported(root)
    assert (image_set.state, image_set.error) == (State.DONE, "")
    assert listed(image_set) == [
        ("bedroom/1.png", "bedroom", ""),
        ("bedroom/deep/3.png", "bedroom", ""),
        ("kitchen/2.png", "kitchen", ""),
        ("loose.png", "", ""),
    ]
    assert image_set.scenes == {"bedroom": 2, "kitchen": 1}
    assert (image_set.count, image_set.refused, image_set.labels) == (4, 0, {})
    assert not Image.objects.exists()


def test_images_with_scenes_and_masks(root):
    with_masks(root)
    image_set = imported(root)
    assert listed(image_set) == [
        ("images/a.png", "bedroom", "masks/a.png"),
        ("images/b.png", "bedroom", "masks/b.png"),
    ]
    assert image_set.labels == LABELS
    entry = open_manifest(image_set)[1]
    assert (entry.number, entry.width, entry.height) == (1, 12, 8)


def test_images_may_be_nested_and_unnamed(root):
    with_masks(root)
    picture(root / "images" / "deep" / "er" / "c.png")
    mask(root / "masks" / "deep" / "er" / "c.png")
    picture(root / "images" / "d.png")
    image_set = imported(root)
    assert ("images/deep/er/c.png", "", "masks/deep/er/c.png") in listed(image_set)
    assert ("images/d.png", "", "") in listed(image_set)
    assert image_set.scenes == {"bedroom": 2}


def test_a_scene_called_images_is_a_scene(root):
    for path in ("images/1.png", "sounds/2.png"):
        picture(root / path)
    assert imported(root).scenes == {"images": 1, "sounds": 1}


def test_the_same_content_has_the_same_fingerprint_wherever_it_lies(root, tmp_path):
    with_masks(root)
    other = tmp_path / "other"
    with_masks(other)
    one, two = imported(root), imported(other, "two")
    assert one.fingerprint == two.fingerprint
    mask(other / "masks" / "a.png", 0)
    assert imported(other, "three").fingerprint != one.fingerprint
    picture(other / "images" / "a.png", colour="blue")
    assert len({imported(other, slug).fingerprint for slug in ("four", "five")}) == 1


def test_many_images_fill_many_groups_in_order(root, monkeypatch):
    monkeypatch.setattr(manifest, "GROUP", 8)
    monkeypatch.setattr(image_sets, "AT_ONCE", 5)
    for number in range(43):
        picture(root / "s" / f"{number:03}.png", colour=(number, 0, 0))
    told = []
    image_set = imported(root, progress=lambda done, total: told.append((done, total)))
    paths = [one.path for one in open_manifest(image_set).entries()]
    assert paths == [f"s/{number:03}.png" for number in range(43)]
    assert told[-1] == (43, 43)
    assert open_manifest(image_set)[40].path == "s/040.png"


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


# ---- Asking, twice, deleting ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "folder", "sentence"),
    [("a/b", ".", "The name"), ("add", ".", "The name"), ("a", "/nowhere", "There is no folder")],
)
def test_a_bad_request_is_refused(slug, folder, sentence):
    with pytest.raises(ImageSetRefused, match=sentence):
        request_image_set(slug=slug, folder=folder)


def test_a_folder_without_images_fails_with_the_first_reasons(root):
    (root / "readme.txt").write_text("hello")
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert "No readable image was found below" in image_set.error
    assert "readme.txt: not an image" in image_set.error


def test_a_failed_set_may_be_imported_again_or_replaced(root):
    failed = imported(root)
    assert failed.state == State.FAILED
    picture(root / "s" / "1.png")
    assert image_sets.import_again(failed)
    tasks.import_images(failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.error, failed.count) == (State.DONE, "", 1)
    assert not image_sets.import_again(failed)
    with pytest.raises(ImageSetRefused, match="already"):
        request_image_set(slug="photos", folder=root)


def test_a_second_delivery_does_nothing(root):
    picture(root / "s" / "1.png")
    image_set = imported(root)
    picture(root / "s" / "2.png")
    tasks.import_images(image_set.pk)
    assert len(open_manifest(image_set)) == 1


def test_an_unforeseen_error_is_kept(root, monkeypatch):
    picture(root / "s" / "1.png")
    monkeypatch.setattr(image_sets, "Listing", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        imported(root)
    assert ImageSet.objects.get().error.startswith("The import broke off: ZeroDivisionError")


def test_deleting_leaves_the_images(root, django_capture_on_commit_callbacks):
    path = picture(root / "s" / "1.png")
    image_set = imported(root)
    with django_capture_on_commit_callbacks(execute=True):
        image_sets.delete(image_set)
    assert path.exists()
    assert not files.exists(image_set.manifest)


@pytest.mark.parametrize(
    ("count", "wanted", "numbers"),
    [(10, 4, [0, 3, 6, 9]), (3, 12, [0, 1, 2]), (1, 12, [0]), (0, 12, [])],
)
def test_a_sample_goes_from_the_first_to_the_last(count, wanted, numbers):
    assert image_sets.sample(ImageSet(count=count), wanted) == numbers


def test_a_thumbnail_is_made_anew_and_tells_nothing_else(root):
    exif = Picture.Exif()
    exif[0x010E] = "a secret"
    picture(root / "s" / "1.jpg", (400, 300), exif=exif, comment=b"a secret")
    made = image_sets.thumbnail(imported(root), 0)
    shown = Picture.open(io.BytesIO(made))
    assert (shown.format, shown.size, shown.info.get("exif")) == ("WEBP", (224, 224), None)
    assert b"secret" not in made


def test_paths_are_open_below_allowed_folders_only(settings, tmp_path, root):
    settings.ALLOWED_FOLDERS = [root]
    (root / "in").mkdir()
    (root / "out").symlink_to(tmp_path)
    assert allowed_path(f" {root}/in ") == root / "in"
    assert allowed_path(str(root)) == root
    for text in (str(tmp_path), f"{root}/../x", f"{root}/out", "/etc", "", "a\0b", f"{root}x"):
        with pytest.raises(RegistrationRefused, match="not below"):
            allowed_path(text)
    settings.ALLOWED_FOLDERS = []
    with pytest.raises(RegistrationRefused, match="ALLOWED_FOLDERS"):
        allowed_path(str(root))


# ---- The command ---------------------------------------------------------------------------


def run(*arguments):
    out = io.StringIO()
    call_command("add_images", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_counts_and_refused_files(root):
    with_masks(root)
    (root / "images" / "bad\x1b[31m.png").write_bytes(b"")
    said = run("photos", str(root), "--note", "Ours.", "--synthetic")
    assert "photos: 2 images in 1 scenes, masks of 2 classes" in said
    assert "1 refused:" in said
    assert "bad\\x1b[31m.png': the file is empty" in said
    image_set = ImageSet.objects.get()
    assert (image_set.note, image_set.synthetic) == ("Ours.", True)


def test_the_command_refuses_in_a_sentence(root):
    with pytest.raises(CommandError, match="There is no folder"):
        run("photos", "/nowhere")
    with pytest.raises(CommandError, match="No readable image"):
        run("photos", str(root))


@pytest.mark.data
def test_all_of_nyuv2_is_listed_with_its_scenes_and_masks(shared_data):
    image_set = imported(shared_data / "nyuv2", "nyuv2")
    assert (image_set.count, image_set.refused) == (1449, 0)
    assert sum(image_set.scenes.values()) == 1405  # 44 have no scene
    assert image_set.scenes["bedroom"] == 381
    assert len(image_set.labels["classes"]) == 40
    assert image_set.labels["void_index"] == 39
    first = open_manifest(image_set)[0]
    assert (first.path, first.mask, first.scene) == (
        "images/0000.jpg",
        "masks/0000.png",
        "kitchen",
    )
