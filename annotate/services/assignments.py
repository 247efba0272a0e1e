"""Leases: who works on which unit until when, so that nobody works in vain.

One rule holds everywhere: answers given plus live leases never exceed the answers wanted. So
whoever holds a live lease can submit. The rule is kept by locking the task's row before counting
(SQLite: the whole database, by its IMMEDIATE transactions), and rests on nothing else.

A campaign that is paused or closed gives no new leases and extends none: who holds one may still
submit until it ends.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from annotate.core.checking import FEW, shown_left
from annotate.models import Assignment, Campaign, Task, Worker
from annotate.models.answers import AssignmentQuerySet
from annotate.services import mixing
from annotate.services.qualification import may_work

# How many of the best tasks a worker chooses among: wide enough that sixteen who come at once do
# not queue at one row.
WINDOW = 32
# Somebody else was faster: look again, but not for ever.
TRIES = 50
COUNTED_TO = 500
# With so many unfinished, some hundred of them held by others still leave 500.
MANY = 600
NEWEST = 2**53  # what a browser's clock can count to


@dataclass(frozen=True)
class Progress:
    """How far a worker is in a campaign. ``left`` stops counting at 500, and then ``more``."""

    answered: int
    left: int
    more: bool
    few: bool = False  # exactly how many would tell which of them were checks


def claim(worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Return the lease this worker holds, else a new one, else None.

    Where the campaign has a practice round, a new one is given to who has passed it only.
    First what he holds, then what a review sent back to him, then what he let lapse (his draft is
    there), then the unit nearest to completion that he never had, last what he gave back a while
    ago. No other that he answered.
    """
    if held := _held(worker, campaign, now):
        return held
    if not _may_lease(worker, campaign):
        return None
    if sent_back := _sent_back(worker, campaign, now):
        return sent_back
    for _ in range(TRIES):
        candidates = list(_candidates(worker, campaign, now))
        for pk in candidates:
            if lease := _lease(pk, worker, now):
                return lease
        if not candidates:
            return None
    return None


def holds(worker: Worker, campaign: Campaign, now: datetime) -> bool:
    """Tell whether this worker is at a unit here: he holds it, or corrects one."""
    corrected = Assignment.objects.sent_back(worker, campaign).filter(due_at__gt=now)
    return _held(worker, campaign, now) is not None or corrected.exists()


def likely_next(worker: Worker, campaign: Campaign, now: datetime) -> Task | None:
    """Return the task this worker will probably get next, for fetching its pictures ahead."""
    if not _may_lease(worker, campaign):
        return None
    if sent_back := Assignment.objects.sent_back(worker, campaign).order_by("-due_at").first():
        return sent_back.task
    pk = next(_candidates(worker, campaign, now), None)
    return Task.objects.filter(pk=pk).first() if pk else None


def extend(assignment: Assignment, now: datetime) -> bool:
    """Put the deadline off because the worker is active; tell whether he holds the unit.

    A lapsed lease is taken up again where the place is still free.
    """
    campaign = assignment.task.campaign
    mine = Assignment.objects.filter(pk=assignment.pk)
    if assignment.state == Assignment.State.SENT_BACK:
        return _go_on(assignment, now)
    if campaign.state != Campaign.State.OPEN:
        return mine.live(now).exists()
    if mine.live(now).update(due_at=now + campaign.lease):
        return True
    if not mine.lapsed(now).exists() or not may_work(assignment.worker, campaign):
        return False
    lease = _lease(assignment.task_id, assignment.worker, now)
    return lease is not None and lease.pk == assignment.pk


def save_draft(assignment: Assignment, draft: dict[str, Any], version: int, now: datetime) -> int:
    """Keep what the worker has so far, and his lease; return the version now kept.

    The newest version wins: a late packet of an older one changes nothing. A draft is kept even
    when the lease is lost, but never after the answer is given.
    """
    version = max(0, min(version, NEWEST))
    mine = Assignment.objects.filter(pk=assignment.pk)
    mine.filter(draft_version__lt=version).exclude(state=Assignment.State.SUBMITTED).update(
        draft=tidy(draft, len(assignment.task.items)), draft_version=version
    )
    extend(assignment, now)
    return mine.values_list("draft_version", flat=True).get()


