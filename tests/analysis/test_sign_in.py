"""Guessing passwords grows slow, for every name alike, and nobody else is kept out."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.models import SignInAttempts
from analysis.services import sign_in

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def attempt(seconds=0, name="alice", address="10.0.0.1"):
    """Try once, so many seconds after noon."""
    return sign_in.begin(name=name, address=address, now=NOON + timedelta(seconds=seconds))


def test_five_attempts_are_free_and_the_wait_doubles():
    assert [attempt() for _ in range(5)] == [0] * 5
    assert attempt() == 15
    assert attempt(14) == 1
    assert attempt(15) == 0
    assert attempt(16) == 29
    assert attempt(45) == 0
    assert attempt(45) == 60


def test_the_wait_is_never_longer_than_a_quarter_of_an_hour():
    row = None
    for _ in range(5):
        attempt()
    for row in SignInAttempts.objects.all():
        row.count += 10_000
        row.save()
    assert attempt(20) == 0
    assert attempt(20) == 15 * 60


def test_trying_while_waiting_does_not_lengthen_the_wait():
    for _ in range(5):
        attempt()
    assert [attempt(5) for _ in range(20)] == [10] * 20
    assert attempt(15) == 0


def test_attempts_at_the_same_moment_do_not_hinder_each_other():
    assert [attempt(seconds) for seconds in (0.3, 0.2, 0.1, 0.4)] == [0] * 4


def test_capitals_and_blanks_make_no_new_name():
    for name in ("alice", "Alice", " ALICE ", "aLice", "alicE"):
        attempt(name=name)
    assert attempt(name="AliCe") == 15


def test_another_person_at_another_place_is_not_kept_out():
    for _ in range(5):
        attempt()
    assert attempt(name="bob") == 0
    assert attempt(address="10.0.0.2") == 0


def test_one_address_cannot_try_many_names():
    assert [attempt(name=f"user{number}") for number in range(40)] == [0] * 40
    assert attempt(name="user41") == 15
    assert attempt(name="user41", address="10.0.0.2") == 0


def test_many_addresses_at_one_name_keep_its_owner_out_for_a_minute_at_most():
    for number in range(60):
        attempt(number * 60, address=f"10.0.1.{number}")
    assert 0 < attempt(59 * 60, address="10.9.9.9") <= 60


def test_success_forgets_the_name_here_but_not_the_address():
    for _ in range(4):
        attempt()
    sign_in.succeeded(name="alice", address="10.0.0.1", now=NOON)
    assert [attempt() for _ in range(5)] == [0] * 5
    address = SignInAttempts.objects.order_by("-count").first()
    assert address.count == 8


def test_people_who_sign_in_rightly_never_fill_an_address():
    for number in range(100):
        assert attempt(name=f"user{number}") == 0
        sign_in.succeeded(name=f"user{number}", address="10.0.0.1", now=NOON)
    assert attempt(name="late") == 0


def test_a_day_later_all_is_forgotten_and_old_rows_are_cleared():
    for _ in range(5):
        attempt()
    day = 24 * 3600 + 60
    assert [attempt(day) for _ in range(4)] == [0] * 4
    later = NOON + timedelta(days=3)
    sign_in.begin(name="bob", address="10.0.0.3", now=later)
    sign_in.succeeded(name="bob", address="10.0.0.3", now=later)
    assert SignInAttempts.objects.filter(last_at__lt=later).count() == 0


def test_the_table_names_neither_people_nor_addresses():
    attempt()
    kept = str(list(SignInAttempts.objects.values()))
    assert "alice" not in kept
    assert "10.0.0.1" not in kept
