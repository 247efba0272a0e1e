"""What every request of a worker asks the database, put into SQL once (see `models.prepared`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery

from analysis.models import Segment
from annotate.models import Answer, Assignment, Campaign, Lesson, Reliability, Ruling, Task, Worker
from annotate.models.prepared import Prepared, built, columns

# How many of the best tasks a worker chooses among: wide enough that sixteen who come at once do
# not queue at one row.
WINDOW = 32
# More answers than these in one stretch come from no person.
MOST = 1000
COUNTED_TO = 200


@dataclass(frozen=True)
class Counted:
    """So many assignments of one state and purpose; ``in_time``: whose deadline is to come."""

    state: str
    purpose: str
    every: int
    in_time: int


_CAMPAIGN = Prepared(
    lambda slug: Campaign.objects.filter(slug=slug).values_list(*columns(Campaign)), slug=str
)
_BY_DIGEST = Prepared(
    lambda digest: Worker.objects.filter(digest=digest).values_list(*columns(Worker)), digest=str
)
_PRACTISED = Prepared(
    lambda campaign: Lesson.objects.practised().within(campaign).order_by().values_list("pk")[:1],
    campaign=int,
)
_LATELY = Prepared(
    lambda worker, since: (
        Answer.objects.filter(worker=worker, created_at__gt=since)
        .order_by("-pk")
        .values_list("created_at")[:MOST]
    ),
    worker=int,
    since=datetime,
)
_MINE = Prepared(
    lambda pk, worker, campaign: Assignment.objects.filter(
        pk=pk, worker=worker, task__campaign=campaign
    ).values_list(*columns(Assignment), *columns(Task, "task__")),
    pk=int,
    worker=int,
    campaign=int,
)
_AGAIN = Prepared(
    lambda pk: Assignment.objects.filter(pk=pk).values_list(
        *columns(Assignment), *columns(Task, "task__"), *columns(Campaign, "task__campaign__")
    ),
    pk=int,
)
_HELD = Prepared(
    lambda worker, campaign, now: (
        Assignment.objects.filter(worker=worker, task__campaign=campaign)
        .live(now)
        .order_by("pk")
        .values_list(*columns(Assignment), *columns(Task, "task__"))[:1]
    ),
    worker=int,
    campaign=int,
    now=datetime,
)
_LAPSED = Prepared(
    lambda worker, campaign, now: (
        Assignment.objects.filter(worker=worker, task__campaign=campaign)
        .lapsed(now)
        .order_by("due_at")
        .values_list("task")[:WINDOW]
    ),
    worker=int,
    campaign=int,
    now=datetime,
)
# His own answers come first, by the cheaper test: there may be thousands at the front.
_WINDOW = Prepared(
    lambda worker, campaign, now: (
        Task.objects.filter(campaign=campaign)
        .new_to(worker)
        .with_room(now)
        .nearest_completion()
        .values_list("pk", "answers_given")[:WINDOW]
    ),
    worker=int,
    campaign=int,
    now=datetime,
)
# Those that lack answers of the least that a unit gets before anybody judges it.
_FRESH_WINDOW = Prepared(
    lambda worker, campaign, now, least: (
        Task.objects.filter(campaign=campaign, answers_given__lt=least)
        .new_to(worker)
        .with_room(now)
        .nearest_completion()
        .values_list("pk", "answers_given")[:WINDOW]
    ),
    worker=int,
    campaign=int,
    now=datetime,
    least=int,
)
_LEADS = Prepared(
    lambda worker, campaign: (
        Reliability.objects.filter(worker=worker, campaign=campaign, better_half=True)
        .order_by()
        .values_list("pk")[:1]
    ),
    worker=int,
    campaign=int,
)
_FREE = Prepared(
    lambda worker, campaign, now: (
        Task.objects.filter(campaign=campaign)
        .new_to(worker)
        .with_room(now)
        .nearest_completion()
        .values_list("pk")[: COUNTED_TO + 1]
    ),
    worker=int,
    campaign=int,
    now=datetime,
)
_STATES = Prepared(
    lambda worker, campaign, now: (
        Assignment.objects.filter(worker=worker, task__campaign=campaign)
        .order_by()
        .values("state", "task__purpose")
        .annotate(all=Count("pk"), in_time=Count("pk", filter=Q(due_at__gt=now)))
        .values_list("state", "task__purpose", "all", "in_time")
    ),
    worker=int,
    campaign=int,
    now=datetime,
)
_RULING = Prepared(
    lambda worker, campaign: (
        Ruling.objects.filter(worker=worker, campaign=campaign)
        .order_by("-pk")
        .values_list(*columns(Ruling))[:1]
    ),
    worker=int,
    campaign=int,
)
_SENT_BACK = Prepared(
    lambda worker, campaign: (
        Assignment.objects.filter(
            worker=worker, task__campaign=campaign, state=Assignment.State.SENT_BACK
        )
        .order_by("-due_at", "pk")
        .values_list(*columns(Assignment), *columns(Task, "task__"))[:1]
    ),
    worker=int,
    campaign=int,
)
_LEASES = Prepared(
    lambda task: (
        Assignment.objects.filter(task=task).order_by("pk").values_list(*columns(Assignment))
    ),
    task=int,
)
_WORKER_LOCK = Prepared(
    lambda pk: Worker.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk"),
    pk=int,
)
_ASSIGNMENT_LOCK = Prepared(
    lambda pk: (
        Assignment.objects.select_for_update(no_key=True)
        .filter(pk=pk)
        .values_list(*columns(Assignment))
    ),
    pk=int,
)
# Beside the lock, in one query: PostgreSQL locks no rows behind an outer join.
_KIND_OF_LESSON = Subquery(Lesson.objects.filter(task=OuterRef("pk")).order_by().values("kind")[:1])
_TASK_LOCK = Prepared(
    lambda pk: (
        Task.objects.select_for_update(no_key=True)
        .filter(pk=pk)
        .order_by()
        .annotate(taught=_KIND_OF_LESSON)
        .values_list("taught", *columns(Task))
    ),
    pk=int,
)


def campaign_of(slug: str) -> Campaign | None:
    """Return the campaign of an address."""
    row = _CAMPAIGN.one(slug=slug)
    return built(Campaign, row) if row else None


def worker_by(digest: str) -> Worker | None:
    """Return the worker who came by a link with a secret of this digest."""
    row = _BY_DIGEST.one(digest=digest)
    return built(Worker, row) if row else None


def has_practice(campaign: Campaign) -> bool:
    """Tell whether the campaign has a practice unit that is ready."""
    return _PRACTISED.one(campaign=campaign.pk) is not None


def answered_since(worker: Worker, since: datetime) -> list[datetime]:
    """Return when this worker answered, latest first."""
    return [moment for (moment,) in _LATELY.rows(worker=worker.pk, since=since)]


def assignment_of(pk: int, worker: Worker, campaign: Campaign) -> Assignment | None:
    """Return this worker's assignment with its task; another's is none."""
    row = _MINE.one(pk=pk, worker=worker.pk, campaign=campaign.pk)
    return _with_task(row, worker, campaign) if row else None


def read_again(assignment: Assignment) -> Assignment:
    """Return the assignment as it stands now, with its task and campaign."""
    row = _AGAIN.one(pk=assignment.pk)
    if row is None:
        raise Assignment.DoesNotExist(f"There is no assignment {assignment.pk}.")
    campaign = built(Campaign, row[-len(columns(Campaign)) :])
    return _with_task(row[: -len(columns(Campaign))], assignment.worker, campaign)


def held(worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Return the live lease of this worker in this campaign, with its task."""
    row = _HELD.one(worker=worker.pk, campaign=campaign.pk, now=now)
    return _with_task(row, worker, campaign) if row else None


