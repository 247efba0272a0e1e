"""Fixtures of the tests of jobs."""

import pytest

from analysis.services.steps import STEPS
from tests.analysis import standin
from tests.analysis.looking import scanned, small_net, worker  # noqa: F401 - fixtures
from tests.analysis.made import standin_steps


@pytest.fixture
def steps(monkeypatch, settings, tmp_path):
    """The stand-in's steps, a media folder of this test's own, and no trouble left behind."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for name, step in standin_steps().items():
        monkeypatch.setitem(STEPS, name, step)
    for memory in (standin.trouble, standin.worked, standin.finished):
        memory.clear()
    yield standin
    standin.trouble.clear()