def give_back(assignment: Assignment, now: datetime) -> bool:
    """Free the place; False if there was nothing to give back."""
    mine = Assignment.objects.filter(pk=assignment.pk)
    open_states = [Assignment.State.HELD, Assignment.State.EXPIRED]
    return bool(
        mine.filter(state__in=open_states).update(state=Assignment.State.RETURNED, due_at=now)
    )


def expire(now: datetime) -> int:
    """Mark the leases whose deadline has passed, and count them.

    For the eye only: a lease past its deadline holds no place, marked or not.
    """
    overdue = Assignment.objects.filter(state=Assignment.State.HELD, due_at__lte=now)
    return overdue.update(state=Assignment.State.EXPIRED)


def progress_of(worker: Worker, campaign: Campaign, now: datetime) -> Progress:
    """Count what this worker answered here, and what he could still get (up to 500)."""
    submitted = Q(state=Assignment.State.SUBMITTED)
    before = _before_him(campaign, now)
    counts = Assignment.objects.filter(worker=worker, task__campaign=campaign).aggregate(
        all=Count("pk"),
        answered=Count("pk", filter=submitted),
        live=Count("pk", filter=before),
        asked=Count("pk", filter=(submitted | before) & Q(task__purpose=Task.Purpose.ASK)),
    )
    answered, live = counts["answered"], counts["live"]
    if campaign.state != Campaign.State.OPEN:
        return Progress(answered, live, more=False)
    # Where many are unfinished, looking at each one's leases would cost more than the page:
    # beyond those that were his there are enough, and how many exactly nobody needs to know.
    unfinished = Task.objects.filter(campaign=campaign).unfinished().nearest_completion()
    if unfinished.values_list("pk")[counts["all"] + MANY : counts["all"] + MANY + 1]:
        return Progress(answered, COUNTED_TO + live, more=True)
    free = Task.objects.filter(campaign=campaign).new_to(worker).with_room(now)
    left = len(free.nearest_completion().values_list("pk", flat=True)[: COUNTED_TO + 1])
    if not campaign.checks or left > COUNTED_TO or not left + live:
        return Progress(answered, min(left, COUNTED_TO) + live, more=left > COUNTED_TO)
    shown = shown_left(counts["asked"] + left, answered, campaign.gold_units, campaign.rates)
    return Progress(answered, shown, more=False, few=shown <= FEW)


def tidy(draft: dict[str, Any], places: int) -> dict[str, Any]:
    """Return the known parts of a draft, bounded, whatever a browser sent."""
    return {
        "concept": str(draft.get("concept") or "")[:200],
        "category": str(draft.get("category") or "")[:10],
        "rejected": _indexes(draft.get("rejected"), places),
        "unseen": _indexes(draft.get("unseen"), places),
        "all_fit": draft.get("all_fit") is True,
    }


def _indexes(value: object, places: int) -> list[int]:
    """Return the whole numbers of a list that are places of the task, once each."""
    if not isinstance(value, list):
        return []
    return sorted({i for i in value if isinstance(i, int) and i is not True and 0 <= i < places})


def _may_lease(worker: Worker, campaign: Campaign) -> bool:
    """Tell whether new units may be given to this worker."""
    is_open = campaign.state == Campaign.State.OPEN
    return is_open and campaign.admits(worker) and may_work(worker, campaign)


def _before_him(campaign: Campaign, now: datetime) -> Q:
    """Keep what a worker holds or was sent back; that waits for him while the campaign is open."""
    sent_back = Q(state=Assignment.State.SENT_BACK)
    if campaign.state != Campaign.State.OPEN:
        sent_back &= Q(due_at__gt=now)
    return Q(state=Assignment.State.HELD, due_at__gt=now) | sent_back