def lapsed(worker: Worker, campaign: Campaign, now: datetime) -> list[int]:
    """Return the tasks that this worker let lapse, first come first."""
    rows = _LAPSED.rows(worker=worker.pk, campaign=campaign.pk, now=now)
    return [task for (task,) in rows]


def window(worker: Worker, campaign: Campaign, now: datetime) -> list[tuple[Any, ...]]:
    """Return (task, answers given) of the tasks with room, nearest to completion, new to him."""
    return _WINDOW.rows(worker=worker.pk, campaign=campaign.pk, now=now)


def fresh_window(worker: Worker, campaign: Campaign, now: datetime) -> list[tuple[Any, ...]]:
    """Return the same of the tasks that lack answers of the campaign's least."""
    least = campaign.answers_least
    return _FRESH_WINDOW.rows(worker=worker.pk, campaign=campaign.pk, now=now, least=least)


def leads(worker: Worker, campaign: Campaign) -> bool:
    """Tell whether a worker is in the better half, as the last fit of the campaign has it."""
    return _LEADS.one(worker=worker.pk, campaign=campaign.pk) is not None


def states_of(worker: Worker, campaign: Campaign, now: datetime) -> list[Counted]:
    """Count the assignments of this worker by their state and the purpose of their tasks."""
    rows = _STATES.rows(worker=worker.pk, campaign=campaign.pk, now=now)
    return [Counted(*row) for row in rows]


