"""Alarms and the outlook of a running campaign: each rule on both sides of its threshold."""

import pytest

from annotate.core import alarms
from annotate.core.outlook import Cost, Quartiles, cost, hours_left, quartiles
from annotate.core.planning import Pay

RINGS = {
    # (what rings, a word of its sentence), and the nearest case that does not
    "planted": (
        lambda: alarms.planted_missed([(4, 30), (0, 30), (3, 30)]),  # 0.13 > 0.1: 1 of 3
        "1 of 3 workers",
        lambda: alarms.planted_missed([(3, 30), (0, 30), (3, 30)]),  # 0.1 is not more
    ),
    "few workers": (
        lambda: alarms.planted_missed([(30, 30), (0, 30), (0, 30), (0, 0)]),
        "1 of 3 workers",
        lambda: alarms.planted_missed([(30, 30), (30, 30), (0, 0)]),  # two are known
    ),
    "unfinished": (
        lambda: alarms.unfinished(2),
        "2 units were given back or left by 3",
        lambda: alarms.unfinished(0),
    ),
    "one unfinished": (lambda: alarms.unfinished(1), "1 unit was", lambda: alarms.unfinished(0)),
    "pictures": (
        lambda: alarms.pictures_failing(2, 39),
        "In 2 of the latest 39",
        lambda: alarms.pictures_failing(2, 40),  # 0.05 is not more
    ),
    "silence": (
        lambda: alarms.silence(24.0, is_open=True, is_complete=False),
        "for 1 day,",
        lambda: alarms.silence(23.9, is_open=True, is_complete=False),
    ),
    "long silence": (
        lambda: alarms.silence(60.0, is_open=True, is_complete=False),
        "for 2 days,",
        lambda: alarms.silence(60.0, is_open=False, is_complete=False),
    ),
    "one worker": (
        lambda: alarms.one_worker(11, 20),
        "11 of the 20",
        lambda: alarms.one_worker(10, 20),
    ),
    "haste": (
        lambda: alarms.haste([60] * 16 + [19] * 4),  # 0.2 took less than 20 s
        "4 of the latest 20 answers took less than a third of the median of 60 s",
        lambda: alarms.haste([60] * 16 + [20] * 4),
    ),
    "refused": (
        lambda: alarms.refused_often(7, 21),
        "7 of the latest 21",
        lambda: alarms.refused_often(6, 20),
    ),
    "chance": (
        lambda: alarms.near_chance(0.39, 3, 10),  # least 0.33, alarm below 0.40
        "is 0.39 over 10 units; 0.33 is what it would be",
        lambda: alarms.near_chance(0.41, 3, 10),
    ),
}


@pytest.mark.parametrize("what", RINGS)
def test_an_alarm_rings_at_its_threshold_and_says_what_to_do(what):
    rings, words, silent = RINGS[what]
    alarm = rings()
    assert words in alarm.seen
    assert alarm.advice.endswith(".")
    assert silent() is None


def test_little_is_not_judged():
    assert alarms.planted_missed([]) is None
    assert alarms.silence(None, is_open=True, is_complete=False) is None
    assert alarms.silence(99.0, is_open=True, is_complete=True) is None
    assert alarms.pictures_failing(19, 19) is None
    assert alarms.one_worker(19, 19) is None
    assert alarms.haste([60] * 10 + [1] * 9) is None
    assert alarms.refused_often(19, 19) is None
    assert alarms.near_chance(0.1, 3, 9) is None
    assert alarms.near_chance(1.0, 1, 50) is None
    assert alarms.near_chance(None, 0, 0) is None


def test_quartiles_lie_between_the_values():
    assert quartiles([10, 20, 30, 40]) == Quartiles(17.5, 25.0, 32.5, 4)
    assert quartiles([7]) == Quartiles(7, 7, 7, 1)
    assert quartiles([]) is None


def test_cost_is_pay_for_answers_and_hours_with_the_fee_on_top():
    assert cost(10, 1800, Pay(0.5, 12.0, 0.2)) == Cost(10, 0.5, pytest.approx((5 + 6) * 1.2))
    assert cost(10, 1800, Pay()) == Cost(10, 0.5, 0.0)
    with pytest.raises(ValueError, match="-1 answers"):
        cost(-1, 0, Pay())


def test_the_rest_takes_as_long_as_the_pace_says():
    assert hours_left(30, 10, 24) == 72
    assert hours_left(30, 0, 24) is None
    assert hours_left(0, 0, 24) == 0
