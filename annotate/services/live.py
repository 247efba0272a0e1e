"""How a campaign goes at this moment: numbers, money, pace, workers and alarms, for its owner.

Everything counted rests on the answers that labels rest on (`Answer.objects.counted`). The times
are those of the latest answers only, so that a long campaign is read as quickly as a short one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import (
    Avg,
    CharField,
    Count,
    F,
    FilteredRelation,
    Q,
    Sum,
)
from django.db.models.functions import Cast, Substr

from annotate.core import alarms
from annotate.core.alarms import Alarm
from annotate.core.outlook import Cost, Quartiles, cost, hours_left, quartiles
from annotate.models import Answer, Assignment, AuditEntry, Campaign, Worker
from annotate.models.answers import TOOK
from annotate.services.pay import pay_of
from annotate.services.standing import LITTLE

SETTLED = ("sure", "maximum")  # verdicts after which nobody is asked about a unit
# A unit is sure when it has all its answers and more than this share of them agrees.
SURE = 2 / 3 - 1e-6
LATEST = 1000  # answers that times are read from
WORKERS = 10  # rows of the small table
HOURS, DAYS = 48, 14
PACE_HOURS = 24
Hours = Mapping[datetime, int]  # answers by the hour in which they came, of the last 14 days


@dataclass(frozen=True)
class Units:
    """How many units are done, sure, disputed; what is wanted and given; the mean agreement."""

    units: int
    done: int
    sure: int
    disputed: int
    labelled: int
    several: int  # labelled by two or more answers
    wanted: int
    given: int
    agreement: float | None
    answers_each: float | None  # of the units labelled by several

    @property
    def missing(self) -> int:
        """How many answers are still to come."""
        return max(0, self.wanted - self.given)


@dataclass(frozen=True)
class WorkerRow:
    """One worker: how many answers, planted negatives left in of those shown, usual seconds."""

    pseudonym: str
    answers: int
    missed: int
    planted: int
    seconds: float | None  # the median of his among the latest answers


@dataclass(frozen=True)
class Latest:
    """What the latest answers tell: by whom, how long they took, how often they were refused."""

    rows: Sequence[Mapping[str, Any]]  # newest first

    @property
    def seconds(self) -> list[float]:
        """Return how long each took."""
        return [float(row["took"]) for row in self.rows]

    @property
    def again(self) -> int:
        """Count those that were refused before they were taken."""
        return sum(row["attempts"] > 1 for row in self.rows)

    @property
    def failing(self) -> int:
        """Count those where a picture did not load."""
        return sum(bool(row["unseen"]) for row in self.rows)


@dataclass(frozen=True)
class Live:
    """Everything the live page and the API show."""

    at: datetime
    units: Units
    held: int
    times: Quartiles | None
    spent: Cost
    to_come: Cost | None  # None before the first answer: how long one takes is not known
    per_day: float  # answers, at the pace of the last 24 hours
    hours_left: float | None
    workers: Sequence[WorkerRow]
    more_workers: int
    alarms: Sequence[Alarm]

    @property
    def ends_at(self) -> datetime | None:
        """When the last answer comes at this pace; None if never, or if nothing is missing."""
        if not self.hours_left or self.hours_left > 24 * 3650:
            return None
        return self.at + timedelta(hours=self.hours_left)


def live(campaign: Campaign, now: datetime) -> Live:
    """Read how a campaign goes, in seven queries, or eight where many answers come."""
    units = _units(campaign)
    totals = _totals(campaign)
    latest = _latest(campaign, now)
    answers = sum(row["answers"] for row in totals)
    seconds = float(sum(row["took"] for row in totals))
    recent = _recent(campaign, latest, now)
    lasted = min(PACE_HOURS, max(1.0, (now - campaign.created_at) / timedelta(hours=1)))
    return Live(
        at=now,
        units=units,
        held=Assignment.objects.filter(task__campaign=campaign).live(now).count(),
        times=quartiles(latest.seconds),
        spent=cost(answers, seconds, pay_of(campaign)),
        to_come=cost(units.missing, units.missing * seconds / answers, pay_of(campaign))
        if answers
        else None,
        per_day=recent / lasted * 24,
        hours_left=hours_left(units.missing, recent, lasted),
        workers=_workers(campaign, totals, latest),
        more_workers=max(0, len(totals) - WORKERS),
        alarms=_alarms(campaign, units, totals, latest, now),
    )


def answers_by_hour(campaign: Campaign, now: datetime) -> Hours:
    """Return how many answers came in each hour of the last 14 days, in UTC; 0 is left out."""
    since = (now - timedelta(days=DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Answer.objects.counted(campaign).order_by().filter(created_at__gte=since)
    # "2026-11-25 21": by text, as the databases' own functions for hours are far slower.
    hour = Substr(Cast("created_at", CharField()), 1, 13)
    found = rows.values(hour=hour).annotate(answers=Count("pk")).order_by("hour")
    return {datetime.fromisoformat(f"{r['hour']}:00:00+00:00"): r["answers"] for r in found}


def _units(campaign: Campaign) -> Units:
    """Count units and answers, beside the labels that they have, in one query."""
    of_label = Q(unit__semantics__source=campaign.source, unit__semantics__origin=campaign.slug)
    several = Q(label__answers__gte=2)
    done = Q(answers_given__gte=F("answers_wanted"))
    sure = several & done & Q(label__agreement__gte=SURE)
    if campaign.adaptive:  # its own targets say when a unit is sure
        done, sure = done & Q(verdict__why__in=SETTLED), done & Q(verdict__why="sure")
    sums = (
        campaign.tasks.asked()
        .annotate(label=FilteredRelation("unit__semantics", condition=of_label))
        .aggregate(
            units=Count("pk"),
            done=Count("pk", filter=done),
            sure=Count("pk", filter=sure),
            disputed=Count("pk", filter=several & Q(label__agreement__lte=LITTLE)),
            labelled=Count("label"),
            several=Count("pk", filter=several),
            wanted=Sum("answers_wanted", default=0),
            given=Sum("answers_given", default=0),
            agreement=Avg("label__agreement", filter=several),
            answers_each=Avg("label__answers", filter=several),
        )
    )
    return Units(**sums)


def _totals(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the sums of each worker, who gave the most first."""
    rows = Answer.objects.counted(campaign).order_by().values("worker")
    sums = list(rows.annotate(answers=Count("pk"), missed=Sum("controls_missed"), took=Sum(TOOK)))
    names = dict(
        Worker.objects.filter(pk__in=[row["worker"] for row in sums]).values_list("pk", "pseudonym")
    )
    return sorted(
        ({**row, "who": names[row["worker"]]} for row in sums),
        key=lambda row: (-row["answers"], row["who"]),
    )


