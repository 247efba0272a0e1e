"""`statistics/{categories,precision,agreement}/`: of a network's labels by one source, strict."""

import csv
import io

import pytest

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PRECISION = "/api/v1/statistics/precision/"
AGREEMENT = "/api/v1/statistics/agreement/"
ASKED = {"network": "open", "source": "people"}


@pytest.fixture
def network():
    """A public network with labels by people, by a machine and by programs."""
    made = rows.network("open", public=True)
    words = [
        {"concept": "bed", "category": "object", "precision": 0.9, "same_concept_as": 0},
        {"concept": "wall", "category": "region", "precision": 0.5, "same_concept_as": 1},
    ]
    rows.label(rows.unit(made), precision=0.7, details={"words": words})
    rows.label(rows.unit(made, channel=1), precision=0.9)
    rows.label(rows.unit(made, channel=2), source="simulated", origin="play", precision=0.1)
    return made


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_rows_are_what_one_counts_by_hand(who, request, network):
    body = request.getfixturevalue(who).get(PRECISION, ASKED).json()
    [row] = body.pop("rows")
    assert body == {
        "statistic": "precision",
        "network": "open",
        "source": "people",
        "campaign": None,
        "threshold": 0.75,
        "synthetic": False,
    }
    assert (row["layer"], row["units"], row["above"], row["share"]) == ("conv1", 2, 1, 0.5)
    assert row["precision"] == pytest.approx(0.8)


def test_threshold_and_campaign_choose(bob, network):
    [row] = bob.get(PRECISION, ASKED | {"threshold": "0.65"}).json()["rows"]
    assert row["above"] == 2
    rows.label(rows.unit(network), origin="second", precision=0.2)
    asked = ASKED | {"campaign": "second", "threshold": "0"}
    body = bob.get(PRECISION, asked).json()
    assert (body["campaign"], body["threshold"], body["rows"][0]["units"]) == ("second", 0.0, 1)


def test_simulated_labels_come_only_by_their_name(bob, network):
    [row] = bob.get(PRECISION, {**ASKED, "source": "simulated"}).json()["rows"]
    assert (row["units"], row["precision"]) == (1, pytest.approx(0.1))


@pytest.mark.parametrize("name", ["categories", "precision", "agreement"])
def test_the_table_has_the_same_rows(name, bob, network):
    answer = bob.get(f"/api/v1/statistics/{name}.csv", ASKED)
    told = f'attachment; filename="{name}-open-people.csv"'
    assert answer["Content-Disposition"] == told
    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    for row, expected in zip(
        table, bob.get(f"/api/v1/statistics/{name}/", ASKED).json()["rows"], strict=True
    ):
        assert row == {key: "" if one is None else str(one) for key, one in expected.items()}


def test_agreement_has_no_threshold(bob, network):
    body = bob.get(AGREEMENT, ASKED).json()
    assert "threshold" not in body
    assert (body["rows"][0]["units"], body["rows"][0]["same_words"]) == (1, 0.0)
    wrong = refused(
        bob.get(AGREEMENT, ASKED | {"threshold": "0.5"}),
        400,
        "invalid",
        threshold="it takes: against, against_campaign, against_source, campaign",
    )
    assert wrong


def test_bad_parameters_are_named(bob, network):
    refused(bob.get(PRECISION), 400, "invalid", network="network=SLUG", source="Say whose labels")
    refused(bob.get(PRECISION, ASKED | {"source": "me"}), 400, "invalid", source="not 'me'")
    for wrong in ("2", "-0.1", "nan", "half"):
        asked = ASKED | {"threshold": wrong}
        refused(bob.get(PRECISION, asked), 400, "invalid", threshold="a number from 0 to 1")
    refused(bob.get(PRECISION, ASKED | {"run": "0" * 12}), 400, "invalid", run="no such parameter")


def test_what_is_not_there_or_private_is_told_alike(bob, nobody, network):
    sentence = refused(bob.get(PRECISION, {**ASKED, "network": "none"}), 404, "not_found")
    network.public = False
    network.save()
    hidden = refused(nobody.get(PRECISION, ASKED), 404, "not_found")
    assert hidden.replace("open", "none") == sentence
    told = refused(bob.get(PRECISION, {**ASKED, "source": "published"}), 404, "not_found")
    assert told == "No unit of open has a label by the source published."
    told = refused(bob.get(PRECISION, ASKED | {"campaign": "x"}), 404, "not_found")
    assert told == "No unit of open has a label by the source people of 'x'."


def test_it_knows_get_only_and_twice_is_the_same(bob, network):
    knows_only(bob, PRECISION, "get")
    first = bob.get(PRECISION, ASKED)
    again = bob.get(PRECISION, ASKED, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
