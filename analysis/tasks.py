"""Celery tasks of the analysis app: load by id, call one thing.

A message is only a wake-up: what is to be done stands in the rows, where it is claimed. A message
that is lost, late, doubled or taken by a busy worker changes nothing: idle workers look for
themselves (`take_part`).
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from celery import shared_task
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis.models import ImageSet, Job, Network, Run, State
from analysis.services import detections, files, image_sets, jobs, reports, shards
from analysis.services.reading import Taken

logger = logging.getLogger(__name__)

# Enough for several idle workers to join at once; others find the work when they look for it.
WAKE_UPS = 4
# A wake-up that nobody heard for so long is of no use any more: seconds.
WAKE_UP_EXPIRES = 300
# A message about a network or image set that nobody took for so long was lost.
UNHEARD = timedelta(seconds=60)

# Set when this process is asked to end: work stops after the batch and is put back.
stopping = Event()
# One thread of a process works on shards, so that the others stay free for short tasks.
_at_work = Lock()


@shared_task
def work_on(job_pk: int) -> None:
    """Take shards of a job one after another, until none is left; then look for other work."""
    if not _at_work.acquire(blocking=False):
        return  # the thread that works will look for more when it has done
    try:
        job = Job.objects.select_related("run").filter(pk=job_pk).first()
        if job is not None:  # its run may have been deleted since
            work_here(job)
    finally:
        _at_work.release()
    if not stopping.is_set():
        sweep()
        for ready in _ready():
            _send(ready.pk, ready.queue)


def take_part(queues: Collection[str]) -> None:
    """Begin with the oldest work of these queues in a thread of its own, if this process is idle.

    By no message: the free threads of a busy worker might take each one, and this process would
    stay idle beside it.
    """
    if _at_work.locked():
        return
    job = next((job for job in _ready() if job.queue in queues), None)
    if job is not None:
        Thread(target=_work_aside, args=(job.pk,), name=f"work on {job}").start()


def _ready() -> QuerySet[Job]:
    """Return the jobs in which a worker finds something to do, those of the oldest run first."""
    return Job.objects.ready(timezone.now()).order_by("run__created_at")


def _work_aside(job_pk: int) -> None:
    """Do what a message would: in a thread that must close its connection itself."""
    try:
        work_on(job_pk)
    except Exception:  # the database or broker is away: the rows stand
        logger.exception("the work on job %d broke off", job_pk)
    finally:
        connection.close()


def work_here(job: Job, stop: Event = stopping) -> None:
    """Work on a job in this thread, and wake the workers of the run's next job."""
    from analysis.pipeline import loop  # late: torch is loaded by workers only

    following = loop.work_on(job, stop)
    if following:
        wake(following)


def free_lost() -> datetime:
    """Free what lost workers hold; return the time at which that was so."""
    now = timezone.now()
    shards.free_lost(now)
    jobs.free_lost(now)
    return now


def sweep() -> None:
    """Free what lost workers hold, delete what nobody wants, send again what nobody heard.

    Sweeping twice, or in several workers at once, does no harm.
    """
    now = free_lost()
    detections.forget(now)
    files.sweep(now)
    _wake_registered(now)
    for pk in reports.free_lost(now):
        make_report.apply_async((pk,), expires=WAKE_UP_EXPIRES)


@shared_task
def inspect_network(network_pk: int) -> None:
    """Find out what a registered network is; a second delivery does nothing."""
    from analysis.pipeline import networks  # late: torch is loaded by workers only

    networks.inspect(Network.objects.get(pk=network_pk))


@shared_task
def import_images(image_set_pk: int) -> None:
    """List a registered folder of images; a second delivery does nothing."""
    image_sets.import_images(ImageSet.objects.get(pk=image_set_pk))


@shared_task
def make_report(report_pk: int) -> None:
    """Make a report that somebody asked for; a second delivery finds it taken and stops."""
    reports.make(report_pk, timezone.now)


@shared_task
def detect(detection_pk: int) -> None:
    """Look at the image that somebody waits for; a second delivery finds it taken and stops."""
    detection = detections.claim(detection_pk, timezone.now())
    if detection is not None:
        from analysis.pipeline import detect as detecting  # late: torch is loaded by workers only

        detecting.answer(detection)


def look_at(network: Network, image: Taken) -> dict[str, Any]:
    """Show a network an image, and return what a worker sees in it; the caller waits.

    Raises:
        DetectionRefused: the network cannot be run, or failed on the image.
        Busy: no worker is there, or none answered in time.
    """
    detection = detections.ask(network, image)
    detect.apply_async((detection.pk,), queue=detections.QUEUE, expires=detections.DEADLINE)
    return detections.answered(network, image, detections.wait_for(detection))


def _wake_registered(now: datetime) -> None:
    """Send the messages again for what was registered a while ago and that nobody looked at."""
    networks = Network.objects.runnable()
    for rows, task in ((networks, inspect_network), (ImageSet.objects.all(), import_images)):
        old = rows.filter(state=State.WAITING, created_at__lt=now - UNHEARD)
        for pk in old.values_list("pk", flat=True):
            task.apply_async((pk,), expires=WAKE_UP_EXPIRES)


def wake(job: Job) -> None:
    """Wake idle workers for a job, once the rows are committed."""

    def send() -> None:
        for _ in range(min(WAKE_UPS, max(1, job.shards.free(timezone.now()).count()))):
            _send(job.pk, job.queue)

    # robust: with the broker away the rows stand, and an idle worker finds them.
    transaction.on_commit(send, robust=True)


def wake_run(run: Run) -> None:
    """Wake idle workers for a run that was asked for or resumed, once the rows are committed."""
    for job in Job.objects.ready(timezone.now()).filter(run=run):
        wake(job)


def _send(job_pk: int, queue: str) -> None:
    work_on.apply_async((job_pk,), queue=queue, expires=WAKE_UP_EXPIRES)
