"""What was answered wrongly: halves of characters, wrong methods, far too many parameters."""

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


@pytest.mark.parametrize(
    "address", ["layers/?network=x", "units/?limit=0", "statistics/objects/?y=z"]
)
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_told_before_any_parameter_is_looked_at(bob, address, method):
    answer = bob.generic(method, f"/api/v1/{address}")
    refused(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    "address", ["", "networks/", "statistics/fields/", "statistics/fields.csv", "exports/units.csv"]
)
def test_far_too_many_parameters_are_refused(nobody, address):
    answer = nobody.get(f"/api/v1/{address}?{'&'.join(['a'] * 1001)}")
    assert "1,000 parameters" in refused(answer, 400, "parse_error")


@pytest.mark.parametrize(("name", "kind"), [("parameters", "field"), ("files", "file")])
def test_far_too_many_parts_of_a_form_are_refused(bob, name, kind):
    some = {f"x{n}": "y" for n in range(1001)}
    if kind == "file":
        some = {f"x{n}": SimpleUploadedFile("x", b"x") for n in range(101)}
    answer = bob.post("/api/v1/networks/", some, format="multipart")
    assert name in refused(answer, 400, "parse_error")
