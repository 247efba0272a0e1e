"""POST `image-sets/`: a folder below an allowed one, once."""

import pytest

from analysis.models import ImageSet
from tests.api.asking import refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/image-sets/"


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """The image sets handed to a worker, instead of a broker."""
    found = []
    monkeypatch.setattr("analysis.tasks.import_images.delay_on_commit", found.append)
    return found


@pytest.fixture
def asked(settings, tmp_path):
    """A folder of images below an allowed one; another lies outside, with a link to it."""
    (tmp_path / "allowed" / "photos").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "allowed" / "link").symlink_to(tmp_path / "secret")
    settings.ALLOWED_FOLDERS = [tmp_path / "allowed"]
    return {"slug": "photos", "folder": str(tmp_path / "allowed" / "photos")}


def test_a_folder_is_registered_and_waits_for_a_worker(bob, asked, enqueued, researcher):
    response = bob.post(ADDRESS, asked | {"note": "ours"})
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["slug"], body["state"], body["count"]) == ("photos", "waiting", 0)
    assert (body["root"], body["note"], body["created_by"]) == (asked["folder"], "ours", "bob")
    image_set = ImageSet.objects.get()
    assert image_set.created_by == researcher
    assert enqueued == [image_set.pk]


def test_nobody_and_workers_register_nothing(nobody, alice, asked, enqueued):
    refused(nobody.post(ADDRESS, asked), 401, "not_authenticated")
    refused(alice.post(ADDRESS, asked), 403, "permission_denied")
    assert not ImageSet.objects.exists()
    assert not enqueued


@pytest.mark.parametrize("end", ["/../../secret", "/../link", "/none", "\0"])
def test_a_folder_outside_the_allowed_ones_is_refused(bob, asked, end, enqueued):
    response = bob.post(ADDRESS, asked | {"folder": asked["folder"] + end})
    assert response.status_code == 400
    assert not ImageSet.objects.exists()
    assert not enqueued


def test_without_an_allowed_folder_none_can_be_named(bob, asked, settings):
    settings.ALLOWED_FOLDERS = []
    assert "ALLOWED_FOLDERS" in refused(bob.post(ADDRESS, asked), 400, "invalid")


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"slug": "a b"}, "slug", "required pattern"),
        ({"slug": None}, "slug", "may not be null"),
        ({"folder": ["/"]}, "folder", "Not a valid string"),
        ({"path": "/"}, "path", "the fields are: slug, folder, note"),
    ],
)
def test_bad_fields_are_named(bob, asked, more, field, said):
    refused(bob.post(ADDRESS, asked | more), 400, "invalid", **{field: said})
    assert not ImageSet.objects.exists()


def test_a_form_is_not_taken(bob, asked):
    refused(bob.post(ADDRESS, asked, format="multipart"), 415, "unsupported_media_type")


def test_twice_is_a_conflict_unless_the_first_failed(bob, asked):
    assert bob.post(ADDRESS, asked).status_code == 201
    message = refused(bob.post(ADDRESS, asked), 409, "conflict")
    assert message == "There is an image set called photos already."
    ImageSet.objects.update(state="failed")
    assert bob.post(ADDRESS, asked).status_code == 201
    assert ImageSet.objects.count() == 1
