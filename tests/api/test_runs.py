"""`runs/`: researchers list runs and launch them; what exists is returned, not made again."""

import pytest

from analysis.models import Run
from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/runs/"
ASKED = {"network": "net", "image_set": "photos"}


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """The runs for which workers were woken, instead of a broker."""
    runs = []
    monkeypatch.setattr("analysis.tasks.wake_run", lambda run: runs.append(run.key))
    return runs


@pytest.fixture
def ready(db):
    return rows.network(), rows.image_set()


def test_a_researcher_lists_runs_newest_first(bob, researcher):
    old, new = rows.run(created_by=researcher), rows.run()
    found = results(bob.get(ADDRESS))
    assert [row["key"] for row in found] == [new.key, old.key]
    row = found[1]
    assert (row["network"], row["layers"]) == (old.network.slug, ["conv1", "conv2"])
    assert (row["state"], row["created_by"], row["recipe"]["top"]) == ("done", "bob", 60)


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_and_workers_neither_see_nor_launch(nobody, alice, ready, method):
    for client, status, code in (
        (nobody, 401, "not_authenticated"),
        (alice, 403, "permission_denied"),
    ):
        refused(getattr(client, method)(ADDRESS, ASKED), status, code)
    assert not Run.objects.exists()


def test_it_knows_get_and_post(bob):
    knows_only(bob, ADDRESS, "get", "post")


def test_filters_narrow_the_list(bob):
    first, second = rows.run(), rows.run(state="failed")
    for asked, run in (
        ({"network": first.network.slug}, first),
        ({"image_set": second.image_set.slug}, second),
        ({"state": "failed"}, second),
    ):
        assert [row["key"] for row in results(bob.get(ADDRESS, asked))] == [run.key]
    refused(bob.get(ADDRESS, {"device": "cpu"}), 400, "invalid", device="no such parameter")


def test_pages_give_every_run_once_without_growing_queries(bob, django_assert_num_queries):
    runs = [rows.run().key for _ in range(5)]
    pages = all_pages(bob, f"{ADDRESS}?limit=2&ordering=created_at")
    assert [row["key"] for page in pages for row in page] == runs
    with django_assert_num_queries(4):  # token, role, runs, layers
        bob.get(ADDRESS)


def test_a_launched_run_waits_for_a_worker_who_is_woken(bob, researcher, ready, woken):
    response = bob.post(ADDRESS, ASKED | {"layers": ["conv2"], "top": 9, "device": "cpu"})
    assert response.status_code == 201, response.content
    run = Run.objects.get()
    body = response.json()
    assert body["key"] == run.key
    assert (body["layers"], body["recipe"]["top"], body["device"]) == (["conv2"], 9, "cpu")
    assert (body["state"], body["created_by"]) == ("waiting", "bob")
    assert [step["name"] for step in body["progress"]["steps"]] == ["scan", "segment"]
    assert run.created_by == researcher
    assert woken == [run.key]


def test_launching_twice_returns_the_run_that_exists(bob, charlie, ready, woken):
    first = bob.post(ADDRESS, ASKED)
    again = charlie.post(ADDRESS, ASKED)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["key"] == again.json()["key"]
    assert again.json()["created_by"] == "bob"
    assert len(woken) == 1


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"network": "other"}, "network", "does not exist"),
        ({"network": "a\0"}, "network", ""),
        ({"image_set": None}, "image_set", "may not be null"),
        ({"layers": []}, "layers", "may not be empty"),
        ({"layers": "conv1"}, "layers", "Expected a list"),
        ({"layers": [""]}, "layers.0", "may not be blank"),
        ({"top": 0}, "top", "greater than or equal to 1"),
        ({"steps": ["fly"]}, "steps.0", "not a valid choice"),
        ({"step_options": ["locate"]}, "step_options", "Expected a dictionary"),
        ({"step_options": {"scan": 1}}, "step_options.scan", "Expected a dictionary"),
        ({"precision": "float8"}, "precision", "not a valid choice"),
        ({"device": "tpu"}, "device", "not a valid choice"),
        ({"layer": "conv1"}, "layer", "the fields are: network, image_set, layers"),
    ],
)
def test_bad_fields_are_named(bob, ready, asked, field, said):
    refused(bob.post(ADDRESS, ASKED | asked), 400, "invalid", **{field: said})
    assert not Run.objects.exists()


def test_a_missing_field_is_named(bob, ready):
    refused(bob.post(ADDRESS, {"network": "net"}), 400, "invalid", image_set="required")


def test_what_the_recipe_refuses_is_a_sentence(bob, ready, woken):
    response = bob.post(ADDRESS, ASKED | {"layers": ["conv9"]})
    assert "its layers are: conv1, conv2" in refused(response, 400, "invalid")
    response = bob.post(ADDRESS, ASKED | {"step_options": {"scan": {"size": 7}}})
    assert "has no option 'size'; it has none" in refused(response, 400, "invalid")
    ready[0].state = "running"
    ready[0].save()
    assert "not ready yet" in refused(bob.post(ADDRESS, ASKED), 400, "invalid")
    assert not woken


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("{", "application/json", (400, "parse_error")),
        ("[1]", "application/json", (400, "invalid")),
        ('{"top": NaN}', "application/json", (400, "parse_error")),
        ("[" * 100_000, "application/json", (400, "parse_error")),
        (
            '{"network": "\\ud800", "image_set": "photos"}',
            "application/json",
            (400, "parse_error"),
        ),
        ("network=net", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        ("<run/>", "text/xml", (415, "unsupported_media_type")),
        ("x" * 3_000_000, "application/json", (413, "too_large")),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(bob, ready, body, content_type, expected):
    response = bob.generic("POST", ADDRESS, body, content_type=content_type)
    assert (response.status_code, response.json()["error"]["code"]) == expected
