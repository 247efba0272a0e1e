"""`exports/units.{csv,jsonl,parquet}`: streamed, of what the caller may see."""

import csv
import io
import json

import pytest
from pyarrow import parquet

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

CSV = "/api/v1/exports/units.csv"
FORMS = ("csv", "jsonl", "parquet")


def body(response):
    assert response.status_code == 200, response.content
    assert response.streaming
    return b"".join(response.streaming_content)


def concepts(response):
    return [row["concept"] for row in csv.DictReader(io.StringIO(body(response).decode()))]


@pytest.fixture
def nets():
    made = {slug: rows.network(slug, public=slug == "open") for slug in ("open", "shut")}
    for slug, net in made.items():
        rows.label(rows.unit(net), f"{slug} lamp")
        rows.label(rows.unit(net), f"{slug} bed", source="simulated", origin="second")
    return made


def test_a_researcher_exports_all_but_simulated_labels(bob, nets):
    assert concepts(bob.get(CSV)) == ["open lamp", "shut lamp"]


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_export_public_networks_only(who, request, nets):
    assert concepts(request.getfixturevalue(who).get(CSV)) == ["open lamp"]


def test_filters_choose_network_campaign_and_source(bob, nets):
    assert concepts(bob.get(CSV, {"network": "shut"})) == ["shut lamp"]
    assert concepts(bob.get(CSV, {"source": "simulated"})) == ["open bed", "shut bed"]
    assert concepts(bob.get(CSV, {"campaign": "second"})) == []
    asked = {"campaign": "second", "source": "simulated", "network": "open"}
    assert concepts(bob.get(CSV, asked)) == ["open bed"]


def test_each_format_has_its_type_and_file_name(bob, nets):
    types = ["text/csv; charset=utf-8", "application/x-ndjson; charset=utf-8"]
    for form, content_type in zip(FORMS, [*types, "application/vnd.apache.parquet"], strict=True):
        response = bob.get(f"/api/v1/exports/units.{form}")
        assert response["Content-Type"] == content_type
        assert response["Content-Disposition"] == f'attachment; filename="units.{form}"'
        assert response["X-Content-Type-Options"] == "nosniff"
    named = bob.get(CSV, {"network": "open", "source": "simulated"})
    assert named["Content-Disposition"].endswith('filename="units-open-simulated.csv"')


def test_jsonl_and_parquet_hold_the_same_rows(bob, nets):
    lines = body(bob.get("/api/v1/exports/units.jsonl")).decode().splitlines()
    table = parquet.read_table(io.BytesIO(body(bob.get("/api/v1/exports/units.parquet"))))
    assert [json.loads(line)["concept"] for line in lines] == table["concept"].to_pylist()


def test_a_formula_in_a_label_stays_text(bob, nets):
    rows.label(rows.unit(nets["open"], channel=1), '=HYPERLINK("http://evil.example")')
    assert '\'=HYPERLINK("http://evil.example")' in concepts(bob.get(CSV))


def test_any_accept_header_will_do(bob, nets):
    assert concepts(bob.get(CSV, headers={"Accept": "text/html"})) == ["open lamp", "shut lamp"]
    response = bob.get(CSV, {"source": "x"}, headers={"Accept": "text/csv"})
    refused(response, 400, "invalid", source="no source")


def test_it_knows_get_only(bob):
    knows_only(bob, CSV, "get")


def test_bad_parameters_are_named(bob):
    refused(bob.get(CSV, {"source": "rumour"}), 400, "invalid", source="take one of people")
    refused(bob.get(CSV, {"sauce": "people"}), 400, "invalid", sauce="campaign, network, source")


def test_a_network_that_one_may_not_see_is_said_to_be_missing(nobody, nets):
    message = refused(nobody.get(CSV, {"network": "shut"}), 404, "not_found")
    assert message == "There is no network called 'shut' that you may see."


def test_an_unknown_format_is_an_unknown_address(bob):
    refused(bob.get("/api/v1/exports/units.xlsx"), 404, "not_found")


def test_twice_is_the_same(bob, nets):
    assert body(bob.get(CSV)) == body(bob.get(CSV))


def test_the_table_is_read_in_one_query(bob, nets, django_assert_num_queries):
    body(bob.get(CSV))
    with django_assert_num_queries(3):  # token, role, labels
        body(bob.get(CSV))
