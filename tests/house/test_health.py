"""The health page and the command that asks it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

pytestmark = pytest.mark.rows


def test_it_answers_while_the_database_does(client, db):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_it_says_503_when_the_database_is_gone(client, db, monkeypatch):
    def gone():
        raise DatabaseError("connection refused at secret-host")

    with monkeypatch.context() as patch:
        patch.setattr("config.health.connection.cursor", gone)
        answer = client.get("/healthz")
    assert answer.status_code == 503
    assert b"secret-host" not in answer.content


def test_it_changes_nothing_so_it_cannot_be_posted_to(client, db):
    assert client.post("/healthz").status_code == 405


def test_the_command_asks_the_server(live_server, settings, capsys):
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    call_command("healthy", port=int(live_server.url.rpartition(":")[2]))
    assert '"ok"' in capsys.readouterr().out


def test_the_command_fails_where_nobody_listens():
    with pytest.raises(CommandError, match="does not answer"):
        call_command("healthy", port=1)
