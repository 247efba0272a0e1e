"""How far a run is: done and total, rate, time left, the last lines of its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from analysis.models import OPEN, Job, LogLine, Run, Shard, State
from analysis.services.listeners import listening
from analysis.services.shards import is_lost
from analysis.services.steps import STEPS

# The rate is that of the last few shards: networks warm up, disks fill their caches.
RECENT_SHARDS = 8
LOG_LINES = 12


@dataclass(frozen=True)
class StepProgress:
    """How far one step is; ``counted`` says what of (images, units)."""

    name: str
    counted: str
    state: str
    done: int
    total: int
    failed: int  # items in shards that failed for good
    merging: bool
    workers: int
    rate: float | None  # items per second, all workers together
    seconds_left: float | None
    seconds_taken: float | None
    error: str

    @property
    def share(self) -> float:
        """Return the share done, 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def started(self) -> bool:
        """Return whether any work was done on it."""
        return self.seconds_taken is not None

    @property
    def time_left(self) -> str:
        """Return how long it will take yet, in words."""
        return duration(self.seconds_left) if self.seconds_left is not None else ""

    @property
    def time_taken(self) -> str:
        """Return how long it has taken so far, in words."""
        return duration(self.seconds_taken) if self.seconds_taken is not None else ""


@dataclass(frozen=True)
class RunProgress:
    """How far a run is."""

    state: str
    error: str
    steps: tuple[StepProgress, ...]
    log: tuple[LogLine, ...]  # the last lines, oldest first
    unattended: str  # the queue that the run waits for while no worker listens to it, else ""

    @property
    def finished(self) -> bool:
        """Return whether nothing more will happen by itself."""
        return self.state not in OPEN


def progress(run: Run, now: datetime | None = None) -> RunProgress:
    """Return how far ``run`` is at this moment, read afresh."""
    now = now or timezone.now()
    state, error = Run.objects.values_list("state", "error").get(pk=run.pk)
    jobs = list(Job.objects.filter(run=run).select_related("run").order_by("position"))
    lines = list(LogLine.objects.filter(run=run).order_by("-pk")[:LOG_LINES])
    current = next((job for job in jobs if job.state in OPEN), None)
    alone = current is not None and not _attended(current, now)
    return RunProgress(
        state=state,
        error=error,
        steps=tuple(_step(job, now) for job in jobs),
        log=tuple(reversed(lines)),
        unattended=current.queue if current and alone else "",
    )


def _step(job: Job, now: datetime) -> StepProgress:
    """Return how far one job is."""
    running = list(job.shards.filter(state=State.RUNNING))
    # A run that came with an archive has no shards.
    finished = job.total if job.run.imported else job.shards.filter(state=State.DONE).items()
    done = finished + sum(shard.done for shard in running)
    rate = _rate(job, running) if job.state == State.RUNNING else None
    taken = (job.finished_at or now) - job.started_at if job.started_at else None
    return StepProgress(
        name=job.step,
        counted=STEPS[job.step].counted if job.step in STEPS else _("items"),
        state=job.state,
        done=done,
        total=job.total,
        failed=job.shards.filter(state=State.FAILED).items(),
        merging=bool(job.worker),
        workers=len(running) + bool(job.worker),
        rate=rate,
        seconds_left=(job.total - done) / rate if rate else None,
        seconds_taken=taken.total_seconds() if taken else None,
        error=job.error,
    )


def _rate(job: Job, running: Sequence[Shard]) -> float | None:
    """Return items per second: the rate of one worker in its last shards × workers at work."""
    recent = job.shards.filter(state=State.DONE, started_at__isnull=False)
    items, seconds = 0, 0.0
    for shard in [*running, *recent.order_by("-finished_at")[:RECENT_SHARDS]]:
        until = shard.finished_at if shard.state == State.DONE else shard.beat_at
        if shard.done and shard.started_at and until and until > shard.started_at:
            items += shard.done
            seconds += (until - shard.started_at).total_seconds()
    return items / seconds * len(running) if seconds and running else None


def _attended(job: Job, now: datetime) -> bool:
    """Return whether a worker listens for the job, or somebody is at work on it without one.

    `analyze --wait` works by itself where no worker runs: it holds a shard and has no queue.
    """
    held = [*job.shards.filter(state=State.RUNNING), *([job] if job.worker else [])]
    return bool(listening(job.queue, now)) or any(not is_lost(lease, now) for lease in held)


def duration(seconds: float) -> str:
    """Return a time as people say it: 40 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
