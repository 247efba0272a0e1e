"""The pages of a network: register, watch, inspect again, delete; uploads stay within limits."""

import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from analysis import tasks
from analysis.models import Network, State
from analysis.services import files
from tests.core.small_networks import Small, exported

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADD = "/networks/add/"
ASKED = {
    "slug": "small",
    "source": "torchvision",
    "architecture": "shufflenet_v2_x0_5",
    "weights": "untrained",
    "seed": "3",
}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder and an open folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "open").mkdir()
    settings.ALLOWED_FOLDERS = [(tmp_path / "open").resolve()]


@pytest.fixture
def sent(monkeypatch):
    """The messages that were sent to workers."""
    told = []
    monkeypatch.setattr(tasks.inspect_network, "delay_on_commit", told.append)
    return told


@pytest.fixture
def bob(client, researcher):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


def state_dict(tmp_path):
    path = tmp_path / "small.pth"
    torch.save(Small().state_dict(), path)
    return SimpleUploadedFile("sm/all <b>.pth", path.read_bytes())


def test_a_researcher_registers_a_network_and_watches_it(bob, researcher, sent):
    response = bob.post(ADD, ASKED, follow=True)
    network = Network.objects.get()
    assert response.redirect_chain == [("/networks/small/", 302)]
    assert sent == [network.pk]
    assert network.created_by == researcher
    assert "waits for a worker" in response.content.decode()
    assert 'hx-trigger="every 2s"' in response.content.decode()
    tasks.inspect_network(network.pk)
    page = bob.get("/networks/small/progress/").content.decode()
    assert "hx-trigger" not in page
    assert "stage4" in page
    assert "Untrained (random:3): a baseline." in page
    assert "?network=small" in page


def test_uploaded_weights_are_kept_under_their_own_name(bob, sent, tmp_path):
    asked = ASKED | {"weights": "file", "file": state_dict(tmp_path)}
    assert bob.post(ADD, asked).status_code == 302
    network = Network.objects.get()
    assert network.requested["file"] == "all__b_.pth"
    assert files.exists("networks/small/upload")
    tasks.inspect_network(network.pk)
    network.refresh_from_db()
    assert network.state == State.FAILED
    page = bob.get("/networks/small/").content.decode()
    assert "The weights do not fit" in page
    assert "Inspect again" in page


def test_weights_are_found_below_an_open_folder_only(bob, sent, tmp_path):
    state_dict(tmp_path)
    asked = ASKED | {"weights": "path", "path": str(tmp_path / "small.pth")}
    response = bob.post(ADD, asked)
    assert response.status_code == 422
    assert "not below" in response.content.decode()
    (tmp_path / "small.pth").rename(tmp_path / "open" / "small.pth")
    assert bob.post(ADD, asked | {"path": f"{tmp_path}/open/small.pth"}).status_code == 302


def test_every_option_reaches_the_network(bob, sent):
    more = {"input_size": "96", "mean": "0,0,0", "std": "1, 1, 1", "note": "<i>Mine</i>"}
    more |= {"layers": "a=stage2\nb = stage3, c=stage4", "classes": "", "synthetic": "on"}
    bob.post(ADD, ASKED | more)
    network = Network.objects.get()
    tasks.inspect_network(network.pk)
    network.refresh_from_db()
    assert [layer.name for layer in network.layers.all()] == ["a", "b", "c"]
    assert network.preprocessing["height"] == 96
    page = bob.get("/networks/small/").content.decode()
    assert "&lt;i&gt;Mine&lt;/i&gt;" in page
    assert "<i>Mine</i>" not in page


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"slug": "a b"}, "slug", "valid"),
        ({"slug": "add"}, None, "The name &#x27;add&#x27;"),
        ({"architecture": ""}, "architecture", "required"),
        ({"architecture": "a b"}, None, "is none of"),
        ({"weights": "file"}, "file", "required"),
        ({"weights": "path"}, "path", "required"),
        ({"weights": "package"}, "weights", "Only EfficientNet-Lite0"),
        ({"source": "exported"}, "weights", "A program carries its weights"),
        ({"source": "elsewhere"}, "source", "valid choice"),
        ({"mean": "1,2"}, "mean", "three numbers"),
        ({"std": "0,0,0"}, None, "std none of 0 or less"),
        ({"input_size": "0"}, "input_size", "greater"),
        ({"layers": "x"}, "layers", "NAME=MODULE"),
        ({"layers": "a=b,a=c"}, "layers", "named twice"),
        ({"layers": "a b=c"}, None, "Layer name"),
        ({"seed": "-1"}, "seed", "greater"),
    ],
)
def test_bad_input_gets_a_sentence_and_nothing_is_lost(bob, sent, changed, field, sentence):
    response = bob.post(ADD, ASKED | changed)
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert not Network.objects.exists()
    assert not sent
    assert ("aria-invalid" in page) == (field is not None)
    assert "shufflenet" in page or "architecture" in changed


