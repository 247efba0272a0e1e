"""The loop of a worker: claim a shard, work, beat, finish; when all are done, join them."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Event, Thread
from typing import Protocol, cast

from django.db import DatabaseError, connection
from django.utils import timezone

from analysis.models import Job, Shard
from analysis.services import jobs, shards
from analysis.services.journal import log
from analysis.services.shards import Interrupted
from analysis.services.steps import STEPS

# Beats are written at most so often, whatever the size of a batch: seconds.
BEAT_EVERY = 1.0
MERGE_BEAT_EVERY = 10.0
logger = logging.getLogger(__name__)


class Beat(Protocol):
    """What a step calls after every batch with the number of items done so far."""

    def __call__(self, done: int) -> None:
        """Raise Interrupted when the step must stop."""


class StepModule(Protocol):
    """What a pipeline module gives: the same recipe makes the same bytes, so both may repeat."""

    def work(self, shard: Shard, beat: Beat) -> bool | None:
        """Do the items of one shard; return True where another run had done them already."""

    def finish(self, job: Job) -> None:
        """Join the shards of a job whose shards are all done."""


def work_on(job: Job, stop: Event) -> Job | None:
    """Work on ``job`` until nothing is left to take; return the run's next job if it may begin.

    ``stop`` ends it after the current batch and puts the current shard back untouched.
    """
    while not stop.is_set() and (shard := shards.claim(job, timezone.now())):
        _do_shard(shard, stop)
        jobs.settle(job, timezone.now())
    if not stop.is_set() and (merge := jobs.claim_merge(job, timezone.now())):
        return _merge(merge)
    return None


def _do_shard(shard: Shard, stop: Event) -> None:
    """Work one claimed shard and record how it went."""
    started = time.monotonic()
    try:
        reused = _module(shard.job).work(shard, _Heart(shard, stop))
    except Interrupted as interruption:
        logger.info("%s", interruption)
        shards.release(shard)  # hits no row when the shard was taken away
    except Exception as error:
        logger.warning("%s failed", shards.describe(shard), exc_info=True)
        shards.fail(shard, spoken(error), timezone.now(), final=isinstance(error, ValueError))
    except BaseException:
        shards.release(shard)
        raise
    else:
        if shards.finish(shard, timezone.now()):
            log(shard.job.run, _told(shard, started, reused=bool(reused)))


def _told(shard: Shard, started: float, *, reused: bool) -> str:
    """Return the line of a shard that is done; what was reused was not worked, so has no rate."""
    if reused:
        return f"{shards.describe(shard)}: reused"
    rate = (shard.last - shard.first) / max(time.monotonic() - started, 1e-3)
    return f"{shards.describe(shard)}: done, {rate:.1f} {STEPS[shard.job.step].counted} a second"


def _merge(job: Job) -> Job | None:
    """Join the shards of a claimed job; return the run's next job if it may begin."""
    try:
        with _beating(job):
            _module(job).finish(job)
    except Exception as error:
        logger.warning("%s: joining the shards failed", job, exc_info=True)
        final = isinstance(error, ValueError)
        jobs.fail_merge(job, spoken(error), timezone.now(), final=final)
    except BaseException:
        jobs.release_merge(job)
        raise
    else:
        return jobs.complete(job, timezone.now())
    return None


def spoken(error: BaseException) -> str:
    """Return an error as a sentence: our own ValueErrors are one, others say their kind too."""
    text = str(error).strip() or "no more is known"
    return text if type(error) is ValueError else f"{type(error).__name__}: {text}"


def _module(job: Job) -> StepModule:
    return cast(StepModule, import_module(STEPS[job.step].module))


class _Heart:
    """Writes the beats of one shard, and passes on the wish to stop."""

    def __init__(self, shard: Shard, stop: Event) -> None:
        self.shard, self.stop = shard, stop
        self.last = time.monotonic()

    def __call__(self, done: int) -> None:
        """Say that ``done`` items are finished; raise Interrupted when the work must stop."""
        if self.stop.is_set():
            raise Interrupted(f"{shards.describe(self.shard)} is put back: this worker stops")
        if time.monotonic() - self.last >= BEAT_EVERY:
            shards.beat(self.shard, done, timezone.now())
            self.last = time.monotonic()


@contextmanager
def _beating(job: Job) -> Iterator[None]:
    """Beat for a merge from a thread beside it: joining has no batches to beat after."""
    over = Event()

    def keep_beating() -> None:
        while not over.wait(MERGE_BEAT_EVERY):
            with suppress(DatabaseError, Interrupted):
                jobs.beat_merge(job, timezone.now())
            connection.close()

    thread = Thread(target=keep_beating, name=f"beat of {job}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
