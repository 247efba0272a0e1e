"""How the workers of a campaign stand, from its counted answers: the table, one worker, a window.

Everything is read in a handful of queries however many workers and answers there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet

from annotate.core.consensus import Basis, Said
from annotate.core.practice import Expert
from annotate.core.rules import Given
from annotate.core.worker_standing import (
    Likeness,
    Pair,
    Share,
    Shown,
    Standing,
    Work,
    likeness,
    standings,
    words_alike,
)
from annotate.models import Answer, Campaign, Ruling, Task, Worker
from annotate.services.checks import known_answers
from annotate.services.consensus import edits_of

# The pace of the crowd in the rules is that of so many latest answers.
LATEST = 2000
FIELDS = (
    "task_id", "worker_id", "concept", "category", "rejected", "unseen", "attempts",
    "controls_missed", "assignment__first_missed", "focused_seconds", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class WorkerRow:
    """One line of the table: a worker, what his answers say, and what was ruled of him last."""

    worker: Worker
    standing: Standing | None
    rejected: int
    ruling: Ruling | None

    @property
    def state(self) -> Ruling.State:
        """Return where he stands; without a ruling he may work."""
        return Ruling.State(self.ruling.state) if self.ruling else Ruling.State.ACTIVE


@dataclass(frozen=True)
class Detail:
    """What is shown of one worker beyond his line in the table."""

    row: WorkerRow
    words: Share | None
    gold: Likeness | None
    repeated: Likeness | None


def table(campaign: Campaign) -> list[WorkerRow]:
    """Return everybody who answered or was ruled on, in the order in which they came."""
    found = standings(*_everything(campaign))
    rejected = _rejected(campaign)
    ruled = _ruled(campaign)
    keys = {int(who) for who in found} | set(rejected) | set(ruled)
    workers = Worker.objects.filter(pk__in=keys).order_by("pk")
    return [
        WorkerRow(one, found.get(str(one.pk)), rejected.get(one.pk, 0), ruled.get(one.pk))
        for one in workers
    ]


def detail(worker: Worker, campaign: Campaign) -> Detail:
    """Return what one worker's answers say, his words, gold and repeated units among it."""
    work, tasks = _everything(campaign)
    found = standings(work, tasks).get(str(worker.pk))
    ruling = Ruling.objects.newest(worker, campaign)
    row = WorkerRow(worker, found, _rejected(campaign).get(worker.pk, 0), ruling)
    rng = np.random.default_rng(worker.pk)
    return Detail(
        row=row,
        words=words_alike(_beside(work, str(worker.pk)), Basis(edits=edits_of(campaign))),
        gold=likeness(_gold_pairs(worker, campaign), rng),
        repeated=likeness(_repeated_pairs(worker, campaign), rng),
    )


def lately(
    worker: Worker, campaign: Campaign, window: int, since: datetime | None
) -> Standing | None:
    """Return how a worker stands by his last ``window`` answers given after ``since``."""
    counted = Answer.objects.counted(campaign)
    mine = counted.filter(worker=worker).order_by("-pk")
    if since is not None:
        mine = mine.filter(created_at__gt=since)
    keys = list(mine.values_list("task_id", flat=True)[:window])
    work = _work(counted.filter(task__in=keys))
    found = standings(work, _shown(Task.objects.filter(pk__in=keys)), _middles(counted))
    return found.get(str(worker.pk))


def answers_of(worker: Worker, campaign: Campaign) -> QuerySet[Answer]:
    """Return a worker's answers in a campaign, the newest first, with their units."""
    mine = Answer.objects.filter(worker=worker, task__campaign=campaign).order_by("-pk")
    return mine.select_related("task__unit__layer__network")


def history(worker: Worker, campaign: Campaign) -> QuerySet[Ruling]:
    """Return what was ruled of a worker here, the newest first, with appeals."""
    rows = Ruling.objects.filter(worker=worker, campaign=campaign)
    return rows.select_related("by_user", "appeal__answered_by")


def _everything(campaign: Campaign) -> tuple[list[Work], dict[int, Shown]]:
    """Return all counted answers of a campaign, and what its tasks show."""
    return _work(Answer.objects.counted(campaign)), _shown(
        campaign.tasks.filter(purpose=Task.Purpose.ASK)
    )


