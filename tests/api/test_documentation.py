"""The API describes itself: index, OpenAPI document, and a page that needs no foreign script."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import get_resolver

from analysis.api.documentation import schema
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

OPERATIONS = [
    (path, method, operation)
    for path, operations in schema()["paths"].items()
    for method, operation in operations.items()
]


def test_the_schema_is_valid_and_without_warnings():
    made = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


def test_anybody_reads_the_schema(nobody):
    document = nobody.get("/api/v1/schema/").json()
    assert document["openapi"].startswith("3.0")
    assert document == json.loads(json.dumps(schema()))


def test_every_address_of_the_api_is_described():
    known = {name for name in get_resolver().reverse_dict if str(name).startswith("api-")} - {
        "api-docs"
    }
    assert len(schema()["paths"]) == len(known)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_with_an_example(path, method, operation):
    assert operation["summary"]
    assert operation["operationId"]
    good = [answer for status, answer in operation["responses"].items() if status[0] == "2"]
    assert good
    for answer in good:
        for content_type, media in answer.get("content", {}).items():
            if "parquet" not in content_type:
                assert media["examples"], content_type
    assert {"400", "401", "429"} <= set(operation["responses"])


def test_the_categories_keep_their_order_everywhere():
    six = ["simple", "texture", "region", "part", "object", "scene"]
    lists = re.findall(r'"enum": (\[[^]]*"texture"[^]]*\])', json.dumps(schema()))
    assert lists
    assert all(json.loads(found) == six for found in lists)


def test_the_index_lists_addresses_that_work(nobody, bob):
    index = nobody.get("/api/v1/").json()
    assert index["units"] == "http://testserver/api/v1/units/"
    assert index["exports"] == "http://testserver/api/v1/exports/units.csv"
    # The one that must be told of what: it says so.
    refused(bob.get(index.pop("matches")), 400, "invalid", images="")
    for address in index.values():
        assert bob.get(address, headers={"Accept": "*/*"}).status_code == 200


def test_index_and_schema_know_get_only(bob):
    knows_only(bob, "/api/v1/", "get")
    knows_only(bob, "/api/v1/schema/", "get")
    refused(bob.get("/api/v1/schema/?lang=de"), 400, "invalid", lang="it takes: none")


def test_the_page_has_no_script_or_style_of_its_own_in_it(client):
    page = client.get("/api/v1/docs/").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert " style=" not in page
    assert " onload=" not in page


def test_all_that_the_page_loads_is_served_by_us(client):
    page = client.get("/api/v1/docs/").content.decode()
    loaded = re.findall(r'<(?:script[^>]*src|link[^>]*href)="([^"]+)"', page)
    assert any("swagger-ui-bundle.js" in address for address in loaded)
    for address in loaded:
        assert address.startswith("/static/"), address
        assert finders.find(address.removeprefix("/static/")), address


def test_the_page_knows_get_only(client):
    assert client.post("/api/v1/docs/").status_code == 405
    assert client.head("/api/v1/docs/").status_code == 200
