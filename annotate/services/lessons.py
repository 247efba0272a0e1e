"""The researcher's side of teaching: which units teach, what she says about them, and the bar.

A unit that teaches is asked of nobody: its task wants no answers, so it is not given out, and
neither answers nor units of it are counted. A known unit ("gold") is labelled in the same way and
wants no answers either, but it is mixed in: its rules stand in `gold`. What is asked again is
always done once: a double click finds the lesson made, moved or removed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from annotate.core.rules import Given, faults
from annotate.core.words import clean_concept
from annotate.models import Assignment, Campaign, Lesson, PracticeAnswer, PracticeRound, Task
from annotate.services import gold
from annotate.services.assignments import NEWEST, tidy
from annotate.services.practice import settle, terms_of
from annotate.services.submission import Refused

LONGEST_GUIDELINES = 20_000
LONGEST_WHY = 10_000
MOST_WORDS = 20
MOST_PRACTISED = 100
KINDS = (Lesson.Kind.TUTORIAL, Lesson.Kind.PRACTICE, Lesson.Kind.GOLD)


class CannotTeach(ValueError):
    """Something about a lesson that cannot be done, with the reason as a sentence."""


@transaction.atomic
def make_lesson(task: Task, kind: str, now: datetime, user: User | None = None) -> Lesson:
    """Have a unit teach, or check workers, instead of being asked about.

    One that does already is returned.

    Raises
    ------
    CannotTeach
        the unit has answers or is held by somebody, is the last one asked about, is asked about
        in another campaign as well, belongs to a campaign of simulated workers, or workers have
        seen its answer, or were given it, in its other use.
    """
    if kind not in KINDS:
        raise CannotTeach(
            f"A unit teaches as tutorial or practice or checks as gold, not as {kind!r}."
        )
    gold.lock(task.campaign_id)
    # Then the task: whoever leases or submits this unit waits here.
    task = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    if lesson := Lesson.objects.filter(task=task).first():
        return _turned(lesson, kind, now, user)
    _insist_unused(task, now)
    insist_untold(task, kind)
    Task.objects.filter(pk=task.pk).update(answers_wanted=0)
    made = Lesson.objects.create(
        task=task, kind=kind, position=_last_place(task.campaign, kind) + 1, made_by=user
    )
    _note_turn(made, "", now, user)
    return made


def label(
    lesson: Lesson,
    given: Given,
    now: datetime,
    *,
    machine_made: bool = False,
    by: User | None = None,
) -> Lesson:
    """Take down what the expert says about her unit.

    Of a known unit it may be corrected at any time: workers never see it, and their answers are
    compared anew.

    Raises
    ------
    Refused
        with a sentence for each rule of the task that is broken, or under ``assignment`` when
        workers have been compared with what she said before.
    """
    errors = faults(given, terms_of(lesson))
    if given.unseen and not errors:
        errors = {
            "images": f"{len(given.unseen)} pictures failed to load: whoever teaches should have "
            "seen all. Reload the page."
        }
    if errors:
        raise Refused(errors)
    with transaction.atomic():
        gold.lock(lesson.task.campaign_id)
        lesson = Lesson.objects.select_for_update(no_key=True).get(pk=lesson.pk)
        _insist_uncompared(lesson, given)
        if lesson.kind == Lesson.Kind.GOLD and lesson.is_ready:
            gold.note(lesson.task, "gold corrected", now, by)
        lesson.concept, lesson.category = clean_concept(given.concept), given.category
        lesson.rejected, lesson.machine_made = sorted(given.rejected), machine_made
        lesson.labelled_at, lesson.draft = now, {}
        lesson.save()
        if lesson.kind == Lesson.Kind.GOLD:
            gold.count(lesson.task.campaign)
    return lesson


def explain(lesson: Lesson, why: str, other_words: Sequence[str]) -> None:
    """Keep why the answer is as it is, and which other words are as good.

    Raises
    ------
    CannotTeach
        a text is too long, or a word cannot be used.
    """
    if len(why) > LONGEST_WHY:
        raise CannotTeach(f"Shorten the why to {LONGEST_WHY} characters; it has {len(why)}.")
    if len(other_words) > MOST_WORDS:
        raise CannotTeach(f"Give at most {MOST_WORDS} other words, not {len(other_words)}.")
    try:
        words = list(dict.fromkeys(clean_concept(word) for word in other_words))
    except ValueError as error:
        raise CannotTeach(f"One of the other words cannot be used: {error}") from error
    Lesson.objects.filter(pk=lesson.pk).update(why=why, other_words=words)


def keep_draft(lesson: Lesson, draft: dict[str, Any], version: int) -> None:
    """Keep what the expert has so far, unless a newer draft is kept."""
    version = max(0, min(version, NEWEST))
    rows = Lesson.objects.filter(pk=lesson.pk, draft_version__lt=version)
    rows.update(draft=tidy(draft, len(lesson.task.items)), draft_version=version)


@transaction.atomic
def move(lesson: Lesson, by: Literal[-1, 1]) -> bool:
    """Change places with the lesson before or after it; False at the end of the row."""
    row = list(
        Lesson.objects.select_for_update(no_key=True)
        .filter(task__campaign=lesson.task.campaign_id, kind=lesson.kind)
        .order_by("position", "pk")
    )
    here = next((place for place, one in enumerate(row) if one.pk == lesson.pk), None)
    if here is None or not 0 <= here + by < len(row):
        return False
    row[here], row[here + by] = row[here + by], row[here]
    for place, one in enumerate(row, start=1):
        Lesson.objects.filter(pk=one.pk).update(position=place)
    return True


@transaction.atomic
def remove(lesson: Lesson, now: datetime, by: User | None = None) -> bool:
    """Stop teaching by a unit; tell whether it is asked about again.

    Where workers have seen the expert's answer it is set aside instead: they must not be asked
    for their own. A known unit that any worker was given is retired: nobody gets it any more,
    who holds it may submit, and what was said about it says nothing of anybody.
    """
    gold.lock(lesson.task.campaign_id)
    task = Task.objects.select_for_update(no_key=True).get(pk=lesson.task_id)
    found = Lesson.objects.select_for_update(no_key=True).filter(pk=lesson.pk).first()
    if found is None:
        return task.answers_wanted > 0
    _spare(found, now)
    if found.seen_at:
        Lesson.objects.filter(pk=found.pk).update(kind=Lesson.Kind.ASIDE)
        return False
    former, asked = found.kind, not gold.given_to_workers(task)
    if gold.is_gold(former) and not asked:
        Lesson.objects.filter(pk=found.pk).update(kind=Lesson.Kind.RETIRED)
    else:
        asked = True
        found.delete()
        wanted = task.campaign.answers_per_unit
        Task.objects.filter(pk=task.pk).update(answers_wanted=wanted, purpose=Task.Purpose.ASK)
    if former == Lesson.Kind.GOLD:
        gold.note(task, "gold removed", now, by)
        gold.count(task.campaign)
    return asked


def set_bar(campaign: Campaign, bar: int) -> None:
    """Set how many points of 100 a practice round takes; rounds that ended keep theirs.

    Raises
    ------
    CannotTeach
        the number is not between 1 and 100.
    """
    if not 1 <= bar <= 100:
        raise CannotTeach(f"The bar is a number of points from 1 to 100, not {bar}.")
    Campaign.objects.filter(pk=campaign.pk).update(practice_bar=bar)


def set_units(campaign: Campaign, units: int) -> None:
    """Set how many units a practice round draws, 0 for all; rounds under way keep theirs.

    Raises
    ------
    CannotTeach
        the number is below 0 or above MOST_PRACTISED.
    """
    if not 0 <= units <= MOST_PRACTISED:
        raise CannotTeach(f"A practice round draws 0 (all) to {MOST_PRACTISED} units, not {units}.")
    Campaign.objects.filter(pk=campaign.pk).update(practice_units=units)


def write_guidelines(campaign: Campaign, text: str) -> None:
    """Keep the campaign's guidelines, as Markdown.

    Raises
    ------
    CannotTeach
        the text is too long.
    """
    if len(text) > LONGEST_GUIDELINES:
        raise CannotTeach(
            f"Shorten the guidelines to {LONGEST_GUIDELINES} characters; they have {len(text)}."
        )
    Campaign.objects.filter(pk=campaign.pk).update(guidelines=text)


def _turned(lesson: Lesson, kind: str, now: datetime, user: User | None) -> Lesson:
    """Give a lesson its other use; nobody practises on, or is checked by, an answer that was seen.

    Nor is the answer shown of a unit that checked anybody.
    """
    if lesson.kind == kind:
        return lesson
    if kind != Lesson.Kind.TUTORIAL and lesson.seen_at:
        doing = "practise on" if kind == Lesson.Kind.PRACTICE else "be checked by"
        raise CannotTeach(
            f"Workers have seen the answer of {lesson.task.unit}, so nobody can {doing} it: "
            "choose another unit."
        )
    if not gold.is_gold(kind) and gold.given_to_workers(lesson.task):
        raise CannotTeach(
            f"Workers were given {lesson.task.unit} unawares, and its answer would show it: "
            "choose another unit."
        )
    insist_untold(lesson.task, kind)
    former = lesson.kind
    lesson.kind, lesson.position = kind, _last_place(lesson.task.campaign, kind) + 1
    lesson.save(update_fields=["kind", "position"])
    _spare(lesson, now)
    _note_turn(lesson, former, now, user)
    return lesson


def _note_turn(lesson: Lesson, former: str, now: datetime, user: User | None) -> None:
    """Have a unit count as what it is for now, and write down where it became or ceased gold."""
    if not gold.is_gold(lesson.kind) and not gold.is_gold(former):
        return
    gold.turn(lesson.task, lesson.kind)
    act = "gold made" if lesson.kind == Lesson.Kind.GOLD else "gold removed"
    gold.note(lesson.task, act, now, user)
    gold.count(lesson.task.campaign)


def insist_untold(task: Task, kind: str) -> None:
    """Refuse what would show workers, in one campaign, an answer that they are asked in another."""
    campaign = task.campaign
    if campaign.simulated and not gold.is_gold(kind):
        raise CannotTeach("Simulated workers answer this campaign: there is nobody to teach.")
    if gold.is_gold(kind):
        if not campaign.simulated and (teacher := gold.read_in(task)):
            raise CannotTeach(
                f"{task.unit} teaches in the campaign {teacher}, where its answer is read: choose "
                "another unit."
            )
        return
    asked = Task.objects.asked().filter(unit=task.unit, campaign__simulated=False)
    others = asked.exclude(campaign=campaign).exclude(campaign__state=Campaign.State.CLOSED)
    if other := (others | gold.elsewhere(task)).select_related("campaign").first():
        raise CannotTeach(
            f"The campaign {other.campaign} asks about {task.unit} as well, and whoever works in "
            "both would read the answer here: choose another unit, or close that campaign."
        )


def _insist_unused(task: Task, now: datetime) -> None:
    """Refuse a unit that people were asked about, or without which nothing is asked."""
    campaign = task.campaign
    if task.answers_given:
        raise CannotTeach(
            f"{task.unit} has {task.answers_given} of {task.answers_wanted} answers already, and a "
            "unit that teaches is asked of nobody: choose one without answers."
        )
    if task.answers.exists():
        raise CannotTeach(f"{task.unit} was answered, then rejected in review: choose another.")
    if Assignment.objects.filter(task=task).live(now).exists():
        raise CannotTeach(
            f"Somebody is labelling {task.unit} at this moment: choose another unit, or wait for "
            f"his {campaign.lease_minutes} minutes to end."
        )
    if campaign.tasks.asked().count() < 2:
        raise CannotTeach(f"{task.unit} is the last unit that the campaign asks about.")


def _insist_uncompared(lesson: Lesson, given: Given) -> None:
    """Refuse to change what workers have been compared with; the same again is no change."""
    if not lesson.practice_answers.filter(answered_at__isnull=False).exists():
        return
    said = (clean_concept(given.concept), given.category, sorted(given.rejected))
    if said != (lesson.concept, lesson.category, lesson.rejected):
        raise Refused(
            {
                "assignment": "Workers have been compared with what you said about this unit, so "
                "it stays as it is. Remove the unit and make another one to practise on."
            }
        )


def _spare(lesson: Lesson, now: datetime) -> None:
    """Take a unit out of the rounds under way; those that waited for it alone end."""
    waiting = PracticeAnswer.objects.filter(lesson=lesson, answered_at__isnull=True)
    rounds = PracticeRound.objects.select_for_update(no_key=True).order_by("pk")
    under_way = list(rounds.filter(pk__in=list(waiting.values_list("round", flat=True))))
    waiting.delete()
    for one in under_way:
        settle(one, now)


def _last_place(campaign: Campaign, kind: str) -> int:
    """Return the highest position among the campaign's lessons of a kind."""
    rows = Lesson.objects.within(campaign.pk).filter(kind=kind)
    return rows.aggregate(last=Max("position"))["last"] or 0