def _work(answers: QuerySet[Answer]) -> list[Work]:
    """Read answers, in the order in which they came."""
    return [_read(row) for row in answers.order_by("pk").values_list(*FIELDS).iterator(1000)]


def _read(row: tuple[Any, ...]) -> Work:
    """Return one answer as the core reads it; workers go by the key of their row."""
    task, who, concept, category, rejected, unseen, attempts, missed, first, focused, clock = row
    # Taken in at once, it is the first look; of older ones that took several nothing is known.
    at_first = first if first is not None else missed if attempts == 1 else None
    said = Said(str(who), concept, category, frozenset(rejected), frozenset(unseen))
    return Work(task, said, at_first, focused or clock)


def _shown(tasks: QuerySet[Task]) -> dict[int, Shown]:
    """Return what tasks show."""
    rows = tasks.values_list("pk", "items", "controls")
    return {pk: Shown(len(items), frozenset(controls)) for pk, items, controls in rows}


def _middles(counted: QuerySet[Answer]) -> dict[str, float]:
    """Return the middle seconds of everybody, by the latest answers of the campaign."""
    rows = counted.order_by("-pk").values_list("worker_id", "focused_seconds", "seconds")
    seconds: defaultdict[str, list[int]] = defaultdict(list)
    for who, focused, clock in rows[:LATEST]:
        seconds[str(who)].append(focused or clock)
    return {who: median(row) for who, row in seconds.items()}


def _rejected(campaign: Campaign) -> dict[int, int]:
    """Count the answers that a review rejected, by worker."""
    rows = Answer.objects.filter(
        task__campaign=campaign, task__purpose=Task.Purpose.ASK, counts=False
    )
    counted = rows.order_by().values("worker").annotate(number=Count("pk"))
    return dict(counted.values_list("worker", "number"))


def _ruled(campaign: Campaign) -> dict[int, Ruling]:
    """Return the newest ruling of each worker, with its appeal."""
    rows = campaign.rulings.select_related("appeal", "by_user").order_by("pk")
    return {row.worker_id: row for row in rows}


def _beside(work: Sequence[Work], who: str) -> Iterable[tuple[Said, list[Said]]]:
    """Give each answer of one worker beside those of the others to the same unit."""
    by_task: defaultdict[int, list[Said]] = defaultdict(list)
    for one in work:
        by_task[one.task].append(one.said)
    for row in by_task.values():
        for said in row:
            if said.who == who:
                yield said, [other for other in row if other.who != who]


def _gold_pairs(worker: Worker, campaign: Campaign) -> list[Pair]:
    """Return a worker's answers to units whose answer is known, each beside it."""
    known = {one.task: one.expert for one in known_answers(campaign)}
    if not known:
        return []
    answers = Answer.objects.filter(worker=worker, task__in=known).select_related("task")
    return [
        Pair(_given(answer), known[answer.task_id], len(answer.task.items)) for answer in answers
    ]


def _repeated_pairs(worker: Worker, campaign: Campaign) -> list[Pair]:
    """Return a worker's answers to units that he was asked about again, beside his first ones."""
    again = Answer.objects.filter(
        worker=worker, task__campaign=campaign, task__purpose=Task.Purpose.REPEAT
    ).select_related("task")
    units = {answer.task.unit_id: answer for answer in again}
    if not units:
        return []
    first = Answer.objects.filter(
        worker=worker,
        task__campaign=campaign,
        task__purpose=Task.Purpose.ASK,
        task__unit__in=units,
    ).select_related("task")
    return [_repeated(answer, units[answer.task.unit_id]) for answer in first]


def _repeated(first: Answer, again: Answer) -> Pair:
    """Return the second answer beside the first, by images: their places may differ."""
    place_of = {item: place for place, item in enumerate(again.task.items)}

    def moved(places: Iterable[int]) -> frozenset[int]:
        items = (first.task.items[place] for place in places)
        return frozenset(place_of[item] for item in items if item in place_of)

    given = _given(again)
    shown_once = set(range(len(place_of))) - moved(range(len(first.task.items)))
    lost = moved(set(first.unseen) - set(first.rejected)) | shown_once
    known = Expert(first.concept, first.category, moved(first.rejected))
    return Pair(replace(given, unseen=sorted({*given.unseen, *lost})), known, len(place_of))


def _given(answer: Answer) -> Given:
    """Return an answer as practice compares it."""
    return Given(answer.concept, answer.category, answer.rejected, unseen=answer.unseen)