def newest_ruling(worker: Worker, campaign: Campaign) -> Ruling | None:
    """Return what was ruled last of this worker here; one look into the index `newest_ruling`."""
    row = _RULING.one(worker=worker.pk, campaign=campaign.pk)
    return built(Ruling, row) if row else None


def sent_back(worker: Worker, campaign: Campaign) -> Assignment | None:
    """Return what a review sent back to this worker, what he is at first."""
    row = _SENT_BACK.one(worker=worker.pk, campaign=campaign.pk)
    return _with_task(row, worker, campaign) if row else None


def has_unfinished(campaign: Campaign, beyond: int) -> bool:
    """Tell whether more tasks than these are unfinished, without counting further."""
    return _beyond(beyond).one(campaign=campaign.pk) is not None


def free(worker: Worker, campaign: Campaign, now: datetime) -> int:
    """Return how many tasks this worker could still get, at most COUNTED_TO + 1."""
    return len(_FREE.rows(worker=worker.pk, campaign=campaign.pk, now=now))


def tokens_of(items: Sequence[int]) -> dict[int, str]:
    """Return top image → token of its pictures, for those that have pictures."""
    if not items:
        return {}
    values = {f"item{n}": item for n, item in enumerate(items)}
    return dict(_tokens(len(items)).rows(**values))


def leases_of(task: int) -> list[Assignment]:
    """Return all assignments of a task."""
    return [built(Assignment, row) for row in _LEASES.rows(task=task)]


def lock_worker(pk: int) -> None:
    """Lock a worker's row until the transaction ends; call it within one."""
    if not _WORKER_LOCK.rows(pk=pk):
        raise Worker.DoesNotExist(f"There is no worker {pk}.")


def lock_assignment(pk: int) -> Assignment:
    """Lock an assignment's row until the transaction ends, and return it; call it within one."""
    row = _ASSIGNMENT_LOCK.one(pk=pk)
    if row is None:
        raise Assignment.DoesNotExist(f"There is no assignment {pk}.")
    return built(Assignment, row)


def lock_task(pk: int) -> Task:
    """Lock a task's row until the transaction ends, and return it; call it within one."""
    return lock_task_and_lesson(pk)[0]


def lock_task_and_lesson(pk: int) -> tuple[Task, str | None]:
    """Lock a task's row, and return it with the kind of its lesson, None where it teaches not."""
    row = _TASK_LOCK.one(pk=pk)
    if row is None:
        raise Task.DoesNotExist(f"There is no task {pk}.")
    return built(Task, row[1:]), row[0]


@lru_cache(maxsize=16)  # one for each size of task
def _tokens(many: int) -> Prepared:
    return Prepared(
        lambda **items: (
            Segment.objects.filter(top_image__in=items.values())
            .order_by()
            .values_list("top_image", "token")
        ),
        **{f"item{n}": int for n in range(many)},
    )


@lru_cache(maxsize=64)
def _beyond(many: int) -> Prepared:
    return Prepared(
        lambda campaign: (
            Task.objects.filter(campaign=campaign)
            .unfinished()
            .nearest_completion()
            .values_list("pk")[many : many + 1]
        ),
        campaign=int,
    )


def _with_task(row: tuple[Any, ...], worker: Worker, campaign: Campaign) -> Assignment:
    """Return the assignment of a row that goes on with its task; what was read already is set."""
    own = len(columns(Assignment))
    found = built(Assignment, row[:own])
    found.task, found.worker = built(Task, row[own:]), worker
    found.task.campaign = campaign
    return found
