"""`units/{network}/{layer}/{channel}/`: one unit, its details for researchers only."""

import pytest

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/units/net/features.12/1/"


@pytest.fixture
def net():
    made = rows.network(public=True, layers=["features.12"])
    unit = rows.unit(made, "features.12", 1)
    rows.label(unit, "lamp", details={"words": {"lamp": 2, "light": 1}})
    rows.label(unit, "bed", source="simulated")
    return made


def test_a_researcher_reads_a_unit_with_details(bob, net):
    unit = bob.get(ADDRESS).json()
    assert (unit["network"], unit["layer"], unit["channel"]) == ("net", "features.12", 1)
    assert [label["concept"] for label in unit["labels"]] == ["lamp"]
    assert unit["labels"][0]["details"] == {"words": {"lamp": 2, "light": 1}}


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_never_see_what_workers_wrote(who, request, net):
    response = request.getfixturevalue(who).get(ADDRESS)
    assert response.json()["labels"][0]["details"] is None
    assert b"light" not in response.content


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_do_not_learn_whether_a_private_unit_exists(who, request, net):
    net.public = False
    net.save()
    client = request.getfixturevalue(who)
    refused(client.get(ADDRESS), 404, "not_found")
    assert client.get(ADDRESS).content == client.get("/api/v1/units/no/such/1/").content


def test_one_source_can_be_asked_for(bob, net):
    labels = bob.get(ADDRESS, {"source": "simulated"}).json()["labels"]
    assert [label["concept"] for label in labels] == ["bed"]


def test_it_knows_get_only(bob, net):
    knows_only(bob, ADDRESS, "get")


@pytest.mark.parametrize(
    "end", ["features.12/9/", "features.12/99999999999999999999999/", "nothing/1/", "a%00b/1/"]
)
def test_a_unit_that_does_not_exist_is_not_found(bob, net, end):
    refused(bob.get(f"/api/v1/units/net/{end}"), 404, "not_found")


def test_a_bad_source_is_refused(bob, net):
    refused(bob.get(ADDRESS, {"source": "rumour"}), 400, "invalid", source="take one of people")


def test_twice_is_the_same_in_as_many_queries(bob, net, django_assert_num_queries):
    first = bob.get(ADDRESS)
    with django_assert_num_queries(4):  # token, role, unit, labels with their runs
        assert bob.get(ADDRESS).content == first.content
