"""The sweeper of a worker: beats, sweeps, looks for work, puts back at the end."""

import threading

import pytest
from django.utils import timezone

from analysis import tasks
from analysis.models import Listener
from analysis.services import listeners, shards
from analysis.services.listeners import SILENCE
from config.sweeping import Sweeper

NOW = timezone.now()


@pytest.fixture
def done(monkeypatch):
    """What the sweeper did, without a database."""
    deeds = []
    monkeypatch.setattr(tasks, "sweep", lambda: deeds.append("sweep"))
    monkeypatch.setattr(tasks, "take_part", lambda queues: deeds.append(("take part", queues)))
    monkeypatch.setattr(listeners, "beat", lambda name, queues, device, now: deeds.append("beat"))
    monkeypatch.setattr(listeners, "leave", lambda name: deeds.append("leave"))
    monkeypatch.setattr(shards, "put_back", lambda process: deeds.append("put back"))
    return deeds


def run(sweeper, rounds):
    """Run the sweeper in this thread for some rounds."""

    class Over(threading.Event):
        left = rounds

        def wait(self, timeout=None):
            self.left -= 1
            if not self.left:
                self.set()
            return self.is_set()

    sweeper.over = Over()
    sweeper._run()


def test_it_beats_sweeps_and_looks_for_work_every_round_and_puts_back_at_the_end(done):
    """In this order."""
    sweeper = Sweeper()
    sweeper.queues = ["gpu"]
    run(sweeper, 2)
    assert done == ["beat", "sweep", ("take part", ["gpu"])] * 2 + ["put back", "leave"]


def test_a_round_that_fails_is_followed_by_the_next(done, monkeypatch, caplog):
    """The database comes back."""
    fails = [RuntimeError("the database is away")]
    monkeypatch.setattr(listeners, "beat", lambda *_: fails and (_ for _ in ()).throw(fails.pop()))
    run(Sweeper(), 2)
    assert "the sweep failed" in caplog.text
    assert done == ["sweep", ("take part", []), "put back", "leave"]


def test_it_lives_in_a_thread_that_ends_with_the_worker(done):
    """Told once, it is over."""
    sweeper = Sweeper()
    sweeper.listen(["cpu"])
    sweeper.leave()
    for thread in threading.enumerate():
        if thread.name == "sweeper":
            thread.join(5)
    assert done[-2:] == ["put back", "leave"]


@pytest.mark.rows
@pytest.mark.django_db
class TestListeners:
    """The rows behind it."""

    def test_a_worker_that_beats_is_listening_to_its_queues(self):
        """And to no others."""
        listeners.beat("here/1/2/3/a", ["gpu", "cpu"], "auto", NOW)
        assert [row.name for row in listeners.listening("gpu", NOW)] == ["here/1/2/3/a"]
        assert listeners.listening("interactive", NOW) == []

    def test_it_keeps_its_beginning(self):
        """Beats move only the beat."""
        listeners.beat("here/1/2/3/a", ["gpu"], "auto", NOW)
        listeners.beat("here/1/2/3/a", ["gpu"], "auto", NOW + SILENCE)
        row = Listener.objects.get()
        assert (row.started_at, row.beat_at) == (NOW, NOW + SILENCE)

    def test_silence_is_absence_and_others_clear_it_away(self):
        """Three missed beats."""
        listeners.beat("there/1/2/3/a", ["gpu"], "auto", NOW)
        later = NOW + 2 * SILENCE
        assert listeners.listening("gpu", later) == []
        listeners.beat("here/1/2/3/b", ["cpu"], "auto", later)
        assert Listener.objects.get().name == "here/1/2/3/b"

    def test_leaving_is_at_once(self):
        """A clean stop."""
        listeners.beat("here/1/2/3/a", ["gpu"], "auto", NOW)
        listeners.leave("here/1/2/3/a")
        assert listeners.listening("gpu", NOW) == []
