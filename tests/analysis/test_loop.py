"""The loop of a worker: every way in which a shard or the joining of them may end."""

from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone

from analysis import tasks
from analysis.models import Job, LogLine, Run, Shard, State
from analysis.pipeline import loop
from analysis.services import files, jobs, runs, shards
from analysis.services.shards import MOST_ATTEMPTS, SILENCE
from tests.analysis.made import a_run, work_through

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def sent(monkeypatch):
    """The wake-ups that were sent, as (job, queue); nothing reaches a broker."""
    messages = []
    monkeypatch.setattr(tasks, "_send", lambda pk, queue: messages.append((pk, queue)))
    return messages


@pytest.fixture
def aside(monkeypatch):
    """Work that would be done in a thread of its own is done at once; its threads' names."""
    names = []

    class Thread:
        def __init__(self, target, args, name):
            self.work = lambda: target(*args)
            names.append(name)

        def start(self):
            self.work()

    monkeypatch.setattr(tasks, "Thread", Thread)
    # The tests' connection is the one that the work runs on here.
    monkeypatch.setattr(tasks.connection, "close", lambda: names.append("closed"))
    return names


def test_a_run_is_worked_through_step_after_step(steps):
    """Shards in order, joined once, done."""
    run = work_through(a_run())
    assert (run.state, run.error) == (State.DONE, "")
    assert steps.worked == [0, 1, 2, 3] * 2
    assert steps.finished == ["scan", "segment"]
    assert files.read(f"runs/{run.key}/layers/scan.txt").count(b"\n") == 999
    assert set(run.jobs.values_list("state", "worker")) == {(State.DONE, "")}


def test_the_job_after_is_given_back_to_be_woken(steps):
    """The scan's last worker names the segment step; after the last there is nothing."""
    run = a_run()
    scan, segment = run.jobs.order_by("position")
    assert loop.work_on(scan, Event()) == segment
    assert loop.work_on(segment, Event()) is None


def test_working_on_a_finished_job_again_does_nothing(steps):
    """A message delivered twice, or an hour late."""
    run = work_through(a_run())
    steps.worked.clear()
    work_through(run)
    assert steps.worked == []


def test_a_poisoned_shard_fails_alone_and_says_why(steps):
    """The others are done; the run is failed with the sentence; resume tries only that one."""
    steps.trouble[300] = ValueError("unit conv1/3 is not finite on image 300 (a.jpg).")
    run = work_through(a_run())
    assert run.state == State.FAILED
    assert run.error == (
        "scan of images 256 to 511 failed after attempt 1:"
        " unit conv1/3 is not finite on image 300 (a.jpg)."
    )
    assert steps.worked == [0, 2, 3]
    assert run.jobs.get(step="scan").error == run.error
    assert run.jobs.get(step="segment").state == State.WAITING
    steps.trouble.clear()
    assert runs.resume(run) == 1
    assert work_through(run).state == State.DONE
    assert steps.worked == [0, 2, 3, 1, 0, 1, 2, 3]


def test_two_poisoned_shards_are_counted(steps):
    """The sentence names the first."""
    steps.trouble.update({0: ValueError("no"), 999: ValueError("neither")})
    error = work_through(a_run()).error
    assert error.startswith("2 of 4 shards failed; the first: scan of images 0 to 255 failed")


def test_an_unexpected_error_is_tried_again_after_a_pause(steps):
    """The other shards are done first; the job stays open until the pause is over."""
    steps.trouble[0] = OSError("the disk is away")
    run = work_through(a_run())
    job = run.jobs.get(step="scan")
    first = job.shards.get(number=0)
    assert (run.state, first.state, first.attempt) == (State.RUNNING, State.WAITING, 1)
    assert first.error == "OSError: the disk is away"
    steps.trouble.clear()
    job.shards.update(due_at=timezone.now())
    assert work_through(run).state == State.DONE
    first.refresh_from_db()
    assert (first.attempt, first.error) == (2, "")


def test_an_unexpected_error_that_stays_fails_the_shard(steps):
    """After the last attempt."""
    steps.trouble[0] = RuntimeError("")
    run = a_run()
    for _ in range(MOST_ATTEMPTS):
        run.jobs.get(step="scan").shards.update(due_at=None)
        work_through(run)
    assert run.state == State.FAILED
    assert run.error.endswith("failed after attempt 5: RuntimeError: no more is known")


