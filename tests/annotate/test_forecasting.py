"""What a campaign will take: from the past of its kind, else as stated; how right that was."""

from dataclasses import replace

import numpy as np
import pytest
from django.utils import timezone

from annotate import tasks
from annotate.core.planning import Assumed, Past, Pay, plan
from annotate.core.stopping import Targets
from annotate.models import Answer, Campaign, Worker
from annotate.services import adaptive, forecasting
from annotate.services.assignments import claim
from annotate.services.campaigns import CannotOpen
from annotate.services.cloning import clone
from annotate.services.forecasting import Stated, compared, foresee, read, shares
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.test_campaigns import run, run_command  # noqa: F401  # a fixture

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAY = Pay(per_answer=0.25, per_hour=6, fee=0.2)
UNTIL = Targets(2, 5, group=0.9)


def by_core(units, basis, pay=PAY):
    return plan(units, basis, pay, np.random.default_rng(0), 0.9)


@pytest.fixture
def past(monkeypatch):
    """A finished campaign that asked until sure: 6 units, people of different pace."""
    monkeypatch.setattr(tasks.refit, "apply_async", lambda *_, **__: None)
    for name, least in (("ENOUGH_UNITS", 6), ("ENOUGH_ANSWERS", 12)):
        monkeypatch.setattr(forecasting, name, least)
    campaign = open_small_campaign(
        units=6, slug="past", adaptive=True, control_rule="record", gold_first=0
    )
    people = [a_worker() for _ in range(5)]
    for number, worker in enumerate(people):
        while lease := claim(worker, campaign, timezone.now()):
            odd = lease.task.unit.channel == 0 and number < 2
            category = ("object", "scene")[number] if odd else "object"
            given = a_given(lease, category=category, focused_seconds=20 + 10 * number)
            submit(lease, given, timezone.now())
            tasks.aggregate(lease.task_id)
    assert not campaign.tasks.unsettled().exists()
    return campaign


def test_a_fixed_number_of_answers_is_certain_and_the_pace_as_stated():
    found = foresee(100, 3, Stated((30, 60), pay=PAY))
    assert found.plan == by_core(100, Assumed({3: 1.0}, (30, 60)))
    assert (found.plan.answers.low, found.plan.answers.high) == (300, 300)
    assert (found.basis.units_from, found.basis.pace_from) == ("fixed", "stated")
    assert read(found.as_json()) == found
    assert read({}) is None


def test_until_sure_rests_on_stated_shares_where_nothing_was_seen():
    found = foresee(40, UNTIL, Stated(pay=PAY))
    halves = {2: 0.5, 3: 0.25, 4: 0.125, 5: 0.125}
    assert found.plan == by_core(40, Assumed(halves, (60, 180)))
    stated = Stated((10, 20), {2: 0.8, 5: 0.2}, PAY)
    assert foresee(40, UNTIL, stated).plan == by_core(40, Assumed({2: 0.8, 5: 0.2}, (10, 20)))
    assert foresee(9, Targets(3, 3), Stated()).stated.needed == {3: 1.0}


def test_the_past_of_people_says_it_where_there_is_enough(past):
    answers = Answer.objects.order_by("-pk")
    seconds = [float(one.focused_seconds) for one in answers]
    who = [one.worker_id for one in answers]
    needed = [task.verdict["answers"] for task in past.tasks.order_by("-pk")]
    assert sorted(needed) == [2, 2, 2, 2, 2, 4]
    found = foresee(50, UNTIL, Stated(pay=PAY))
    assert found.plan == by_core(50, Past(needed, seconds, who))
    assert (found.basis.units_from, found.basis.pace_from) == ("past", "past")
    assert (found.basis.past_units, found.basis.past_answers) == (6, 14)
    # Other targets, or a number for all: the pace is still theirs.
    other = foresee(50, Targets(2, 5, group=0.99), Stated(needed={2: 0.5, 3: 0.5}, pay=PAY))
    assert other.plan == by_core(50, Assumed({2: 0.5, 3: 0.5}, Past([1], seconds, who)))
    assert other.basis.units_from == "stated"
    fixed = foresee(50, 3, Stated(pay=PAY))
    assert fixed.plan == by_core(50, Assumed({3: 1.0}, Past([1], seconds, who)))


