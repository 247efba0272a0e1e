"""Tokens are random, shown once, kept as a hash, and dead when revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import ApiToken
from analysis.services import tokens

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def test_a_token_is_its_users_key(worker_user):
    _, plain = tokens.make(worker_user, "notebook")
    assert tokens.user_of(plain) == worker_user


def test_the_token_has_256_random_bits_and_a_mark(worker_user):
    _, first = tokens.make(worker_user, "first")
    _, second = tokens.make(worker_user, "second")
    assert first != second
    assert first.startswith("us_")
    assert len(first) == len("us_") + 43  # 32 bytes in base 64


def test_only_the_hash_and_the_first_letters_are_kept(worker_user):
    row, plain = tokens.make(worker_user, "notebook")
    kept = ApiToken.objects.filter(pk=row.pk).values().get()
    assert kept["prefix"] == plain[:8]
    assert len(kept["digest"]) == 64
    assert plain not in str(kept)


@pytest.mark.parametrize("wrong", ["", "us_", "us_wrong", "Bearer us_x", "us_\0", "us_é" * 9999])
def test_a_wrong_token_is_nobodys(worker_user, wrong):
    tokens.make(worker_user, "notebook")
    assert tokens.user_of(wrong) is None


def test_the_hash_itself_is_no_token(worker_user):
    row, _ = tokens.make(worker_user, "notebook")
    assert tokens.user_of(row.digest) is None
    assert tokens.user_of("us_" + row.digest) is None


def test_a_user_who_may_not_sign_in_has_no_valid_token(worker_user):
    _, plain = tokens.make(worker_user, "notebook")
    worker_user.is_active = False
    worker_user.save()
    assert tokens.user_of(plain) is None


def test_a_revoked_token_is_dead(worker_user):
    row, plain = tokens.make(worker_user, "notebook")
    tokens.revoke(row)
    assert tokens.user_of(plain) is None


def test_its_use_is_noted_at_most_once_a_minute(worker_user):
    row, plain = tokens.make(worker_user, "notebook")
    tokens.user_of(plain)
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None
    tokens.user_of(plain)
    row.refresh_from_db()
    assert row.last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    tokens.user_of(plain)
    row.refresh_from_db()
    assert row.last_used_at > first


def test_a_second_use_in_the_same_minute_writes_nothing(worker_user, django_assert_num_queries):
    _, plain = tokens.make(worker_user, "notebook")
    tokens.user_of(plain)
    with django_assert_num_queries(1):
        tokens.user_of(plain)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_token_needs_a_name(worker_user, name):
    with pytest.raises(ValueError, match="1 to 80 letters"):
        tokens.make(worker_user, name)


def test_a_name_serves_one_token_of_a_user_but_also_another_user(worker_user, researcher):
    tokens.make(worker_user, "notebook")
    with pytest.raises(ValueError, match="already have a token called “notebook”"):
        tokens.make(worker_user, " notebook ")
    tokens.make(researcher, "notebook")
