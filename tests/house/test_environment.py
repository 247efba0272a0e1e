"""Environment variables are read strictly, and the secret key is made once."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


@pytest.mark.parametrize(("value", "expected"), [("yes", True), ("ON", True), ("0", False)])
def test_a_flag_reads_yes_and_no(monkeypatch, value, expected):
    monkeypatch.setenv("DEBUG", value)
    assert environment.flag("DEBUG") is expected


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_flag_refuses_anything_else(monkeypatch, value):
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(ImproperlyConfigured, match=f"DEBUG='{value}' is neither yes nor no"):
        environment.flag("DEBUG")


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "0"])
def test_a_number_refuses_what_is_too_small_or_no_number(monkeypatch, value):
    monkeypatch.setenv("UPLOAD_MAX_MB", value)
    with pytest.raises(ImproperlyConfigured, match="whole number, 1 or more"):
        environment.whole("UPLOAD_MAX_MB", 5, least=1)


def test_a_list_is_split_at_commas(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", " a.example, ,b.example ")
    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_the_key_is_made_once_and_kept_from_others(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    path = tmp_path / "var" / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: environment.secret("SECRET_KEY", path), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_a_key_in_the_environment_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "given")
    assert environment.secret("SECRET_KEY", tmp_path / "key") == "given"
    assert not (tmp_path / "key").exists()


def test_the_folder_of_the_installation_is_its_owner_s(monkeypatch, tmp_path):
    """The database and its sessions lie beside the key."""
    monkeypatch.delenv("SECRET_KEY", raising=False)
    environment.secret("SECRET_KEY", tmp_path / "var" / "secret_key")
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_the_access_log_holds_no_secret_of_an_address():
    """A campaign's link carries its secret in the query, and a browser's referrer may too."""
    from config import gunicorn

    assert not {"%(r)s", "%(q)s", "%(f)s"} & set(gunicorn.access_log_format.split())
    for part in ("%(r)", "%(q)", "%(f)"):
        assert part not in gunicorn.access_log_format


def test_a_command_before_migrate_says_what_to_do(tmp_path):
    """One sentence, no traceback, also for whoever follows the README with another folder."""
    done = subprocess.run(
        [sys.executable, "manage.py", "add_user", "ann"],
        env=os.environ | {"UNITSCOPE_VAR": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run `python manage.py migrate`" in done.stderr
    assert "Traceback" not in done.stderr
