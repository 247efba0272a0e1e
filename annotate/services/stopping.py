"""When a unit of an adaptive campaign has been asked about often enough: judged as answers come.

A unit opens with the least number of answers wanted. Each answer has it judged, after the answer is
taken in, by what the last fit knows of the workers: where it is not sure it wants one answer more,
where it is sure or at the most it wants none. What a verdict makes of a unit depends on its
answers, its leases and the fit alone, so it may be given twice, late, or not at all until the next
count, which judges every unit again.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count

from annotate.core import stopping as core
from annotate.core.concepts import gather
from annotate.core.consensus import vote_table
from annotate.core.edits import Edits
from annotate.core.relations import english
from annotate.core.rules import CATEGORIES
from annotate.core.stopping import SoFar, Targets, Verdict
from annotate.core.trust import Matrices, read
from annotate.core.truth import VERSION
from annotate.models import Answer, Assignment, Campaign, Task, TruthFit
from annotate.services import audit
from annotate.services.audit import About
from annotate.services.consensus import edits_of, said_of

# Before anything is known of a crowd: two who agree make a unit .96 sure, two against one .90.
STATED_RIGHT = 0.7
FEWEST = 20  # answers of a fit; fewer say little of anybody
# The clock of who prolongs a lease may be a little behind: what has just ended holds its place.
GRACE = timedelta(minutes=1)
AT_ONCE = 500


class CannotAsk(ValueError):
    """Targets that contradict each other; the sentence says how."""


@dataclass(frozen=True)
class Grounds:
    """What units are judged by: targets, what workers are worth, what was decided about words."""

    campaign: Campaign
    targets: Targets
    groups: Matrices
    edits: Edits


# ---- Judging ---------------------------------------------------------------------------------
def grounds_of(campaign: Campaign) -> Grounds:
    """Return what a campaign's units are judged by now."""
    return Grounds(campaign, campaign.targets, _matrices(campaign), edits_of(campaign))


def judge_task(task: Task, now: datetime, grounds: Grounds | None = None) -> Verdict | None:
    """Judge one unit, and say how many answers it wants; may be repeated at will.

    None where the campaign asks everybody alike, and for what teaches or checks workers.
    """
    if not task.is_asked or not task.answers_wanted:
        return None
    # Read anew: its targets may have changed since the caller read it.
    campaign = grounds.campaign if grounds else Campaign.objects.get(pk=task.campaign_id)
    if not campaign.adaptive:
        return None
    return _settle(task.pk, grounds or grounds_of(campaign), now)


def judge_all(campaign: Campaign, now: datetime) -> int:
    """Judge every unit of a campaign; return how many stand otherwise than before.

    It finds those whose answers nobody judged, because a message was lost, and those that a new
    fit or new targets see otherwise. Only rows that change are locked.
    """
    campaign = Campaign.objects.get(pk=campaign.pk)
    if not campaign.adaptive:
        return 0
    grounds, changed = grounds_of(campaign), 0
    for tasks in _some(campaign):
        answers, live = _answers(campaign, tasks), _live(tasks, now)
        for task in tasks:
            verdict = _judged(task, answers[task.pk], grounds)
            stands = _standing(task, live[task.pk], verdict, grounds.targets.minimum)
            if stands != (task.answers_wanted, task.verdict):
                _settle(task.pk, grounds, now)
                changed += 1
    return changed


@transaction.atomic
def _settle(pk: int, grounds: Grounds, now: datetime) -> Verdict | None:
    """Judge a unit under its lock: whoever leases or submits it waits here, or is waited for."""
    task = Task.objects.select_for_update(no_key=True).get(pk=pk)
    if not task.is_asked or not task.answers_wanted:  # it has become a lesson meanwhile
        return None
    verdict = _judged(task, _answers(grounds.campaign, [task])[pk], grounds)
    live = _live([task], now)[pk]
    wanted, kept = _standing(task, live, verdict, grounds.targets.minimum)
    Task.objects.filter(pk=pk).update(answers_wanted=wanted, verdict=kept)
    return verdict


def _standing(task: Task, live: int, verdict: Verdict, least: int) -> tuple[int, dict[str, Any]]:
    """Return how many answers a unit wants, and what is kept of the verdict.

    Nobody's place is taken away: never fewer than are given and held. One more than are given is
    asked for at a time, so that nobody is asked in vain.
    """
    taken = task.answers_given + live
    if not verdict.answers:
        return max(taken, least), {}
    kept = {
        "why": verdict.why,
        "answers": verdict.answers,
        "open": list(verdict.open),
        "reached": {name: round(value, 4) for name, value in verdict.reached.items()},
    }
    if verdict.enough:
        return max(taken, 1), kept  # 0 would say that it teaches
    return max(taken, task.answers_given + 1, least), kept


