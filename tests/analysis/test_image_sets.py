"""Image sets: layouts, fingerprints, asking twice, deleting, pictures, paths, the command."""

import io

import pytest
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from analysis import tasks
from analysis.core import manifest
from analysis.models import Image, ImageSet, State
from analysis.services import files, image_sets
from analysis.services.image_sets import ImageSetRefused, open_manifest, request_image_set
from analysis.services.registering import RegistrationRefused, allowed_path
from tests.analysis.folders import LABELS, imported, listed, mask, picture, with_masks

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
