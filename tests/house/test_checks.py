"""Every bad setting is found at the start, with an id and a hint."""

from pathlib import Path

import pytest
from django.core.checks import run_checks

from config import checks


def ids(messages):
    return [message.id for message in messages]


def test_a_laptop_s_defaults_pass():
    assert ids(run_checks()) == []


@pytest.mark.parametrize(
    ("check", "changed", "expected"),
    [
        (checks.secret_key, {"SECRET_KEY": "short"}, "unitscope.E001"),
        (checks.hosts, {"DEBUG": True, "ALLOWED_HOSTS": ["lab.example"]}, "unitscope.E003"),
        (checks.hosts, {"ALLOWED_HOSTS": ["*"]}, "unitscope.W004"),
        (checks.jobs, {"CELERY_BROKER_URL": "sqla+sqlite:///x"}, "unitscope.E007"),
        (checks.jobs, {"DEVICE": "tpu"}, "unitscope.E009"),
        (checks.media, {"MEDIA_ROOT": Path("/dev/null/media")}, "unitscope.E010"),
        (checks.allowed_folders, {"ALLOWED_FOLDERS": [Path("/no/such")]}, "unitscope.E012"),
        (checks.allowed_folders, {"ALLOWED_FOLDERS": [Path("/")]}, "unitscope.E013"),
    ],
)
def test_a_bad_setting_has_an_id_and_a_hint(settings, check, changed, expected):
    for name, value in changed.items():
        setattr(settings, name, value)
    found = list(check())
    assert expected in ids(found)
    assert all(message.hint for message in found)


def test_another_database_is_refused(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": "django.db.backends.mysql"})
    assert ids(checks.database()) == ["unitscope.E005"]


def test_a_local_broker_with_a_shared_database_is_warned_of(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": "django.db.backends.postgresql"})
    settings.CELERY_BROKER_URL = "filesystem://"
    assert ids(checks.jobs()) == ["unitscope.W008"]


def test_a_readable_key_file_is_refused(settings, tmp_path):
    settings.VAR = tmp_path
    key = tmp_path / "secret_key"
    key.write_text("x" * 60)
    key.chmod(0o644)
    assert ids(checks.secret_key()) == ["unitscope.E002"]
    key.chmod(0o600)
    assert ids(checks.secret_key()) == []


def test_media_that_would_be_served_as_static_files_is_refused(settings, tmp_path):
    settings.MEDIA_ROOT, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    assert ids(checks.media()) == ["unitscope.E011"]


def test_rate_limits_of_single_processes_are_warned_of(settings, monkeypatch):
    backend = "django.core.cache.backends.locmem.LocMemCache"
    monkeypatch.setitem(settings.CACHES, "default", {"BACKEND": backend})
    assert ids(checks.shared_cache()) == ["unitscope.W014"]
