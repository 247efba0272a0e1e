"""Jobs: when their shards are done one worker joins them, and the next job may begin."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from analysis.models import OPEN, Job, Run, Shard, State
from analysis.services.journal import log
from analysis.services.processes import claim_name, spoken
from analysis.services.shards import MOST_ATTEMPTS, Interrupted, back_off, describe, is_lost


def claim_merge(job: Job, now: datetime) -> Job | None:
    """Take the merge of ``job`` if all its shards are done and nobody else has it."""
    free = Job.objects.ready(now).filter(pk=job.pk, worker="")
    attempt = free.values_list("attempt", flat=True).first()
    if attempt is None or Shard.objects.filter(job=job).exclude(state=State.DONE).exists():
        return None
    won = Job.objects.filter(pk=job.pk, state__in=OPEN, worker="", attempt=attempt)
    if not won.update(
        state=State.RUNNING, worker=claim_name(), attempt=attempt + 1, beat_at=now, due_at=None
    ):
        return None
    return Job.objects.select_related("run").get(pk=job.pk)


def beat_merge(job: Job, now: datetime) -> None:
    """Say that the merge goes on; raise Interrupted if it was cancelled or taken away."""
    if not _mine(job).update(beat_at=now):
        raise Interrupted(f"{job.step}: the merge was cancelled or given to another worker")


def release_merge(job: Job) -> bool:
    """Put the merge back as it was before the claim: its worker stops of its own will."""
    return bool(_mine(job).update(worker="", attempt=job.attempt - 1))


@transaction.atomic
def complete(job: Job, now: datetime) -> Job | None:
    """Mark the job done; return the run's next job, None at the end or when taken away."""
    Run.objects.locked(job.run_id)
    if not _mine(job).update(state=State.DONE, finished_at=now, worker="", error=""):
        return None
    log(job.run, f"{job.step}: done")
    following = job.run.jobs.exclude(state=State.DONE).order_by("position").first()
    if following is None:
        running = Run.objects.filter(pk=job.run_id, state__in=OPEN)
        running.update(state=State.DONE, finished_at=now, error="")
    return following


@transaction.atomic
def fail_merge(job: Job, error: str, now: datetime, *, final: bool = False) -> bool:
    """Record that joining the shards went wrong: tried again after a pause, or failed for good."""
    Run.objects.locked(job.run_id)
    if final or job.attempt >= MOST_ATTEMPTS:
        sentence = f"{job.step}: joining the shards failed: {error}"
        return bool(_mine(job).exists() and _fail(job, sentence, now))
    pause = back_off(job.attempt)
    if not _mine(job).update(worker="", error=error, due_at=now + pause):
        return False
    text = f"{job.step}: joining the shards: {error}; again in {pause.seconds} s"
    log(job.run, text, level="warning")
    return True


@transaction.atomic
def settle(job: Job, now: datetime) -> bool:
    """Fail the job when nothing is left to do but shards that failed; return whether it did."""
    Run.objects.locked(job.run_id)
    states = job.shards.aggregate(
        open=Count("pk", filter=Q(state__in=OPEN)), failed=Count("pk", filter=Q(state=State.FAILED))
    )
    if states["open"] or not states["failed"]:
        return False
    first = job.shards.filter(state=State.FAILED).select_related("job").order_by("number")[0]
    sentence = f"{describe(first)} failed after attempt {first.attempt}: {first.error}"
    if states["failed"] > 1:
        total = job.shards.count()
        sentence = f"{states['failed']} of {total} shards failed; the first: {sentence}"
    return _fail(job, sentence, now)


def free_lost(now: datetime) -> int:
    """Free the merges whose worker is lost, and settle what nobody settled; return how many."""
    freed = 0
    for job in Job.objects.current().select_related("run"):
        if job.worker and is_lost(job, now):
            error = f"its worker {spoken(job.worker)} was lost (killed, or out of memory)"
            freed += fail_merge(job, error, now)
        else:
            freed += settle(job, now)
    return freed


def _mine(job: Job) -> QuerySet[Job]:
    """The job, as long as this claim holds its merge."""
    return Job.objects.filter(pk=job.pk, state=State.RUNNING, worker=job.worker)


def _fail(job: Job, sentence: str, now: datetime) -> bool:
    """Mark job and run failed, once."""
    open_job = Job.objects.filter(pk=job.pk, state__in=OPEN)
    if not open_job.update(state=State.FAILED, error=sentence, finished_at=now, worker=""):
        return False
    open_run = Run.objects.filter(pk=job.run_id, state__in=OPEN)
    open_run.update(state=State.FAILED, error=sentence, finished_at=now)
    log(job.run, f"{sentence} Everything else is kept: resume tries again.", level="error")
    return True
