"""`campaigns/{slug}/agreement/`: the numbers of the page."""

import pytest

from tests.annotate import factories
from tests.annotate.test_truth_fits import all_answered
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/campaigns/first/agreement/"


@pytest.fixture
def campaign(researcher):
    """Six units of Bob's, four answers each."""
    return factories.open_small_campaign(
        units=6, slug="first", answers=4, control_rule="record", user=researcher
    )


def test_a_researcher_reads_the_tables(charlie, campaign):
    all_answered(campaign)
    body = charlie.get(ADDRESS).json()
    assert (body["campaign"], body["method"], body["tied"]) == ("first", "majority", False)
    assert (body["answers"], body["current"], body["version"]) == (24, True, 1)
    tables = body["tables"]
    assert set(tables) == {"agreement", "precision", "words", "groups", "methods", "workers"}
    six = [row for row in tables["agreement"] if not row["group"]]
    assert [row["layer"] for row in six] == ["conv1"]
    assert six[0]["kappa_low"] < six[0]["kappa"] < six[0]["kappa_high"]
    assert {row["worker"] for row in tables["workers"]} >= {"heron-a", "heron-d"}
    assert charlie.get(ADDRESS).json() == body


def test_before_any_answer_there_are_no_rows(bob, campaign):
    body = bob.get(ADDRESS).json()
    assert body["answers"] == 0
    assert not any(body["tables"].values())


def test_nobody_and_workers_see_nothing(nobody, alice, campaign):
    refused(nobody.get(ADDRESS), 401, "not_authenticated")
    refused(alice.get(ADDRESS), 403, "permission_denied")


def test_it_knows_get_only_and_no_parameter(bob, campaign):
    knows_only(bob, ADDRESS, "get")
    refused(bob.get(ADDRESS, {"layer": "conv1"}), 400, "invalid", layer="it takes: none")
    refused(bob.get("/api/v1/campaigns/none/agreement/"), 404, "not_found")
