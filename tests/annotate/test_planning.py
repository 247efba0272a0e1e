"""What a campaign will take: forecasts that hold what comes, and what came beside them."""

import numpy as np
import pytest

from annotate.core.planning import Assumed, Past, Pay, hindsight, plan


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_certain_past_gives_a_certain_number_of_answers():
    planned = plan(100, Past([3] * 20, [36.0] * 60), Pay(per_answer=0.1, fee=0.2), rng())
    assert (planned.answers.low, planned.answers.high) == (300, 300)
    assert planned.hours.expected == pytest.approx(3)
    assert planned.money.expected == pytest.approx(300 * 0.1 * 1.2)
    assert planned.basis == "past"


def test_pay_by_the_hour_follows_the_hours():
    planned = plan(100, Past([2] * 9, [60.0] * 9), Pay(per_hour=12), rng())
    assert planned.money.expected == pytest.approx(12 * planned.hours.expected)


def test_assumptions_say_so_and_spread_as_far_as_they_do():
    planned = plan(1000, Assumed({2: 0.5, 4: 0.5}, (30, 60)), Pay(), rng())
    assert planned.basis == "assumed"
    assert planned.answers.expected == pytest.approx(3000, rel=0.05)
    assert 2000 < planned.answers.low < 2800 < 3200 < planned.answers.high < 4000
    trusted = plan(1000, Assumed({2: 0.5, 4: 0.5}, (30, 60), worth=2000), Pay(), rng())
    assert trusted.answers.high - trusted.answers.low < 200
    assert trusted.hours.low == pytest.approx(3000 * 31.5 / 3600, rel=0.03)


def test_assumed_shares_may_take_the_pace_of_the_past():
    past = Past([1], [36.0] * 60)
    planned = plan(100, Assumed({3: 1.0}, past), Pay(), rng())
    assert planned.answers.high == 300
    assert planned.hours.expected == pytest.approx(3)
    assert planned.basis == "assumed"


def test_workers_of_different_pace_widen_the_hours():
    seconds = [20.0] * 50 + [100.0] * 50
    alone = plan(100, Past([3] * 9, seconds), Pay(), rng())
    people = plan(100, Past([3] * 9, seconds, [0] * 50 + [1] * 50), Pay(), rng())
    assert people.hours.high - people.hours.low > 2 * (alone.hours.high - alone.hours.low)


def test_the_interval_holds_what_comes_about_as_often_as_it_says():
    held = np.zeros(2)
    for seed in range(80):
        chance = rng(seed)
        shares, pace = [0.5, 0.3, 0.2], chance.normal(40, 8, size=20)
        needed = chance.choice([2, 3, 5], size=60, p=shares)
        who = chance.integers(0, 10, size=180)
        seconds = np.maximum(pace[who] + chance.normal(0, 10, size=180), 1)
        planned = plan(200, Past(needed, seconds, who), Pay(), chance)
        came = int(chance.choice([2, 3, 5], size=200, p=shares).sum())
        others = chance.integers(10, 20, size=came)
        hours = float((pace[others] + chance.normal(0, 10, size=came)).sum()) / 3600
        seen = hindsight(planned, answers=came, hours=hours, money=0)
        held += [seen["answers"].within, seen["hours"].within]
    assert (held / 80 >= 0.80).all()
    assert (held / 80 <= 0.99).all()


def test_afterwards_it_says_how_right_it_was():
    planned = plan(100, Past([3] * 20, [36.0] * 60), Pay(), rng())
    seen = hindsight(planned, answers=330, hours=3.0, money=0)
    assert seen["answers"].ratio == pytest.approx(1.1)
    assert not seen["answers"].within
    assert seen["hours"].within
    assert (seen["money"].ratio, seen["money"].within) == (None, True)
    with pytest.raises(ValueError, match="what came is -1"):
        hindsight(planned, answers=-1, hours=0, money=0)


def test_the_same_seed_gives_the_same_plan():
    past = Past([2, 3, 5], [30, 40, 90])
    assert plan(10, past, Pay(), rng(3)) == plan(10, past, Pay(), rng(3))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Past([], [1.0]), "state assumptions"),
        (lambda: Past([0], [1.0]), "less than 1 answer"),
        (lambda: Past([1], [-1.0]), "less than 0 seconds"),
        (lambda: Past([1], [1.0, 2.0], [0]), "2 answers of 1 workers"),
        (lambda: Assumed({}, (1, 2)), "share of units"),
        (lambda: Assumed({0: 1.0}, (1, 2)), "share of units"),
        (lambda: Assumed({2: 0.5}, (1, 2)), "sum to 0.5"),
        (lambda: Assumed({2: 1.0}, (3, 2)), "lower number first"),
        (lambda: Assumed({2: 1.0}, (1, 2), worth=0), "worth"),
        (lambda: Pay(fee=-0.1), "below 0"),
        (lambda: plan(0, Past([1], [1.0]), Pay(), rng()), "at least 1 unit"),
        (lambda: plan(1, Past([1], [1.0]), Pay(), rng(), level=1), "level"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        wrong()
