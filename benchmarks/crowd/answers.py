"""Answers and labels in any number: a few are made, and many more are copies of these."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection

WORDS = ("table lamp", "dog", "staircase", "wall of books", "blue", "wheel", "leaves")
REJECTED: tuple[list[int], ...] = ([], [3, 17], [1, 2, 5, 8, 13, 21, 34, 55])
PATTERNS = 21  # units whose answers all others repeat
BATCH = 5000


def give(campaign: Any, number: int, each: int) -> None:
    """Let ``each`` workers answer about units one after the other until there are so many."""
    from annotate.models import Answer, Assignment, Worker

    workers = Worker.objects.bulk_create(
        Worker(pseudonym=f"{campaign.slug}-worker-{n}", digest=f"{campaign.slug}-{n}")
        for n in range(each)
    )
    tasks = campaign.tasks.order_by("pk").values_list("pk", flat=True)[: number // each]
    first, last = tasks[0], tasks[len(tasks) - 1]
    made = _patterns(tasks[:PATTERNS], workers)
    leases, answers, since = _columns(Assignment), _columns(Answer), tasks[PATTERNS - 1]
    _write(
        f"INSERT INTO annotate_assignment ({leases}, task_id, worker_id) SELECT {_of('a', leases)},"
        " t.id, a.worker_id FROM annotate_task t JOIN annotate_assignment a ON a.task_id = %s"
        " WHERE t.campaign_id = %s AND t.id > %s AND t.id <= %s",
        [first, campaign.pk, since, last],
    )
    _write(
        f"INSERT INTO annotate_answer ({answers}, assignment_id, task_id, worker_id)"
        f" SELECT {_of('x', answers)}, a.id, a.task_id, a.worker_id FROM annotate_assignment a"
        " JOIN annotate_task t ON t.id = a.task_id"
        " JOIN annotate_answer x ON x.id = %s + a.id %% %s"
        " WHERE t.campaign_id = %s AND a.task_id > %s",
        [made[0].pk, len(made), campaign.pk, since],
    )


def _patterns(tasks: Any, workers: Any) -> list[Any]:
    """Make the answers that all others are copies of."""
    from django.utils import timezone

    from annotate.models import Answer, Assignment

    now = timezone.now()
    leases = Assignment.objects.bulk_create(
        Assignment(
            task_id=task, worker=worker, state="submitted", seed=1, leased_at=now, due_at=now
        )
        for task in tasks
        for worker in workers
    )
    return Answer.objects.bulk_create(
        Answer(
            assignment=one, task_id=one.task_id, worker_id=one.worker_id, seconds=40, unseen=[],
            concept=WORDS[n % len(WORDS)], category="object", focused_seconds=31,
            rejected=REJECTED[n % len(REJECTED)],
        )
        for n, one in enumerate(leases)
    )  # fmt: skip


def _columns(model: Any) -> str:
    """Return the columns of a model that copies share."""
    own = ("id", "assignment_id", "task_id", "worker_id")
    return ", ".join(f.column for f in model._meta.concrete_fields if f.column not in own)


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column}" for column in columns.split(", "))


def _write(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def label(campaign: Any, number: int) -> None:
    """Write labels of units one after the other, three sources of each, until there are so many."""
    from analysis.models import UnitSemantics

    found = _labels(campaign)
    while some := list(islice(found, min(BATCH, number))):
        UnitSemantics.objects.bulk_create(some)
        number -= len(some)


def _labels(campaign: Any) -> Iterator[Any]:
    from django.utils import timezone

    from analysis.models import Unit, UnitSemantics
    from analysis.services.exports import SOURCES_BY_DEFAULT

    now = timezone.now()
    units = Unit.objects.filter(layer__network=campaign.network).order_by("pk")
    for unit in units.values_list("pk", flat=True).iterator(BATCH):
        for source in SOURCES_BY_DEFAULT:
            yield UnitSemantics(
                unit_id=unit, source=source, origin=campaign.slug, run=campaign.run,
                concept=WORDS[unit % len(WORDS)], category="object", precision=0.84,
                precision_low=0.79, precision_high=0.88, answers=3, agreement=2 / 3,
                images_shown=171, images_kept=144, updated_at=now,
            )  # fmt: skip
