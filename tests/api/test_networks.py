"""`networks/`: researchers list all of them, others the public ones."""

import pytest

from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/networks/"


def slugs(response):
    return [row["slug"] for row in results(response)]


def test_a_researcher_lists_all_networks_by_name(bob):
    rows.network("b", public=True)
    rows.network("a")
    assert slugs(bob.get(ADDRESS)) == ["a", "b"]


def test_a_network_is_told_whole(bob, researcher):
    rows.network("a", created_by=researcher, classes=["bed"], note="ours", error="half")
    row = results(bob.get(ADDRESS))[0]
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "slug": "a",
        "arch": "torchvision:alexnet",
        "fingerprint": "a-fingerprint",
        "preprocessing": {"height": 224, "width": 224},
        "classes": ["bed"],
        "layers": ["conv1", "conv2"],
        "note": "ours",
        "synthetic": False,
        "authors": "",
        "cite_as": "",
        "doi": "",
        "version": "",
        "public": False,
        "state": "done",
        "error": "half",
        "created_by": "bob",
    }


def test_an_admin_lists_all_networks(dora):
    rows.network()
    assert slugs(dora.get(ADDRESS)) == ["net"]


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_list_public_networks_without_names_and_errors(who, request, researcher):
    rows.network("a", public=True, created_by=researcher, error="path /srv/a not found")
    rows.network("b")
    row = results(request.getfixturevalue(who).get(ADDRESS))
    assert [one["slug"] for one in row] == ["a"]
    assert (row[0]["created_by"], row[0]["error"]) == (None, None)


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_only_researchers_may_add(who, request):
    response = request.getfixturevalue(who).post(ADDRESS, {"slug": "a"})
    if who == "nobody":
        refused(response, 401, "not_authenticated")
        assert response["WWW-Authenticate"] == 'Bearer realm="unitscope"'
    else:
        refused(response, 403, "permission_denied")


def test_it_knows_get_and_post(bob):
    knows_only(bob, ADDRESS, "get", "post")


def test_filters_narrow_the_list(bob):
    rows.network("a", public=True)
    rows.network("b", synthetic=True)
    assert slugs(bob.get(ADDRESS, {"public": "true"})) == ["a"]
    assert slugs(bob.get(ADDRESS, {"public": "false"})) == ["b"]
    assert slugs(bob.get(ADDRESS, {"synthetic": "true"})) == ["b"]
    assert slugs(bob.get(ADDRESS, {"state": "failed"})) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"created_by__password__startswith": "p"}, "no such parameter"),
        ({"slug": "a"}, "it takes: cursor, limit, ordering, public, state, synthetic."),
        ({"public": "maybe"}, "not one of the available choices"),
        ({"state": "asleep"}, "not one of the available choices"),
        ({"state": ""}, "is empty"),
        ({"state": ["done", "failed"]}, "more than once"),
        ({"state": "a\0"}, "null character"),
        ({"ordering": "created_by__password"}, "take one of slug, -slug, created_at"),
        ({"limit": "0"}, "from 1 to 200"),
        ({"limit": "201"}, "from 1 to 200"),
        ({"limit": "1e2"}, "from 1 to 200"),
    ],
)
def test_bad_parameters_are_named(bob, asked, said):
    name = next(iter(asked))
    refused(bob.get(ADDRESS, asked), 400, "invalid", **{name: said})


@pytest.mark.parametrize("cursor", ["x", "WyJzbHVnIl0:1:2", "é"])
def test_a_cursor_that_is_not_ours_is_refused(bob, cursor):
    assert "begin without" in refused(bob.get(ADDRESS, {"cursor": cursor}), 404, "not_found")


def test_a_cursor_serves_its_own_ordering_only(bob):
    rows.network("a"), rows.network("b")
    cursor = bob.get(ADDRESS, {"limit": 1}).json()["next"].split("cursor=")[1].split("&")[0]
    refused(bob.get(f"{ADDRESS}?ordering=-slug&cursor={cursor}"), 404, "not_found")


@pytest.mark.parametrize("ordering", ["slug", "-slug", "created_at", "-created_at"])
def test_pages_give_every_row_once_in_every_order(bob, ordering):
    for slug in "ecabd":
        rows.network(slug)
    pages = all_pages(bob, f"{ADDRESS}?limit=2&ordering={ordering}")
    assert [len(page) for page in pages] == [2, 2, 1]
    found = [row["slug"] for page in pages for row in page]
    expected = "abcde" if "slug" in ordering else "ecabd"
    assert found == list(expected[::-1] if ordering.startswith("-") else expected)


def test_pages_do_not_drift_when_rows_come_and_go(bob):
    for slug in "bdfh":
        rows.network(slug)
    first = bob.get(ADDRESS, {"limit": 2})
    assert slugs(first) == ["b", "d"]
    rows.network("a"), rows.network("c"), rows.network("e")
    assert slugs(bob.get(first.json()["next"])) == ["e", "f"]


def test_the_number_of_queries_does_not_grow_with_the_rows(bob, django_assert_num_queries):
    bob.get(ADDRESS)
    for slug in "abcde":
        rows.network(slug)
    with django_assert_num_queries(4):  # token, role, networks, layers
        bob.get(ADDRESS)


def test_the_same_question_twice_gives_the_same_answer_and_a_304_to_who_has_it(bob):
    rows.network()
    first, second = bob.get(ADDRESS), bob.get(ADDRESS)
    assert first.content == second.content
    known = bob.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    rows.network("other")
    changed = bob.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_no_cache_keeps_one_callers_answer_for_another(bob):
    response = bob.get(ADDRESS)
    assert response["Cache-Control"] == "private, no-cache"
    assert "Authorization" in response["Vary"]
