"""Every error has one shape: unknown addresses, wrong types, faults of ours."""

import pytest
from rest_framework.test import APIClient

from tests.api.asking import refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.mark.parametrize(
    "address",
    ["/api", "/api/", "/api/v1", "/api/v2/units/", "/api/v1/nothing/", "/api/v1/units", "/api/é/"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_an_unknown_address_is_not_found(address, method):
    strict = APIClient(enforce_csrf_checks=True)
    message = refused(getattr(strict, method)(address), 404, "not_found")
    assert "see /api/v1/docs/" in message


def test_a_missing_slash_is_named(nobody):
    message = refused(nobody.get("/api/v1/units"), 404, "not_found")
    assert message.endswith("Addresses end with a slash.")


def test_an_address_with_markup_in_it_is_answered_as_json(nobody):
    response = nobody.get("/api/v1/<script>alert(1)</script>/")
    refused(response, 404, "not_found")
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/csv"])
def test_only_json_is_to_be_had(bob, accept):
    refused(bob.get("/api/v1/units/", headers={"Accept": accept}), 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.1"])
def test_whoever_takes_json_too_gets_it(bob, accept):
    assert bob.get("/api/v1/units/", headers={"Accept": accept}).status_code == 200


def test_a_fault_of_ours_is_logged_and_not_explained(bob, monkeypatch, caplog):
    def broken(self):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("analysis.api.runs.Runs.get_queryset", broken)
    message = refused(bob.get("/api/v1/runs/"), 500, "server_error")
    assert "secret" not in message
    assert "secret detail" in caplog.text


def test_the_format_cannot_be_asked_for_in_the_address(bob):
    refused(bob.get("/api/v1/units/?format=api"), 400, "invalid", format="no such parameter")
