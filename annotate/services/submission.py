"""Taking in an answer: checked by the server, counted in one transaction, once."""

from datetime import datetime
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from analysis.services import access
from annotate.core.rules import Given, Terms, controls_missed, faults
from annotate.core.words import clean_concept
from annotate.models import Answer, Assignment, Campaign, Review, Ruling, Task
from annotate.services import questions
from annotate.services.assignments import tidy
from annotate.services.audit import About, record
from annotate.services.languages import say, state_of

__all__ = ["Given", "Refused", "submit"]

LONGEST_DAY = 86_400  # seconds; a clock that says more is wrong


class Refused(Exception):
    """An answer that cannot be taken; ``errors`` has a sentence for each place of the page.

    The sentences are in the active language.
    """

    def __init__(self, errors: dict[str, str]) -> None:
        """Keep the sentences by place: concept, category, images, assignment."""
        self.errors = {place: say(sentence) for place, sentence in errors.items()}
        super().__init__(" ".join(self.errors.values()))


def submit(assignment: Assignment, given: Given, now: datetime) -> Answer:
    """Take in an answer; the same one again returns the first.

    What is refused is kept as the draft. Do not call it inside a transaction: a refusal counts
    as an attempt, and the count must outlive the exception.

    Raises
    ------
    Refused
        with a plain sentence for each place where a rule is broken, or under ``assignment``
        when the unit has no place left for this answer.
    """
    assignment = questions.read_again(assignment)
    if assignment.state == Assignment.State.SUBMITTED:
        return _same_again(assignment.answer, given)
    if errors := faults(given, _terms(assignment)):
        _keep(assignment, given)
        noted = _first_look(given, assignment, errors)
        Assignment.objects.filter(pk=assignment.pk).update(attempts=F("attempts") + 1, **noted)
        raise Refused(errors)
    try:
        return _take(assignment, given, now)
    except Refused:
        _keep(assignment, given)
        raise


@transaction.atomic
def _take(assignment: Assignment, given: Given, now: datetime) -> Answer:
    """Count and write the answer, if the unit has a place for it."""
    # The task first: whoever leases or submits this unit waits here.
    task = questions.lock_task(assignment.task_id)
    mine = questions.lock_assignment(assignment.pk)
    if mine.state == Assignment.State.SUBMITTED:  # written together with the answer
        return _same_again(mine.answer, given)
    if mine.state == Assignment.State.SENT_BACK:
        return _revise(task, mine, given, now)
    if mine.state == Assignment.State.REVIEWING:
        return _add(task, mine, given, now)
    if not mine.is_live(now):
        _insist_on_room(mine, task, now)
    # What checks a worker is not counted, by the same statement.
    counted = Task.objects.filter(pk=task.pk).taking_answers()
    if not counted.update(answers_given=F("answers_given") + int(task.is_asked)):
        raise Refused(
            {"assignment": _("This unit has all its answers already; yours is kept as a draft.")}
        )
    return _write(mine, given, now, Answer(task=task))


def _revise(task: Task, mine: Assignment, given: Given, now: datetime) -> Answer:
    """Put a new answer in the place of the one that was sent back: the unit counts it once."""
    campaign = Campaign.objects.get(pk=task.campaign_id)
    if mine.due_at <= now:
        _insist_on_work(mine, campaign)
    former = mine.answer
    _insist_on_change(former, given)
    Answer.objects.filter(pk=former.pk).update(counts=False)
    answer = _write(mine, given, now, Answer(task=task, supersedes=former))
    sent_back = Review.objects.waiting().filter(answer=former)
    sent_back.update(end=Review.End.REVISED, ended_at=now)
    record(campaign, "revised", now, mine.worker, About(mine.worker, task, answer))
    return answer


def _add(task: Task, mine: Assignment, given: Given, now: datetime) -> Answer:
    """Write a reviewer's own answer: the unit wants one more for it, and takes no place away."""
    if not task.answers_wanted:
        raise Refused({"assignment": _("This unit teaches now, and is asked of nobody.")})
    user = mine.worker.user
    if user is None or not access.may_change(user, task.campaign):
        raise Refused({"assignment": "You may not review this campaign any more."})
    former = Answer.objects.filter(task=task, worker=mine.worker_id, counts=True).first()
    if former:
        Answer.objects.filter(pk=former.pk).update(counts=False)
    else:
        more = {"answers_wanted": F("answers_wanted") + 1, "answers_given": F("answers_given") + 1}
        Task.objects.filter(pk=task.pk).update(**more)
    answer = _write(mine, given, now, Answer(task=task, supersedes=former, by_reviewer=True))
    # Without the worker: no line of a log or an export has a pseudonym beside a name.
    about = About(task=task, answer=answer)
    record(task.campaign, "answered", now, user, about)
    return answer


