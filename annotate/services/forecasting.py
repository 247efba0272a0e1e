"""What a campaign will take, before it is opened, and how right that was when it is done.

A forecast rests on what people did in past campaigns where there is enough of it, else on what the
researcher states. Simulated workers foretell simulated campaigns only.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet, Sum

from annotate.core.planning import (
    HOUR,
    Assumed,
    Forecast,
    Outcome,
    Past,
    Pay,
    Plan,
    hindsight,
    plan,
)
from annotate.core.stopping import Targets
from annotate.models import Answer, Campaign, Task, Worker
from annotate.models.answers import TOOK
from annotate.services.pay import pay_of

Question = Targets | int  # until so sure, or so many answers to each unit

# Fewer than these say too little of how units or people are.
ENOUGH_UNITS, ENOUGH_ANSWERS, ENOUGH_WORKERS = 30, 100, 3
NEWEST = 5000  # units, and answers, that are looked at
LEVEL = 0.9
SEED = 0  # the same question gets the same forecast
SECONDS = (60.0, 180.0)
SHARE = re.compile(r"(?P<answers>[1-9][0-9]{0,3})\s*:\s*(?P<share>[0-9]{1,3}(\.[0-9]{1,4})?)\s*%?")


@dataclass(frozen=True)
class Stated:
    """What the researcher says: seconds an answer takes, shares of units by answers, pay.

    Without ``needed`` half of the units are done after the least answers, half of the others after
    one more, and so on. Pay is what `planning.Pay` has: the fee is a share.
    """

    seconds: tuple[float, float] = SECONDS
    needed: Mapping[int, float] = field(default_factory=dict)
    pay: Pay = field(default_factory=Pay)
    currency: str = "USD"

    @property
    def terms(self) -> dict[str, Any]:
        """Return the pay as a campaign has it: the fee in per cent."""
        pay = self.pay
        amounts = {"pay_per_answer": pay.per_answer, "pay_per_hour": pay.per_hour}
        amounts["fee"] = round(100 * pay.fee, 6)
        exact = {name: Decimal(str(amount)) for name, amount in amounts.items()}
        return {**exact, "currency": self.currency}

    @property
    def shares(self) -> list[tuple[int, float]]:
        """Return the percentage of units by answers."""
        return [(answers, 100 * share) for answers, share in sorted(self.needed.items())]


@dataclass(frozen=True)
class Basis:
    """On what a forecast rests.

    ``units_from`` is fixed, past or stated, ``pace_from`` past or stated. ``past_units``,
    ``past_answers`` and ``past_workers`` are what was seen, also where it was not enough.
    """

    units_from: str
    pace_from: str
    past_units: int
    past_answers: int
    past_workers: int


@dataclass(frozen=True)
class Foreseen:
    """A forecast with what it rests on."""

    plan: Plan
    basis: Basis
    stated: Stated

    def as_json(self) -> dict[str, Any]:
        """Return it as a campaign keeps it."""
        stated = asdict(self.stated) | {"seconds": list(self.stated.seconds)}
        stated["needed"] = {str(n): share for n, share in self.stated.needed.items()}
        return {"plan": asdict(self.plan), "basis": asdict(self.basis), "stated": stated}


@dataclass(frozen=True)
class Came:
    """What came so far: answers with their hours, rejected ones too, and what they cost."""

    answers: int
    hours: float
    money: float


def foresee(units: int, question: Question, stated: Stated, *, simulated: bool = False) -> Foreseen:
    """Forecast what so many units will take.

    Raises:
        ValueError: there is no unit, or what is stated contradicts itself or the question.
    """
    needed = _needed(question, simulated)
    answers = _answers(simulated)
    workers = len({worker for _, worker in answers})
    paced = len(answers) >= ENOUGH_ANSWERS and workers >= ENOUGH_WORKERS
    from_past = len(needed) >= ENOUGH_UNITS
    stated = _complete(stated, question)
    counts = Assumed(stated.needed, stated.seconds)  # judges what is stated, used or not
    basis: Past | Assumed = counts
    if paced:
        seconds, who = zip(*answers, strict=True)
        past = Past(needed if from_past else [1], seconds, who)
        basis = past if from_past else Assumed(stated.needed, past)
    elif from_past:
        shares = {n: needed.count(n) / len(needed) for n in sorted(set(needed))}
        basis = Assumed(shares, stated.seconds, worth=len(needed))
    fixed = isinstance(question, int)
    return Foreseen(
        plan(units, basis, stated.pay, np.random.default_rng(SEED), LEVEL),
        Basis(
            units_from="fixed" if fixed else "past" if from_past else "stated",
            pace_from="past" if paced else "stated",
            past_units=len(needed),
            past_answers=len(answers),
            past_workers=workers,
        ),
        stated,
    )


def read(kept: Mapping[str, Any]) -> Foreseen | None:
    """Return what `Foreseen.as_json` has written; None where nothing was."""
    if not kept:
        return None
    whole = dict(kept["plan"])
    for name in ("answers", "hours", "money"):
        whole[name] = Forecast(**whole[name])
    stated = dict(kept["stated"])
    stated["needed"] = {int(n): share for n, share in stated["needed"].items()}
    stated["seconds"] = tuple(stated["seconds"])
    stated["pay"] = Pay(**stated["pay"])
    return Foreseen(Plan(**whole), Basis(**kept["basis"]), Stated(**stated))


def came(campaign: Campaign, pay: Pay) -> Came:
    """Return what a campaign has taken so far.

    An answer that a review rejected took its author's time too.
    """
    rows = Answer.objects.filter(
        task__campaign=campaign,
        task__purpose=Task.Purpose.ASK,
        worker__kind=campaign.worker_kind,
    )
    answers, hours = rows.count(), (rows.aggregate(all=Sum(TOOK))["all"] or 0) / HOUR
    money = (answers * pay.per_answer + hours * pay.per_hour) * (1 + pay.fee)
    return Came(answers, hours, money)


def compared(campaign: Campaign) -> dict[str, Outcome]:
    """Set what came beside what was foreseen, by name; nothing where nothing was."""
    foreseen = read(campaign.forecast)
    if foreseen is None:
        return {}
    so_far = came(campaign, pay_of(campaign))
    actual = {"answers": so_far.answers, "hours": so_far.hours, "money": so_far.money}
    found = hindsight(foreseen.plan, **actual)
    if foreseen.stated.currency != campaign.currency:  # changed since
        del found["money"]
    return found


def shares(text: str) -> dict[int, float]:
    """Return what “2: 50, 3: 30, 5: 20” states: {2: 0.5, 3: 0.3, 5: 0.2}.

    Raises:
        ValueError: that is not what it says, a number stands twice, or it is not 100 in all.
    """
    found: dict[int, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = SHARE.fullmatch(part)
        if match is None or int(match["answers"]) in found:
            raise ValueError(
                f"“{part[:40]}” states no share: write “2: 50, 3: 30, 5: 20” for 50% of the units "
                "with 2 answers and so on, each number once"
            )
        found[int(match["answers"])] = float(match["share"]) / 100
    if found and abs(sum(found.values()) - 1) > 1e-6:
        raise ValueError(f"the shares sum to {100 * sum(found.values()):g}%: make them sum to 100")
    return found


# ---- What is known ---------------------------------------------------------------------------
def _needed(question: Question, simulated: bool) -> list[int]:
    """Return how many answers units took in past campaigns that asked until as sure as this one.

    Of finished campaigns only: units that are sure early would stand for all of them.
    """
    if isinstance(question, int):
        return []
    unfinished = Task.objects.filter(campaign=OuterRef("pk")).unsettled()
    past = Campaign.objects.filter(
        ~Exists(unfinished),
        adaptive=True,
        simulated=simulated,
        answers_least=question.minimum,
        answers_most=question.maximum,
        target_group=question.group,
        target_concept_share=question.concept_share,
        target_width=question.width,
    )
    rows = Task.objects.asked().filter(campaign__in=past).order_by("-pk")
    return [row["answers"] for row in rows.values_list("verdict", flat=True)[:NEWEST] if row]


def _answers(simulated: bool) -> list[tuple[float, int]]:
    """Return seconds and worker of the newest answers in campaigns of this kind."""
    kind = Worker.Kind.SIMULATED if simulated else Worker.Kind.PERSON
    rows: QuerySet[Answer] = Answer.objects.filter(
        task__campaign__simulated=simulated,
        task__purpose=Task.Purpose.ASK,
        worker__kind=kind,
        counts=True,
    ).order_by("-pk")
    return [(float(took), who) for took, who in rows.values_list(TOOK, "worker")[:NEWEST]]


def _complete(stated: Stated, question: Question) -> Stated:
    """Return what is stated with the shares that are not; refuse shares of what is not asked.

    Raises:
        ValueError: a share is stated of more or fewer answers than a unit can get.
    """
    if isinstance(question, int):
        return Stated(stated.seconds, {question: 1.0}, stated.pay, stated.currency)
    least, most = question.minimum, question.maximum
    if not stated.needed:
        shares = {n: 0.5 ** (n - least + 1) for n in range(least, most)}
        shares[most] = 1 - sum(shares.values())
        return Stated(stated.seconds, shares, stated.pay, stated.currency)
    if strange := [n for n in stated.needed if not least <= n <= most]:
        raise ValueError(
            f"shares are stated of units that take {strange[0]} answers: each gets {least} to "
            f"{most}"
        )
    return stated
