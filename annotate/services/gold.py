"""Known units ("gold"): when a unit may become one, be given up or teach, and how many are ready.

What the researcher said of a known unit is never shown to workers. So it may be asked about in
another campaign; but a unit whose answer workers can read anywhere can be known nowhere, and one
that checks workers can teach nowhere.
"""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from annotate.models import Assignment, Campaign, Lesson, Task
from annotate.services.audit import About, record

KINDS = (Lesson.Kind.GOLD, Lesson.Kind.RETIRED)


def is_gold(kind: str) -> bool:
    """Tell whether a lesson of this kind checks workers, or did."""
    return kind in KINDS


def given_to_workers(task: Task) -> bool:
    """Tell whether any worker holds, held or answered the task."""
    return Assignment.objects.filter(task=task).exists()


def elsewhere(task: Task) -> QuerySet[Task]:
    """Return where else the unit checks people, in campaigns that are not closed."""
    rows = Task.objects.filter(unit=task.unit, purpose=Task.Purpose.GOLD)
    rows = rows.filter(lesson__kind=Lesson.Kind.GOLD, campaign__simulated=False)
    return rows.exclude(campaign=task.campaign_id).exclude(campaign__state=Campaign.State.CLOSED)


def read_in(task: Task) -> str | None:
    """Return the campaign in which workers can, or could, read the unit's answer."""
    others = Lesson.objects.exclude(task=task)
    return others.told_about([task.unit]).get(task.unit_id)


def turn(task: Task, kind: str) -> None:
    """Have a task's answers count as what its lesson is for; call it in the transaction."""
    purpose = Task.Purpose.GOLD if is_gold(kind) else Task.Purpose.ASK
    Task.objects.filter(pk=task.pk).update(purpose=purpose)


def lock(campaign: int) -> None:
    """Lock a campaign's row before its tasks, as who extends it does; call it in the transaction.

    Whoever comes second waits, then counts what the first one wrote.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign)


def count(campaign: Campaign) -> None:
    """Write down how many known units are ready: pages of workers read it from their campaign.

    The campaign is to be locked already, unless nobody else knows of it yet.
    """
    ready = Lesson.objects.known().filter(task__campaign=campaign).count()
    Campaign.objects.filter(pk=campaign.pk).update(gold_units=ready)
    campaign.gold_units = ready


def note(task: Task, act: str, now: datetime, by: User | None) -> None:
    """Write an act about a known unit into the audit log; call it in the transaction."""
    record(task.campaign, act, now, by, About(task=task))