def _latest(campaign: Campaign, now: datetime) -> Latest:
    """Return the latest answers: of the last days, read by time; if there is none, of any."""
    rows = Answer.objects.counted(campaign).order_by("-created_at").annotate(took=TOOK)
    named = rows.values("worker", "took", "attempts", "unseen", "created_at")
    recent = list(named.filter(created_at__gte=now - timedelta(days=DAYS))[:LATEST])
    return Latest(recent or list(named[:LATEST]))


def _workers(
    campaign: Campaign, totals: Sequence[Mapping[str, Any]], latest: Latest
) -> list[WorkerRow]:
    """Return the workers with the most answers."""
    seconds: defaultdict[int, list[float]] = defaultdict(list)
    for row in latest.rows:
        seconds[row["worker"]].append(row["took"])
    return [
        WorkerRow(
            pseudonym=row["who"],
            answers=row["answers"],
            missed=row["missed"],
            planted=row["answers"] * campaign.controls,
            seconds=median(seconds[row["worker"]]) if row["worker"] in seconds else None,
        )
        for row in totals[:WORKERS]
    ]


def _recent(campaign: Campaign, latest: Latest, now: datetime) -> int:
    """Count the answers of the last 24 hours."""
    since = now - timedelta(hours=PACE_HOURS)
    if len(latest.rows) < LATEST or latest.rows[-1]["created_at"] < since:
        return sum(row["created_at"] >= since for row in latest.rows)
    # In the order of time, so that the index by time is read and not every answer.
    rows = Answer.objects.counted(campaign).filter(created_at__gte=since).order_by("-created_at")
    return len(rows.values_list("pk"))


def _alarms(
    campaign: Campaign,
    units: Units,
    totals: Sequence[Mapping[str, Any]],
    latest: Latest,
    now: datetime,
) -> list[Alarm]:
    """Return what a researcher should look at; nothing where nobody is asked."""
    if campaign.published:
        return []
    planted = campaign.controls
    answers = sum(row["answers"] for row in totals)
    last = latest.rows[0]["created_at"] if latest.rows else None
    rung = [
        alarms.planted_missed([(row["missed"], row["answers"] * planted) for row in totals]),
        alarms.unfinished(_given_up(campaign, now)),
        alarms.pictures_failing(latest.failing, len(latest.rows)),
        alarms.silence(
            _hours_since(campaign, last, now),
            is_open=campaign.state == Campaign.State.OPEN,
            is_complete=not units.missing,
        ),
        alarms.one_worker(max((row["answers"] for row in totals), default=0), answers),
        alarms.haste(latest.seconds),
        alarms.refused_often(latest.again, len(latest.rows)),
        alarms.near_chance(units.agreement, units.answers_each or 0, units.several),
    ]
    return [alarm for alarm in rung if alarm]


def _given_up(campaign: Campaign, now: datetime) -> int:
    """Count the units that several workers left while nobody answered."""
    states = Q(assignments__state__in=[Assignment.State.RETURNED, Assignment.State.EXPIRED])
    gone = states | Q(assignments__state=Assignment.State.HELD, assignments__due_at__lte=now)
    untold = campaign.tasks.unfinished().filter(answers_given=0).order_by()
    often = untold.annotate(times=Count("assignments", filter=gone))
    return often.filter(times__gte=alarms.GIVEN_UP).count()


def _hours_since(campaign: Campaign, last: datetime | None, now: datetime) -> float:
    """Return how long ago the last answer came, or it was opened, or opened again."""
    turns = AuditEntry.objects.filter(campaign=campaign, act="reopened").order_by("-at")
    reopened = turns.values_list("at", flat=True).first()
    since = max(when for when in (campaign.created_at, last, reopened) if when)
    return (now - since) / timedelta(hours=1)
