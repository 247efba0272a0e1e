"""`image-sets/` and `image-sets/{image_set}/`: the researchers' own."""

import pytest

from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/image-sets/"


def test_a_researcher_lists_and_reads_image_sets(bob, researcher):
    rows.image_set("photos", created_by=researcher)
    row = results(bob.get(ADDRESS))[0]
    assert row == bob.get(f"{ADDRESS}photos/").json()
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "slug": "photos",
        "root": "/srv/photos",
        "fingerprint": "photos-fingerprint",
        "count": 100,
        "refused": 0,
        "scenes": {"kitchen": 60, "street": 40},
        "labels": {},
        "note": "",
        "synthetic": False,
        "state": "done",
        "error": "",
        "created_by": "bob",
    }


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}photos/"])
def test_nobody_and_workers_see_none(nobody, alice, address):
    rows.image_set("photos")
    refused(nobody.get(address), 401, "not_authenticated")
    refused(alice.get(address), 403, "permission_denied")


def test_methods(bob):
    rows.image_set("photos")
    knows_only(bob, ADDRESS, "get", "post")
    knows_only(bob, f"{ADDRESS}photos/", "get")


def test_filters_narrow_the_list(bob):
    rows.image_set("a", synthetic=True)
    rows.image_set("b")
    assert [row["slug"] for row in results(bob.get(ADDRESS, {"synthetic": "true"}))] == ["a"]
    assert results(bob.get(ADDRESS, {"state": "waiting"})) == []


def test_bad_parameters_are_named(bob):
    refused(bob.get(ADDRESS, {"root": "/"}), 400, "invalid", root="no such parameter")
    refused(bob.get(ADDRESS, {"synthetic": "si"}), 400, "invalid", synthetic="choices")
    refused(bob.get(f"{ADDRESS}photos/"), 404, "not_found")


def test_pages_give_every_row_once_without_growing_queries(bob, django_assert_num_queries):
    for slug in "cab":
        rows.image_set(slug)
    assert [row["slug"] for page in all_pages(bob, f"{ADDRESS}?limit=2") for row in page] == [
        "a",
        "b",
        "c",
    ]
    with django_assert_num_queries(3):  # token, role, image sets
        bob.get(ADDRESS)
