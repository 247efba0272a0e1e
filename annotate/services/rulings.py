"""Rulings: who pauses a worker, asks him to practise again, ends his work or lets him go on.

The newest ruling holds, and each is written down in the audit log in its own transaction. Whoever
rules locks the worker's row first, so a second delivery or a second tab finds what the first did.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext

from annotate.core.plain_text import clean_text
from annotate.core.worker_rules import Breach
from annotate.models import Appeal, Campaign, PracticeRound, Ruling, Worker
from annotate.models.rulings import TOLD
from annotate.services import audit
from annotate.services.audit import About
from annotate.services.qualification import Stage, has_practice, standing_of

State = Ruling.State
LONGEST = 1000
# As the audit log has it.
ACTS = {
    State.ACTIVE: "let go on",
    State.PRACTISE: "asked to practise again",
    State.PAUSED: "paused",
    State.ENDED: "ended",
}
THEN = {"practise": State.PRACTISE, "pause": State.PAUSED, "end": State.ENDED}


class CannotRule(ValueError):
    """What cannot be ruled or appealed, with the reason as a sentence."""


@dataclass(frozen=True)
class Order:
    """What is to hold, why, and by whom: a user, or a rule with its numbers."""

    state: State
    sentence: str = ""
    rule: str = ""
    facts: dict[str, int] = field(default_factory=dict)
    by: User | None = None


@transaction.atomic
def rule_by_hand(worker: Worker, campaign: Campaign, order: Order, now: datetime) -> Ruling:
    """Rule as a researcher says; an appeal that was open is answered by it.

    Raises
    ------
    CannotRule
        without a reason, of a worker who has left, for what holds already, or to practise again
        where there is no practice round or he has not passed it yet.
    """
    try:
        sentence = clean_text(order.sentence, LONGEST, "the reason, which the worker reads")
    except ValueError as error:
        raise CannotRule(str(error)) from error
    before = _locked(worker, campaign)
    if (before.state if before else State.ACTIVE) == order.state:
        raise CannotRule(f"{worker.pseudonym} {_stands(order.state)} already.")
    if order.state == State.PRACTISE:
        _insist_on_practice(worker, campaign)
    made = _write(worker, campaign, Order(order.state, sentence, by=order.by), now)
    if before and before.open_appeal:
        upheld = order.state != State.ACTIVE
        _answer(before.open_appeal, sentence, upheld, order.by, now)
    return made


@transaction.atomic
def rule_by_breach(
    worker: Worker, campaign: Campaign, breach: Breach, after: Ruling | None, now: datetime
) -> Ruling | None:
    """Rule as the campaign's rules say, unless somebody ruled since ``after``, the newest then."""
    try:
        before = _locked(worker, campaign)
    except CannotRule:  # he left meanwhile
        return None
    if before != after:
        return None
    state = THEN[breach.limit.then]
    if state == State.PRACTISE:
        stage = standing_of(worker, campaign).stage
        if stage not in (Stage.PASSED, Stage.FREE):
            return None  # he has to pass before his next unit anyway
        # Without a practice round there is nothing to practise: he waits for the researcher.
        state = State.PRACTISE if stage is Stage.PASSED else State.PAUSED
    return _write(worker, campaign, _order(state, breach.limit.name, breach.facts), now)


def close_round(one: PracticeRound, now: datetime) -> None:
    """Let a worker go on who practised again and passed; pause him who did not."""
    points = {"points": one.points or 0, "bar": one.bar or 0}
    if one.passed:
        order = _order(State.ACTIVE, "passed", points)
    else:
        order = _order(State.PAUSED, "failed", points)
    try:
        before = _locked(one.worker, one.campaign)
    except CannotRule:  # he has left, and somebody took the last unit out of the round
        return
    if before is not None and before.pk == one.asked_by_id:  # nobody ruled otherwise meanwhile
        _write(one.worker, one.campaign, order, now)


