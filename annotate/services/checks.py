"""What checks say of workers: right about known units, the same about repeated ones, hurried.

Read anew each time from the answers and from what the researcher says of her known units now:
where she corrects herself, or takes a unit out, everybody is judged by that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import mean

from django.db.models import QuerySet

from annotate.core.checking import Sameness, is_right, sameness
from annotate.core.own_pace import HURRIED, own_pace
from annotate.core.practice import Expert, Score, score
from annotate.core.rules import Given
from annotate.models import Answer, Campaign, Lesson, Task, Worker


@dataclass(frozen=True)
class KnownAnswer:
    """What the researcher says of a known unit; indexes are places in its task's items."""

    task: int
    unit: int
    expert: Expert


@dataclass(frozen=True)
class GoldCheck:
    """A worker's answer about a known unit, beside the researcher's."""

    answer: Answer
    score: Score
    right: bool


@dataclass(frozen=True)
class RepeatCheck:
    """Two answers of one worker about one unit."""

    first: Answer
    again: Answer
    same: Sameness


@dataclass(frozen=True)
class Checks:
    """All that is known of one worker by the answers that nobody counts, oldest first."""

    gold: list[GoldCheck] = field(default_factory=list)
    repeats: list[RepeatCheck] = field(default_factory=list)

    @property
    def gold_right(self) -> int:
        """Count the known units he was right about, of ``len(gold)``."""
        return sum(check.right for check in self.gold)

    @property
    def repeats_agreeing(self) -> int:
        """Count the repeated units he saw the same in, of ``len(repeats)``."""
        return sum(check.same.agrees for check in self.repeats)

    @property
    def images_alike(self) -> float | None:
        """Return the mean share of images he judged alike twice; None before a repetition."""
        return mean(check.same.images for check in self.repeats) if self.repeats else None


@dataclass(frozen=True)
class Hurried:
    """An answer much faster than its worker's own pace."""

    answer: int
    worker: int
    ratio: float  # of his own median before it
    z: float  # robust, of the logarithm of seconds


def known_answers(campaign: Campaign) -> list[KnownAnswer]:
    """Return the known units that are ready, with what the researcher says of them.

    Planted negatives are among what does not fit, whether she marked them or not.
    """
    rows = Lesson.objects.known().filter(task__campaign=campaign).select_related("task")
    return [
        KnownAnswer(row.task_id, row.task.unit_id, row.judged_by) for row in rows.order_by("pk")
    ]


def checks_of(worker: Worker, campaign: Campaign) -> Checks:
    """Return what checks say of one worker."""
    return checks_in(campaign, worker).get(worker.pk, Checks())


def checks_in(campaign: Campaign, worker: Worker | None = None) -> dict[int, Checks]:
    """Return by worker what checks say, of those who were checked; of one only if he is given."""
    known = {one.task: one.expert for one in known_answers(campaign)}
    found: dict[int, Checks] = {}
    for answer in _checking(campaign, worker):
        his = found.setdefault(answer.worker_id, Checks())
        if answer.task.purpose == Task.Purpose.REPEAT:
            continue
        if expert := known.get(answer.task_id):
            his.gold.append(_against(answer, expert))
    for first, again in _twice(campaign, worker):
        compared = sameness(_given(first), _given(again), len(again.task.items))
        found[again.worker_id].repeats.append(RepeatCheck(first, again, compared))
    return found


def hurried_answers(campaign: Campaign, share: float = HURRIED) -> list[Hurried]:
    """Return the answers that took less than a share of their worker's own median before.

    Seconds are those in front of the page; an answer given without scripts has none, and its
    clock time stands in. Checks are among them: they are part of his pace.

    Raises
    ------
    ValueError
        the share is not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"{share} of his own pace: give a share above 0 and up to 1.")
    rows = Answer.objects.filter(task__campaign=campaign, worker__kind=campaign.worker_kind)
    ordered = rows.order_by("worker", "pk").values_list(
        "worker", "pk", "focused_seconds", "seconds"
    )
    found: list[Hurried] = []
    for worker, group in groupby(ordered.iterator(2000), key=lambda row: row[0]):
        his = list(group)
        paces = own_pace([focused or clock for _, _, focused, clock in his])
        found += [
            Hurried(row[1], worker, pace.ratio, pace.z)
            for row, pace in zip(his, paces, strict=True)
            if pace and pace.is_hurried(share)
        ]
    return found


def _checking(campaign: Campaign, worker: Worker | None) -> QuerySet[Answer]:
    """Return the answers that only check their workers, oldest first."""
    rows = Answer.objects.filter(task__campaign=campaign, worker__kind=campaign.worker_kind)
    rows = rows.exclude(task__purpose=Task.Purpose.ASK).select_related("task")
    return (rows.filter(worker=worker) if worker else rows).order_by("pk")


def _twice(campaign: Campaign, worker: Worker | None) -> Iterator[tuple[Answer, Answer]]:
    """Give each repetition with the answer it repeats, where that one still counts."""
    again = list(_checking(campaign, worker).filter(task__purpose=Task.Purpose.REPEAT))
    units = {answer.task.unit_id for answer in again}
    firsts = Answer.objects.counted(campaign).filter(task__unit__in=units)
    firsts = firsts.filter(worker__in={answer.worker_id for answer in again})
    earlier = {(one.worker_id, one.task.unit_id): one for one in firsts.select_related("task")}
    for answer in again:
        if first := earlier.get((answer.worker_id, answer.task.unit_id)):
            yield first, answer


def _against(answer: Answer, expert: Expert) -> GoldCheck:
    """Compare one answer with the researcher's."""
    given, shown = _given(answer), len(answer.task.items)
    return GoldCheck(answer, score(given, expert, shown), is_right(given, expert, shown))


def _given(answer: Answer) -> Given:
    """Return an answer as the core reads it."""
    marked: Sequence[int] = answer.rejected
    return Given(answer.concept, answer.category, list(marked), unseen=list(answer.unseen))
