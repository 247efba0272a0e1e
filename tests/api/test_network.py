"""`networks/{network}/`: one network, if the caller may see it."""

import pytest

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/networks/net/"


def test_a_researcher_reads_any_network(charlie, researcher):
    rows.network(created_by=researcher)
    assert charlie.get(ADDRESS).json()["created_by"] == "bob"


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_read_public_networks_only(who, request):
    client = request.getfixturevalue(who)
    net = rows.network()
    missing = client.get("/api/v1/networks/other/")
    refused(missing, 404, "not_found")
    assert client.get(ADDRESS).content == missing.content
    net.public = True
    net.save()
    assert client.get(ADDRESS).json()["slug"] == "net"


def test_it_knows_get_only(bob):
    rows.network()
    knows_only(bob, ADDRESS, "get")


def test_it_takes_no_parameters(bob):
    rows.network()
    refused(bob.get(ADDRESS, {"fields": "slug"}), 400, "invalid", fields="it takes: none")


def test_a_name_that_no_network_can_have_is_not_found(bob):
    refused(bob.get("/api/v1/networks/a%20b/"), 404, "not_found")


def test_twice_is_the_same(bob):
    rows.network()
    assert bob.get(ADDRESS).content == bob.get(ADDRESS).content
