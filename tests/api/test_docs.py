"""The examples of docs/api.md and docs/exports.md run as they stand, against a real server."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.auth.models import Group, User

from analysis.models import Network, Run
from analysis.services import tokens
from annotate.models import Campaign
from tests.annotate import factories
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.slow]


def blocks(document, language):
    """Return the code blocks of a page in one language."""
    text = (Path(project.BASE_DIR) / "docs" / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(transactional_db, live_server, settings, tmp_path, monkeypatch):
    """A server with what the examples name; returns how to run one of them."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr("analysis.tasks.wake_run", lambda run: None)
    monkeypatch.setattr("analysis.tasks.inspect_network.delay_on_commit", lambda pk: None)
    user = a_researcher()
    network = rows.network("alexnet", layers=["pool5"], channels=20)
    labels = {"classes": [{"index": 3, "name": "bed"}, {"index": 34, "name": "lamp"}]}
    images = factories.ImageSetFactory(slug="nyuv2", labels=labels)
    run = rows.run(network, images, created_by=user)
    factories.fill_run(run, network.layers.get())
    for channel in (3, 12):
        rows.label(rows.unit(network, "pool5", channel), "lamp", run=run)
    (tmp_path / "weights.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    environment = os.environ | {
        "UNITSCOPE": live_server.url,
        "TOKEN": tokens.make(user, "docs")[1],
        "NO_PROXY": "*",
    }

    def execute(*command, **more):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    return execute


def a_researcher():
    """Make a researcher whom the server's thread sees: no test's transaction is round him."""
    user = User.objects.create_user("bob")
    user.groups.add(Group.objects.get_or_create(name="researcher")[0])
    return user


def test_the_examples_in_bash_run(place):
    reading, launching, registering = blocks("api.md", "bash")
    assert '"lamp"' in place("bash", "-euo", "pipefail", "-c", reading)
    assert "waiting" in place("bash", "-euo", "pipefail", "-c", launching)
    assert Run.objects.count() == 2
    assert '"mine"' in place("bash", "-euo", "pipefail", "-c", registering)
    assert Network.objects.get(slug="mine").state == "waiting"


def test_the_examples_in_python_run(place):
    said = place(sys.executable, "-c", "\n".join(blocks("api.md", "python")))
    assert re.search(r"object\s+2\s+0.9", said)
    assert "scan: " in said
    assert Campaign.objects.get().tasks.count() == 20
    assert "[] mean no class yet" in said
    assert "'act': 'undo', 'user': 'bob'" in said


def test_the_examples_of_the_exports_run(place, tmp_path):
    (commands,) = blocks("exports.md", "bash")
    curl = commands[commands.index("curl") :]
    place("bash", "-euo", "pipefail", "-c", curl)
    assert (tmp_path / "units.csv").read_text(encoding="utf-8").count("lamp") == 2
    (reading,) = blocks("exports.md", "python")
    assert re.search(r"pool5\s+1\.0", place(sys.executable, "-c", reading))


def test_the_notebook_goes_from_the_api_to_a_figure(place):
    book = json.loads((Path(project.BASE_DIR) / "docs/notebook/figures.ipynb").read_text("utf-8"))
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell.get("outputs") for cell in book["cells"][5:] if cell["cell_type"] == "code")
    shown = "figure.to_dict()['datasets'], precision.to_dict('records'), again.status_code"
    whole = "\n".join([*code, f"print({shown})"])
    said = place(sys.executable, "-c", whole, NETWORK="alexnet", SOURCE="people")
    assert said.strip().endswith("] 304")
    assert "[{'layer': 'pool5', 'category': 'object', 'size': 2}]" in said
    assert "'layer': 'pool5', 'units': 2, 'precision': 0.9" in said
