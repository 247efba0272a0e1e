"""POST `networks/{network}/detect/`: what an image shows, for whoever may read the network."""

import io
import struct
import zlib

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from analysis import tasks
from analysis.api.detection_example import DETECTION
from analysis.models import Detection, Listener, State
from analysis.services import detections
from tests.analysis.looking import listen, name, photograph
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADDRESS = "/api/v1/networks/small/detect/"
SENTENCE = "cannot be used"


def upload(data=None, name="room.png", kind="image/png"):
    """A form with an image in it."""
    return {"image": SimpleUploadedFile(name, photograph() if data is None else data, kind)}


def send(caller, data=None, address=ADDRESS):
    """Send an image as a form."""
    return caller.post(address, upload(data), format="multipart")


def raw(caller, data, kind="image/png"):
    """Send an image as the body."""
    return caller.generic("POST", ADDRESS, data, content_type=kind)


def bomb(side=60_000):
    """A PNG of a few bytes that says it has 3.6 thousand million pixels."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 99)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_it_says_what_the_image_shows(bob, scanned, worker):
    for channel in range(7):
        name(scanned, channel, ["bed", "lamp"][channel % 2])
    response = send(bob)
    assert response.status_code == 200, response.content
    body = response.json()
    assert set(body) == set(DETECTION.value)
    assert body["scene"][0]["name"] in scanned.network.classes
    assert body["objects"]
    for one in body["objects"]:
        example = DETECTION.value["objects"][0]
        assert set(one) == set(example)
        assert set(one["units"][0]) == set(example["units"][0])
        assert sum(one["mask"]["counts"]) == 32 * 32
        assert set(one["boxes"][0]) == {"left", "top", "right", "bottom"}
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/octet-stream"])
def test_the_image_may_be_the_whole_body(bob, scanned, worker, kind):
    response = raw(bob, photograph(), kind)
    assert response.status_code == 200, response.content
    assert response.json() == send(bob).json()


def test_twice_is_the_same_answer_and_leaves_nothing(bob, scanned, worker):
    assert send(bob).json() == send(bob).json()
    assert not Detection.objects.exists()


def test_a_photograph_is_looked_at_upright(bob, scanned, worker):
    picture = Image.open(io.BytesIO(photograph(size=(60, 40))))
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    picture.save(out, "JPEG", exif=exif, quality=95)
    assert raw(bob, out.getvalue(), "image/jpeg").json()["image"] == {"width": 40, "height": 60}


def test_nobody_may_use_a_public_network_and_no_other(nobody, scanned, worker):
    refused(send(nobody), 404, "not_found")
    scanned.network.public = True
    scanned.network.save()
    assert send(nobody).status_code == 200


def test_a_worker_is_a_stranger_here(alice, charlie, scanned, worker):
    refused(send(alice), 404, "not_found")
    assert send(charlie).status_code == 200


def test_other_methods_are_refused(bob, scanned):
    knows_only(bob, ADDRESS, "post")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "not an image",
        ),
        (b"<!doctype html><script>alert(1)</script>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (photograph(kind="JPEG")[:300], "broken or cut short"),
        (photograph(size=(400, 300))[:400], "broken or cut short"),
        (bomb(), "more than the 40,000,000"),
        (photograph(size=(1, 1)), "1 × 1 pixels shows nothing"),
        (photograph(size=(2000, 7)), "2000 × 7 pixels shows nothing"),
    ],
    ids=["svg", "html", "eps", "cut jpeg", "cut png", "bomb", "one pixel", "line"],
)
def test_what_is_no_image_is_refused_by_its_reason(bob, scanned, worker, data, reason):
    refused(raw(bob, data), 400, "invalid", image=reason)
    refused(send(bob, data), 400, "invalid", image=reason)
    assert worker == []


def test_nothing_is_no_image(bob, scanned, worker):
    refused(raw(bob, b""), 400, "invalid", image="Send one image")
    refused(send(bob, b""), 400, "invalid", image="the file is empty")


def test_an_image_that_says_it_is_another_kind_is_read_as_what_it_is(bob, scanned, worker):
    assert raw(bob, photograph(kind="WEBP"), "image/png").status_code == 200


def test_forms_with_anything_else_are_refused(bob, scanned, worker):
    asked = upload() | {"network": "other"}
    refused(bob.post(ADDRESS, asked, format="multipart"), 400, "invalid", network="only the field")
    refused(bob.post(ADDRESS, {}, format="multipart"), 400, "invalid", image="Send one image")
    refused(
        bob.post(ADDRESS, {"image": "words"}, format="multipart"),
        400,
        "invalid",
        image="Send one image",
    )
    two = [SimpleUploadedFile(f"{n}.png", photograph(), "image/png") for n in range(2)]
    both = bob.post(ADDRESS, {"image": two}, format="multipart")
    refused(both, 400, "invalid", image="Send one image")


def test_json_and_parameters_are_refused(bob, scanned):
    refused(bob.post(ADDRESS, {"image": "x"}), 415, "unsupported_media_type")
    refused(raw_with_query(bob), 400, "invalid", run="no such parameter")


def raw_with_query(caller):
    return caller.generic("POST", f"{ADDRESS}?run=1", photograph(), content_type="image/png")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(bob, nobody, scanned, monkeypatch):
    scanned.network.public = True
    scanned.network.save()
    for caller in (bob, nobody):
        declared = {"CONTENT_LENGTH": str(detections.LARGEST_FILE + 200_000)}
        response = caller.generic("POST", ADDRESS, b"x", content_type="image/png", **declared)
        refused(response, 413, "too_large")
    monkeypatch.setattr(detections, "LARGEST_FILE", 100)
    refused(raw(bob, photograph()), 400, "invalid", image="100 are the most")


def test_a_slow_worker_is_said_with_when_to_come_again(bob, scanned, monkeypatch):
    listen()
    monkeypatch.setattr(tasks.detect, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr(detections.wait_for, "__defaults__", (0.05,))
    response = send(bob)
    assert "workers are busy" in refused(response, 503, "busy")
    assert response["Retry-After"] == "5"
    assert not Detection.objects.exists()


def test_no_worker_at_all_is_said_at_once(bob, scanned):
    assert not Listener.objects.exists()
    response = send(bob)
    assert "make worker" in refused(response, 503, "busy")
    assert response["Retry-After"] == "30"


def test_a_network_that_cannot_be_run_is_a_conflict(bob, scanned, worker):
    scanned.network.state = State.FAILED
    scanned.network.save()
    assert "cannot be run" in refused(send(bob), 409, "conflict")


def test_images_are_counted_apart_from_other_calls(bob, nobody, scanned, worker, settings):
    cache.clear()
    settings.DETECTIONS_PER_MINUTE, settings.NOBODY_DETECTIONS_PER_MINUTE = 2, 1
    scanned.network.public = True
    scanned.network.save()
    assert [send(bob).status_code for _ in range(3)] == [200, 200, 429]
    assert [send(nobody).status_code for _ in range(2)] == [200, 429]
    assert bob.get("/api/v1/networks/").status_code == 200
    cache.clear()
