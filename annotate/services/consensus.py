"""Handing a consensus over to `analysis`: one call for each unit, as answers arrive."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from analysis.models import UnitSemantics
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from annotate.core.consensus import Basis, Consensus, Said, decide, version
from annotate.core.edits import Act, Edits, fold, standing
from annotate.core.released import Answered
from annotate.core.trust import Trust
from annotate.models import Answer, Campaign, ConceptDecision, Task
from annotate.services import published_labels
from annotate.services.trust import details_of, judged, trust_of

METHOD = "concepts"
WORDNET = "3.0"
INTERVAL = "95% Wilson, effective number of votes from the variance between answers and images"


@transaction.atomic
def publish_task(
    task: Task,
    method: str = METHOD,
    weights: Mapping[str, float] | None = None,
    trust: Trust | None = None,
) -> UnitSemantics | None:
    """Write down what the answers so far make of one unit; may be repeated at will.

    Only answers of the campaign's kind of worker count: a simulated one never becomes people's.
    A unit without answers loses the label that this campaign gave it. ``trust`` in the workers is
    that of the campaign's last fit unless given; ``weights`` by pseudonym go before its own.
    """
    if not task.is_asked:  # it checks workers: its unit's label is no business of it
        return None
    # Whoever comes second waits, then reads every answer that the first one read.
    task = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    campaign = Campaign.objects.select_related("run").get(pk=task.campaign_id)
    answers = list(task.answers.counted(campaign).select_related("worker"))
    if not answers:
        semantics.withdraw(unit=task.unit, source=campaign.source, origin=campaign.slug)
        return None
    basis = Basis(weights or {}, edits_of(campaign))
    if campaign.published and not task.items:
        return _publish_counted(task, campaign, answers, basis)
    said = [said_of(answer) for answer in answers]
    trust = trust or trust_of(campaign)
    basis = judged(trust, said, task, basis)
    found = decide(said, len(task.items), frozenset(task.controls), method, basis)
    details = _details(task, answers, found) | details_of(trust, basis, task)
    return semantics.record(
        unit=task.unit,
        source=campaign.source,
        origin=campaign.slug,
        run=campaign.run,
        label=_label(found, _rule(method, basis) | details),
    )


@transaction.atomic
def publish_imported(campaign: Campaign, tasks: Collection[int]) -> None:
    """Write down the units of these tasks, whose answers came all at once, in few queries."""
    said: defaultdict[int, list[Answer]] = defaultdict(list)
    for answer in Answer.objects.counted(campaign).select_related("worker").order_by("pk"):
        said[answer.task_id].append(answer)
    basis = Basis(edits=edits_of(campaign))
    for task in campaign.tasks.select_related("unit").order_by("pk"):
        if task.pk in tasks and said[task.pk] and not task.items:
            _publish_counted(task, campaign, said[task.pk], basis)
        elif task.pk in tasks:
            publish_task(task)


def _publish_counted(
    task: Task, campaign: Campaign, answers: list[Answer], basis: Basis
) -> UnitSemantics:
    """Write down a unit of which we know how many images were kept, and not which."""
    told = [
        Answered(
            *(answer.worker.pseudonym, answer.concept, answer.category),
            kept / shown,
            kept=kept,
            shown=shown,
        )
        for answer in answers
        for kept, shown in [answer.images]
    ]
    details = {"version": version(published_labels.METHOD), "weighted": bool(basis.weights)}
    return semantics.record(
        unit=task.unit,
        source=campaign.source,
        origin=campaign.slug,
        run=campaign.run,
        label=published_labels.label(told, details, basis),
    )


def edits_of(campaign: Campaign) -> Edits:
    """Return what holds of the researchers' decisions about this campaign's words."""
    rows = list(ConceptDecision.objects.filter(campaign=campaign))
    holds = standing((row.pk, row.undoes_id) for row in rows)
    undo = ConceptDecision.Act.UNDO
    return fold(
        Act(row.act, row.concept, tuple(row.words), row.name)
        for row in rows
        if row.pk in holds and row.act != undo
    )


def publish(
    campaign: Campaign, method: str = METHOD, weights: Mapping[str, float] | None = None
) -> int:
    """Write down every unit of a campaign that has answers; return how many these are."""
    # Where all were rejected a label may still stand, if a worker was stopped before he saw to it.
    any_answer = Exists(Answer.objects.filter(task=OuterRef("pk")))
    answered = campaign.tasks.filter(any_answer, purpose=Task.Purpose.ASK).select_related("unit")
    published, trust = 0, trust_of(campaign)
    for task in answered.order_by("pk").iterator(500):
        published += publish_task(task, method, weights, trust) is not None
    return published


def said_of(answer: Answer) -> Said:
    """Return an answer as the core reads it; its author by pseudonym."""
    return Said(
        who=answer.worker.pseudonym,
        concept=answer.concept,
        category=answer.category,
        rejected=frozenset(answer.rejected),
        unseen=frozenset(answer.unseen),
    )


def _rule(method: str, basis: Basis) -> dict[str, Any]:
    """Return by which rule the label is made, so that it can be made again."""
    return {
        "method": method,
        "version": version(method),
        "wordnet": WORDNET if basis.meanings.wordnet else None,
        "weighted": bool(basis.weights),
        "interval": INTERVAL,
    }


def _label(found: Consensus, details: dict[str, Any]) -> UnitLabel:
    """Return the consensus as `analysis` keeps it."""
    return UnitLabel(
        concept=found.concept,
        category=found.category,
        precision=found.precision,
        precision_low=found.precision_low,
        precision_high=found.precision_high,
        answers=found.answers,
        agreement=found.agreement,
        images_shown=len(found.votes),
        images_kept=len(found.kept),
        details=details,
    )


def _details(task: Task, answers: list[Answer], found: Consensus) -> dict[str, Any]:
    """Keep how the label came about: all words with their pseudonyms, all votes on images.

    Images are named by the key of their top-image row. ``stands`` says what ties an answer's
    words to the concept, in one word and in a sentence; both are empty where nothing does. Words
    of a reviewer, who had read the others', are marked by ``reviewer``.
    """
    rows = zip(answers, found.groups, found.shares, found.ties, strict=True)
    return {
        "concept": found.how_concept,
        "category": found.how_category,
        "key": found.key,
        "spelt": found.spelt,
        "offered": found.offered,
        "words": [
            {
                "worker": answer.worker.pseudonym,
                "concept": answer.concept,
                "category": answer.category,
                "same_concept_as": group,
                "stands": tie.how if tie else "",
                "why": tie.why if tie else "",
                "precision": round(share, 4),
                "controls_missed": answer.controls_missed,
            }
            | ({"reviewer": True} if answer.by_reviewer else {})
            for answer, group, share, tie in rows
        ],
        "votes": {str(task.items[place]): vote for place, vote in found.votes.items()},
        "kept": [task.items[place] for place in found.kept],
        "tied": [task.items[place] for place in found.tied],
    }
