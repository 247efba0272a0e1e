"""The review queue: which units wait for a look, and each answer to them beside the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When

from analysis.models import Segment, TopImage
from annotate.core.agreement import apart, kept_share
from annotate.models import Answer, Campaign, Review, Task
from annotate.services.standing import LITTLE, UnitRow, labels_of, with_labels

Verdict = Review.Verdict
BEST = 3
# Images that one answer judged unlike the others: so many are shown, the rest are counted.
MOST_APART = 12


@dataclass(frozen=True)
class Apart:
    """An image that one answer judged unlike most of the others."""

    segment: Segment
    was_marked: bool


@dataclass(frozen=True)
class AnswerRow:
    """One answer of a unit, and what was made of it."""

    answer: Answer
    precision: float | None
    differs: int
    apart: Sequence[Apart]

    @property
    def reviews(self) -> list[Review]:
        """Return the verdicts on it, the oldest first."""
        return list(self.answer.reviews.all())

    @property
    def more_apart(self) -> int:
        """Count the images that differ and are not shown."""
        return self.differs - len(self.apart)

    @property
    def is_revised(self) -> bool:
        """Tell whether its author gave a newer one in its place."""
        return hasattr(self.answer, "superseded_by")

    @property
    def standing(self) -> str:
        """Return what became of it, in a word."""
        return standing_of(self.answer)

    @property
    def is_waiting(self) -> bool:
        """Tell whether its author is asked to look again."""
        return any(review.is_waiting for review in self.reviews)


@dataclass(frozen=True)
class UnitInReview:
    """A unit with its best images, its label so far, and its answers: those that count first."""

    row: UnitRow
    best: Sequence[Segment]
    answers: Sequence[AnswerRow]

    @property
    def task(self) -> Task:
        """The task of the unit."""
        return self.row.task


def standing_of(answer: Answer) -> str:
    """Say in a word what became of an answer; its reviews should be fetched with it."""
    reviews = list(answer.reviews.all())
    if hasattr(answer, "superseded_by"):
        return "revised"
    if not answer.counts:
        return "rejected"
    if any(review.is_waiting for review in reviews):
        return "sent back"
    return "accepted" if reviews and reviews[-1].verdict == Verdict.ACCEPT else ""


def queue(campaign: Campaign, show: str = "") -> QuerySet[Task]:
    """Return the units that have answers, those that people disagree about most first.

    That is: at most half of the answers agree; a tie; a single answer; then the rest by their
    agreement, and among equals by the width of the precision's interval, which is wide where the
    marks on the images differ. ``show`` keeps the ``unreviewed`` (an answer counts that nobody
    has looked at, or that its author kept when it was sent back), ``disputed`` (the first two),
    ``sent-back`` or ``rejected``; anything else keeps all.
    """
    labels = labels_of(campaign).filter(unit=OuterRef("unit"))
    tie = Q(details__concept="tie") | Q(details__category="tie")
    width = F("precision_high") - F("precision_low")
    tasks = campaign.tasks.filter(_some(), purpose=Task.Purpose.ASK).annotate(
        said=Subquery(labels.values("answers")[:1]),
        agreeing=Subquery(labels.values("agreement")[:1]),
        width=Subquery(labels.values(width=width)[:1]),
        rank=Case(
            When(Q(said__gte=2, agreeing__lte=LITTLE), then=Value(0)),
            When(Exists(labels.filter(tie, answers__gte=2)), then=Value(1)),
            When(said=1, then=Value(2)),
            default=Value(3),
        ),
    )
    if show == "disputed":
        tasks = tasks.filter(rank__lte=1)
    elif show in FILTERS:
        tasks = tasks.filter(FILTERS[show]())
    widest = F("width").desc(nulls_last=True)
    places = ("unit__layer__position", "unit__channel")
    return tasks.select_related("unit__layer__network").order_by(
        "rank", F("agreeing").asc(nulls_last=True), widest, *places
    )


def _some(*conditions: Q, **more: Any) -> Exists:
    """Return whether the task of the outer query has an answer like that."""
    return Exists(Answer.objects.filter(*conditions, task=OuterRef("pk"), **more))


def _unreviewed() -> Exists:
    """Return whether an answer counts that waits for a look."""
    last = Review.objects.filter(answer=OuterRef("pk")).order_by("-pk")
    kept = Q(last=Verdict.SEND_BACK, how=Review.End.KEPT)
    answers = Answer.objects.filter(task=OuterRef("pk"), counts=True).alias(
        last=Subquery(last.values("verdict")[:1]), how=Subquery(last.values("end")[:1])
    )
    return Exists(answers.filter(Q(last__isnull=True) | kept))


FILTERS: dict[str, Callable[[], Exists]] = {
    "unreviewed": _unreviewed,
    "sent-back": lambda: _some(reviews__verdict=Verdict.SEND_BACK, reviews__end=""),
    "rejected": lambda: _some(counts=False, superseded_by__isnull=True),
}


def in_review(campaign: Campaign, tasks: Sequence[Task]) -> list[UnitInReview]:
    """Return one page of the queue with all that it shows: five queries for any number."""
    answers: dict[int, list[Answer]] = {task.pk: [] for task in tasks}
    reviews = Prefetch("reviews", Review.objects.select_related("reviewer").order_by("pk"))
    rows = Answer.objects.filter(task__in=tasks).select_related("worker", "superseded_by")
    for answer in rows.prefetch_related(reviews).order_by("-counts", "pk"):
        answers[answer.task_id].append(answer)
    pairs = [(task, one) for task in tasks for one in answers[task.pk]]
    differ = {one.pk: _differing(task, one, answers[task.pk]) for task, one in pairs}
    wanted = {item for task, one in pairs for item in _items(task, differ[one.pk])}
    best, pictures = _pictures(tasks, wanted)
    return [
        UnitInReview(
            row,
            best.get(row.task.unit_id, ())[:BEST],
            [_row(row.task, one, differ[one.pk], pictures) for one in answers[row.task.pk]],
        )
        for row in with_labels(campaign, list(tasks))
    ]


def _asked(task: Task) -> list[int]:
    """Return the places that the answers are about: all but the planted negatives."""
    return [place for place in range(len(task.items)) if place not in task.controls]


def _differing(task: Task, answer: Answer, all_of_it: Iterable[Answer]) -> list[int]:
    """Return the places that an answer judged unlike most of the others that count."""
    others = [set(one.rejected) for one in all_of_it if one.counts and one.pk != answer.pk]
    places = apart(set(answer.rejected), others, _asked(task))
    return [place for place in places if place not in answer.unseen]


def _items(task: Task, places: Sequence[int]) -> list[int]:
    """Return the top images of the places that are shown."""
    return [task.items[place] for place in places[:MOST_APART]]


def _row(
    task: Task, answer: Answer, places: Sequence[int], pictures: Mapping[int, Segment]
) -> AnswerRow:
    """Return one answer as the page shows it."""
    shown = [
        Apart(pictures[task.items[place]], place in answer.rejected)
        for place in places[:MOST_APART]
        if task.items[place] in pictures  # a picture may be lost
    ]
    share = kept_share(set(answer.rejected), set(answer.unseen), _asked(task))
    return AnswerRow(answer, share, len(places), shown)


def _pictures(
    tasks: Sequence[Task], wanted: Iterable[int]
) -> tuple[dict[int, list[Segment]], dict[int, Segment]]:
    """Return the best segments by unit, and those that are wanted by top image: one query."""
    asked = [item for task in tasks for item in task.items]
    top = Q(top_image__in=asked, top_image__end=TopImage.End.TOP, top_image__rank__lt=BEST)
    rows = Segment.objects.filter(top | Q(top_image__in=list(wanted))).select_related("top_image")
    best: dict[int, list[Segment]] = {}
    found = {}
    for segment in rows.order_by("top_image__rank"):
        found[segment.top_image_id] = segment
        if segment.top_image.end == TopImage.End.TOP and segment.top_image.rank < BEST:
            best.setdefault(segment.top_image.unit_id, []).append(segment)
    return best, found
