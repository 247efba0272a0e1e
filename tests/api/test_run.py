"""`runs/{key}/`: one run with its progress, by its key or the start of it."""

import pytest

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def address(run):
    return f"/api/v1/runs/{run.key}/"


def test_a_researcher_reads_a_run_with_its_progress(bob):
    run = rows.run(state="failed", error="disk full")
    body = bob.get(address(run)).json()
    assert (body["state"], body["error"]) == ("failed", "disk full")
    step = body["progress"]["steps"][0]
    assert (step["name"], step["counted"], step["total"]) == ("scan", "images", 100)
    assert step["failed"] == 100
    assert body["progress"]["log"] == []


def test_twelve_digits_are_enough_if_only_one_run_begins_so(bob):
    run = rows.run()
    assert bob.get(f"/api/v1/runs/{run.key[:12]}/").json()["key"] == run.key
    twin = rows.run()
    type(twin).objects.filter(pk=twin.pk).update(key=run.key[:20] + "0" * 44)
    message = refused(bob.get(f"/api/v1/runs/{run.key[:12]}/"), 404, "not_found")
    assert "Two runs begin with" in message


def test_nobody_and_workers_see_nothing(nobody, alice):
    run = rows.run()
    refused(nobody.get(address(run)), 401, "not_authenticated")
    refused(alice.get(address(run)), 403, "permission_denied")


def test_it_knows_get_only(bob):
    knows_only(bob, address(rows.run()), "get")


@pytest.mark.parametrize("key", ["f" * 64, "f" * 11, "f" * 65, "xyz" * 8, "%25" * 12])
def test_a_run_that_does_not_exist_is_not_found(bob, key):
    refused(bob.get(f"/api/v1/runs/{key}/"), 404, "not_found")


def test_a_parameter_is_refused(bob):
    run = rows.run()
    refused(bob.get(address(run), {"log": "all"}), 400, "invalid", log="it takes: none")


def test_twice_is_the_same(bob):
    run = rows.run()
    assert bob.get(address(run)).content == bob.get(address(run)).content