def test_a_worker_that_is_asked_to_stop_puts_its_shard_back(steps):
    """Nothing is lost and no attempt is counted."""
    stop = Event()
    run = a_run()
    job = run.jobs.get(step="scan")
    stop.set()
    shard = shards.claim(job, timezone.now())
    loop._do_shard(shard, stop)
    shard.refresh_from_db()
    assert (shard.state, shard.attempt, shard.worker) == (State.WAITING, 0, "")
    assert loop.work_on(job, stop) is None
    assert steps.worked == []


def test_a_worker_learns_at_a_beat_that_the_run_was_cancelled(steps, monkeypatch):
    """It stops within the shard and changes nothing any more."""
    monkeypatch.setattr(loop, "BEAT_EVERY", 0.0)
    run = a_run()
    job = run.jobs.get(step="scan")
    beat, beats = shards.beat, []

    def cancel_at_the_third(shard, done, now):
        beats.append(done)
        if len(beats) == 3:
            runs.cancel(run)
        beat(shard, done, now)

    monkeypatch.setattr(shards, "beat", cancel_at_the_third)
    assert loop.work_on(job, Event()) is None
    assert beats == [1, 2, 3]
    assert set(job.shards.values_list("state", flat=True)) == {State.CANCELLED}
    assert Run.objects.get(pk=run.pk).state == State.CANCELLED


def test_ctrl_c_in_the_middle_puts_the_shard_back(steps):
    """An interrupt that is no error of the shard."""
    steps.trouble[0] = KeyboardInterrupt()
    run = a_run()
    with pytest.raises(KeyboardInterrupt):
        work_through(run)
    first = run.jobs.get(step="scan").shards.get(number=0)
    assert (first.state, first.attempt) == (State.WAITING, 0)
    steps.trouble.clear()
    steps.trouble["merge"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        work_through(run)
    job = run.jobs.get(step="scan")
    assert (job.state, job.worker, job.attempt) == (State.RUNNING, "", 0)


def test_shards_are_joined_by_one_worker(steps):
    """The second finds the merge taken."""
    run = a_run()
    job = run.jobs.get(step="scan")
    job.shards.update(state=State.DONE)
    now = timezone.now()
    merge = jobs.claim_merge(job, now)
    assert merge.worker
    assert jobs.claim_merge(job, now) is None
    assert jobs.complete(merge, now).step == "segment"
    assert jobs.complete(merge, now) is None
    assert jobs.claim_merge(job, now) is None


def test_a_merge_whose_worker_is_lost_is_taken_by_another(steps):
    """And the first may not complete it any more."""
    run = a_run()
    job = run.jobs.get(step="scan")
    job.shards.update(state=State.DONE)
    now = timezone.now()
    lost = jobs.claim_merge(job, now)
    assert jobs.free_lost(now) == 0
    later = now + SILENCE + timedelta(seconds=1)
    assert jobs.free_lost(later) == 1
    assert jobs.claim_merge(job, later) is None  # the pause
    later += timedelta(seconds=2)
    again = jobs.claim_merge(job, later)
    assert again.attempt == 2
    assert jobs.complete(lost, later) is None
    with pytest.raises(shards.Interrupted):
        jobs.beat_merge(lost, later)
    assert jobs.complete(again, later).step == "segment"


def test_a_merge_that_fails_is_tried_again_then_fails_the_run(steps):
    """With the sentence, and resumable."""
    steps.trouble["merge"] = OSError("no space left")
    run = a_run()
    for _ in range(MOST_ATTEMPTS):
        run.jobs.update(due_at=None)
        work_through(run)
    assert run.state == State.FAILED
    assert run.error == "scan: joining the shards failed: OSError: no space left"
    steps.trouble.clear()
    runs.resume(run)
    assert work_through(run).state == State.DONE


def test_a_merge_that_finds_bad_content_fails_at_once(steps):
    """Another attempt would find the same."""
    steps.trouble["merge"] = ValueError("shard 2 holds other layers.")
    run = work_through(a_run())
    assert run.error == "scan: joining the shards failed: shard 2 holds other layers."


def test_long_merges_keep_beating(steps, monkeypatch):
    """From a thread beside them, until they end."""
    monkeypatch.setattr(loop, "MERGE_BEAT_EVERY", 0.01)
    run, beaten = a_run(), Event()
    monkeypatch.setattr(jobs, "beat_merge", lambda job, now: beaten.set())
    monkeypatch.setattr(steps, "finish", lambda job: beaten.wait(5) or pytest.fail("no beat"))
    assert work_through(run).state == State.DONE


def test_a_message_makes_the_worker_work_and_wakes_the_next_step(
    steps, sent, django_capture_on_commit_callbacks
):
    """Four shards of the segment step: four wake-ups on its queue, once committed."""
    run = a_run()
    scan, segment = run.jobs.order_by("position")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.work_on(scan.pk)
    assert steps.finished == ["scan"]
    assert sent.count((segment.pk, "cpu")) == 5  # four for the shards, one at the end of the work


def test_a_message_for_a_run_that_was_deleted_does_nothing(steps, sent):
    """It may lie in the queue for minutes."""
    tasks.work_on(10**6)
    assert steps.worked == []


def test_a_busy_process_lets_a_second_message_go(steps, sent, aside):
    """Its other threads stay free for short tasks."""
    run = a_run()
    with tasks._at_work:
        tasks.work_on(run.jobs.get(step="scan").pk)
        tasks.take_part(["gpu", "cpu"])
    assert steps.worked == []
    assert sent == aside == []


def test_asking_for_a_run_wakes_workers(steps, sent, django_capture_on_commit_callbacks):
    """As many as there are shards, four at most; a finished run wakes nobody."""
    run = a_run()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake_run(run)
    assert sent == [(run.jobs.get(step="scan").pk, "gpu")] * 4
    sent.clear()
    work_through(run)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake_run(run)
    assert sent == []


def test_a_broker_that_is_away_loses_no_run(steps, monkeypatch, django_capture_on_commit_callbacks):
    """The rows stand; an idle worker finds them."""

    def away(pk, queue):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks, "_send", away)
    run = a_run()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake_run(run)
    assert Job.objects.ready(timezone.now()).get().run == run


