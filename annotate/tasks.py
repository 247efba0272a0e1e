"""Celery tasks of the annotate app: load by id, call one thing."""

from celery import shared_task
from django.db import OperationalError
from django.utils.timezone import now

from annotate.models import Campaign, Task
from annotate.services import consensus, mixing, worker_rules


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def aggregate(task_pk: int) -> None:
    """Bring a unit's label up to date with its answers, and look at who gave them.

    A second delivery changes nothing.
    """
    task = Task.objects.filter(pk=task_pk).first()
    if task is not None:  # its campaign may have been deleted since
        consensus.publish_task(task)
        worker_rules.judge_task(task, now())
        mixing.prepare_repeat(task)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def publish(campaign_pk: int) -> None:
    """Bring every label of a campaign up to date; a second delivery changes nothing."""
    campaign = Campaign.objects.filter(pk=campaign_pk).first()
    if campaign is not None:
        consensus.publish(campaign)
