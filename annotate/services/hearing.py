"""The answers of a campaign as the core reads them: those that count, and those to known units."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.db.models import Count, Max, QuerySet, Sum

from annotate.core.heard import Heard, Truth, in_order
from annotate.core.truth import VERSION
from annotate.models import Answer, Campaign, ConceptDecision

AT_ONCE = 500


@dataclass(frozen=True)
class KnownAnswer:
    """An answer to a unit that the researcher has labelled herself, and what she said."""

    answer: Answer
    category: str
    rejected: frozenset[int] = frozenset()


def known_answers(campaign: Campaign) -> Iterable[KnownAnswer]:
    """Return the answers to units whose truth is known; no campaign has any yet."""
    return ()


def heard_of(campaign: Campaign) -> list[Heard]:
    """Return what a campaign's labels and fits rest on, in the order of `core.heard.in_order`."""
    rows = Answer.objects.counted(campaign).select_related("worker", "task__unit__layer")
    heard = [_heard(answer) for answer in rows.order_by("pk").iterator(AT_ONCE)]
    return in_order([*heard, *_known(campaign)])


def state_of(campaign: Campaign) -> str:
    """Return in a few words which answers there are and how they are read: two small queries.

    Whatever changes a fit or a figure changes this too: an answer more, one rejected, a decision
    about words, the method, the rule.
    """
    counted = _sums(Answer.objects.counted(campaign))
    known = _sums(Answer.objects.filter(pk__in=[one.answer.pk for one in known_answers(campaign)]))
    decided = ConceptDecision.objects.filter(campaign=campaign).aggregate(last=Max("pk"))["last"]
    how = f"{campaign.method}{' tied' if campaign.tied else ''} {VERSION}"
    return f"{how} · {counted} · {known} · {decided or 0}"


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


def _known(campaign: Campaign) -> Iterator[Heard]:
    """Give the answers to known units, each with its truth."""
    for one in known_answers(campaign):
        yield replace(_heard(one.answer), truth=Truth(one.category, one.rejected))
