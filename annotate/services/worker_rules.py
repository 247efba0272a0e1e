"""The rules of a campaign about its workers: set by a researcher, looked at after each answer."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from annotate.core.worker_rules import breach
from annotate.models import Campaign, CampaignRules, Ruling, Task, Worker
from annotate.services import audit, worker_standings
from annotate.services.audit import About
from annotate.services.rulings import rule_by_breach

NAMES = {
    "missed": "More than {}% of planted negatives missed",
    "agreement": "Group of the others in less than {}% of units",
    "pace": "Faster than {}% of the others' middle time",
}


def rules_of(campaign: Campaign) -> CampaignRules:
    """Return a campaign's rules; those that nobody has set are off and not in the database."""
    found = CampaignRules.objects.filter(campaign=campaign).first()
    return found or CampaignRules(campaign=campaign)


def sentence(rules: CampaignRules) -> str:
    """Say in one line what holds."""
    if not rules.limits:
        return "No rule is on."
    told = [f"{NAMES[limit.name].format(limit.beyond)}: {limit.then}" for limit in rules.limits]
    sure = ", when sure" if rules.when_sure else ""
    over = f"over the last {rules.window} answers, from {rules.minimum_answers} on{sure}"
    return f"{'; '.join(told)} ({over})."


@transaction.atomic
def set_rules(campaign: Campaign, fields: dict[str, Any], by: User, now: datetime) -> CampaignRules:
    """Write the rules; they are looked at from the next answer on, and what was ruled stays."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    before = sentence(rules_of(campaign))
    rules, _ = CampaignRules.objects.update_or_create(campaign=campaign, defaults=fields)
    if sentence(rules) != before:
        audit.record(campaign, "rules changed", now, by, About(reason=sentence(rules)))
    return rules


def judge_task(task: Task, now: datetime) -> list[Ruling]:
    """Look at everybody who answered a unit; may be repeated, and ruled is ruled.

    Each new answer may change what the others of its unit are compared with, so all of them are
    looked at. Only workers of the campaign's own kind are: no simulated one among people.
    """
    rules = CampaignRules.objects.filter(campaign=task.campaign_id).select_related("campaign")
    found = rules.first()
    if found is None or not found.limits:
        return []
    answers = task.answers.counted(found.campaign)
    workers = Worker.objects.filter(pk__in=answers.values("worker")).order_by("pk")
    made = [judge(worker, found, now) for worker in workers]
    return [ruling for ruling in made if ruling is not None]


def judge(worker: Worker, rules: CampaignRules, now: datetime) -> Ruling | None:
    """Rule on a worker whose answers since the last ruling are beyond a limit.

    Answers given before somebody let him go on were judged then, and are not held against him
    twice.
    """
    campaign = rules.campaign
    newest = Ruling.objects.newest(worker, campaign)
    if worker.has_left or (newest is not None and newest.holds_back):
        return None
    since = newest.at if newest else None
    standing = worker_standings.lately(worker, campaign, rules.window, since)
    if standing is None or standing.answers < rules.minimum_answers:
        return None
    found = breach(standing, rules.limits, rules.when_sure)
    return rule_by_breach(worker, campaign, found, newest, now) if found else None
