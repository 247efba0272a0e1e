"""The page that tries a network on one image: scene, objects, samples; refusals in words."""

import io
import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from analysis import tasks
from analysis.models import Detection, Segment, TopImage
from analysis.pipeline import segment
from analysis.services import detections
from analysis.services.trying import LETTER, LINE, label_places
from tests.analysis.looking import listen, name, photograph
from tests.analysis.photographs import job_of, shards_of

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
PAGE = "/try/small/"


@pytest.fixture
def bob(client, researcher):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


@pytest.fixture
def named(scanned):
    """Seven named units, two of them by simulated workers."""
    for channel in range(7):
        source = "simulated" if channel > 4 else "people"
        name(scanned, channel, ["bed", "lamp", "<i>wall</i>"][channel % 3], source=source)
    return scanned


def send(client, data=None, **headers):
    """Send an image with the form."""
    image = SimpleUploadedFile("room.png", data or photograph(), "image/png")
    return client.post(PAGE, {"image": image}, headers=headers)


def test_an_image_is_answered_with_scene_masks_and_units(bob, named, worker):
    page = send(bob).content.decode()
    assert "Most likely: <strong>" in page
    assert 'href="data:image/webp;base64,' in page
    assert re.search(r'<path class="fill" d="M\d+ \d+h\d+v1H\d+z', page)
    assert re.search(r'<input type="checkbox" id="object-1" checked>', page)
    assert re.search(r'href="/atlas/small/late/\d/"', page)
    assert "5 by people, 2 by simulated workers" in page
    assert "&lt;i&gt;wall&lt;/i&gt;" in page
    assert "<i>wall</i>" not in page
    assert not Detection.objects.exists()


def test_the_answer_is_a_part_of_the_page_for_htmx(bob, named, worker):
    page = send(bob, HX_Request="true").content.decode()
    assert "Most likely" in page
    assert "<html" not in page


def test_twice_is_the_same(bob, named, worker):
    one, two = (send(bob, HX_Request="true").content for _ in range(2))
    assert one == two


def test_the_photograph_shown_is_made_by_us_and_carries_nothing(bob, named, worker):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    exif[0x0112] = 6
    page = send(bob, photograph((60, 40), "JPEG", exif=exif)).content
    assert b"where I live" not in page
    from base64 import b64decode

    data = re.search(rb"data:image/webp;base64,([^\"]+)", page)[1]
    shown = Image.open(io.BytesIO(b64decode(data)))
    assert shown.size == (40, 40)
    assert not shown.getexif()
    assert send(bob)["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_without_names_the_page_says_where_they_come_from(bob, scanned, worker):
    page = send(bob).content.decode()
    assert "Most likely" in page
    assert "No unit of this network has the name of an object yet" in page


def test_a_network_whose_output_is_no_score_says_so(bob, named, worker):
    named.network.classes = ["only", "two"]
    named.network.save()
    page = send(bob).content.decode()
    assert "3 outputs are no scores of its 2 classes" in page
    assert "Most likely" not in page


@pytest.fixture
def drawn(named):
    """The pictures of the atlas, of which samples are taken."""
    for shard in shards_of(named, "segment"):
        segment.work(shard, lambda done: None)
    segment.finish(job_of(named, "segment"))
    return named


def test_three_samples_are_offered_and_answered(bob, drawn, worker):
    page = bob.get(PAGE).content.decode()
    tokens = re.findall(r'name="sample" value="([0-9a-f]{32})"', page)
    assert len(tokens) == 3
    images = Segment.objects.filter(token__in=tokens).values_list("top_image__image", flat=True)
    assert len(set(images)) == 3
    response = bob.post(PAGE, {"sample": tokens[0]})
    assert response.status_code == 200
    assert "Most likely" in response.content.decode()


def test_samples_of_elsewhere_are_none(bob, drawn, worker):
    low = TopImage.objects.filter(end="low", segment__isnull=False).first()
    for token in ("0" * 32, "../../etc/passwd", "x" * 10_000, "\0", low.segment.token):
        response = bob.post(PAGE, {"sample": token})
        assert response.status_code == 422
        assert "not there any more" in response.content.decode()


def test_a_sample_whose_file_has_gone_is_said(bob, drawn, worker):
    token = Segment.objects.filter(top_image__end="top").first().token
    drawn.image_set.root = "/nowhere"
    drawn.image_set.save()
    response = bob.post(PAGE, {"sample": token})
    assert response.status_code == 422
    assert "moved or removed" in response.content.decode()


def test_nobody_tries_a_public_network_only(client, named, worker):
    assert client.get(PAGE)["Location"].startswith("/sign-in/")
    assert send(client)["Location"].startswith("/sign-in/")
    named.network.public = True
    named.network.save()
    assert client.get(PAGE).status_code == 200
    assert "Most likely" in send(client).content.decode()
    assert 'href="/try/small/"' in client.get("/atlas/small/").content.decode()


def test_a_worker_is_a_stranger_to_a_private_network(client, worker_user, named):
    client.force_login(worker_user)
    assert client.get(PAGE).status_code == 404
    assert send(client).status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(bob, named, method):
    assert getattr(bob, method)(PAGE).status_code == 405


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not an image"),
        (b"<script>alert(1)</script>", "not an image"),
        (photograph((400, 300), "JPEG")[:400], "broken or cut short"),
        (photograph((1, 1)), "shows nothing"),
    ],
    ids=["svg", "html", "cut", "one pixel"],
)
def test_what_is_no_image_is_refused_in_words(bob, named, worker, data, sentence):
    response = send(bob, data)
    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    assert "alert(1)" not in page
    assert worker == []