def _write(mine: Assignment, given: Given, now: datetime, answer: Answer) -> Answer:
    """Fill in and write an answer, and end its assignment, under the lock of its task."""
    missed = controls_missed(given, frozenset(answer.task.controls))
    Assignment.objects.filter(pk=mine.pk).update(
        state=Assignment.State.SUBMITTED,
        focused_seconds=_focused(given),
        first_missed=Coalesce(F("first_missed"), missed),
    )
    answer.assignment, answer.worker_id = mine, mine.worker_id
    answer.concept, answer.category = clean_concept(given.concept), given.category
    answer.rejected = sorted(given.rejected)
    answer.unseen = sorted(set(given.unseen) - set(given.rejected))
    answer.attempts, answer.controls_missed = mine.attempts + 1, missed
    answer.seconds = min(max(0, int((now - mine.leased_at).total_seconds())), LONGEST_DAY)
    answer.focused_seconds = _focused(given)
    answer.save(force_insert=True)
    return answer


def _first_look(given: Given, assignment: Assignment, errors: dict[str, str]) -> dict[str, Any]:
    """Return what a refused answer left in, if none was noted before and it was filled in wholly.

    Somebody who pressed Enter too early has not looked at the images yet.
    """
    if set(errors) != {"images"} or bool(given.rejected) == given.all_fit:
        return {}
    missed = controls_missed(given, frozenset(assignment.task.controls))
    return {"first_missed": Coalesce(F("first_missed"), missed)}


def _insist_on_room(lease: Assignment, task: Task, now: datetime) -> None:
    """Refuse a late answer unless its unit has a place that nobody else holds, and he may work."""
    campaign = Campaign.objects.get(pk=task.campaign_id)
    _insist_on_work(lease, campaign)
    if not Task.objects.filter(pk=task.pk).with_place(now).exists():
        sentence = _(
            "Your time for this unit ended and others have taken it up since, so the answer "
            "cannot be taken; it is kept as a draft. Go on with the next unit."
        )
        raise Refused({"assignment": sentence})


def _insist_on_work(lease: Assignment, campaign: Campaign) -> None:
    """Refuse a late answer of who gets no new units now, or where nobody does."""
    ruling = Ruling.objects.newest(lease.worker, campaign)
    if ruling is not None and ruling.holds_back:
        raise Refused(
            {
                "assignment": _(
                    "Your time for this unit ended and no new ones are given to you here now, so "
                    "the answer cannot be taken; it is kept as a draft."
                )
            }
        )
    if campaign.state != Campaign.State.OPEN:
        _refuse_late(campaign)


def _refuse_late(campaign: Campaign) -> NoReturn:
    """Say that a campaign takes no late answers any more."""
    sentence = _(
        "Your time for this unit ended and the campaign is %(state)s now, "
        "so the answer cannot be taken; it is kept as a draft."
    )
    raise Refused({"assignment": sentence % {"state": state_of(campaign)}})


def _insist_on_change(former: Answer, given: Given) -> None:
    """Refuse what was sent back as it was: it may be an old request that is sent again."""
    if _same(former, given):
        sentence = _(
            "This is the answer that was sent back to you: change it, or keep it as it was."
        )
        raise Refused({"concept": sentence})


def _same_again(earlier: Answer, given: Given) -> Answer:
    """Return the answer given before, unless this is another one: answers are never changed."""
    if not _same(earlier, given):
        raise Refused(
            {"assignment": _("You have answered this unit already; an answer stays as given.")}
        )
    return earlier


def _same(earlier: Answer, given: Given) -> bool:
    """Tell whether this says what was said before."""
    return (
        sorted(given.rejected) == earlier.rejected
        and given.category == earlier.category
        and _cleaned(given.concept) == earlier.concept
    )


def _cleaned(concept: str) -> str:
    """Return the concept as it would be stored, or as it came if it could not be."""
    try:
        return clean_concept(concept)
    except ValueError:
        return concept


def _terms(assignment: Assignment) -> Terms:
    """Return what the task asks of this answer, at this attempt."""
    task, campaign = assignment.task, assignment.task.campaign
    rule = campaign.control_rule
    strict = rule == Campaign.ControlRule.ENFORCE
    patient = assignment.attempts < campaign.control_attempts
    lenient = rule == Campaign.ControlRule.LENIENT and patient
    return Terms(
        shown=len(task.items),
        controls=frozenset(task.controls),
        minimum_kept=campaign.minimum_kept,
        controls_must_be_found=strict or lenient,
    )


def _focused(given: Given) -> int:
    """Return the seconds the page was in front, as far as a clock can be believed."""
    return max(0, min(given.focused_seconds, LONGEST_DAY))


def _keep(assignment: Assignment, given: Given) -> None:
    """Keep a refused answer as the draft, so that nothing typed is lost."""
    unanswered = Assignment.objects.filter(pk=assignment.pk).exclude(
        state=Assignment.State.SUBMITTED
    )
    unanswered.update(draft=tidy(given.as_draft(), len(assignment.task.items)))
