"""Fixtures that every test may use: the people, and where the photographs lie."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.db import connection

# Made quick, but readable by a server in another process: a hash says its own iterations.
PBKDF2PasswordHasher.iterations = 1
# Static files are found when they are asked for: otherwise every client, which is a server of its
# own, reads all of them first, and that is most of what a test of one page costs.
settings.WHITENOISE_AUTOREFRESH = True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with slow tests first.

    Workers take one file after another: a slow one that comes last keeps one of them busy alone.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs, or skip."""
    if not SHARED.is_dir():
        pytest.skip(f"no real photographs at {SHARED}")
    return SHARED


def researchers() -> Group:
    """The group as its migration makes it; a test with real transactions empties all tables."""
    group = Group.objects.filter(name="researcher", permissions__isnull=False).first()
    if group is None:
        migration = import_module("analysis.migrations.0002_researchers")
        migration.make_group(apps, SimpleNamespace(connection=connection))
        group = Group.objects.get(name="researcher")
    return group


@pytest.fixture
def worker_user(db: None) -> User:
    """Alice labels units."""
    return User.objects.create_user("alice", password="alice-password")


@pytest.fixture
def researcher(db: None) -> User:
    """Bob has networks and images."""
    user = User.objects.create_user("bob", password="bob-password")
    user.groups.add(researchers())
    return user


@pytest.fixture
def other_researcher(db: None) -> User:
    """Charlie is a researcher too, but not of Bob's networks."""
    user = User.objects.create_user("charlie", password="charlie-password")
    user.groups.add(researchers())
    return user


@pytest.fixture
def admin(db: None) -> User:
    """Dora runs the installation."""
    return User.objects.create_superuser("dora", password="dora-password")
