"""Callers of the API: nobody, Alice who labels, Bob and Charlie who research, Dora the admin."""

import pytest
from rest_framework.test import APIClient

from analysis.services import tokens
from tests.analysis.looking import scanned, small_net, worker  # noqa: F401 - fixtures


def caller(user):
    """Return a client that calls with a token of this user."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.make(user, 'tests')[1]}")
    return client


@pytest.fixture
def nobody(db):
    return caller(None)


@pytest.fixture
def alice(worker_user):
    return caller(worker_user)


@pytest.fixture
def bob(researcher):
    return caller(researcher)


@pytest.fixture
def charlie(other_researcher):
    return caller(other_researcher)


@pytest.fixture
def dora(admin):
    return caller(admin)
