"""Shards: taken by one worker at a time, kept by a heartbeat, tried again, or failed alone.

Whoever changes a shard says in the WHERE of his UPDATE what it must still be, and looks whether
one row was hit. That is right on SQLite and on PostgreSQL, with any number of workers. A claim's
name is never given twice, so a worker whose shard was taken away cannot touch it any more.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from analysis.models import Job, Run, Shard, State
from analysis.services.journal import log
from analysis.services.processes import claim_name, spoken, surely_gone
from analysis.services.steps import STEPS

# A worker beats after every batch. Silence as long as this means that it is lost.
SILENCE = timedelta(seconds=120)
MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=2)
# How many free shards a worker looks at before it lets others go first.
CANDIDATES = 20


class Interrupted(Exception):
    """The shard is no longer this worker's: cancelled, taken away, or the worker is stopping."""


def claim(job: Job, now: datetime) -> Shard | None:
    """Take the next free shard of ``job``, or return None when there is none."""
    if not Job.objects.current().filter(pk=job.pk).exists():
        return None
    free = Shard.objects.free(now).filter(job=job).order_by("number")
    for pk, attempt in free.values_list("pk", "attempt")[:CANDIDATES]:
        name = claim_name()
        won = Shard.objects.free(now).filter(pk=pk, attempt=attempt)
        if won.update(
            state=State.RUNNING,
            attempt=attempt + 1,
            worker=name,
            done=0,
            beat_at=now,
            started_at=now,
            finished_at=None,
        ):
            _start(job, now)
            return Shard.objects.select_related("job__run").get(pk=pk)
    return None


def beat(shard: Shard, done: int, now: datetime) -> None:
    """Say that ``done`` items of the shard are finished; raise Interrupted if it was taken away."""
    if not _mine(shard).update(done=done, beat_at=now):
        raise Interrupted(f"{describe(shard)} was cancelled or given to another worker")


def finish(shard: Shard, now: datetime) -> bool:
    """Mark the shard done; return False when it was taken away meanwhile."""
    size = shard.last - shard.first
    return bool(
        _mine(shard).update(state=State.DONE, done=size, finished_at=now, error="", due_at=None)
    )


def release(shard: Shard) -> bool:
    """Put the shard back as it was before the claim: its worker stops of its own will."""
    before = shard.attempt - 1
    return bool(_mine(shard).update(state=State.WAITING, attempt=before, done=0, worker=""))


def put_back(process: str) -> int:
    """Put back all that a process holds, shards and merges, as if it had never claimed them.

    A process that was told to stop says so at once: should it be ended by force before its batch
    is over, nothing is lost and no attempt is counted.
    """
    held = {"state": State.RUNNING, "worker__startswith": process}
    before = F("attempt") - 1
    shards = Shard.objects.filter(**held)
    merges = Job.objects.filter(**held)
    freed = shards.update(state=State.WAITING, attempt=before, done=0, worker="")
    return freed + merges.update(attempt=before, worker="")


def fail(shard: Shard, error: str, now: datetime, *, final: bool = False) -> bool:
    """Record ``error``; the shard is tried again after a pause, or has failed for good.

    ``final`` errors (bad content: the same would happen again) are not tried again. Returns
    False when the shard was taken away meanwhile.
    """
    final = final or shard.attempt >= MOST_ATTEMPTS
    state = {"state": State.FAILED, "finished_at": now} if final else {"state": State.WAITING}
    pause = back_off(shard.attempt)
    mine = _mine(shard)
    if not mine.update(**state, error=error, due_at=None if final else now + pause, worker=""):
        return False
    what = "and has failed" if final else f"again in {pause.seconds} s"
    line = f"{describe(shard)}: {error} (attempt {shard.attempt}, {what})"
    log(shard.job.run, line, level="error" if final else "warning")
    return True


def back_off(attempt: int) -> timedelta:
    """Return the pause after the failed ``attempt``, counted from 1: 2, 8, 32, 128 seconds."""
    return FIRST_PAUSE * int(4 ** (attempt - 1))


def free_lost(now: datetime) -> int:
    """Free the shards whose worker is lost; return how many.

    Lost is a worker that was silent for SILENCE, or that ran on this machine and has ended.
    """
    held = Shard.objects.filter(state=State.RUNNING).select_related("job__run")
    lost = [shard for shard in held if is_lost(shard, now)]
    return sum(_free(shard, now) for shard in lost)


def is_lost(leased: Shard | Job, now: datetime) -> bool:
    """Return whether the worker that holds a shard or a merge is lost."""
    silent = leased.beat_at is None or leased.beat_at < now - SILENCE
    return silent or surely_gone(leased.worker)


def describe(shard: Shard) -> str:
    """Return what a shard is in words, e.g. ``scan of images 256 to 511``."""
    counted = STEPS[shard.job.step].counted if shard.job.step in STEPS else "items"
    return f"{shard.job.step} of {counted} {shard.first} to {shard.last - 1}"


def _free(shard: Shard, now: datetime) -> bool:
    """Take a shard from its lost worker, unless it beats after all."""
    final = shard.attempt >= MOST_ATTEMPTS
    state = State.FAILED if final else State.WAITING
    error = f"its worker {spoken(shard.worker)} was lost (killed, or out of memory)"
    still = _mine(shard).filter(Q(beat_at=shard.beat_at))
    if not still.update(state=state, error=error, due_at=None, done=0, worker=""):
        return False
    what = "has failed" if final else "is free again"
    line = f"{describe(shard)}: {error}; attempt {shard.attempt}, it {what}"
    log(shard.job.run, line, level="error" if final else "warning")
    return True


def _mine(shard: Shard) -> QuerySet[Shard]:
    """The shard, as long as this claim holds it."""
    return Shard.objects.filter(pk=shard.pk, state=State.RUNNING, worker=shard.worker)


def _start(job: Job, now: datetime) -> None:
    """The first claim starts the job and the run."""
    waiting = Q(state=State.WAITING)
    if Job.objects.filter(waiting, pk=job.pk).update(state=State.RUNNING, started_at=now):
        Run.objects.filter(waiting, pk=job.run_id).update(state=State.RUNNING, started_at=now)
        log(job.run, f"{job.step}: started, {job.total:,} {STEPS[job.step].counted}")
