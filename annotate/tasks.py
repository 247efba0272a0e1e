"""Celery tasks of the annotate app: load by id, call one thing."""

import logging

from celery import shared_task
from django.db import OperationalError
from django.utils.timezone import now
from kombu.exceptions import OperationalError as BrokerError

from annotate.models import Campaign, Task, TruthFit
from annotate.services import consensus, mixing, stopping, truth, worker_rules

log = logging.getLogger(__name__)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def aggregate(task_pk: int) -> None:
    """Bring a unit's label up to date with its answers, judge it, and look at who gave them.

    A second delivery changes nothing.
    """
    task = Task.objects.select_related("campaign").filter(pk=task_pk).first()
    if task is not None:  # its campaign may have been deleted since
        consensus.publish_task(task)
        stopping.judge_task(task, now())
        worker_rules.judge_task(task, now())
        mixing.prepare_repeat(task)
        ask(task.campaign)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def publish(campaign_pk: int) -> None:
    """Count a campaign anew and write every label; a second delivery changes nothing."""
    campaign = Campaign.objects.filter(pk=campaign_pk).first()
    if campaign is not None:
        truth.renew(campaign, now(), everything=True)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def refit(campaign_pk: int) -> None:
    """Count a campaign anew, for all answers since the last time; twice is once."""
    campaign = Campaign.objects.filter(pk=campaign_pk).first()
    if campaign is not None:
        truth.renew(campaign, now())


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def judge(campaign_pk: int) -> None:
    """Judge all units of a campaign by its targets as they are now; twice is once."""
    campaign = Campaign.objects.filter(pk=campaign_pk).first()
    if campaign is not None:
        stopping.judge_all(campaign, now())


def ask(campaign: Campaign) -> None:
    """Have a campaign counted soon: one message for all who ask until then.

    A broken broker delays it and loses nothing: a later answer, or the page, asks again.
    """
    wait = truth.ask(campaign, now())
    if wait is not None:
        try:
            refit.apply_async((campaign.pk,), countdown=wait)
        except (BrokerError, OSError):
            log.exception("The count of campaign %s could not be queued.", campaign.slug)


def counted(campaign: Campaign) -> TruthFit:
    """Return a campaign's count: made at once where that is quick, else soon, and the last now."""
    fit = truth.last_count(campaign)
    if truth.is_current(campaign, fit):
        return fit
    if truth.is_quick(campaign):
        return truth.count(campaign, now())
    ask(campaign)
    return fit
