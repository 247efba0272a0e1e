"""The processes of docker-compose.yml, started with its commands on PostgreSQL and Redis.

No Docker engine is needed: each service's own command runs here, with the environment that the
file gives it, the two servers' addresses put in place. Only where .ci/services.py started both.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

import psycopg2
import pytest
import yaml
from django.conf import settings

from tests.house.test_compose import GIVEN, compose

pytestmark = [
    pytest.mark.rows,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("postgres")
        or not os.environ.get("CELERY_BROKER_URL", "").startswith("redis"),
        reason="needs PostgreSQL and Redis: python .ci/services.py python -m pytest …",
    ),
]
ROOT = Path(settings.BASE_DIR)
WAIT = 240  # seconds, on a busy machine


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Compose:
    """The services of the file as processes of this machine."""

    def __init__(self, folder):
        read = compose("config", **GIVEN)
        assert read.returncode == 0, read.stderr
        self.services = yaml.safe_load(read.stdout)["services"]
        self.folder, self.port, self.processes = folder, free_port(), []
        self.database = f"unitscope_{secrets.token_hex(6)}"
        self.log = folder / "log"

    def environment(self, service):
        """What the file gives the service, the addresses of its servers replaced by ours."""
        given = dict(self.services[service]["environment"])
        given["DATABASE_URL"] = urlunsplit(
            urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{self.database}")
        )
        # Databases of their own, so that no other test's messages are seen.
        broker = os.environ["CELERY_BROKER_URL"].rpartition("/")[0]
        given |= {"CELERY_BROKER_URL": f"{broker}/14", "CACHE_URL": f"{broker}/15"}
        given |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "UNITSCOPE_VAR": str(self.folder / "data"),
            "STATIC_ROOT": str(self.folder / "static"),
            "STATIC_MANIFEST": "yes",
            "ALLOWED_FOLDERS": str(self.folder / "images"),
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "TORCH_THREADS": "1",
        }
        return {name: str(value) for name, value in given.items()}

    def command(self, service):
        return self.services[service].get("command") or [
            "gunicorn", "config.wsgi", "--config", "config/gunicorn.py",
        ]  # fmt: skip

    def run(self, service, *command):
        """Run a command as `docker compose run SERVICE COMMAND` would."""
        done = subprocess.run(
            command or self.command(service), cwd=ROOT, env=self.environment(service),
            capture_output=True, text=True, timeout=WAIT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, service):
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command(service), cwd=ROOT, env=self.environment(service),
                stdout=log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def get(self, path, **headers):
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)) as answer:
            return answer.status, answer.headers, answer.read()

    def ask(self, token, path, body=None):
        """Ask the API, and return what it says."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = Request(f"http://127.0.0.1:{self.port}/api/v1/{path}", data, headers)
        try:
            with urlopen(request) as answer:
                return json.load(answer)
        except HTTPError as error:
            pytest.fail(f"{path}: {error.code} {error.read().decode()}")

    def wait_for(self, condition, what):
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.log.read_text()}"
            time.sleep(0.2)

    def healthy(self):
        try:
            return self.get("/healthz")[0] == 200
        except (URLError, OSError):
            return False

    def administer(self, statement):
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        connection.autocommit = True
        connection.cursor().execute(statement)
        connection.close()

    def __enter__(self):
        (self.folder / "images").mkdir()
        self.administer(f'CREATE DATABASE "{self.database}"')
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.administer(f'DROP DATABASE "{self.database}" WITH (FORCE)')


def test_a_run_goes_from_the_api_through_the_workers_to_a_picture(tmp_path, make_photographs):
    with Compose(tmp_path) as site:
        make_photographs(tmp_path / "images" / "photos")
        site.run("migrate")
        site.run("web", "python", "manage.py", "collectstatic", "--noinput")
        site.start("web")
        workers = [site.start("worker"), site.start("interactive")]
        site.wait_for(site.healthy, "the web server")
        site.run("web", "python", "manage.py", "healthy", "--port", str(site.port))
        site.run("web", "python", "manage.py", "add_user", "ruth", "--role", "researcher")
        token = site.run("web", "python", "manage.py", "shell", "-c", MAKE_TOKEN).split()[-1]

        ask = partial(site.ask, token)

        def state(path):
            return ask(path)["state"]

        size = {"height": 64, "width": 64}
        ask("networks/", {"slug": "tiny", "arch": "torchvision:squeezenet1_1", "untrained": 1,
                          "preprocessing": size})  # fmt: skip
        ask("image-sets/", {"slug": "photos", "folder": str(tmp_path / "images" / "photos")})
        for path in ("networks/tiny/", "image-sets/photos/"):
            site.wait_for(lambda path=path: state(path) == "done", path)
        layer = ask("layers/?network=tiny")["results"][0]["name"]
        run = ask("runs/", {"network": "tiny", "image_set": "photos", "layers": [layer], "top": 12})
        site.wait_for(lambda: state(f"runs/{run['key']}/") == "done", "the run")
        top = ask(f"units/tiny/{layer}/0/top-images/")["results"]
        status, headers, picture = site.get(urlsplit(top[0]["pictures"]["segmented"]["tile"]).path)
        assert (status, headers["Content-Type"]) == (200, "image/webp")
        assert picture[8:12] == b"WEBP"
        assert all(process.poll() is None for process in workers), site.log.read_text()


MAKE_TOKEN = """
from django.contrib.auth.models import User
from analysis.services import tokens
print(tokens.make(User.objects.get(username="ruth"), "production test")[1])
"""


def test_no_page_is_served_without_the_secret_key(tmp_path):
    with Compose(tmp_path) as site:
        environment = site.environment("web") | {"SECRET_KEY": "short"}
        done = subprocess.run(
            [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 1
        assert "unitscope.E001" in done.stderr
