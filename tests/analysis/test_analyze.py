"""`manage.py analyze`: asked, refused, waited for, interrupted, gone on with."""

import io
import signal

import pytest
from django.core.management import CommandError, call_command

from analysis import tasks
from analysis.management.watching import Watcher, step_line
from analysis.models import Run, State
from analysis.services import runs
from analysis.services.progress import StepProgress, duration
from tests.analysis.installation import Installation
from tests.analysis.made import a_network, a_run, an_image_set, work_through

pytestmark = pytest.mark.rows


@pytest.fixture
def sent(monkeypatch):
    """Wake-ups are noted, not sent."""
    messages = []
    monkeypatch.setattr(tasks, "_send", lambda pk, queue: messages.append((pk, queue)))
    return messages


def analyze(*arguments, **options):
    """Run the command; return what it said."""
    out = io.StringIO()
    call_command("analyze", *arguments, stdout=out, no_color=True, **options)
    return out.getvalue()


@pytest.mark.django_db
class TestAsking:
    """Without waiting."""

    def test_a_run_is_made_and_workers_are_woken(
        self, steps, sent, django_capture_on_commit_callbacks
    ):
        """And it says how to watch."""
        a_network(), an_image_set()
        with django_capture_on_commit_callbacks(execute=True):
            said = analyze("net", "photos", "--layers", "conv2, conv1", "--top", "7")
        run = Run.objects.get()
        assert run.recipe["top"] == 7
        assert f"Run {run}: new." in said
        assert "No worker is running: `make worker` starts one." in said
        assert f"/runs/{run.short_key}/" in said
        assert len(sent) == 4

    def test_asking_again_says_how_it_stands(self, steps, sent):
        """And goes on with a run that had stopped."""
        run = a_run()
        assert "exists already, waiting" in analyze("net", "photos")
        runs.cancel(run)
        said = analyze("net", "photos")
        assert "exists already, cancelled" in said
        assert "goes on where it stopped: 8 shards" in said
        work_through(run)
        assert "exists already, done" in analyze("net", "photos", "--wait")

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["nets", "photos"], "no network 'nets'; there are: net. .*add_network"),
            (["net", "photo"], "no image set 'photo'; there are: photos. .*add_images"),
            (["net", "photos", "--layers", "fc9"], "net has no layer 'fc9'; its layers are: conv1"),
            (["net", "photos", "--top", "0"], "must be 1 to 1000, not 0"),
            (["net", "photos", "--steps", "segment"], "segment needs the step scan"),
            (["net", "photos", "--device", "tpu"], "invalid choice: 'tpu'"),
        ],
    )
    def test_what_cannot_be_run_is_refused_in_a_sentence(self, steps, arguments, sentence):
        """With exit code 1, by way of CommandError."""
        a_network(), an_image_set()
        with pytest.raises(CommandError, match=sentence):
            analyze(*arguments)
        assert not Run.objects.exists()

    def test_waiting_for_a_failed_run_tells_why(self, steps, sent, monkeypatch):
        """Exit code 1."""
        steps.trouble[0] = ValueError("a.jpg cannot be read.")
        work_through(a_run())
        monkeypatch.setattr(runs, "resume", lambda run: 0)
        with pytest.raises(CommandError, match=r"failed: scan of .* a\.jpg cannot be read\."):
            analyze("net", "photos", "--wait")


@pytest.mark.slow
class TestWaiting:
    """In a process of its own, on a database that threads can share."""

    @pytest.fixture
    def plan(self, tmp_path):
        """Return an installation with a planned run, given its environment."""
        made = []

        def make(**environment):
            here = Installation(tmp_path, **environment)
            made.append(here)
            here.__enter__()
            here.run("plan", "1000")
            return here

        yield make
        for here in made:
            here.__exit__()

    def test_ctrl_c_leaves_the_run_resumable_and_says_how(self, plan):
        """The same command goes on and ends."""
        here = plan(STANDIN_PAUSE="0.005")
        process = here.start("analyze", "net", "photos", "--wait")
        running = "SELECT count(*) FROM analysis_shard WHERE state = 'running'"
        here.wait_for(lambda: here.value(running), "work in the command's own process")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert "the same command goes on from there" in here.log()
        assert here.value(running) == 0
        assert here.value("SELECT max(attempt) FROM analysis_shard") <= 1
        said = here.run("analyze", "net", "photos", "--wait")
        assert "is done; it took" in said
        assert here.state() == "done"

    def test_a_poisoned_run_ends_with_the_reason_and_code_1(self, plan):
        """After everything else is done."""
        here = plan(STANDIN_PAUSE="0", STANDIN_TROUBLE="300")
        process = here.start("analyze", "net", "photos", "--wait")
        assert process.wait(120) == 1
        assert "failed after attempt 1: image 300 cannot be read." in here.log()
        assert here.value("SELECT count(*) FROM analysis_shard WHERE state = 'done'") == 3


def a_step(**fields):
    """Return a step half-way."""
    given = {
        "name": "scan", "counted": "images", "state": "running", "done": 500, "total": 1000,
        "failed": 0, "merging": False, "workers": 1, "rate": 20.0, "seconds_left": 25.0,
        "seconds_taken": 25.0, "error": "",
    }  # fmt: skip
    return StepProgress(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "500 of 1,000 images · 20.0/s · 25 s left"),
        ({"rate": None}, "500 of 1,000 images"),
        ({"merging": True}, "500 of 1,000 images · joining the shards"),
        ({"state": "failed", "rate": None}, "500 of 1,000 images · failed"),
    ],
)
def test_a_step_is_one_line(fields, line):
    """Bar, count, rate, time left."""
    assert step_line(a_step(**fields)) == f"scan     [############------------] {line}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min"), (11100, "3 h 05 min")],
)
def test_times_are_said_as_people_do(seconds, words):
    """Not 11100.0."""
    assert duration(seconds) == words


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self):
        """Return yes."""
        return True


@pytest.mark.django_db
def test_in_a_terminal_the_bars_are_drawn_over_and_the_log_stays(steps):
    """Two bars go, the lines of the log are printed once."""
    run = work_through(a_run())
    out = Terminal()
    watcher = Watcher(run, out)
    assert watcher.follow().state == State.DONE
    watcher._show(runs.progress(run))
    text = out.getvalue()
    assert text.count("\x1b[2A\x1b[J") == 1
    assert text.count("segment: done") == 1
    assert text.count("scan     [") == 2