def test_a_name_is_given_once(bob, sent):
    bob.post(ADD, ASKED)
    response = bob.post(ADD, ASKED)
    assert response.status_code == 422
    assert "There is a network named" in response.content.decode()
    assert len(sent) == 1


def test_a_file_that_is_too_large_is_refused_and_not_stored(bob, sent, settings, tmp_path):
    settings.UPLOAD_MAX_MB = 1
    large = SimpleUploadedFile("large.pth", b"\0" * 3_000_000)
    response = bob.post(ADD, ASKED | {"weights": "file", "file": large})
    assert response.status_code == 413
    assert "1 MB may be uploaded" in response.content.decode()
    assert not Network.objects.exists()


@pytest.mark.parametrize("who", ["nobody", "worker"])
def test_uploads_of_others_never_reach_the_disk(who, worker_user, monkeypatch, tmp_path):
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    stored = []
    monkeypatch.setattr(
        MemoryFileUploadHandler, "receive_data_chunk", lambda *_: stored.append("chunk")
    )
    stranger = Client(enforce_csrf_checks=True)
    if who == "worker":
        stranger.force_login(worker_user)
    response = stranger.post(ADD, {"file": SimpleUploadedFile("x", b"x" * 100_000)})
    assert response.status_code == 403
    assert not stored


def test_a_program_is_uploaded_by_an_admin_only(bob, admin, sent, tmp_path):
    program = exported(tmp_path / "net.pt2").read_bytes()
    asked = {**ASKED, "source": "exported", "weights": "file"}

    def upload():
        return asked | {"file": SimpleUploadedFile("net.pt2", program)}

    response = bob.post(ADD, upload())
    assert response.status_code == 422
    assert "uploaded by an admin" in response.content.decode()
    bob.force_login(admin)
    assert bob.post(ADD, upload()).status_code == 302
    network = Network.objects.get()
    tasks.inspect_network(network.pk)
    network.refresh_from_db()
    assert (network.state, network.arch) == (State.DONE, "exported:net.pt2")


def test_a_network_is_inspected_again_by_who_may_change_it(bob, researcher, sent, other_researcher):
    network = Network.objects.create(
        slug="n", arch="timm:x", state=State.FAILED, error="Why.", created_by=researcher
    )
    again = reverse("analysis:network_inspect", args=["n"])
    assert bob.post(again).status_code == 302
    network.refresh_from_db()
    assert (network.state, network.error, sent) == (State.WAITING, "", [network.pk])
    bob.force_login(other_researcher)
    assert bob.post(again).status_code == 403
    Network.objects.update(state=State.DONE, created_by=other_researcher)
    assert "inspected already" in bob.post(again, follow=True).content.decode()


def test_a_network_is_deleted_by_its_owner_unless_runs_rest_on_it(
    bob, researcher, other_researcher
):
    from tests.analysis.made import a_network, a_run

    a_network("free", created_by=researcher)
    used = a_network("used", created_by=researcher)
    a_run(network=used)
    a_network("charlies", created_by=other_researcher)
    assert bob.post("/networks/free/delete/").status_code == 302
    assert (
        "delete its runs first" in bob.post("/networks/used/delete/", follow=True).content.decode()
    )
    assert bob.post("/networks/charlies/delete/").status_code == 403
    assert set(Network.objects.values_list("slug", flat=True)) == {"used", "charlies"}


def test_a_network_known_from_published_answers_has_a_page(bob):
    Network.objects.create(slug="places", state=State.DONE)
    assert "known from published answers only" in bob.get("/networks/places/").content.decode()
    assert bob.get("/networks/nothere/").status_code == 404