def _judged(task: Task, answers: Sequence[Answer], grounds: Grounds) -> Verdict:
    """Return the core's verdict on a unit with these answers."""
    return core.judge(_so_far(task, answers, grounds), grounds.targets)


def _so_far(task: Task, answers: Sequence[Answer], grounds: Grounds) -> SoFar:
    """Return what the targets ask for, of these answers."""
    limits = grounds.targets.limits
    said = [said_of(answer) for answer in answers]
    concepts: list[int] = []
    if said and "concept_share" in limits:
        words = [one.concept for one in said]
        concepts = gather(words, [1.0] * len(words), english(), grounds.edits).groups
    votes = None
    if said and "width" in limits:
        places = [place for place in range(len(task.items)) if place not in task.controls]
        votes = vote_table(said, places)  # (answers, places)
    who = [one.who for one in said]
    return SoFar(
        groups=[CATEGORIES.index(one.category) for one in said],
        matrices=grounds.groups.of(who) if said else None,
        priors=grounds.groups.priors,
        concepts=concepts,
        votes=votes,
    )


def _matrices(campaign: Campaign) -> Matrices:
    """Return what the last fit knows of the workers, by whatever method; else a stated crowd."""
    rows = TruthFit.objects.filter(campaign=campaign, version=VERSION, answers__gte=FEWEST)
    fit = rows.defer("units", "figures").first()
    if fit is not None and fit.learnt.get("groups"):
        return read(fit.learnt["groups"])
    groups = len(CATEGORIES)
    crowd = core.stated_crowd(groups, STATED_RIGHT)
    return Matrices({}, crowd, np.full(groups, 1 / groups))


# ---- Reading many ----------------------------------------------------------------------------
def _some(campaign: Campaign) -> Iterator[list[Task]]:
    """Give the units asked about, some at a time."""
    last = 0
    rows = campaign.tasks.asked().order_by("pk")
    while tasks := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        yield tasks
        last = tasks[-1].pk


def _answers(campaign: Campaign, tasks: Sequence[Task]) -> dict[int, list[Answer]]:
    """Return the answers that count, by unit, in the order in which they came."""
    found: dict[int, list[Answer]] = defaultdict(list)
    counted = Answer.objects.counted(campaign).select_related("worker")
    for answer in counted.filter(task__in=[task.pk for task in tasks]).order_by("pk"):
        found[answer.task_id].append(answer)
    return found


def _live(tasks: Sequence[Task], now: datetime) -> dict[int, int]:
    """Return how many hold each unit."""
    held = Assignment.objects.filter(task__in=[task.pk for task in tasks]).live(now - GRACE)
    counts = held.order_by().values("task").annotate(held=Count("pk"))
    return defaultdict(int, counts.values_list("task", "held"))


# ---- Changing the targets --------------------------------------------------------------------
@transaction.atomic
def set_targets(campaign: Campaign, targets: Targets, by: User | None, now: datetime) -> bool:
    """Ask about each unit until it is so sure; False if it is so already.

    Units are judged anew by whoever calls this, after it is done. What is given stays.

    Raises
    ------
    CannotAsk
        no target is set, or a number is out of range.
    """
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    before = told(locked)
    locked.adaptive = True
    locked.answers_least, locked.answers_most = targets.minimum, targets.maximum
    locked.answers_per_unit = targets.minimum  # what a unit that is added later wants at first
    locked.target_group, locked.target_width = targets.group, targets.width
    locked.target_concept_share = targets.concept_share
    if told(locked) == before:
        return False
    try:
        locked.clean_fields(exclude=[f.name for f in locked._meta.fields if f.name not in FIELDS])
        locked.clean()
    except ValidationError as error:
        raise CannotAsk(" ".join(error.messages)) from error
    locked.save(update_fields=FIELDS)
    campaign.refresh_from_db(fields=FIELDS)
    audit.record(campaign, "targets changed", now, by, About(reason=f"{before} → {told(locked)}"))
    return True


FIELDS = (
    "adaptive", "answers_per_unit", "answers_least", "answers_most", "target_group",
    "target_concept_share", "target_width",
)  # fmt: skip
NAMES = {
    "group": "group {:g} probable",
    "concept_share": "{:g} of the answers with one concept",
    "width": "precision's interval {:g} wide at most",
}


def told(campaign: Campaign) -> str:
    """Say in a line how often a campaign asks about each unit."""
    if not campaign.adaptive:
        return f"{campaign.answers_per_unit} answer{'s' * (campaign.answers_per_unit > 1)} each"
    targets = campaign.targets
    parts = [NAMES[name].format(value) for name, value in targets.limits.items()]
    return f"{targets.minimum} to {targets.maximum} answers each, until {', '.join(parts)}"
