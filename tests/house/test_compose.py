"""The compose file is read by a real parser, and says what production needs."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GIVEN = {"SECRET_KEY": "k" * 60, "POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r"}


def compose(*arguments, **given):
    program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    if not shutil.which(program[0]):
        pytest.skip("no docker-compose here to read the file")
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | given
    return subprocess.run(
        [*program, "-f", ROOT / "docker-compose.yml", *arguments],
        env=environment, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def services():
    read = compose("--profile", "gpu", "config", **GIVEN)
    assert read.returncode == 0, read.stderr
    return yaml.safe_load(read.stdout)["services"]


def test_the_parser_accepts_it_and_finds_every_process(services):
    assert set(services) == {
        "postgres", "redis", "migrate", "web", "worker", "interactive", "gpu",
    }  # fmt: skip


@pytest.mark.parametrize("missing", sorted(GIVEN))
def test_it_refuses_to_start_without_a_secret(missing):
    given = {name: value for name, value in GIVEN.items() if name != missing}
    read = compose("config", **given)
    assert read.returncode != 0
    assert missing in read.stderr


def test_every_long_running_service_has_a_health_check(services):
    for name in ("postgres", "redis", "web", "worker", "interactive", "gpu"):
        assert "healthcheck" in services[name], name


def test_every_queue_has_a_worker(services):
    served = set()
    for service in services.values():
        command = service.get("command") or []
        if "--queues" in command:
            served |= set(command[command.index("--queues") + 1].split(","))
    assert served == {"cpu", "gpu", "interactive"}


def test_our_containers_cannot_gain_rights(services):
    for name in ("migrate", "web", "worker", "interactive", "gpu"):
        assert services[name]["cap_drop"] == ["ALL"], name
        assert services[name]["security_opt"] == ["no-new-privileges:true"], name


def test_secrets_stand_in_no_file_of_the_project():
    text = json.dumps(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    for name in GIVEN:
        assert f"${{{name}" in text
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert all(example[name] == "" for name in GIVEN)


def test_the_image_runs_as_an_ordinary_account():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.index("USER unitscope") < next(
        number for number, line in enumerate(lines) if line.startswith("CMD")
    )
