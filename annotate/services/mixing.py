"""Which checks come when: known and repeated units among those asked about, told by nobody.

A worker's next step is drawn from the installation's key, the campaign, the worker and how many
leases he has had, so it is the same however often it is asked for, before and after he answers the
unit that he holds: the pictures fetched ahead are always those that come. For the same reason the
answer to his latest lease weighs nothing yet. Neither asks the database more for one kind of unit
than for another.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils.crypto import salted_hmac
from django.utils.timezone import localtime

from annotate.core.checking import Next, is_right, what_next
from annotate.core.practice import Expert
from annotate.core.rules import Given
from annotate.models import Answer, Assignment, Campaign, Lesson, Task, Worker

# How many of the oldest answers one is chosen among to be repeated.
WINDOW = 32


@dataclass(frozen=True)
class Known:
    """What is known of a worker before his next step."""

    leases: int
    right: int
    answered: int
    unseen_gold: list[int]  # tasks that he never held


def next_check(worker: Worker, campaign: Campaign, now: datetime) -> int | None:
    """Return the task to check this worker by now, or None where he is asked like anybody."""
    if not campaign.checks:
        return None
    known = _known(worker, campaign)
    again = _to_repeat(worker, campaign, now)
    step = f"{campaign.pk}/{worker.pk}/{known.leases}"
    following = what_next(campaign.rates, known.right, known.answered, _draw(campaign, step))
    choice = {Next.GOLD: known.unseen_gold, Next.REPEAT: again, Next.ASK: []}[following]
    return min(choice, key=lambda task: _draw(campaign, f"{step}/{task}"), default=None)


def prepare_repeat(task: Task) -> Task | None:
    """Make the task by which whoever answered this unit may be asked about it again.

    It shows the same images: only then can two answers be compared. Their order is each lease's
    own. May be called at will; None where the campaign repeats nothing.
    """
    if not task.is_asked or not task.answers_wanted or not task.campaign.repeat_rate:
        return None
    return Task.objects.get_or_create(
        campaign_id=task.campaign_id,
        unit_id=task.unit_id,
        purpose=Task.Purpose.REPEAT,
        defaults={"items": task.items, "controls": task.controls, "answers_wanted": 0},
    )[0]


def _known(worker: Worker, campaign: Campaign) -> Known:
    """Read what is known of a worker, in one query."""
    rows = _gold(campaign, worker) if campaign.gold_units else []
    if not rows:
        return Known(_leases(worker, campaign).count(), 0, 0, [])
    said = [row for row in rows if row["his__answers__concept"]]
    earlier = [row for row in said if row["his__pk"] != row["latest"]]
    right = sum(_is_right(row, campaign.images_per_task) for row in earlier)
    unseen = [row["task"] for row in rows if row["his__pk"] is None]
    return Known(rows[0]["leases"] or 0, right, len(earlier), unseen)


def _leases(worker: Worker, campaign: Campaign) -> QuerySet[Assignment]:
    """Return all leases of a worker in a campaign, in no order."""
    return Assignment.objects.filter(worker=worker, task__campaign=campaign).order_by()


def _gold(campaign: Campaign, worker: Worker) -> list[dict[str, Any]]:
    """Return the known units, each with this worker's lease and answer where he has them."""
    mine = _leases(worker, campaign)
    counted = mine.values("worker").annotate(n=Count("pk")).values("n")
    his = Q(task__assignments__worker=worker)
    rows = Lesson.objects.known().filter(task__campaign=campaign).order_by("pk")
    values = rows.annotate(
        his=FilteredRelation("task__assignments", condition=his),
        leases=Subquery(counted),
        latest=Subquery(mine.order_by("-pk").values("pk")[:1]),
    ).values(
        "task", "task__controls", "concept", "category", "rejected", "other_words",
        "leases", "latest", "his__pk", "his__answers__concept", "his__answers__category",
        "his__answers__rejected", "his__answers__unseen",
    )  # fmt: skip
    return [{**row} for row in values]


def _is_right(row: dict[str, Any], shown: int) -> bool:
    """Compare one answer of `_gold` with what the researcher said, as `Lesson.judged_by` has it."""
    given = Given(
        row["his__answers__concept"],
        row["his__answers__category"],
        row["his__answers__rejected"],
        unseen=row["his__answers__unseen"],
    )
    rejected = frozenset(row["rejected"]) | frozenset(row["task__controls"])
    hers = Expert(row["concept"], row["category"], rejected, tuple(row["other_words"]))
    return is_right(given, hers, shown)


def _to_repeat(worker: Worker, campaign: Campaign, now: datetime) -> list[int]:
    """Return tasks that repeat what this worker answered long ago, best on an earlier day."""
    if not campaign.repeat_rate:
        return []
    mine = _leases(worker, campaign).order_by("-pk").values("pk")
    again = Task.objects.filter(
        campaign=campaign, unit=OuterRef("task__unit"), purpose=Task.Purpose.REPEAT
    )
    held = Assignment.objects.filter(worker=worker, task=OuterRef("again"))
    rows = (
        Answer.objects.counted(campaign)
        .filter(worker=worker, assignment__lte=Subquery(mine[campaign.repeat_after :][:1]))
        .annotate(again=Subquery(again.values("pk")[:1]), day=TruncDate("created_at"))
        .filter(~Exists(held), again__isnull=False)
        .order_by("pk")
        .values_list("again", "day")[:WINDOW]
    )
    found = list(rows)
    today = localtime(now).date()
    earlier = [task for task, day in found if day < today]
    return earlier or [task for task, _ in found]


def _draw(campaign: Campaign, about: str) -> float:
    """Return a number in [0, 1) that nobody without the installation's key can compute.

    Programs are asked the same in every installation.
    """
    if campaign.simulated:
        digest = sha256(f"{campaign.seed}/{about}".encode()).digest()
    else:
        digest = salted_hmac("annotate.mixing", about, algorithm="sha256").digest()
    return int.from_bytes(digest[:6], "big") / 2**48
