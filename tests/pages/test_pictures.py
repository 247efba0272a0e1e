"""Pictures are served by token alone: cheaply, cached for a year, and nothing else by that road."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import resolve, reverse

from analysis.models import Segment
from analysis.views import pictures

TOKEN = "0123456789abcdef" * 2
BYTES = b"RIFF____WEBP-the-picture"


@pytest.fixture
def segment(settings, tmp_path) -> Segment:
    """A segment (no row is needed) whose tile lies in the storage."""
    settings.MEDIA_ROOT = tmp_path
    default_storage.save(f"pictures/01/{TOKEN}/segmented-tile.webp", ContentFile(BYTES))
    return Segment(token=TOKEN)


def test_a_picture_is_served_to_anybody_without_a_query(client, segment):
    """No database fixture: a query would fail this test."""
    response = client.get(segment.url("segmented", "tile"))
    assert response.status_code == 200
    assert b"".join(response) == BYTES
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in response.headers
    assert "Cookie" not in response.get("Vary", "")


def test_the_quick_address_is_the_one_of_the_resolver(segment):
    for kind in ("plain", "segmented"):
        for size in ("tile", "tile2x", "large"):
            address = segment.url(kind, size)
            kwargs = {"token": TOKEN, "kind": kind, "size": size}
            assert address == reverse("analysis:picture", kwargs=kwargs)
            assert resolve(address).func is pictures.picture


def test_head_gives_the_length_and_no_body(client, segment):
    response = client.head(segment.url("segmented", "tile"))
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == str(len(BYTES))
    assert response["Content-Type"] == "image/webp"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}'])
def test_a_browser_that_has_it_gets_304(client, segment, known):
    etag = client.get(segment.url("segmented", "tile"))["ETag"]
    again = client.get(
        segment.url("segmented", "tile"), headers={"If-None-Match": known.format(etag)}
    )
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    other = client.get(segment.url("segmented", "tile"), headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        f"/pictures/{TOKEN}/plain-tile.webp",  # not in the storage
        f"/pictures/{TOKEN}/segmented-huge.webp",
        f"/pictures/{TOKEN}/masked-tile.webp",
        f"/pictures/{TOKEN}/segmented-tile.webp%0a",
        f"/pictures/{TOKEN}/segmented-tile.png",
        f"/pictures/{TOKEN.upper()}/segmented-tile.webp",
        f"/pictures/{TOKEN[:-1]}/segmented-tile.webp",
        f"/pictures/{TOKEN}/",
        "/pictures/",
        "/pictures/../../secret_key",
        f"/pictures/{TOKEN}/..%2f..%2f..%2f..%2fsecret_key",
    ],
)
@pytest.mark.django_db
def test_everything_else_is_not_found(client, segment, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "immutable" not in response.get("Cache-Control", "")


def test_pictures_are_only_read(client, segment):
    for method in (client.post, client.put, client.delete, client.patch):
        assert method(segment.url("segmented", "tile")).status_code == 405
