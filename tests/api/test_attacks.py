"""Bodies that broke the API: halves of characters, in values, in names, and inside of forms."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.asking import refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
HALF = r"\ud800"


@pytest.mark.parametrize("address", ["networks", "image-sets", "runs", "campaigns"])
@pytest.mark.parametrize("body", [f'{{"{HALF}": 1}}', f'{{"slug": ["{HALF}"]}}', f'"{HALF}"'])
def test_half_of_a_character_is_a_bad_body(bob, address, body):
    answer = bob.post(f"/api/v1/{address}/", body, content_type="application/json")
    assert "half of a character" in refused(answer, 400, "parse_error")


def test_a_whole_character_in_two_escapes_is_text(bob):
    body = r'{"slug": "\ud83d\ude00", "folder": "x"}'
    answer = bob.post("/api/v1/image-sets/", body, content_type="application/json")
    assert "slug" in answer.json()["error"]["fields"]


@pytest.mark.parametrize("name", ["layers", "classes", "preprocessing"])
def test_half_of_a_character_inside_of_a_form_is_refused(bob, name):
    form = {
        "slug": "small",
        "arch": "torchvision:alexnet",
        "file": SimpleUploadedFile("w.pth", b"x"),
        name: f'["{HALF}"]',
    }
    answer = bob.post("/api/v1/networks/", form, format="multipart")
    assert "half of a character" in refused(answer, 400, "parse_error")
