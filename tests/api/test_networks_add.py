"""POST `networks/`: by path below an allowed folder, by upload, or untrained; never twice."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from analysis.models import Network
from analysis.services import files
from tests.api import rows
from tests.api.asking import refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/networks/"
ASKED = {"slug": "mine", "arch": "torchvision:alexnet"}


def safetensors():
    """Return the bytes of the smallest file of weights: one empty tensor."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """The networks handed to a worker, instead of a broker."""
    found = []
    monkeypatch.setattr("analysis.tasks.inspect_network.delay_on_commit", found.append)
    return found


@pytest.fixture
def folder(settings, tmp_path):
    """An allowed folder with weights in it, and other weights outside."""
    settings.MEDIA_ROOT = tmp_path / "media"
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    settings.ALLOWED_FOLDERS = [allowed]
    (allowed / "w.safetensors").write_bytes(safetensors())
    (tmp_path / "secret.safetensors").write_bytes(safetensors())
    (allowed / "link.safetensors").symlink_to(tmp_path / "secret.safetensors")
    return allowed


def test_a_network_is_registered_by_path_and_waits_for_a_worker(bob, folder, enqueued, researcher):
    more = {
        "path": str(folder / "w.safetensors"),
        "preprocessing": {"height": 227, "width": 227, "mean": [0, 0, 0]},
        "layers": {"pool5": "features.12"},
        "classes": ["bed", "street"],
        "note": "ours",
    }
    response = bob.post(ADDRESS, ASKED | more)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["slug"], body["state"], body["created_by"]) == ("mine", "waiting", "bob")
    assert (body["classes"], body["note"], body["public"]) == (["bed", "street"], "ours", False)
    network = Network.objects.get()
    assert network.created_by == researcher
    assert network.requested["layers"] == {"pool5": "features.12"}
    assert files.exists("networks/mine/upload")
    assert enqueued == [network.pk]


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_weights_come_along_as_a_file_small_or_large(bob, folder, enqueued, size):
    upload = SimpleUploadedFile("w.safetensors", safetensors() + b"\0" * size)
    form = ASKED | {"file": upload, "layers": '{"conv1": "features.0"}', "classes": '["bed"]'}
    response = bob.post(ADDRESS, form, format="multipart")
    assert response.status_code == 201, response.content
    assert response.json()["classes"] == ["bed"]
    assert files.read("networks/mine/upload") == safetensors() + b"\0" * size
    assert len(enqueued) == 1


def test_an_untrained_network_needs_no_weights(bob, folder):
    assert bob.post(ADDRESS, ASKED | {"untrained": 7}).status_code == 201
    assert Network.objects.get().requested["weights"] == "random:7"


def test_a_session_uploads_too(client, researcher, folder):
    client.force_login(researcher)
    form = ASKED | {"file": io.BytesIO(safetensors()), "layers": '{"conv1": "features.0"}'}
    assert client.post(ADDRESS, form).status_code == 201


@pytest.mark.parametrize("path", ["../secret.safetensors", "link.safetensors", "none", "", "w\0"])
def test_a_path_outside_the_allowed_folders_is_refused(bob, folder, path, enqueued):
    response = bob.post(ADDRESS, ASKED | {"path": str(folder / path) if path else "/etc/passwd"})
    assert response.status_code == 400
    assert not Network.objects.exists()
    assert not enqueued


def test_an_exported_program_is_a_path_like_any_other(bob, folder):
    outside = folder.parent / "secret.safetensors"
    for arch in (f"exported:{outside}", f" exported:{outside}", "exported:/etc/passwd"):
        message = refused(bob.post(ADDRESS, ASKED | {"arch": arch}), 400, "invalid")
        assert "is not there, or not below" in message


def test_twice_is_a_conflict(bob, folder):
    assert bob.post(ADDRESS, ASKED | {"untrained": 0}).status_code == 201
    message = refused(bob.post(ADDRESS, ASKED | {"untrained": 0}), 409, "conflict")
    assert message == "There is a network called mine already."
    assert Network.objects.count() == 1


def test_a_network_that_failed_may_be_registered_again(bob, folder):
    bob.post(ADDRESS, ASKED | {"untrained": 0})
    Network.objects.update(state="failed")
    assert bob.post(ADDRESS, ASKED | {"untrained": 1}).status_code == 201


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"slug": "a/b"}, "slug", "required pattern"),
        ({"slug": "-a"}, "slug", "required pattern"),
        ({"arch": ""}, "arch", "may not be blank"),
        ({"untrained": -1}, "untrained", "greater than or equal to 0"),
        ({"preprocessing": {"height": 0}}, "preprocessing.height", "greater than or equal to 1"),
        ({"preprocessing": {"mean": [1]}}, "preprocessing.mean", "at least 3 elements"),
        ({"preprocessing": {"size": 3}}, "preprocessing.size", "no such field"),
        ({"preprocessing": 3}, "preprocessing", "Expected a dictionary"),
        ({"layers": ["a"]}, "layers", "Expected a dictionary"),
        ({"layers": {"a": {}}}, "layers.a", "Not a valid string"),
        ({"public": True}, "public", "no such field"),
        ({"file": "x"}, "file", "no such field"),
        ({"path": "/x", "untrained": 1}, None, "not both"),
        ({"slug": "add"}, None, "The name 'add'"),
        ({"arch": "keras:vgg"}, None, "is none of torchvision:NAME"),
        ({"untrained": 1, "layers": {"a b": "x"}}, None, "Layer name 'a b'"),
        ({}, None, "Name a weights file"),
    ],
)
def test_bad_fields_are_named(bob, folder, more, field, said):
    response = bob.post(ADDRESS, ASKED | more)
    if field:
        refused(response, 400, "invalid", **{field: said})
    else:
        assert said in refused(response, 400, "invalid")
    assert not Network.objects.exists()


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({}, "file", "No file was submitted"),
        ({"layers": "{"}, "layers", "must hold JSON"),
        ({"layers": "[" * 100_000}, "layers", "must hold JSON"),
        ({"path": "/etc/passwd"}, "path", "no such field"),
        ({"slug": ["a", "b"]}, "slug", "more than once"),
    ],
)
def test_bad_forms_are_named(bob, folder, more, field, said):
    form = ASKED | ({"file": io.BytesIO(safetensors())} if more else {}) | more
    refused(bob.post(ADDRESS, form, format="multipart"), 400, "invalid", **{field: said})


def test_a_file_that_needs_unpickling_is_refused_with_the_way_to_convert_it(bob, folder):
    form = ASKED | {"file": io.BytesIO(b"\x80\x04\x95cos\nsystem\n")}
    assert "safetensors" in refused(bob.post(ADDRESS, form, format="multipart"), 400, "invalid")


def test_a_file_too_large_is_refused_before_it_is_read(bob, settings):
    settings.UPLOAD_MAX_MB = 1
    form = ASKED | {"file": io.BytesIO(b"\0" * 4_000_000)}
    refused(bob.post(ADDRESS, form, format="multipart"), 413, "too_large")


def test_nobody_and_workers_upload_nothing(nobody, alice, folder):
    form = ASKED | {"file": io.BytesIO(safetensors())}
    refused(nobody.post(ADDRESS, form, format="multipart"), 401, "not_authenticated")
    refused(alice.post(ADDRESS, ASKED | {"untrained": 1}), 403, "permission_denied")
    assert not Network.objects.exists()


def test_an_admin_registers_too(dora, folder):
    rows.network("other")
    assert dora.post(ADDRESS, ASKED | {"untrained": 1}).json()["created_by"] == "dora"


def test_a_program_is_uploaded_by_an_admin_only(bob, folder, enqueued):
    form = ASKED | {"arch": "exported:net.pt2", "file": SimpleUploadedFile("net.pt2", b"PK")}
    message = refused(bob.post(ADDRESS, form, format="multipart"), 400, "invalid")
    assert "uploaded by an admin" in message
    assert not Network.objects.exists()
