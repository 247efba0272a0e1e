"""Imports of an archive killed by kill -9: nothing half is seen, and the next one succeeds."""

import json
import signal
import zipfile

import pytest
from django.db import transaction

from annotate.services import archives
from tests.analysis.installation import Installation
from tests.annotate.dying import POINTS
from tests.annotate.test_archives import everything

pytestmark = [pytest.mark.slow, pytest.mark.rows, pytest.mark.django_db]
SEEN = (
    "SELECT (SELECT count(*) FROM analysis_network) + (SELECT count(*) FROM analysis_imageset)"
    " + (SELECT count(*) FROM analysis_run) + (SELECT count(*) FROM annotate_campaign)"
)


@pytest.fixture
def archive(settings, tmp_path):
    """The archive of a network with something of everything."""
    settings.MEDIA_ROOT = tmp_path / "first"
    path = tmp_path / "net.zip"
    with transaction.atomic():
        path.write_bytes(b"".join(archives.export(everything(), weights=True)))
        transaction.set_rollback(True)
    return path


def content(path):
    """Return the hash of all that is in an archive."""
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("manifest.json"))["content"]


def test_an_import_killed_at_any_point_is_not_seen_and_the_next_succeeds(archive, tmp_path):
    """One after the other in one installation, each with what those before it left."""
    words = (str(archive), "--weights")
    with Installation(tmp_path) as here:
        here.run("migrate")
        for point in list(POINTS)[:-1]:
            killed = here.start("import_and_die", point, *words)
            assert killed.wait(300) == -signal.SIGKILL, here.log()[-2000:]
            assert here.value(SEEN) == 0, point
        assert here.digest(), "the last one had written its files"
        told = here.run("import_archive", *words)
        assert "net is imported, and private" in told
        assert not list((here.var / "imports").glob("*.json"))
        again = tmp_path / "again.zip"
        here.run("export_archive", "net", "--weights", "--output", str(again))
        assert content(again) == content(archive)
        before = here.digest()
        assert "here already" in here.run("import_archive", *words)
        assert here.digest() == before


def test_one_killed_after_its_rows_is_whole(archive, tmp_path):
    """All rows are there at once, so its files stay."""
    with Installation(tmp_path) as here:
        here.run("migrate")
        killed = here.start("import_and_die", list(POINTS)[-1], str(archive))
        assert killed.wait(300) == -signal.SIGKILL, here.log()[-2000:]
        assert here.value(SEEN) == 4
        before = here.digest()
        assert "here already" in here.run("import_archive", str(archive))
        assert here.digest() == before
        assert not list((here.var / "imports").glob("*.json"))
        again = tmp_path / "again.zip"
        here.run("export_archive", "net", "--output", str(again))
        told = here.run("import_archive", str(again), "--as", "twin")
        assert "twin is imported" in told
