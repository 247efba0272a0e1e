"""`statistics/{name}/?against=`: the rows of both, their differences, and who may see which."""

import csv
import io

import pytest

from analysis.models import Network, Run
from tests.analysis.against import two_networks
from tests.analysis.counted import a_counted_run, finished
from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
FIELDS = "/api/v1/statistics/fields/"
PRECISION = "/api/v1/statistics/precision/"
LABELS = {"network": "one", "source": "people", "against": "two"}


@pytest.fixture
def runs(settings, tmp_path):
    """The keys of a run of either of two public networks."""
    settings.MEDIA_ROOT = tmp_path / "media"
    two_networks()
    return {
        "run": Run.objects.get(network__slug="one").short_key,
        "against": Run.objects.get(network__slug="two").short_key,
    }


def table(response):
    assert response.status_code == 200, response.content
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_rows_of_both_and_their_differences(who, request, runs):
    body = request.getfixturevalue(who).get(FIELDS, runs).json()
    assert (body["statistic"], body["network"], body["against"]) == ("fields", "one", "two")
    assert (body["first"]["run"], body["second"]["run"]) == tuple(runs.values())
    assert (body["matched_by"], body["in_pairs"], body["missing"]) == ("name", False, None)
    assert [(row["side"], row["network"], row["layer"]) for row in body["rows"]] == [
        ("first", "one", "conv1"),
        ("first", "one", "conv2"),
        ("second", "two", "conv1"),
        ("second", "two", "conv2"),
    ]
    sizes = {(row["side"], row["layer"]): row["size"] for row in body["rows"]}
    told = {(row["place"], row["measure"]): row for row in body["differences"]}
    row = told["conv1", "size"]
    assert row["difference"] == pytest.approx(sizes["first", "conv1"] - sizes["second", "conv1"])
    assert row["difference_low"] < row["difference"] < row["difference_high"] < 0
    assert row["p"] <= row["p_holm"] < 0.1
    assert row["interval"] == "bootstrap"


def test_an_answer_is_for_all_only_where_both_are_public(nobody, bob, runs):
    assert nobody.get(PRECISION, LABELS)["Cache-Control"] == "public, no-cache"
    Network.objects.filter(slug="one").update(public=False)
    assert bob.get(PRECISION, LABELS)["Cache-Control"] == "private, no-cache"


def test_labels_of_two_networks_or_of_two_sources(bob, runs):
    body = bob.get(PRECISION, LABELS | {"threshold": "0.6"}).json()
    assert body["first"]["threshold"] == body["second"]["threshold"] == 0.6
    assert {row["measure"] for row in body["differences"]} == {"precision", "above"}
    unit = rows.unit(Network.objects.get(slug="one"))
    rows.label(unit, source="published", origin="paper", precision=0.2)
    asked = {**LABELS, "against": "one", "against_source": "published", "against_campaign": "paper"}
    body = bob.get(PRECISION, asked).json()
    assert body["in_pairs"] is True
    assert (body["second"]["source"], body["second"]["campaign"]) == ("published", "paper")


def test_tables_have_the_same_rows(bob, runs):
    address = "/api/v1/statistics/fields.csv"
    body = bob.get(FIELDS, runs).json()
    for part, asked in (("rows", runs), ("differences", {**runs, "table": "differences"})):
        answer = bob.get(address, asked)
        name = f"fields-one-{runs['run']}-against-fields-two-{runs['against']}-{part}.csv"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        for row, expected in zip(table(answer), body[part], strict=True):
            assert row == {key: "" if one is None else str(one) for key, one in expected.items()}


def test_nothing_in_common_says_so(bob, runs):
    told = bob.get("/api/v1/statistics/concepts/", {**LABELS, "threshold": "1"}).json()
    assert told["differences"] == []
    assert told["missing"] == "Nothing of this kind was measured for one and two."


