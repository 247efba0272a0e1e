"""`statistics/`: all that there are, and what each is asked by is what it takes."""

import pytest

from analysis.services.comparables import COMPARABLES
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS
from tests.api.asking import knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADDRESS = "/api/v1/statistics/"


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_every_statistic_is_listed_with_what_it_is(who, request):
    found = results(request.getfixturevalue(who).get(ADDRESS))
    names = [(one["name"], one["of"]) for one in found]
    assert names == [
        *((name, "run") for name in STATISTICS),
        *((name, "labels") for name in OF_LABELS),
        *((name, "objects") for name in OF_OBJECTS),
    ]
    first = next(one for one in found if one["name"] == "segments")
    assert first == {
        "name": "segments",
        "of": "run",
        "summary": STATISTICS["segments"].summary,
        "step": "segment",
        "required": ["run"],
        "optional": ["against"],
        "columns": ["layer", "field", "units", "images", "visible", "visible_sd"],
        "url": "http://testserver/api/v1/statistics/segments/",
        "csv": "http://testserver/api/v1/statistics/segments.csv",
    }


def test_what_is_required_is_what_is_missed(bob):
    """Asked for without any, each names the first that it lacks; an unknown one is told which."""
    for one in results(bob.get(ADDRESS)):
        lacks = bob.get(one["url"]).json()["error"]["fields"]
        assert lacks
        assert set(lacks) <= set(one["required"]), one["name"]
        told = bob.get(one["url"], {"x": "1"}).json()["error"]["fields"]["x"][0]
        known = {*one["required"], *one["optional"]}
        against = set(told.rstrip(".").split("takes: ")[1].split(", ")) - known
        assert all(part.startswith("against") for part in against)
        assert bool(against) == (one["name"] not in COMPARABLES), one["name"]


def test_it_knows_get_only_and_no_parameters(bob):
    knows_only(bob, ADDRESS, "get")
    refused(bob.get(ADDRESS, {"of": "run"}), 400, "invalid", of="it takes: none")


def test_twice_is_the_same_and_the_second_is_short(nobody):
    first = nobody.get(ADDRESS)
    again = nobody.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
