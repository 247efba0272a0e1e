"""`runs/{key}/cancel/` and `…/resume/`: by whoever launched it, or an admin; twice is once."""

import pytest

from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def address(run, action):
    return f"/api/v1/runs/{run.key}/{action}/"


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    """The runs for which workers were woken, instead of a broker."""
    runs = []
    monkeypatch.setattr("analysis.tasks.wake_run", lambda run: runs.append(run.key))
    return runs


@pytest.fixture
def run(researcher):
    """A run of Bob's that waits."""
    return rows.run(state="waiting", created_by=researcher)


def test_whoever_launched_it_cancels_and_resumes(bob, run, woken):
    assert bob.post(address(run, "cancel")).json()["state"] == "cancelled"
    resumed = bob.post(address(run, "resume")).json()
    assert resumed["state"] == "waiting"
    assert "resumed" in resumed["progress"]["log"][-1]["text"]
    assert woken == [run.key]


def test_an_admin_cancels_and_resumes(dora, run):
    assert dora.post(address(run, "cancel")).json()["state"] == "cancelled"
    assert dora.post(address(run, "resume")).json()["state"] == "waiting"


@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_nobody_and_strangers_may_not(nobody, alice, charlie, run, action):
    refused(nobody.post(address(run, action)), 401, "not_authenticated")
    refused(alice.post(address(run, action)), 403, "permission_denied")
    message = refused(charlie.post(address(run, action)), 403, "permission_denied")
    assert message == "Only the person who made this, or an admin, may change it."
    run.refresh_from_db()
    assert run.state == "waiting"


@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_it_knows_post_only(bob, run, action):
    knows_only(bob, address(run, action), "post")


@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_a_run_that_is_done_is_a_conflict(bob, run, action, woken):
    run.state = "done"
    run.save()
    message = refused(bob.post(address(run, action)), 409, "conflict")
    assert message == f"The run is done: there is nothing to {action}."
    assert not woken


@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_a_run_that_does_not_exist_is_not_found(bob, db, action):
    refused(bob.post(f"/api/v1/runs/{'f' * 64}/{action}/"), 404, "not_found")


def test_a_parameter_is_refused(bob, run):
    refused(bob.post(address(run, "cancel") + "?now=1"), 400, "invalid", now="it takes: none")


def test_twice_is_once(bob, run):
    for _ in range(2):
        assert bob.post(address(run, "cancel")).json()["state"] == "cancelled"
    for _ in range(2):
        assert bob.post(address(run, "resume")).json()["state"] == "waiting"