def test_no_image_two_images_and_words_are_refused(bob, named, worker):
    two = [SimpleUploadedFile(f"{n}.png", photograph(), "image/png") for n in range(2)]
    for data in ({}, {"image": "words"}, {"image": two}):
        response = bob.post(PAGE, data)
        assert response.status_code == 422
        assert "Choose an image first" in response.content.decode()


def test_a_file_that_is_too_large_is_not_read(bob, named, worker):
    declared = str(detections.LARGEST_FILE + 200_000)
    response = bob.post(PAGE, {"x": "y"}, CONTENT_LENGTH=declared)
    assert response.status_code == 413
    assert "larger than 20 MB" in response.content.decode()


def test_a_stranger_may_send_an_image_and_nothing_larger(client, named, worker, monkeypatch):
    """The upload handler lets anybody send here what it refuses elsewhere."""
    named.network.public = True
    named.network.save()
    monkeypatch.setattr("analysis.views.uploads.LARGEST_FILE", 100)
    response = send(client)
    assert response.status_code == 422
    assert "Choose an image first" in response.content.decode()


def test_busy_workers_are_said_with_when_to_come_again(bob, named, monkeypatch):
    listen()
    monkeypatch.setattr(tasks.detect, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr(detections.wait_for, "__defaults__", (0.05,))
    response = send(bob)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "workers are busy" in response.content.decode()


def test_no_worker_is_said_at_once(bob, named):
    response = send(bob)
    assert response.status_code == 503
    assert "make worker" in response.content.decode()


def test_images_are_counted_together_with_the_api(bob, named, worker, settings):
    cache.clear()
    settings.DETECTIONS_PER_MINUTE = 2
    assert [send(bob).status_code for _ in range(3)] == [200, 200, 429]
    assert bob.get(PAGE).status_code == 200
    cache.clear()


def test_a_network_known_from_answers_only_is_refused(bob, named, worker):
    named.network.arch = ""
    named.network.save()
    response = send(bob)
    assert response.status_code == 422
    assert "published answers only" in response.content.decode()


def test_labels_lie_within_the_picture_and_not_on_each_other():
    wanted = [("television", 90.0, 0.0), ("shower curtain", 95.0, 2.0), ("bed", 219.0, 222.0)]
    places = label_places(wanted, 224, 224)
    line, letter = LINE * 224, LETTER * 224
    assert letter >= 0.64 * line  # bold letters of the page's widest font, with their dark edge
    assert places[0] == (90.0, 0.0)
    assert places[1][1] >= line - 0.1  # moved below the first
    assert all(
        x + letter * len(text) <= 224.1 for (text, *_), (x, _) in zip(wanted, places, strict=True)
    )
    assert all(0 <= y <= 224 - line + 0.1 for _, y in places)
    many = label_places([("bed", 0.0, 0.0)] * 60, 224, 224)
    assert len(set(many)) >= 20  # and the rest stay where they must


def test_a_form_without_its_token_is_refused(researcher, named):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(researcher)
    assert send(strict).status_code == 403