def _sent_back(worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Return what a review sent back to this worker, his until the deadline; it holds no place.

    His former answer goes on counting in its place until he gives a new one, so that nobody has
    to be kept out meanwhile; where he lets the deadline pass he gets it again.
    """
    found = Assignment.objects.sent_back(worker, campaign).order_by("-due_at", "pk").first()
    return found if found and _go_on(found, now) else None


def _go_on(assignment: Assignment, now: datetime) -> bool:
    """Put off the deadline of what was sent back; tell whether its worker may go on with it."""
    campaign = assignment.task.campaign
    mine = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.SENT_BACK)
    in_time = mine.filter(due_at__gt=now)
    if campaign.state != Campaign.State.OPEN:
        return in_time.exists()
    assignment.due_at = now + campaign.lease
    if in_time.update(due_at=assignment.due_at):
        return True
    if not _may_lease(assignment.worker, campaign):
        return False
    return bool(mine.update(leased_at=now, due_at=assignment.due_at))


def _held(worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Return the live lease of this worker in this campaign."""
    return Assignment.objects.of(worker).filter(task__campaign=campaign).live(now).first()


def _candidates(worker: Worker, campaign: Campaign, now: datetime) -> Iterator[int]:
    """Give the tasks this worker may lease, best first.

    Among equals in the first window each worker has an order of his own, always the same, so
    that workers spread and the next task can be guessed.
    """
    mine = Assignment.objects.filter(worker=worker, task__campaign=campaign)
    yield from _again(mine.lapsed(now), now)
    # His own answers come first, by the cheaper test: there may be thousands at the front.
    free = Task.objects.filter(campaign=campaign).new_to(worker).with_room(now)
    window = free.nearest_completion().values_list("pk", "answers_given")[:WINDOW]
    check = mixing.next_check(worker, campaign, now)
    fresh = sorted((-given, _own_order(worker.pk, pk), pk) for pk, given in window)
    if fresh and check:  # nobody is checked who has nothing to do
        yield check
    yield from (pk for _, _, pk in fresh)
    if not fresh:
        # Not at once, or giving back the last unit would bring it straight back.
        returned = mine.filter(state=Assignment.State.RETURNED)
        yield from _again(returned.filter(due_at__lt=now - campaign.lease), now)


def _again(leases: AssignmentQuerySet, now: datetime) -> list[int]:
    """Return the tasks of former leases that have room, first come first."""
    tasks = list(leases.order_by("due_at").values_list("task", flat=True)[:WINDOW])
    if not tasks:
        return []
    return list(
        Task.objects.filter(pk__in=tasks)
        .with_place(now)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _own_order(worker: int, task: int) -> bytes:
    """Return where a task stands in this worker's own order."""
    return hashlib.blake2b(f"{worker}/{task}".encode(), digest_size=8).digest()


@transaction.atomic
def _lease(task_pk: int, worker: Worker, now: datetime) -> Assignment | None:
    """Lease one place of a task, or None if somebody took the last one since it was read."""
    # Rows are locked in one order everywhere: worker, task, assignment.
    Worker.objects.select_for_update(no_key=True).get(pk=worker.pk)  # his second tab waits here
    locked = Task.objects.select_for_update(no_key=True, of=("self",))
    task = locked.select_related("campaign", "lesson").get(pk=task_pk)
    if held := _held(worker, task.campaign, now):
        return held
    # Every lease of a task is made under its lock, so these few rows are all there are. What
    # checks workers may be held by all of them at once: only his own matters.
    rows = Assignment.objects.filter(task=task_pk)
    leases = list(rows if task.is_asked else rows.filter(worker=worker))
    live = sum(lease.is_live(now) for lease in leases)
    if not task.has_place(live):
        return None
    mine = next((lease for lease in leases if lease.worker_id == worker.pk), None)
    return _put(mine or Assignment(task=task, worker=worker), task, worker, now)


def _put(lease: Assignment, task: Task, worker: Worker, now: datetime) -> Assignment | None:
    """Write a lease, new or taken up again; None if its answer is given."""
    if lease.state == Assignment.State.SUBMITTED:
        return None
    lease.state, lease.leased_at = Assignment.State.HELD, now
    lease.due_at = now + task.campaign.lease
    if lease.pk is None:
        lease.seed = secrets.randbelow(2**31)
        lease.save(force_insert=True)
    else:
        lease.save(update_fields=["state", "leased_at", "due_at"])
    lease.task, lease.worker = task, worker
    return lease
