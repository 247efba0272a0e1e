"""Published answers as a campaign: closed from the start, so that its pages reckon with them.

The answers of a file become rows like those that we collected: one task for each unit, answers by
workers of the kind "published". Labels are made by `consensus`, as everywhere.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from analysis.models import Network, Run, TopImage, Unit, UnitSemantics
from analysis.services import semantics
from annotate.core.released import Answered, AnswersRefused, Release
from annotate.models import Answer, Assignment, Campaign, Task, Worker
from annotate.services import published_answers
from annotate.services.audit import About, record
from annotate.services.campaigns import RESERVED
from annotate.services.consensus import publish_imported
from annotate.services.published_answers import AnswerFile, Imported

BATCH = 500
# What is compared: whether an answer counts is not, as a review may have decided on it since.
SAID = (
    "concept", "category", "rejected", "unseen", "attempts", "controls_missed", "seconds",
    "focused_seconds", "shown", "kept",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One unit's part of the import: its task's images by key, where they are known."""

    unit: Unit
    answers: Sequence[Answered]
    items: list[int]
    planted: list[int]


@transaction.atomic
def import_campaign(file: AnswerFile, campaign: str, now: datetime) -> Imported:
    """Make the answers of a file a campaign of this name, or bring it up to date; all, or none.

    Its labels stand under the campaign's name. The same file twice changes nothing; of a corrected
    one only the units change whose answers differ.

    Raises:
        AnswersRefused: the file is damaged or does not fit the network, the name is taken, or the
            same answers stand there as plain labels already.
    """
    published_answers.checked(campaign, "say --as-campaign NAME")
    release, network, made = published_answers.read(file)
    row = _campaign(campaign, network, release)
    _insist_uncounted(row, file.name)
    before = published_answers.labels_before(network, row.source, row.slug)
    places = list(_places(row, network, release))
    touched = _write(row, places, now)
    publish_imported(row, touched)
    after = published_answers.labels_before(network, row.source, row.slug)
    if touched:
        told = f"{file.path.name}, format {file.form}: {len(touched):,} units with other answers"
        record(row, "imported", now, None, About(reason=told))
    return Imported(
        *(network, made, row.source, row.slug),
        layers=len(release.answers),
        units=len(places),
        answers=sum(len(place.answers) for place in places),
        changed=sum(before.get(unit) != when for unit, when in after.items()),
        withdrawn=len(before.keys() - after.keys()),
    )


def _campaign(slug: str, network: Network, release: Release) -> Campaign:
    """Return the campaign of this name, made if there is none, and locked."""
    if slug in RESERVED:
        raise AnswersRefused(f"{slug!r} is the address of a page: choose another name.")
    run = Run.objects.filter(key=release.run, network=network).first() if release.run else None
    most = max(len(some) for units in release.answers.values() for some in units.values())
    row, _ = Campaign.objects.select_for_update(no_key=True).get_or_create(
        slug=slug,
        defaults={
            "title": f"Published answers about {network.slug}",
            "network": network,
            "run": run,
            "published": True,
            "state": Campaign.State.CLOSED,
            "simulated": release.simulated,
            "synthetic": network.synthetic,
            "answers_per_unit": most,
            "link_token": secrets.token_urlsafe(24),
        },
    )
    if not row.published:
        raise AnswersRefused(f"The campaign {slug!r} asks people: say another --as-campaign NAME.")
    if row.network_id != network.pk or row.simulated != release.simulated:
        raise AnswersRefused(
            f"The campaign {slug!r} holds answers about {row.network.slug} by another source or"
            " network than this file: say another --as-campaign NAME."
        )
    return row


def _insist_uncounted(campaign: Campaign, origin: str) -> None:
    """Refuse to label units a second time that these answers label under another name."""
    if origin == campaign.slug:
        return
    there = UnitSemantics.objects.filter(
        unit__layer__network=campaign.network, source=campaign.source, origin=origin
    )
    if there.exists():
        raise AnswersRefused(
            f"Labels of {campaign.network.slug} stand under {origin!r} already: say --as-campaign"
            f" {origin}, so that no unit is labelled twice by the same answers."
        )


def _places(campaign: Campaign, network: Network, release: Release) -> list[Place]:
    """Return each unit with its answers and, where the run is here, the images they are about."""
    found = []
    for unit, answers in published_answers.units(network, release):
        marks = answers[0].marks
        items: list[int] = []
        if campaign.run and marks and marks.items:
            items = _items(campaign.run, unit, marks.items)
        planted = list(marks.planted) if marks and items else []
        found.append(Place(unit, answers, items, planted))
    return found


def _items(run: Run, unit: Unit, named: Sequence[str]) -> list[int]:
    """Return the keys of a unit's images by their names; none unless all are here."""
    rows = TopImage.objects.filter(run=run, unit=unit).values_list("end", "rank", "pk")
    keys = {f"{end}/{rank}": pk for end, rank, pk in rows}
    return [keys[name] for name in named] if keys.keys() >= set(named) else []


