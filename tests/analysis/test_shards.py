"""Shards: taken once, kept by beats, freed when their worker is lost, tried again after a pause."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import Job, LogLine, Shard, State
from analysis.services import jobs, processes, runs, shards
from analysis.services.shards import MOST_ATTEMPTS, SILENCE, Interrupted
from tests.analysis.made import a_run

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
NOW = timezone.now()
LATER = NOW + SILENCE + timedelta(seconds=1)


@pytest.fixture
def job(steps):
    """The scan of a new run: four shards."""
    return a_run().jobs.get(step="scan")


def name_of_a_dead_process():
    """Return the claim of a process that ran on this machine and has ended."""
    code = "from analysis.services.processes import claim_name; print(claim_name())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return done.stdout.strip()


def test_shards_are_claimed_in_order_each_once(job):
    """Four shards make four claims, then there is nothing to take."""
    taken = [shards.claim(job, NOW) for _ in range(4)]
    assert [shard.number for shard in taken] == [0, 1, 2, 3]
    assert len({shard.worker for shard in taken}) == 4
    assert shards.claim(job, NOW) is None


def test_the_first_claim_starts_job_and_run(job):
    """Both say since when."""
    shards.claim(job, NOW)
    job.refresh_from_db()
    assert (job.state, job.started_at) == (State.RUNNING, NOW)
    assert (job.run.state, job.run.started_at) == (State.RUNNING, NOW)
    assert LogLine.objects.get(run=job.run).text == "scan: started, 1,000 images"


def test_a_job_waits_for_the_one_before_it(job):
    """Nothing is segmented before everything is scanned."""
    segment = job.run.jobs.get(step="segment")
    assert shards.claim(segment, NOW) is None
    assert list(Job.objects.current()) == [job]


def test_a_shard_that_another_worker_wins_is_left_to_him(job, monkeypatch):
    """Between the look and the claim a faster worker takes the first shard."""
    claim_name = shards.claim_name

    def slow_name():
        monkeypatch.setattr(shards, "claim_name", claim_name)
        assert shards.claim(job, NOW).number == 0
        return claim_name()

    monkeypatch.setattr(shards, "claim_name", slow_name)
    assert shards.claim(job, NOW).number == 1


def test_a_beat_records_what_is_done(job):
    """The page shows it, and nobody takes the shard."""
    shard = shards.claim(job, NOW)
    shards.beat(shard, 17, LATER)
    shard.refresh_from_db()
    assert (shard.done, shard.beat_at) == (17, LATER)
    assert shards.free_lost(LATER) == 0


def test_a_finished_shard_is_done_and_counted_in_full(job):
    """What was done in the last beat is overtaken by the end."""
    shard = shards.claim(job, NOW)
    assert shards.finish(shard, LATER)
    shard.refresh_from_db()
    assert (shard.state, shard.done, shard.finished_at) == (State.DONE, 256, LATER)


def test_a_silent_worker_loses_its_shard_and_learns_it(job):
    """Another takes it; the first may neither beat nor finish nor fail it."""
    lost = shards.claim(job, NOW)
    assert shards.free_lost(LATER) == 1
    again = shards.claim(job, LATER)
    assert (again.pk, again.attempt) == (lost.pk, 2)
    with pytest.raises(Interrupted, match="scan of images 0 to 255 was cancelled or given"):
        shards.beat(lost, 10, LATER)
    assert not shards.finish(lost, LATER)
    assert not shards.fail(lost, "too late", LATER)
    assert not shards.release(lost)
    again.refresh_from_db()
    assert (again.state, again.attempt, again.done) == (State.RUNNING, 2, 0)
    spoken = processes.spoken(lost.worker)
    assert again.error == f"its worker {spoken} was lost (killed, or out of memory)"


def test_a_worker_that_ended_on_this_machine_is_lost_at_once(job):
    """Nobody waits two minutes after a kill -9."""
    shard = shards.claim(job, NOW)
    Shard.objects.filter(pk=shard.pk).update(worker=name_of_a_dead_process())
    assert shards.free_lost(NOW) == 1
    shard.refresh_from_db()
    assert shard.state == State.WAITING


def test_a_worker_on_another_machine_is_lost_by_silence_only(job):
    """Its process number says nothing here."""
    shard = shards.claim(job, NOW)
    Shard.objects.filter(pk=shard.pk).update(worker="elsewhere/1/999999/1/abcd")
    assert shards.free_lost(NOW) == 0
    assert shards.free_lost(LATER) == 1


def test_a_beat_just_before_keeps_the_shard(job, monkeypatch):
    """The sweeper looked, the worker beat, the sweeper lets go."""
    shard = shards.claim(job, NOW)
    is_lost = shards.is_lost

    def beat_meanwhile(leased, now):
        lost = is_lost(leased, now)
        shards.beat(shard, 5, LATER)
        return lost

    monkeypatch.setattr(shards, "is_lost", beat_meanwhile)
    assert shards.free_lost(LATER) == 0


def test_freeing_twice_frees_once(job):
    """Sweeps of several workers do not add up."""
    shards.claim(job, NOW)
    assert [shards.free_lost(LATER) for _ in range(3)] == [1, 0, 0]


def test_a_shard_that_loses_every_worker_fails_alone(job):
    """Something in it kills whoever touches it; the others go on."""
    for round_ in range(1, MOST_ATTEMPTS + 1):
        now = NOW + round_ * 2 * SILENCE
        assert shards.claim(job, now).attempt == round_
        assert shards.free_lost(now + 1.5 * SILENCE) == 1
    first = job.shards.get(number=0)
    assert first.state == State.FAILED
    assert "was lost" in first.error
    assert shards.claim(job, now + 2 * SILENCE).number == 1


def test_the_pauses_between_attempts_grow():
    """2, 8, 32, 128 seconds."""
    assert [shards.back_off(attempt).seconds for attempt in range(1, 5)] == [2, 8, 32, 128]


def test_an_error_is_tried_again_after_the_pause_and_not_before(job):
    """Meanwhile the other shards are taken."""
    shard = shards.claim(job, NOW)
    assert shards.fail(shard, "OSError: the disk is away", NOW)
    shard.refresh_from_db()
    assert (shard.state, shard.attempt, shard.error) == (
        State.WAITING,
        1,
        "OSError: the disk is away",
    )
    soon, due = NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)
    assert shards.claim(job, soon).number == 1
    again = shards.claim(job, due)
    assert (again.number, again.attempt) == (0, 2)
    line = LogLine.objects.filter(run=job.run).last()
    assert line.text.endswith("the disk is away (attempt 1, again in 2 s)")
    assert line.level == "warning"


def test_an_error_that_comes_back_every_time_ends_the_shard(job):
    """After the last attempt it has failed and says why."""
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(hours=1)
        shard = shards.claim(job, now)
        assert shard.number == 0
        shards.fail(shard, "OSError: no such file", now)
    shard.refresh_from_db()
    assert (shard.state, shard.attempt, shard.finished_at) == (State.FAILED, MOST_ATTEMPTS, now)


def test_a_final_error_is_not_tried_again(job):
    """The same images would give the same error."""
    shard = shards.claim(job, NOW)
    shards.fail(shard, "unit 3 is not finite on image 7", NOW, final=True)
    shard.refresh_from_db()
    assert (shard.state, shard.attempt) == (State.FAILED, 1)


def test_a_shard_that_is_put_back_counts_no_attempt(job):
    """Stopping a worker cleanly any number of times fails nothing."""
    for _ in range(2 * MOST_ATTEMPTS):
        shard = shards.claim(job, NOW)
        assert (shard.number, shard.attempt) == (0, 1)
        assert shards.release(shard)


def test_a_process_that_stops_puts_back_all_it_holds_at_once(job):
    """Before its batch is over; what others hold stays theirs, and no attempt is counted."""
    mine, other = shards.claim(job, NOW), shards.claim(job, NOW)
    Shard.objects.filter(pk=other.pk).update(worker="elsewhere/1/2/3/abcd")
    assert shards.put_back(processes.process_name()) == 1
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, mine.attempt, mine.worker) == (State.WAITING, 0, "")
    assert (other.state, other.attempt) == (State.RUNNING, 1)
    with pytest.raises(Interrupted):
        shards.beat(Shard(pk=mine.pk, worker="old", job=job, first=0, last=256), 1, NOW)


def test_a_process_that_stops_puts_back_its_merge_too(job):
    """Another worker joins the shards."""
    job.shards.update(state=State.DONE)
    assert jobs.claim_merge(job, NOW).attempt == 1
    assert shards.put_back(processes.process_name()) == 1
    assert jobs.claim_merge(job, NOW).attempt == 1


def test_no_shard_of_a_cancelled_run_is_claimed(job):
    """Nor kept by who has it."""
    shard = shards.claim(job, NOW)
    runs.cancel(job.run)
    assert shards.claim(job, NOW) is None
    with pytest.raises(Interrupted):
        shards.beat(shard, 3, NOW)
    assert not shards.finish(shard, NOW)


def test_a_claim_from_before_cancel_and_resume_is_void(job):
    """The old worker never heard of either; the shard has a new one."""
    old = shards.claim(job, NOW)
    runs.cancel(job.run)
    runs.resume(job.run)
    new = shards.claim(job, NOW)
    assert (new.pk, new.attempt) == (old.pk, old.attempt)
    with pytest.raises(Interrupted):
        shards.beat(old, 3, NOW)
    assert not shards.finish(old, NOW)
    shards.beat(new, 3, NOW)
