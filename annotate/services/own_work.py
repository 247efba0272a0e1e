"""What a worker did: his standing, his history, how his answers were used, all of it as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum

from analysis.models import UnitSemantics
from annotate.models import Answer, Assignment, Campaign, Ruling, Task, Worker
from annotate.services.review_queue import standing_of

COLUMNS = (
    "campaign", "answer", "concept", "category", "images_shown", "images_marked",
    "seconds", "focused_seconds", "attempts", "answered_at", "counts", "review", "review_comment",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """The sums over all answers of a worker."""

    answers: int
    campaigns: int
    minutes: int
    since: datetime | None


@dataclass(frozen=True)
class OwnAnswer:
    """One answer of his, and what became of it; the label only where he may read it."""

    answer: Answer
    label: UnitSemantics | None
    is_secret: bool
    review: str  # what a review made of it, in a word; empty where there was none

    @property
    def comment(self) -> str:
        """Return what the reviewer said to it last."""
        return comment_on(self.answer)


def work_of(worker: Worker) -> Work:
    """Count what a worker did, in one query."""
    sums = Answer.objects.filter(worker=worker).aggregate(
        answers=Count("task", distinct=True),  # corrected is not labelled twice
        campaigns=Count("task__campaign", distinct=True),
        seconds=Sum("focused_seconds"),
        since=Min("created_at"),
    )
    minutes = round((sums.pop("seconds") or 0) / 60)
    return Work(minutes=minutes, **sums)


def history(worker: Worker) -> QuerySet[Answer]:
    """Return a worker's answers, the newest first."""
    mine = Answer.objects.filter(worker=worker).order_by("-pk").prefetch_related("reviews")
    return mine.select_related("task__campaign", "superseded_by")


def comment_on(answer: Answer) -> str:
    """Return what a reviewer said last to an answer; its reviews should be fetched with it."""
    said = [review.comment for review in answer.reviews.all() if review.comment]
    return said[-1] if said else ""


def with_use(answers: list[Answer]) -> list[OwnAnswer]:
    """Return the answers of one page with the labels that they became part of.

    What others said stays hidden while people are asked about the network: in any of its
    campaigns the worker may still be one of them. It stays hidden for good in a campaign with
    known or repeated units: they have no label of their own, and would be told by that.
    """
    campaigns = {answer.task.campaign for answer in answers}
    checking = _checking([campaign.pk for campaign in campaigns])
    asked = set(
        Campaign.objects.filter(
            network__in={campaign.network_id for campaign in campaigns}, simulated=False
        )
        .exclude(state=Campaign.State.CLOSED)
        .values_list("network", flat=True)
    )
    labels = UnitSemantics.objects.filter(
        unit__in=[answer.task.unit_id for answer in answers],
        origin__in=[campaign.slug for campaign in campaigns],
    )
    found = {(label.unit_id, label.origin): label for label in labels}
    rows = []
    for answer in answers:
        campaign = answer.task.campaign
        secret = campaign.network_id in asked or campaign.pk in checking
        label = found.get((answer.task.unit_id, campaign.slug))
        review = _review(answer, checking)
        rows.append(OwnAnswer(answer, None if secret else label, secret, review))
    return rows


def table(worker: Worker) -> Iterator[list[Any]]:
    """Give a line for each answer, the oldest first, in the order of `COLUMNS`."""
    mine = history(worker).order_by("pk")
    checking = _checking(list(mine.order_by().values_list("task__campaign", flat=True).distinct()))
    for answer in mine.iterator(500):
        yield [
            answer.task.campaign.slug,
            answer.assignment_id,  # as in its address; a unit's name would tell what is repeated
            answer.concept,
            answer.category,
            len(answer.task.items),
            len(answer.rejected),
            answer.seconds,
            answer.focused_seconds,
            answer.attempts,
            answer.created_at.isoformat(timespec="seconds"),
            answer.counts,
            _review(answer, checking),
            comment_on(answer),
        ]


def everything(worker: Worker) -> dict[str, Any]:
    """Return all that is kept of a worker, but what it would tell about planted images."""
    drafts = Assignment.objects.filter(worker=worker).exclude(draft={})
    drafts = drafts.select_related("task__campaign").order_by("pk")
    rulings = Ruling.objects.filter(worker=worker).select_related("campaign", "appeal")
    return {
        "pseudonym": worker.pseudonym,
        "known_since": worker.created_at.isoformat(timespec="seconds"),
        "account": worker.user.get_username() if worker.user else None,
        "answers": [dict(zip(COLUMNS, line, strict=True)) for line in table(worker)],
        "drafts": [
            {
                "campaign": one.task.campaign.slug,
                "answer": one.pk,
                "state": one.state,
                "draft": one.draft,
            }
            for one in drafts
        ],
        "rulings": [_ruling(one) for one in rulings],
    }


def _checking(campaigns: list[int]) -> set[int]:
    """Return which of these campaigns have known or repeated units."""
    checks = Task.objects.exclude(purpose=Task.Purpose.ASK).filter(campaign__in=campaigns)
    return set(checks.values_list("campaign", flat=True))


def _review(answer: Answer, checking: set[int]) -> str:
    """Say in a word what a review made of an answer.

    Known and repeated units are never reviewed: where there are any, that an answer was accepted
    is not told, or those without the word would be known by it.
    """
    told = standing_of(answer)
    return "" if told == "accepted" and answer.task.campaign_id in checking else told


def _ruling(one: Ruling) -> dict[str, Any]:
    """Return what was ruled of him, with his appeal and its answer."""
    appeal = getattr(one, "appeal", None)
    return {
        "campaign": one.campaign.slug,
        "state": one.state,
        "why": one.sentence,
        "at": one.at.isoformat(timespec="seconds"),
        "appeal": appeal.text if appeal else None,
        "answer": appeal.answer if appeal else None,
    }