def test_bad_parameters_are_named(bob, runs):
    told = {"against": "'zebra' is no key"}
    refused(bob.get(FIELDS, runs | {"against": "zebra"}), 400, "invalid", **told)
    same = runs | {"against": runs["run"]}
    refused(bob.get(FIELDS, same), 400, "invalid", against="would be compared with itself")
    same = {**LABELS, "against": "one"}
    refused(bob.get(PRECISION, same), 400, "invalid", against="'one' would be compared with itself")
    units = "/api/v1/statistics/unit-fields/"
    refused(
        bob.get(units, runs), 400, "invalid", against="The rows of unit-fields are not compared"
    )
    wrong = LABELS | {"against_source": "me"}
    refused(bob.get(PRECISION, wrong), 400, "invalid", against_source="not 'me'")
    alone = {"network": "one", "source": "people", "against_source": "people"}
    refused(bob.get(PRECISION, alone), 400, "invalid", against_source="name the other one too")
    csvs = "/api/v1/statistics/fields.csv"
    refused(bob.get(csvs, runs | {"table": "x"}), 400, "invalid", table="take rows or differences")
    alone = {"run": runs["run"], "table": "rows"}
    refused(bob.get(csvs, alone), 400, "invalid", table="name the other one too")
    refused(bob.get(FIELDS, runs | {"table": "rows"}), 400, "invalid", table="no such parameter")


def test_a_private_other_is_told_like_one_that_is_not_there(nobody, alice, bob, runs):
    Network.objects.filter(slug="two").update(public=False)
    for client in (nobody, alice):
        hidden = refused(client.get(FIELDS, runs), 404, "not_found")
        missing = refused(client.get(FIELDS, runs | {"against": "0" * 12}), 404, "not_found")
        assert hidden.replace(runs["against"], "0" * 12) == missing
        hidden = refused(client.get(PRECISION, LABELS), 404, "not_found")
        missing = refused(client.get(PRECISION, {**LABELS, "against": "none"}), 404, "not_found")
        assert hidden.replace("'two'", "'none'") == missing
    assert bob.get(FIELDS, runs).status_code == bob.get(PRECISION, LABELS).status_code == 200
    told = refused(bob.get(PRECISION, LABELS | {"against_source": "machine"}), 404, "not_found")
    assert told == "No unit of two has a label by the source machine."
    Run.objects.get(network__slug="two").jobs.filter(step="locate").delete()
    assert "has not finished" in refused(bob.get(FIELDS, runs), 404, "not_found")


def test_it_knows_get_only_and_twice_is_the_same(bob, runs):
    knows_only(bob, FIELDS, "get")
    first = bob.get(FIELDS, runs)
    again = bob.get(FIELDS, runs, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


OBJECTS = "/api/v1/statistics/correlations/"
OF_OBJECTS = {"network": "mine", "source": "people", "against": "yours", "image_set": "rooms"}


@pytest.fixture
def objects(settings, tmp_path):
    """Two public networks that name what is in rooms, which a public network was shown."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for slug, words in (("mine", "bed bed oven"), ("yours", "wall floor wall")):
        network = rows.network(slug)
        for channel, word in enumerate(words.split()):
            rows.label(rows.unit(network, "conv1", channel), word)
    finished(a_counted_run(tmp_path, given={"least_scene": 4}))
    Network.objects.update(public=True)


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_what_units_go_with_is_compared_over_the_same_objects(who, request, objects):
    client = request.getfixturevalue(who)
    body = client.get(OBJECTS, OF_OBJECTS).json()
    assert (body["first"]["image_set"], body["second"]["image_set"]) == ("rooms", "rooms")
    assert body["in_pairs"] is True
    told = {(row["place"], row["measure"]): row for row in body["differences"]}
    row = told["information", "pearson"]
    assert row["value"] > row["other_value"]
    assert row["difference"] == pytest.approx(row["value"] - row["other_value"])
    address = "/api/v1/statistics/correlations.csv"
    found = table(client.get(address, OF_OBJECTS | {"table": "differences"}))
    assert len(found) == len(body["differences"])
    assert client.get("/api/v1/statistics/coverage/", OF_OBJECTS).json()["differences"]
    assert client.get("/api/v1/statistics/objects/", OF_OBJECTS).json()["differences"]


def test_bad_parameters_of_objects_are_named(alice, bob, objects):
    same = OF_OBJECTS | {"against": "mine"}
    refused(bob.get(OBJECTS, same), 400, "invalid", against="would be compared with itself")
    lacking = {key: value for key, value in OF_OBJECTS.items() if key != "image_set"}
    refused(bob.get(OBJECTS, lacking), 400, "invalid", image_set="Say whose masks")
    refused(bob.get(OBJECTS, OF_OBJECTS | {"layers": "x"}), 400, "invalid", layers="no layer 'x'")
    units = "/api/v1/statistics/unit-objects/"
    refused(bob.get(units, OF_OBJECTS), 400, "invalid", against="unit-objects are not compared")
    Network.objects.filter(slug="yours").update(public=False)
    refused(alice.get(OBJECTS, OF_OBJECTS), 404, "not_found")
    knows_only(bob, OBJECTS, "get")