@transaction.atomic
def appeal(worker: Worker, campaign: Campaign, text: str, now: datetime) -> Appeal:
    """Take in a worker's word against what was ruled of him: once; the same again is one.

    Raises
    ------
    CannotRule
        nothing holds him back, he has appealed before, or the text is empty or too long.
    """
    try:
        text = clean_text(text, LONGEST, "what the researcher should know")
    except ValueError as error:
        told = gettext("Write what the researcher should know in %(most)s characters or fewer.")
        raise CannotRule(told % {"most": LONGEST}) from error
    ruling = _locked(worker, campaign)
    if ruling is None or not ruling.holds_back:
        told = gettext("Nothing holds you back in this campaign: there is nothing to appeal.")
        raise CannotRule(told)
    earlier = Appeal.objects.filter(ruling=ruling).first()
    if earlier is not None and earlier.text != text:
        raise CannotRule(gettext("You have appealed already; an appeal stays as it was written."))
    if earlier is not None:
        return earlier
    # The text stands in the appeal alone, so that it goes when its author has himself forgotten.
    audit.record(campaign, "appealed", now, worker, About(worker))
    return Appeal.objects.create(ruling=ruling, text=text, at=now)


@transaction.atomic
def uphold(worker: Worker, campaign: Campaign, sentence: str, by: User, now: datetime) -> Appeal:
    """Answer the open appeal of a worker: the ruling stays.

    Raises
    ------
    CannotRule
        no appeal is open, the worker has left, or there is no sentence.
    """
    try:
        sentence = clean_text(sentence, LONGEST, "the answer, which the worker reads")
    except ValueError as error:
        raise CannotRule(str(error)) from error
    ruling = _locked(worker, campaign)
    found = ruling.open_appeal if ruling else None
    if found is None:
        raise CannotRule(f"No appeal of {worker.pseudonym} is open.")
    _answer(found, sentence, True, by, now)
    audit.record(campaign, "appeal refused", now, by, About(worker, reason=sentence))
    return found


def forget(worker: Worker) -> None:
    """Delete what a worker who leaves wrote; call it in the transaction in which he leaves."""
    his = Appeal.objects.filter(ruling__worker=worker)
    his.filter(answered_at__isnull=True).delete()
    his.update(text="")


def _locked(worker: Worker, campaign: Campaign) -> Ruling | None:
    """Return the newest ruling, with the worker's row locked until the transaction ends."""
    locked = Worker.objects.select_for_update(no_key=True).get(pk=worker.pk)
    if locked.has_left:
        raise CannotRule(f"{locked.pseudonym} has left: nobody is there to be ruled on.")
    return Ruling.objects.newest(worker, campaign)


def _insist_on_practice(worker: Worker, campaign: Campaign) -> None:
    """Refuse to ask for practice where there is none, or of whom must pass it anyway."""
    if worker.kind == Worker.Kind.SIMULATED:
        raise CannotRule("Simulated workers are not taught: pause it instead.")
    if not has_practice(campaign):
        raise CannotRule("This campaign has no practice round: pause the worker instead.")
    if not PracticeRound.objects.filter(worker=worker, campaign=campaign, passed=True).exists():
        raise CannotRule(f"{worker.pseudonym} has not passed the practice round yet.")


def _order(state: State, rule: str, facts: dict[str, int]) -> Order:
    """Return an order of a rule, its sentence in English as the log keeps it."""
    return Order(state, TOLD[rule] % facts, rule, facts)


def _write(worker: Worker, campaign: Campaign, order: Order, now: datetime) -> Ruling:
    """Write a ruling and its line in the audit log."""
    about = About(worker, reason=order.sentence)
    audit.record(campaign, ACTS[order.state], now, order.by, about)
    return Ruling.objects.create(
        campaign=campaign,
        worker=worker,
        state=order.state,
        sentence=order.sentence,
        rule=order.rule,
        facts=order.facts,
        by_user=order.by,
        at=now,
    )


def _answer(found: Appeal, sentence: str, upheld: bool, by: User | None, now: datetime) -> None:
    """Write the answer to an appeal; its text stays."""
    found.answer, found.upheld, found.answered_by, found.answered_at = sentence, upheld, by, now
    found.save(update_fields=["answer", "upheld", "answered_by", "answered_at"])


def _stands(state: State) -> str:
    """Return the verb and the state of a sentence."""
    return state.label if state in (State.ACTIVE, State.PRACTISE) else f"is {state.label}"