def test_an_idle_worker_takes_part_without_a_message(steps, sent, aside):
    """A busy worker might take each one; only on its queues, never in a stopped run."""
    run = a_run()
    scan, segment = run.jobs.order_by("position")
    tasks.take_part(["cpu"])
    assert steps.worked == aside == []
    tasks.take_part(["gpu"])
    assert steps.finished == ["scan"]
    assert aside == [f"work on {scan}", "closed"]
    assert set(sent) == {(segment.pk, "cpu")}
    runs.cancel(run)
    tasks.take_part(["gpu", "cpu"])
    assert steps.finished == ["scan"]


def test_what_breaks_off_aside_is_logged_and_closes_its_connection(
    steps, aside, monkeypatch, caplog
):
    """The database was away: the rows stand, the next look finds them."""
    a_run()
    monkeypatch.setattr(tasks, "work_here", lambda job: (_ for _ in ()).throw(OSError("away")))
    tasks.take_part(["gpu"])
    assert "broke off" in caplog.text
    assert aside[-1] == "closed"
    assert not tasks._at_work.locked()


def test_a_sweep_changes_nothing_that_is_not_lost(steps, sent):
    """Rows stay as they are, and no worker is woken for what idle ones find themselves."""
    run = a_run()
    before = list(run.jobs.values()) + list(Shard.objects.values())
    tasks.sweep()
    tasks.sweep()
    assert list(run.jobs.values()) + list(Shard.objects.values()) == before
    assert sent == []


def test_shards_that_nobody_joined_are_joined(steps, aside, sent, monkeypatch):
    """The worker of the last one vanished before it took the merge."""
    run = a_run()
    with monkeypatch.context() as vanished:
        vanished.setattr(jobs, "claim_merge", lambda *_: None)
        loop.work_on(run.jobs.select_related("run").get(step="scan"), Event())
    assert (steps.worked, steps.finished) == ([0, 1, 2, 3], [])
    tasks.take_part(["gpu"])
    assert (steps.worked, steps.finished) == ([0, 1, 2, 3], ["scan"])


def test_a_sweep_settles_a_job_whose_last_worker_vanished(steps):
    """Its last shard failed, and nobody said so: once."""
    run = a_run()
    shards_of_scan = run.jobs.get(step="scan").shards
    shards_of_scan.update(state=State.DONE)
    shards_of_scan.filter(number=3).update(state=State.FAILED, error="broken")
    for _ in range(2):
        tasks.sweep()
        run.refresh_from_db()
        assert run.state == State.FAILED
        assert LogLine.objects.filter(run=run, level="error").count() == 1


def test_a_shard_in_its_pause_is_not_begun(steps, aside):
    """Before its time nobody could take it."""
    steps.trouble[0] = OSError("away")
    run = work_through(a_run())
    tasks.take_part(["gpu"])
    assert aside == []
    run.jobs.get(step="scan").shards.filter(number=0).update(due_at=timezone.now())
    tasks.take_part(["gpu"])
    assert len(aside) == 2