def test_simulated_workers_foretell_simulated_campaigns_only(past):
    nothing = foresee(50, UNTIL, Stated(pay=PAY), simulated=True)
    assert (nothing.basis.past_units, nothing.basis.past_answers) == (0, 0)
    Campaign.objects.update(simulated=True)
    Worker.objects.update(kind="simulated")
    assert foresee(50, UNTIL, Stated(pay=PAY)).basis.past_answers == 0
    assert foresee(50, UNTIL, Stated(pay=PAY), simulated=True).basis.past_units == 6


def test_too_little_of_a_past_is_said_and_not_used(past, monkeypatch):
    monkeypatch.setattr(forecasting, "ENOUGH_WORKERS", 99)
    found = foresee(50, UNTIL, Stated(pay=PAY))
    weights = Assumed({2: 5 / 6, 4: 1 / 6}, (60, 180), worth=6)
    assert found.plan == by_core(50, weights)
    assert (found.basis.pace_from, found.basis.past_answers) == ("stated", 14)
    task = past.tasks.first()
    task.verdict = {}
    task.save()  # one unit is not settled: those that were sure early would stand for all
    assert foresee(50, UNTIL, Stated(pay=PAY)).basis.past_units == 0


def test_a_campaign_keeps_its_forecast_and_is_held_to_it(past, researcher):
    kept = read(past.forecast)
    assert (kept.plan.units, kept.basis.units_from) == (6, "stated")
    found = compared(past)
    assert found["answers"].actual == 14
    assert found["hours"].actual == pytest.approx(
        sum(one.focused_seconds for one in Answer.objects.all()) / 3600
    )
    assert found["answers"].within
    assert adaptive.forecasted(past).ended
    past.currency = "EUR"
    assert "money" not in compared(past)
    past.forecast = {}
    assert (compared(past), adaptive.forecasted(past)) == ({}, None)
    again = clone(past, slug="again", lessons=False, by=researcher, now=timezone.now())
    assert (again.adaptive, again.targets, again.method) == (True, past.targets, past.method)
    assert read(again.forecast).basis.units_from == "past"
    assert not adaptive.forecasted(again).ended


def test_what_is_paid_is_kept_with_the_campaign():
    campaign = open_small_campaign(units=2, stated=Stated((60, 60), pay=PAY, currency="EUR"))
    campaign.refresh_from_db()
    paid = (campaign.pay_per_answer, campaign.pay_per_hour, campaign.fee, campaign.currency)
    assert [str(one) for one in paid] == ["0.250", "6.000", "20.00", "EUR"]
    lease = claim(a_worker(), campaign, timezone.now())
    submit(lease, a_given(lease, focused_seconds=60), timezone.now())
    assert compared(campaign)["money"].actual == pytest.approx((0.25 + 6 / 60) * 1.2)


@pytest.mark.parametrize(
    ("text", "found"),
    [("", {}), ("2: 50, 3:50", {2: 0.5, 3: 0.5}), ("2:99.5%, 4 : 0.5", {2: 0.995, 4: 0.005})],
)
def test_shares_are_read(text, found):
    assert shares(text) == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2: 50", "sum to 50%"),
        ("2: 50, 2: 50", "each number once"),
        ("half", "“half” states no share"),
        ("2: -5, 3: 105", "“2: -5”"),
    ],
)
def test_shares_that_are_none_are_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        shares(text)
    with pytest.raises(ValueError, match="each gets 2 to 5"):
        foresee(1, UNTIL, Stated(needed={7: 1.0}))


def test_a_contradicting_statement_opens_nothing():
    with pytest.raises(CannotOpen, match="60 to 10 seconds"):
        open_small_campaign(units=1, stated=Stated((60, 10)))
    with pytest.raises(CannotOpen, match="currency"):
        open_small_campaign(units=1, stated=replace(Stated(), currency="euro"))


def test_the_command_prints_what_it_takes_and_opens_nothing(run):  # noqa: F811
    words = ("open_campaign", "next", "--network", "alexnet", "--images", "nyu")
    more = ("--adaptive", "--sure-group", "none", "--sure-concept", "0.6", "--needed", "2:50,5:50")
    paid = ("--seconds", "30", "30", "--pay-per-answer", "0.1", "--currency", "EUR")
    told = run_command(*words, *more, *paid, "--plan-only")
    assert "8 units" in told
    assert "money, EUR: 2." in told
    assert "stated shares of units and 30 to 30 seconds an answer, as stated" in told
    assert not Campaign.objects.exists()
    told = run_command(*words, *more, *paid)
    assert "2 to 5 answers each, until 0.6 of the answers with one concept" in told
    assert Campaign.objects.get().target_group is None
