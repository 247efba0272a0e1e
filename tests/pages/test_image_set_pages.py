"""The pages of an image set: register a folder, what was found, pictures served safely."""

import io
import json

import pytest
from PIL import Image as Picture

from analysis import tasks
from analysis.models import ImageSet, State

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADD = "/image-sets/add/"


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """A media folder of this test's own, and an open folder with images."""
    settings.MEDIA_ROOT = tmp_path / "media"
    root = (tmp_path / "open").resolve()
    settings.ALLOWED_FOLDERS = [root]
    for scene in ("bedroom", "küche", "<script>"):
        (root / "photos" / scene).mkdir(parents=True)
        for number in range(3):
            Picture.new("RGB", (64, 48), (number * 80, 9, 9)).save(
                root / "photos" / scene / f"{number}.png"
            )
    (root / "photos" / "bedroom" / "<img src=x>.png").write_bytes(b"")
    return root


@pytest.fixture
def sent(monkeypatch):
    """The messages that were sent to workers."""
    told = []
    monkeypatch.setattr(tasks.import_images, "delay_on_commit", told.append)
    return told


@pytest.fixture
def bob(client, researcher):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


@pytest.fixture
def photos(bob, sent, folders):
    """Bob's imported photographs."""
    bob.post(ADD, {"slug": "photos", "folder": str(folders / "photos")})
    image_set = ImageSet.objects.get()
    tasks.import_images(image_set.pk)
    image_set.refresh_from_db()
    return image_set


def test_a_researcher_registers_a_folder_and_watches_it(bob, researcher, sent, folders):
    asked = {"slug": "photos", "folder": str(folders / "photos"), "note": "Ours."}
    response = bob.post(ADD, asked, follow=True)
    image_set = ImageSet.objects.get()
    assert response.redirect_chain == [("/image-sets/photos/", 302)]
    assert (sent, image_set.created_by, image_set.note) == ([image_set.pk], researcher, "Ours.")
    page = response.content.decode()
    assert "waits for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    tasks.import_images(image_set.pk)
    page = bob.get("/image-sets/photos/progress/").content.decode()
    assert "hx-trigger" not in page
    assert "/image-sets/photos/8.webp" in page
    assert "1 refused" in page


def test_a_folder_without_scenes_says_none(bob, sent, folders):
    bob.post(ADD, {"slug": "flat", "folder": str(folders / "photos" / "bedroom")})
    tasks.import_images(ImageSet.objects.get().pk)
    page = bob.get("/image-sets/flat/").content.decode()
    assert "<dt>Scenes</dt><dd>none</dd>" in page


def test_names_are_shown_as_text(bob, photos):
    page = bob.get("/image-sets/photos/").content.decode()
    assert "küche" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page.replace("<script src=", "")
    assert "bedroom/&lt;img src=x&gt;.png" in page
    assert "the file is empty" in page


def test_a_thumbnail_is_a_small_picture_of_our_own_making(bob, photos, folders):
    response = bob.get("/image-sets/photos/0.webp")
    assert response["Content-Type"] == "image/webp"
    assert "private" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert Picture.open(io.BytesIO(response.content)).size == (224, 224)
    assert bob.get("/image-sets/photos/9.webp").status_code == 404
    for path in (folders / "photos").rglob("*.png"):
        path.unlink()
    assert bob.get("/image-sets/photos/1.webp").status_code == 404


def test_a_picture_exchanged_for_a_link_out_is_not_served(bob, photos, folders, tmp_path):
    Picture.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    inside = folders / "photos" / "<script>" / "0.png"
    inside.unlink()
    inside.symlink_to(tmp_path / "secret.png")
    assert bob.get("/image-sets/photos/0.webp").status_code == 404


def test_all_refused_files_are_downloaded_as_lines(bob, photos):
    response = bob.get("/image-sets/photos/refused.jsonl")
    assert response["Content-Disposition"] == "attachment; filename=photos-refused.jsonl"
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["bedroom/<img src=x>.png"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"slug": "a b"}, "valid"),
        ({"slug": "add"}, "The name"),
        ({"folder": "/etc"}, "not below"),
        ({"folder": "{root}/../.."}, "not below"),
        ({"folder": "{root}/absent"}, "not below"),
        ({"folder": "{root}/photos/bedroom/0.png"}, "There is no folder"),
        ({"folder": ""}, "required"),
    ],
)
def test_bad_input_gets_a_sentence(bob, sent, folders, changed, sentence):
    asked = {"slug": "photos", "folder": str(folders / "photos")} | changed
    asked["folder"] = asked["folder"].replace("{root}", str(folders))
    response = bob.post(ADD, asked)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ImageSet.objects.exists()
    assert not sent


def test_a_name_is_given_once(bob, photos, folders, sent):
    response = bob.post(ADD, {"slug": "photos", "folder": str(folders / "photos")})
    assert response.status_code == 422
    assert "There is an image set named" in response.content.decode()
    assert len(sent) == 1


def test_without_open_folders_the_page_says_what_to_do(bob, settings):
    settings.ALLOWED_FOLDERS = []
    page = bob.get(ADD).content.decode()
    assert "ALLOWED_FOLDERS=/path/to/images make serve" in page
    assert "add_images" in page


def test_a_failed_set_is_imported_again_by_who_may_change_it(bob, photos, sent, other_researcher):
    ImageSet.objects.update(state=State.FAILED, error="Why.")
    assert "Import again" in bob.get("/image-sets/photos/").content.decode()
    assert bob.post("/image-sets/photos/import/").status_code == 302
    photos.refresh_from_db()
    assert (photos.state, len(sent)) == (State.WAITING, 2)
    bob.force_login(other_researcher)
    assert bob.post("/image-sets/photos/import/").status_code == 403
    assert bob.post("/image-sets/photos/delete/").status_code == 403


def test_a_set_is_deleted_by_its_owner_unless_runs_rest_on_it(bob, photos, researcher):
    from tests.analysis.made import a_run, an_image_set

    used = an_image_set("used", created_by=researcher)
    a_run(image_set=used)
    page = bob.post("/image-sets/used/delete/", follow=True).content.decode()
    assert "delete them first" in page
    assert bob.post("/image-sets/photos/delete/").status_code == 302
    assert list(ImageSet.objects.all()) == [used]
