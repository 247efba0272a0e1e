"""Answers and labels in any number, batch by batch."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

WORDS = ("table lamp", "dog", "staircase", "wall of books", "blue", "wheel", "leaves")
REJECTED = ([], [3, 17], [1, 2, 5, 8, 13, 21, 34, 55])
BATCH = 5000


def give(campaign: Any, number: int, each: int) -> None:
    """Let ``each`` workers answer about units one after the other until there are so many."""
    from django.utils import timezone

    from annotate.models import Answer, Assignment, Worker

    workers = Worker.objects.bulk_create(
        Worker(pseudonym=f"{campaign.slug}-worker-{n}", digest=f"{campaign.slug}-{n}")
        for n in range(each)
    )
    now = timezone.now()
    lease = {"state": Assignment.State.SUBMITTED, "seed": 1, "leased_at": now, "due_at": now}
    tasks = campaign.tasks.order_by("pk").values_list("pk", flat=True).iterator(BATCH)
    pairs = islice(((task, worker) for task in tasks for worker in workers), number)
    while some := list(islice(pairs, BATCH)):
        leases = Assignment.objects.bulk_create(
            Assignment(task_id=task, worker=worker, **lease) for task, worker in some
        )
        Answer.objects.bulk_create(
            Answer(
                assignment=one, task_id=one.task_id, worker_id=one.worker_id, seconds=40,
                concept=WORDS[one.pk % len(WORDS)], category="object", unseen=[],
                rejected=REJECTED[one.pk % len(REJECTED)], focused_seconds=31,
            )
            for one in leases
        )  # fmt: skip


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
