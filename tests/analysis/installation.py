"""An installation of its own for tests that start and kill real processes.

It has its own folder and its own database: a file, or one more database on the PostgreSQL that
the tests run on. Its processes are started by this class and stopped by their process ids.
"""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings

from analysis.services import files

WAIT = 240  # seconds: two workers and a database may start beside three other tests


def hear_ctrl_c():
    """Let a new process hear Ctrl-C, which those of a test run in the background would not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Installation:
    """Folder, database and processes; use it in a with block."""

    def __init__(self, folder, **environment):
        self.var = Path(folder) / "var"
        self.var.mkdir(parents=True)
        self.processes = []
        self.url = os.environ.get("DATABASE_URL", "")
        if self.url:
            self.name = f"unitscope_{uuid.uuid4().hex[:12]}"
            self.url = urlunsplit(urlsplit(self.url)._replace(path=f"/{self.name}"))
        self.environment = {
            **os.environ,
            "UNITSCOPE_VAR": str(self.var),
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        if broker := os.environ.get("CELERY_BROKER_URL"):
            # A database of Redis for each process of tests. What earlier tests left there does
            # no harm: a wake-up for a job that is done, or not there, changes nothing.
            number = 4 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12
            parts = urlsplit(broker)._replace(path=f"/{number}")
            self.environment["CELERY_BROKER_URL"] = urlunsplit(parts)
        if self.url:
            self.environment["DATABASE_URL"] = self.url

    def __enter__(self):
        if self.url:
            self._administer(f'CREATE DATABASE "{self.name}"')
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.url:
            self._administer(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def run(self, *command, check=True, patience=3 * WAIT):
        """Run a command of the driver to its end, within ``patience`` seconds; return its words."""
        done = subprocess.run(
            self._command(command), env=self.environment, cwd=settings.BASE_DIR, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=patience, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout
        return done.stdout.strip()

    def start(self, *command):
        """Start a process that goes on; what it prints is in the log."""
        with (self.var / "log").open("ab") as log:
            process = subprocess.Popen(
                self._command(command), env=self.environment, cwd=settings.BASE_DIR,
                stdout=log, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def log(self):
        """Return what the started processes have printed."""
        return (self.var / "log").read_text(errors="replace")

    def value(self, query):
        """Return the first value that a query gives, None while the tables are not there."""
        if self.url:
            connection = psycopg2.connect(self.url)
        else:
            connection = sqlite3.connect(self.var / "unitscope.sqlite3", timeout=30)
        try:
            cursor = connection.cursor()
            cursor.execute(query)
            row = cursor.fetchone()
            return row[0] if row else None
        finally:
            connection.close()

    def state(self):
        """Return the state of the only run."""
        return self.value("SELECT state FROM analysis_run")

    def wait_for(self, condition, what):
        """Return when ``condition()`` holds; fail with the log after four minutes."""
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come about:\n{self.log()[-4000:]}"
            time.sleep(0.02)

    def digest(self):
        """Return name → sha256 of every result file.

        What lies aside is none: a killed worker may leave it, until it is swept.
        """
        media = self.var / "media"
        return {
            str(path.relative_to(media)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(media.rglob("*"))
            if path.is_file() and path.parent != media / files.ASIDE
        }

    def _command(self, command):
        return [sys.executable, "-m", "tests.analysis.driver", *command]

    def _administer(self, statement):
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()


def kill(process):
    """kill -9, and wait until the process has ended."""
    process.send_signal(signal.SIGKILL)
    process.wait()
