"""How often somebody may call: counted for each user, each address and each one's exports."""

import pytest
from django.core.cache import cache

from tests.api.asking import refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

UNITS, CSV = "/api/v1/units/", "/api/v1/exports/units.csv"


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch):
    """Small limits, an empty count, and a minute that has just begun."""
    settings.API_USER_PER_MINUTE = 3
    settings.API_NOBODY_PER_MINUTE = 2
    settings.API_EXPORTS_PER_MINUTE = 1
    clock = [60_000.0]
    monkeypatch.setattr("analysis.services.rates.time.time", lambda: clock[0])
    cache.clear()
    yield clock
    cache.clear()


def test_the_call_beyond_the_limit_is_told_how_long_to_wait(bob, limits):
    for _ in range(3):
        assert bob.get(UNITS).status_code == 200
    limits[0] += 20
    response = bob.get(UNITS)
    message = refused(response, 429, "throttled")
    assert response["Retry-After"] == "40"
    assert "40 seconds" in message
    limits[0] += 40
    assert bob.get(UNITS).status_code == 200


def test_each_user_has_a_count_of_his_own(bob, charlie):
    for _ in range(4):
        bob.get(UNITS)
    assert charlie.get(UNITS).status_code == 200


def test_nobody_is_counted_by_address(nobody):
    for _ in range(2):
        assert nobody.get(UNITS).status_code == 200
    refused(nobody.get(UNITS), 429, "throttled")
    assert nobody.get(UNITS, REMOTE_ADDR="10.0.0.9").status_code == 200


def test_a_made_up_forwarding_header_wins_nothing(nobody):
    for place in range(2):
        nobody.get(UNITS, headers={"X-Forwarded-For": f"10.0.0.{place}"})
    refused(nobody.get(UNITS, headers={"X-Forwarded-For": "10.0.0.9"}), 429, "throttled")


def test_wrong_tokens_are_counted_too(nobody):
    nobody.credentials(HTTP_AUTHORIZATION="Bearer us_wrong")
    for _ in range(2):
        refused(nobody.get(UNITS), 401, "authentication_failed")
    refused(nobody.get(UNITS), 429, "throttled")


def test_refused_calls_are_counted_too(alice):
    for _ in range(3):
        refused(alice.get("/api/v1/runs/"), 403, "permission_denied")
    refused(alice.get("/api/v1/runs/"), 429, "throttled")


def test_exports_have_a_limit_of_their_own(bob):
    assert bob.get(CSV).status_code == 200
    refused(bob.get(CSV), 429, "throttled")
    assert bob.get(UNITS).status_code == 200


def test_nought_is_no_limit(nobody, settings):
    settings.API_NOBODY_PER_MINUTE = 0
    for _ in range(10):
        assert nobody.get(UNITS).status_code == 200


def test_a_dropped_count_refuses_nobody(nobody, monkeypatch):
    def dropped(key):
        raise ValueError("key not found")

    monkeypatch.setattr("analysis.services.rates.cache.incr", dropped)
    assert nobody.get(UNITS).status_code == 200
