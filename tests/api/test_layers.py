"""`layers/`: grid and theoretical field of each layer."""

import pytest

from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/layers/"


def test_a_researcher_lists_all_layers(bob):
    rows.network()
    assert results(bob.get(ADDRESS))[0] == {
        "network": "net",
        "name": "conv1",
        "module": "features.0",
        "position": 0,
        "channels": 3,
        "height": 13,
        "width": 13,
        "field_size": 19,
        "field_stride": 8,
        "field_offset": 3.5,
    }


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_list_layers_of_public_networks(who, request):
    rows.network("a", public=True)
    rows.network("b")
    found = results(request.getfixturevalue(who).get(ADDRESS))
    assert {row["network"] for row in found} == {"a"}


def test_one_network_is_asked_for_by_name(bob):
    rows.network("a")
    rows.network("b")
    found = results(bob.get(ADDRESS, {"network": "b"}))
    assert [(row["network"], row["name"]) for row in found] == [("b", "conv1"), ("b", "conv2")]


def test_a_network_that_one_may_not_see_is_said_to_be_missing(nobody, bob):
    rows.network("a")
    assert "no network called 'a'" in refused(
        nobody.get(ADDRESS, {"network": "a"}), 404, "not_found"
    )
    assert "no network called 'z'" in refused(bob.get(ADDRESS, {"network": "z"}), 404, "not_found")


def test_it_knows_get_only(bob):
    knows_only(bob, ADDRESS, "get")


def test_an_unknown_parameter_is_refused(bob):
    refused(bob.get(ADDRESS, {"name": "x"}), 400, "invalid", name="no such parameter")


def test_pages_give_every_layer_once(nobody):
    rows.network(public=True, layers="abcde")
    pages = all_pages(nobody, f"{ADDRESS}?limit=2")
    assert [row["name"] for page in pages for row in page] == list("abcde")


def test_the_number_of_queries_does_not_grow_with_the_rows(bob, django_assert_num_queries):
    rows.network("a", layers="abcde")
    rows.network("b", layers="abcde")
    with django_assert_num_queries(4):  # token, use of token, role, layers
        bob.get(ADDRESS)
