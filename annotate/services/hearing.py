"""The answers of a campaign as the core reads them: those that count, and those to known units."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db.models import Count, Max, QuerySet, Sum

from annotate.core.heard import Heard, Truth, in_order
from annotate.core.truth import VERSION
from annotate.models import Answer, Campaign, ConceptDecision
from annotate.services.checks import KnownAnswer, known_answers

AT_ONCE = 500


def heard_of(campaign: Campaign) -> list[Heard]:
    """Return what a campaign's labels and fits rest on, in the order of `core.heard.in_order`."""
    rows = Answer.objects.counted(campaign).select_related("worker", "task__unit__layer")
    heard = [_heard(answer) for answer in rows.order_by("pk").iterator(AT_ONCE)]
    return in_order([*heard, *_known(campaign)])


def state_of(campaign: Campaign) -> str:
    """Return in a few words which answers there are and how they are read: a few small queries.

    Whatever changes a fit or a figure changes this too: an answer more, one rejected, a decision
    about words, what is known of a unit, the method, the rule.
    """
    known = known_answers(campaign)
    told = [(one.task, one.expert.category, sorted(one.expert.rejected)) for one in known]
    truths = hashlib.sha256(json.dumps(sorted(told)).encode()).hexdigest()[:12]
    decided = ConceptDecision.objects.filter(campaign=campaign).aggregate(last=Max("pk"))["last"]
    how = f"{campaign.method}{' tied' if campaign.tied else ''} {VERSION}"
    counted = _sums(Answer.objects.counted(campaign)), _sums(_checking(campaign, known))
    return " · ".join([how, *counted, truths if known else "", str(decided or 0)])


def _sums(answers: QuerySet[Answer]) -> str:
    """Return number and sum of keys: no other answers have both the same."""
    found = answers.aggregate(count=Count("pk"), sum=Sum("pk"))
    return f"{found['count']} {found['sum'] or 0}"


def _heard(answer: Answer) -> Heard:
    """Return an answer as the core reads it."""
    task, layer = answer.task, answer.task.unit.layer
    return Heard(
        layer=layer.name,
        channel=task.unit.channel,
        who=answer.worker.pseudonym,
        member=answer.worker.user_id is not None,
        number=answer.pk,
        concept=answer.concept,
        category=answer.category,
        shown=len(task.items),
        controls=frozenset(task.controls),
        rejected=frozenset(answer.rejected),
        unseen=frozenset(answer.unseen),
        kept_of=_counts_only(answer),
    )


def _counts_only(answer: Answer) -> tuple[int, int] | None:
    """Return kept and shown of an answer whose single images are not known."""
    kept, shown = getattr(answer, "kept", None), getattr(answer, "shown", None)
    return (kept, shown) if kept is not None and shown else None


def _checking(campaign: Campaign, known: Sequence[KnownAnswer]) -> QuerySet[Answer]:
    """Return the answers to known units, of the kind of worker that the campaign asks."""
    tasks = [one.task for one in known]
    return Answer.objects.filter(
        task__in=tasks, worker__kind=campaign.worker_kind, counts=True
    ).select_related("worker", "task__unit__layer")


def _known(campaign: Campaign) -> Iterator[Heard]:
    """Give the answers to known units, each with its truth."""
    known = known_answers(campaign)
    truths = {one.task: Truth(one.expert.category, one.expert.rejected) for one in known}
    for answer in _checking(campaign, known).order_by("pk").iterator(AT_ONCE):
        yield replace(_heard(answer), truth=truths[answer.task_id])
