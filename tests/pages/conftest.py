"""Fixtures of the worker's pages: Alice, a campaign for members, and the unit she holds."""

import pytest
from django.utils import timezone

from annotate.models import Campaign
from annotate.services.assignments import claim
from annotate.services.workers import worker_for
from tests.analysis.looking import scanned, small_net, worker  # noqa: F401 - fixtures
from tests.annotate.factories import open_small_campaign


@pytest.fixture
def campaign(db):
    """A campaign for signed-in workers."""
    return open_small_campaign(units=3, slug="rooms", access=Campaign.Access.MEMBERS)


@pytest.fixture
def alice(client, worker_user):
    """Alice, signed in."""
    client.force_login(worker_user)
    return client


@pytest.fixture
def held(alice, worker_user, campaign):
    """A unit that Alice holds."""
    return claim(worker_for(worker_user), campaign, timezone.now())
