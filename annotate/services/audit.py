"""The audit log of a campaign: each act that changes who works or what counts is written here."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from annotate.models import Answer, AuditEntry, Campaign, Task, Worker

LONGEST_REASON = 2000
COLUMNS = ("at", "act", "by", "worker", "unit", "answer", "reason")


@dataclass(frozen=True)
class About:
    """What an act was done to, as far as it is about one, and why."""

    worker: Worker | None = None
    task: Task | None = None
    answer: Answer | None = None
    reason: str = ""


def record(
    campaign: Campaign,
    act: str,
    now: datetime,
    by: User | Worker | None,
    about: About,
) -> AuditEntry:
    """Write down an act; call it in the transaction that does it. ``by`` is None for a rule.

    Raises:
        ValueError: the reason is too long.
    """
    if len(about.reason) > LONGEST_REASON:
        raise ValueError(
            f"Shorten the reason to {LONGEST_REASON} characters; it has {len(about.reason)}."
        )
    return AuditEntry.objects.create(
        campaign=campaign,
        act=act,
        by_user=by if isinstance(by, User) else None,
        by_worker=by if isinstance(by, Worker) else None,
        worker=about.worker,
        task=about.task,
        answer=about.answer,
        reason=about.reason,
        at=now,
    )


def log_of(campaign: Campaign, act: str = "", worker: str = "") -> QuerySet[AuditEntry]:
    """Return a campaign's acts, the newest first, with all that a page shows of them.

    ``act`` keeps those of one kind, ``worker`` (a pseudonym) those about or by one worker.
    """
    parents = ("by_user", "by_worker", "worker", "answer", "task__unit__layer__network")
    rows = AuditEntry.objects.filter(campaign=campaign).select_related(*parents)
    if act:
        rows = rows.filter(act=act)
    if worker:
        rows = rows.filter(Q(worker__pseudonym=worker) | Q(by_worker__pseudonym=worker))
    return rows


def acts_of(campaign: Campaign) -> list[str]:
    """Return the kinds of acts that the log has."""
    rows = AuditEntry.objects.filter(campaign=campaign).order_by("act")
    return list(rows.values_list("act", flat=True).distinct())


def cells(entry: AuditEntry) -> list[str]:
    """Return a line of the exported log, in the order of `COLUMNS`."""
    return [
        entry.at.isoformat(timespec="seconds"),
        entry.act,
        entry.author,
        entry.worker.pseudonym if entry.worker else "",
        str(entry.task.unit) if entry.task else "",
        entry.answer.concept if entry.answer else "",
        entry.reason,
    ]
