"""The practice round of a worker: begun, answered unit by unit, passed or not; twice at most.

A ruling that asks him to practise again gives one attempt more.

Every step may be repeated: a double click or a second tab finds what the first one did. A round's
row is locked by whoever answers one of its units or takes one out of it.
"""

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Prefetch, QuerySet
from django.utils.translation import gettext as _

from annotate.core.practice import drawn, draws, passes, round_points, score
from annotate.core.rules import Given, Terms, faults
from annotate.core.words import clean_concept
from annotate.models import Campaign, Lesson, PracticeAnswer, PracticeRound, Worker
from annotate.models.teaching import PracticeAnswerQuerySet
from annotate.services import rulings
from annotate.services.assignments import NEWEST, tidy
from annotate.services.languages import state_of
from annotate.services.qualification import Stage, standing_of
from annotate.services.submission import Refused


class CannotPractise(ValueError):
    """A practice round that cannot begin, with the reason as a sentence."""


@transaction.atomic
def begin(worker: Worker, campaign: Campaign, now: datetime) -> PracticeRound:
    """Return the round this worker is in or has passed, else begin one.

    Raises
    ------
    CannotPractise
        the campaign has no practice round or is not open, or both attempts are used up.
    """
    Worker.objects.select_for_update(no_key=True).get(pk=worker.pk)  # his second tab waits here
    stands = standing_of(worker, campaign)
    if stands.stage is Stage.FREE:
        raise CannotPractise(_("This campaign has no practice round: you may begin to label."))
    if stands.stage is Stage.STOPPED:
        raise CannotPractise(_("You are given no units here now, and none to practise on."))
    if stands.stage is Stage.FAILED:
        raise CannotPractise(_("Both attempts at the practice round are used up."))
    if stands.round and not stands.may_begin:
        return stands.round
    if campaign.state != Campaign.State.OPEN:
        sentence = _("The campaign is %(state)s: its practice round rests too.")
        raise CannotPractise(sentence % {"state": state_of(campaign)})
    before = PracticeRound.objects.filter(worker=worker, campaign=campaign)
    made = PracticeRound.objects.create(
        campaign=campaign,
        worker=worker,
        attempt=(before.aggregate(newest=Max("attempt"))["newest"] or 0) + 1,
        asked_by=stands.ruling if stands.stage is Stage.ASKED else None,
        started_at=now,
    )
    PracticeAnswer.objects.bulk_create(
        PracticeAnswer(round=made, lesson_id=lesson, seed=secrets.randbelow(2**31))
        for lesson in _drawn(worker, campaign)
    )
    return made


def asks_others(campaign: Campaign) -> bool:
    """Tell whether the second attempt asks units that the first one did not."""
    return draws(Lesson.objects.practised().within(campaign.pk).count(), campaign.practice_units)


def units_of_a_round(campaign: Campaign) -> int:
    """Return how many units a round of this campaign asks."""
    ready = Lesson.objects.practised().within(campaign.pk).count()
    return campaign.practice_units if draws(ready, campaign.practice_units) else ready


def _drawn(worker: Worker, campaign: Campaign) -> list[int]:
    """Return the lessons that a round asks: all, or some that the worker has not met."""
    ready = Lesson.objects.practised().within(campaign.pk).values_list("pk", flat=True)
    mine = PracticeAnswer.objects.filter(round__worker=worker, round__campaign=campaign)
    asked = set(mine.values_list("lesson", flat=True))
    return drawn(list(ready), asked, campaign.practice_units, secrets.SystemRandom())


def submit(answer: PracticeAnswer, given: Given, now: datetime) -> PracticeAnswer:
    """Take in a practice answer and compare it with the expert's; the first one stands.

    The last answer of a round ends it. The task's rules hold but for the planted negatives: that
    one was left in is told by the comparison.

    Raises
    ------
    Refused
        with a plain sentence for each place where a rule is broken.
    """
    if errors := faults(given, terms_of(answer.lesson)):
        if answer.answered_at is None:
            _keep(answer, given)
        raise Refused(errors)
    return _take(answer, given, now)


@transaction.atomic
def _take(answer: PracticeAnswer, given: Given, now: datetime) -> PracticeAnswer:
    """Score and write the answer, once; end the round with its last."""
    PracticeRound.objects.select_for_update(no_key=True).filter(pk=answer.round_id).first()
    mine = PracticeAnswer.objects.select_related("round__campaign", "lesson__task")
    found = mine.filter(pk=answer.pk).first()
    if found is None:
        raise Refused({"assignment": _("This unit was taken out of the practice round since.")})
    if found.answered_at is not None:
        return found
    compared = score(given, found.lesson.expert, len(found.task.items))
    concept = clean_concept(given.concept)
    said = Given(concept, given.category, given.rejected, unseen=given.unseen)
    found.answer(said, compared, now)
    found.save()
    note_seen(found.lesson, now)
    settle(found.round, now)
    return found


def note_seen(lesson: Lesson, now: datetime) -> None:
    """Remember when workers were first shown the expert's answer."""
    Lesson.objects.filter(pk=lesson.pk, seen_at__isnull=True).update(seen_at=now)


def settle(one: PracticeRound, now: datetime) -> None:
    """End a round of which nothing waits any longer; take one back that has no units left."""
    answers = list(one.answers.all())
    totals = [answer.score.total for answer in answers if answer.score]
    if not answers:
        one.delete()
    elif len(totals) == len(answers) and one.finished_at is None:
        one.points, one.bar = round_points(totals), one.campaign.practice_bar
        one.passed, one.finished_at = passes(one.points, one.bar), now
        one.save()
        if one.asked_by_id is not None:
            rulings.close_round(one, now)


def keep_draft(
    rows: PracticeAnswerQuerySet, draft: dict[str, Any], version: int, places: int
) -> None:
    """Keep what a worker has so far of one unit, unless it is answered or a newer one is kept."""
    version = max(0, min(version, NEWEST))
    waiting = rows.filter(answered_at__isnull=True, draft_version__lt=version)
    waiting.update(draft=tidy(draft, places), draft_version=version)


def terms_of(lesson: Lesson) -> Terms:
    """Return what the task asks where somebody learns or teaches by it."""
    return Terms(
        shown=len(lesson.task.items),
        controls=frozenset(),
        minimum_kept=lesson.task.campaign.minimum_kept,
        controls_must_be_found=False,
    )


def rounds_of(campaign: Campaign) -> QuerySet[PracticeRound]:
    """Return the campaign's rounds, newest first, with their workers and answers."""
    answers = PracticeAnswer.objects.select_related("lesson__task__unit__layer")
    rounds = campaign.practice_rounds.select_related("worker").order_by("-started_at", "-pk")
    return rounds.prefetch_related(Prefetch("answers", answers))


def _keep(answer: PracticeAnswer, given: Given) -> None:
    """Keep a refused answer as the draft, so that nothing typed is lost."""
    rows = PracticeAnswer.objects.filter(pk=answer.pk, answered_at__isnull=True)
    rows.update(draft=tidy(given.as_draft(), len(answer.task.items)))
