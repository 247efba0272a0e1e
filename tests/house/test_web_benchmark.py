"""The benchmark of the worker's requests runs, and says what it promises."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

KEYS = {
    "database", "tasks", "clients", "next_p50_ms", "next_p95_ms", "submit_p50_ms", "submit_p95_ms",
    "cpu_ms_per_request", "requests_per_s", "lost", "doubled", "over_collected",
}  # fmt: skip


def run(*options):
    """Run the benchmark as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.web", *options],
        cwd=settings.BASE_DIR,
        env={key: value for key, value in os.environ.items() if key != "CACHE_URL"},
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.slow
def test_a_tiny_case_loses_and_doubles_nothing():
    done = run("--tasks", "60", "--clients", "1,3", "--units", "11", "--seconds", "200")
    assert done.returncode == 0, done.stderr[-2000:]
    one, three = map(json.loads, done.stdout.splitlines())
    assert set(three) >= KEYS
    assert (one["database"], one["tasks"], one["clients"]) == ("sqlite", 60, 1)
    assert (one["answers"], three["failures"]) == (11, 0)
    assert one["requests"] == 3 * 11 + 1  # next is a redirect and the page; the tenth comes twice
    assert three["answers"] > 0
    for case in (one, three):
        assert case["lost"] == case["doubled"] == case["over_collected"] == 0
        assert case["cpu_ms_per_request"] > 0


def test_a_case_that_makes_no_sense_is_refused_in_a_sentence():
    done = run("--tasks", "5", "--clients", "8")
    assert done.returncode == 2
    assert "at least 40" in done.stderr