def _write(campaign: Campaign, places: Sequence[Place], now: datetime) -> set[int]:
    """Bring tasks and answers to what the file says; return the keys of the tasks that changed."""
    tasks = {task.unit_id: task for task in campaign.tasks.all()}
    there = _there(campaign)
    gone = [task for unit, task in tasks.items() if unit not in {p.unit.pk for p in places}]
    other = [place for place in places if _differs(campaign, place, tasks, there)]
    _take_back(gone + [tasks[p.unit.pk] for p in other if p.unit.pk in tasks])
    _end(campaign, gone)
    new = [_task(campaign, place) for place in other]
    kept = [task for task in new if task.unit_id in tasks]
    for task in kept:
        task.pk = tasks[task.unit_id].pk
    Task.objects.bulk_update(kept, ["items", "controls", "answers_wanted", "answers_given"], BATCH)
    Task.objects.bulk_create([task for task in new if task.pk is None], BATCH)
    _answer(campaign, list(zip(new, other, strict=True)), now)
    return {task.pk for task in new}


def _there(campaign: Campaign) -> dict[int, list[tuple[Any, ...]]]:
    """Return the answers that are there, by unit, in their order."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    rows = Answer.objects.filter(task__campaign=campaign).select_related("worker", "task")
    for row in rows.order_by("pk").iterator(2000):
        found.setdefault(row.task.unit_id, []).append(
            (row.worker.pseudonym, *(getattr(row, name) for name in SAID))
        )
    return found


def _differs(
    campaign: Campaign,
    place: Place,
    tasks: Mapping[int, Task],
    there: Mapping[int, list[tuple[Any, ...]]],
) -> bool:
    """Tell whether a unit's answers are not those that are there."""
    task = tasks.get(place.unit.pk)
    said = [
        (_who(campaign, one), *(values[name] for name in SAID))
        for one in place.answers
        for values in [_values(one, bool(place.items))]
    ]
    return task is None or task.items != place.items or said != there.get(place.unit.pk, [])


def _values(one: Answered, known: bool) -> dict[str, Any]:
    """Return what an answer's row says; counts only where its images are not known."""
    kept, shown = one.counted
    marks = one.marks
    return {
        "concept": one.concept,
        "category": one.category,
        "rejected": list(marks.rejected) if marks else [],
        "unseen": list(marks.unseen) if marks else [],
        "attempts": marks.attempts if marks else 1,
        "controls_missed": marks.controls_missed if marks else 0,
        "seconds": marks.seconds if marks else 0,
        "focused_seconds": marks.focused_seconds if marks else 0,
        "shown": None if known else shown,
        "kept": None if known else kept,
        "counts": one.counts,
    }


def _who(campaign: Campaign, one: Answered) -> str:
    """Return the pseudonym of a published worker: no real one has a slash."""
    return f"{campaign.slug}/{one.who}"


def _task(campaign: Campaign, place: Place) -> Task:
    """Return the task of a unit with all its answers."""
    given = sum(one.counts for one in place.answers)
    return Task(
        campaign=campaign,
        unit=place.unit,
        items=place.items,
        controls=place.planted,
        answers_wanted=given,
        answers_given=given,
    )


def _take_back(tasks: Sequence[Task]) -> None:
    """Delete the answers of these tasks: the file has others."""
    Answer.objects.filter(task__in=tasks).delete()
    Assignment.objects.filter(task__in=tasks).delete()


def _end(campaign: Campaign, tasks: Sequence[Task]) -> None:
    """Delete tasks that the file does not have any more, with the labels of their units."""
    units = Unit.objects.filter(pk__in=[task.unit_id for task in tasks])
    semantics.withdraw_others(units=units, source=campaign.source, origin=campaign.slug)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).delete()


def _answer(campaign: Campaign, pairs: Sequence[tuple[Task, Place]], now: datetime) -> None:
    """Write the answers of these tasks in the file's order, each with its lease."""
    workers = _workers(campaign, [one for _, place in pairs for one in place.answers])
    given = [(task, place, one) for task, place in pairs for one in place.answers]
    leases = Assignment.objects.bulk_create(
        [
            Assignment(
                task=task,
                worker=workers[_who(campaign, one)],
                state=Assignment.State.SUBMITTED,
                seed=0,
                leased_at=_when(one, now),
                due_at=_when(one, now),
            )
            for task, _, one in given
        ],
        BATCH,
    )
    answers = Answer.objects.bulk_create(
        [
            Answer(
                assignment=lease,
                task=task,
                worker=lease.worker,
                **_values(one, bool(place.items)),
            )
            for lease, (task, place, one) in zip(leases, given, strict=True)
        ],
        BATCH,
    )
    for answer, (_, _, one) in zip(answers, given, strict=True):
        answer.created_at = _when(one, now)
    Answer.objects.bulk_update(answers, ["created_at"], BATCH)


def _when(one: Answered, now: datetime) -> datetime:
    """Return when an answer was given, or imported where that is not known."""
    return one.marks.created_at if one.marks else now


def _workers(campaign: Campaign, answers: Sequence[Answered]) -> dict[str, Worker]:
    """Return the published workers by pseudonym, made where they are new."""
    names = list(dict.fromkeys(_who(campaign, one) for one in answers))
    Worker.objects.bulk_create(
        [Worker(kind=Worker.Kind.PUBLISHED, pseudonym=name) for name in names],
        BATCH,
        ignore_conflicts=True,
    )
    return {row.pseudonym: row for row in Worker.objects.filter(pseudonym__in=names)}
