"""Sixteen workers at once, in processes, on a real database file or server."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings

pytestmark = [pytest.mark.rows, pytest.mark.slow]


@pytest.fixture
def database_url(tmp_path):
    """A database of its own: a SQLite file, or one on the server that is configured."""
    configured = settings.DATABASES["default"]
    if "postgresql" not in configured["ENGINE"]:
        yield f"sqlite:///{tmp_path / 'crowd.sqlite3'}"
        return
    name = f"crowd_{uuid4().hex}"
    base, _, query = settings.DATABASE_URL.partition("?")
    server = f"{base.rpartition('/')[0]}/postgres{'?' * bool(query)}{query}"
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True  # CREATE DATABASE runs in no transaction
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            yield f"{base.rpartition('/')[0]}/{name}{'?' * bool(query)}{query}"
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_no_unit_gets_one_answer_too_many_none_is_lost_and_all_end(database_url, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.annotate.crowd"],
        cwd=Path(settings.BASE_DIR),
        env={**os.environ, "DATABASE_URL": database_url, "UNITSCOPE_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    unsure = told.pop("unsure")
    assert unsure["exits"] == [0] * 16
    assert unsure["given"] == unsure["counted"]
    assert set(unsure["given"]) <= {2, 3, 4}
    assert sum(unsure["given"]) == unsure["submitted"] > 24
    assert set(unsure["verdicts"]) <= {"sure", "maximum"}
    assert set(unsure["met"]) <= {"submitted", "nothing free"}  # nobody's place was taken away
    for mood, crowd in told.items():
        assert crowd["exits"] == [0] * 16, mood
        assert crowd["given"] == [3] * 12, mood
        assert crowd["counted"] == [3] * 12, mood
        assert (crowd["doubled"], crowd["submitted"]) == (0, 36), mood
        assert crowd["waiting"] == crowd["sent back"], mood
        known = {"submitted", "given back", "nothing free", "refused"}
        assert set(crowd["met"]) <= known, crowd["met"]
    assert told["stormy"]["known"] > 0
    assert told["stormy"]["known_doubled"] == 0
    # Who holds a live lease can submit: nobody works in vain.
    assert "refused" not in told["calm"]["met"]
