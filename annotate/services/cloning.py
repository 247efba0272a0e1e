"""A campaign once more: the same units of the same run, asked of others or in another way."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from analysis.models import Unit
from annotate.models import Campaign, Lesson, Task
from annotate.services import gold
from annotate.services.audit import About, record
from annotate.services.campaigns import CannotOpen, Plan, open_campaign
from annotate.services.forecasting import Stated
from annotate.services.lessons import KINDS, CannotTeach, insist_untold
from annotate.services.pay import pay_of
from annotate.services.plans import SAME

# Of a lesson, what its expert said; nobody has seen it yet in the new campaign.
TOLD = (
    "kind", "position", "concept", "category", "rejected", "other_words", "why", "machine_made",
    "labelled_at",
)  # fmt: skip
# Of the campaign's own fields, those that no plan has.
MORE = ("practice_bar", "pay_per_answer", "pay_per_hour", "currency", "fee")


@transaction.atomic
def clone(
    campaign: Campaign, *, slug: str, lessons: bool, by: User | None, now: datetime
) -> Campaign:
    """Make a campaign with the same settings about the same units, paused, without any answer.

    With ``lessons`` its tutorial and practice round come too. Otherwise units whose answers
    workers may have read stay left out, by the rule that holds for every campaign.

    Raises
    ------
    CannotOpen
        with a sentence: the name is taken, the answers were published, the run's pictures are
        gone, the network's atlas is public, or a lesson would tell what is asked elsewhere.
    """
    if campaign.published:
        raise CannotOpen(
            f"{campaign.slug} holds published answers, and no pictures to show: open a campaign"
            " about a run of the network instead."
        )
    units = Unit.objects.filter(tasks__campaign=campaign, tasks__purpose=Task.Purpose.ASK)
    taught = list(Lesson.objects.of(campaign)) if lessons else []
    units = units.exclude(pk__in=[lesson.task.unit_id for lesson in taught])
    made = open_campaign(
        slug=slug, run=campaign.run_shown, plan=_plan(campaign), user=by, units=units
    )
    made.state = Campaign.State.PAUSED
    for name in MORE:
        setattr(made, name, getattr(campaign, name))
    made.save(update_fields=["state", *MORE])
    _teach(made, taught, by)
    record(made, "cloned", now, by, About(reason=f"from {campaign.slug}"))
    return made


def _plan(campaign: Campaign) -> Plan:
    """Return what the campaign asks, of whom, and how strictly."""
    same = {name: getattr(campaign, name) for name in SAME}
    stated = Stated(pay=pay_of(campaign), currency=campaign.currency)
    return Plan(answers=campaign.answers_per_unit, stated=stated, **same)


def _teach(made: Campaign, taught: list[Lesson], by: User | None) -> None:
    """Copy the lessons, each with its images as they are: places were marked in them."""
    for lesson in taught:
        told = lesson.task
        task = Task.objects.create(
            campaign=made,
            unit=told.unit,
            items=told.items,
            controls=told.controls,
            purpose=told.purpose,
            answers_wanted=0,
        )
        _insist_untold(task, lesson.kind)
        said = {name: getattr(lesson, name) for name in TOLD}
        Lesson.objects.create(task=task, made_by=by, **said)
    gold.count(made)


def _insist_untold(task: Task, kind: str) -> None:
    """Refuse to show an answer that workers are asked elsewhere, or to check by one they can read.

    What is set aside or retired is neither shown nor asked.
    """
    if kind not in KINDS:
        return
    try:
        insist_untold(task, kind)
    except CannotTeach as reason:
        raise CannotOpen(f"The lessons cannot come too. {reason}") from reason
