"""`manage.py up`: one command starts worker and web server, keeps them going, and stops both."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management import CommandError

from config.management.commands import up
from config.supervising import Child, how
from tests.analysis.installation import Installation, kill

READY = re.compile(r"Unitscope is at (http://127\.0\.0\.1:\d+/)")


def free_port():
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def alive(pid):
    """Return whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def below(pid):
    """Return the process ids of all descendants."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found] + [one for child in found for one in below(int(child))]


def command_of(pid):
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.rows
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
class TestUp:
    """Each test starts the whole thing."""

    @pytest.fixture
    def here(self, tmp_path):
        """An empty installation."""
        with Installation(tmp_path) as made:
            yield made

    def start(self, here):
        """Start it and wait until the pages can be opened and the worker is there."""
        process = here.start("up", "--port", str(free_port()))
        here.wait_for(lambda: READY.search(here.log()), "the address")
        here.wait_for(lambda: here.value("SELECT count(*) FROM analysis_listener"), "a worker")
        return process

    def worker_of(self, process):
        """Return the process id of its worker."""
        return next(pid for pid in below(process.pid) if "manage.py worker" in command_of(pid))

    def test_it_migrates_serves_restarts_a_dead_worker_and_stops_cleanly(self, here):
        """The whole life of it, on a fresh database."""
        process = self.start(here)
        with urlopen(READY.search(here.log())[1] + "healthz", timeout=10) as answer:
            assert answer.status == 200
        here.wait_for(lambda: here.value("SELECT name FROM analysis_listener"), "a listener")
        before = here.value("SELECT name FROM analysis_listener")
        first = self.worker_of(process)
        os.kill(first, signal.SIGKILL)
        here.wait_for(
            lambda: "The worker was killed by SIGKILL; it is started again in 1 s." in here.log(),
            "the news",
        )
        here.wait_for(lambda: here.log().count(" ready.") == 2, "another worker")
        listening = "SELECT min(name) FROM analysis_listener HAVING count(*) = 1"
        here.wait_for(lambda: here.value(listening) not in {None, before}, "its first sweep")
        family = below(process.pid)
        assert first not in family
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "Stopped." in here.log()
        assert "by force" not in here.log()
        assert "superuser" not in here.log()  # Celery's, about pickles
        assert not [pid for pid in family if alive(pid)]
        assert here.value("SELECT count(*) FROM analysis_listener") == 0

    def test_no_process_outlives_it_when_it_is_killed(self, here):
        """kill -9 of the parent: Linux tells the children."""
        process = self.start(here)
        family = below(process.pid)
        assert len(family) >= 3  # worker, web server and its processes
        kill(process)
        here.wait_for(lambda: not [pid for pid in family if alive(pid)], "the end of all")


def test_a_port_that_is_taken_is_named_before_anything_starts():
    """With what to do about it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} on 127.0.0.1 is taken .* --port"):
            up.check_port(port)
    up.check_port(free_port())


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_there_are_65535_ports(port):
    """Others are refused in a sentence."""
    with pytest.raises(CommandError, match=f"There is no port {port}"):
        up.check_port(port)


class TestChild:
    """A supervised process, with a clock of the test's own."""

    @pytest.fixture
    def clock(self, monkeypatch):
        """Seconds that pass when the test says so."""
        now = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        return now

    def died(self, child):
        """Wait for its end and look."""
        child.process.wait()
        return child.look()

    def test_the_pauses_before_restarts_grow_up_to_a_limit(self, clock):
        """1, 2, 4 … 30 seconds; a worker that cannot start does not burn the processor."""
        said = []
        child = Child("worker", [sys.executable, "-S", "-c", "raise SystemExit(3)"], said.append)
        for _ in range(7):
            child.start()
            assert self.died(child) == 3
            assert child.look() is None
            assert child.process is None
        pauses = [int(line.split()[-2]) for line in said]
        assert pauses == [1, 2, 4, 8, 16, 30, 30]
        assert said[0] == "The worker ended with code 3; it is started again in 1 s."

    def test_it_is_started_again_when_the_pause_is_over(self, clock):
        """Not before."""
        child = Child("worker", [sys.executable, "-S", "-c", ""], lambda line: None)
        child.start()
        self.died(child)
        clock[0] += 0.9
        child.look()
        assert child.process is None
        clock[0] += 0.2
        child.look()
        assert child.process
        child.process.wait()

    def test_after_a_healthy_life_the_pauses_begin_anew(self, clock):
        """One crash a day is no series."""
        said = []
        child = Child("worker", [sys.executable, "-S", "-c", ""], said.append)
        for _ in range(3):
            child.start()
            child.process.wait()
            clock[0] += 61
            child.look()
        assert {line.split()[-2] for line in said} == {"1"}

    def test_a_process_that_does_not_stop_is_ended_by_force(self):
        """And it is said."""
        said = []
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
        child = Child(
            "worker", [sys.executable, "-S", "-c", f"{code}; time.sleep(60)"], said.append
        )
        child.start()
        time.sleep(0.5)
        child.ask_to_stop()
        child.wait(0.1)
        assert said == ["The worker did not stop in time and is ended by force."]
        assert child.process is None

    def test_what_never_ran_needs_no_stopping(self):
        """Stopping in the middle of a pause."""
        child = Child("worker", [], lambda line: None)
        child.ask_to_stop()
        child.wait(1)


def test_ends_are_said_in_words():
    """Codes and signals."""
    assert how(0) == "ended with code 0"
    assert how(-9) == "was killed by SIGKILL"


def test_the_command_line_checks_the_port_before_it_migrates(tmp_path):
    """As its user sees it: one sentence, exit code 1, no folder filled."""
    with Installation(tmp_path) as here, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = here.run("up", "--port", str(other.getsockname()[1]), check=False)
        assert "is taken by another program" in said
        assert "Traceback" not in said
        assert not (here.var / "unitscope.sqlite3").exists()


def test_the_worker_command_knows_its_queues():
    """`make worker` listens to all."""
    done = subprocess.run(
        [sys.executable, "manage.py", "worker", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "gpu,cpu,interactive" in done.stdout
