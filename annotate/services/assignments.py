"""Leases: who works on which unit until when, so that nobody works in vain.

One rule holds everywhere: answers given plus live leases never exceed the answers wanted. So
whoever holds a live lease can submit. The rule is kept by locking the task's row before counting
(SQLite: the whole database, by its IMMEDIATE transactions), and rests on nothing else.

A campaign that is paused or closed gives no new leases and extends none: who holds one may still
submit until it ends.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from annotate.core.checking import FEW, shown_left
from annotate.models import Assignment, Campaign, Task, Worker
from annotate.services import mixing, questions
from annotate.services.qualification import may_work
from annotate.services.questions import COUNTED_TO, WINDOW

# Somebody else was faster: look again, but not for ever.
TRIES = 50
# With so many unfinished, a hundred of them held by others still leave COUNTED_TO.
MANY = 300
NEWEST = 2**53  # what a browser's clock can count to


@dataclass(frozen=True)
class Progress:
    """How far a worker is in a campaign; ``more``: ``left`` stopped counting at COUNTED_TO."""

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
            if lease := _lease(pk, worker, campaign, now):
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
    lease = _lease(assignment.task_id, assignment.worker, campaign, now)
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
    """Count what this worker answered here, and what he could still get, up to COUNTED_TO."""
    his = questions.states_of(worker, campaign, now)
    answered = sum(row.every for row in his if row.state == Assignment.State.SUBMITTED)
    live = sum(_waiting(row, campaign) for row in his)
    if campaign.state != Campaign.State.OPEN:
        return Progress(answered, live, more=False)
    # Where many are unfinished, looking at each one's leases would cost more than the page:
    # beyond those that were his there are enough, and how many exactly nobody needs to know.
    all_his = sum(row.every for row in his)
    beyond = MANY + 100 * -(-all_his // 100)  # in hundreds: each is a query of its own
    if questions.has_unfinished(campaign, beyond):
        return Progress(answered, COUNTED_TO + live, more=True)
    left = questions.free(worker, campaign, now)
    if not campaign.checks or left > COUNTED_TO or not left + live:
        return Progress(answered, min(left, COUNTED_TO) + live, more=left > COUNTED_TO)
    shown = shown_left(_asked(his, campaign) + left, answered, campaign.gold_units, campaign.rates)
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


def _waiting(row: questions.Counted, campaign: Campaign) -> int:
    """Count what a worker holds or was sent back; that waits for him while the campaign is open."""
    if row.state == Assignment.State.SENT_BACK and campaign.state == Campaign.State.OPEN:
        return row.every
    before_him = row.state in (Assignment.State.HELD, Assignment.State.SENT_BACK)
    return row.in_time if before_him else 0


def _asked(his: Sequence[questions.Counted], campaign: Campaign) -> int:
    """Count the units asked about, without checks, that he answered or that wait for him."""
    rows = [row for row in his if row.purpose == Task.Purpose.ASK]
    answered = sum(row.every for row in rows if row.state == Assignment.State.SUBMITTED)
    return answered + sum(_waiting(row, campaign) for row in rows)


def _sent_back(worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Return what a review sent back to this worker, his until the deadline; it holds no place.

    His former answer goes on counting in its place until he gives a new one, so that nobody has
    to be kept out meanwhile; where he lets the deadline pass he gets it again.
    """
    found = questions.sent_back(worker, campaign)
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
    return questions.held(worker, campaign, now)


def _candidates(worker: Worker, campaign: Campaign, now: datetime) -> Iterator[int]:
    """Give the tasks this worker may lease, best first.

    Among equals in the first window each worker has an order of his own, always the same, so
    that workers spread and the next task can be guessed.
    """
    mine = Assignment.objects.filter(worker=worker, task__campaign=campaign)
    yield from _again(questions.lapsed(worker, campaign, now), now)
    window = questions.window(worker, campaign, now)
    if _shall_leave_unsure(worker, campaign, window):
        window = questions.fresh_window(worker, campaign, now) or window
    check = mixing.next_check(worker, campaign, now)
    fresh = sorted((-given, _own_order(worker.pk, pk), pk) for pk, given in window)
    if fresh and check:  # nobody is checked who has nothing to do
        yield check
    yield from (pk for _, _, pk in fresh)
    if not fresh:
        # Not at once, or giving back the last unit would bring it straight back.
        returned = mine.filter(state=Assignment.State.RETURNED, due_at__lt=now - campaign.lease)
        first = returned.order_by("due_at").values_list("task", flat=True)[:WINDOW]
        yield from _again(list(first), now)


def _shall_leave_unsure(worker: Worker, campaign: Campaign, window: list[tuple[Any, ...]]) -> bool:
    """Tell whether the best of these are unsure units, which are for others while he has any else.

    Units that have their least answers and lack more are unsure; nearest to completion, they come
    first for everybody who is not kept from them here. Of whom nothing is known is kept from them
    like who is right less often.
    """
    if not campaign.adaptive or not window or window[0][1] < campaign.answers_least:
        return False
    return not questions.leads(worker, campaign)


def _again(tasks: list[int], now: datetime) -> list[int]:
    """Return those tasks of former leases that have room."""
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
def _lease(task_pk: int, worker: Worker, campaign: Campaign, now: datetime) -> Assignment | None:
    """Lease one place of a task, or None if somebody took the last one since it was read."""
    # Rows are locked in one order everywhere: worker, task, assignment.
    questions.lock_worker(worker.pk)  # his second tab waits here
    task, lesson = questions.lock_task_and_lesson(task_pk)
    task.campaign = campaign
    if held := _held(worker, campaign, now):
        return held
    # Every lease of a task is made under its lock, so these few rows are all there are. What
    # checks workers may be held by all of them at once: only his own matters.
    his = Assignment.objects.filter(task=task_pk, worker=worker)
    leases = questions.leases_of(task_pk) if task.is_asked else list(his)
    live = sum(lease.is_live(now) for lease in leases)
    if not task.has_place(live, lesson):
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
