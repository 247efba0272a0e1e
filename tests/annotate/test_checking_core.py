"""The arithmetic of checks: literal beside the formula, no rows."""

import random
from itertools import pairwise
from math import log
from statistics import median

import pytest
from scipy.stats import beta

from annotate.core.assembly import Candidate, within
from annotate.core.checking import (
    Next,
    Rates,
    gold_share,
    is_right,
    lower_bound,
    sameness,
    shown_left,
    what_next,
)
from annotate.core.own_pace import own_pace
from annotate.core.practice import Expert
from annotate.core.rules import Given

RATES = Rates(gold_first=5, gold_least=25, repeat=20)


def test_the_lower_bound_is_that_of_the_beta_posterior():
    for right, known in [(0, 0), (0, 1), (1, 1), (3, 7), (10, 10), (40, 40), (399, 400)]:
        assert lower_bound(right, known) == pytest.approx(
            beta.ppf(0.05, 1 + right, 1 + known - right), abs=1e-8
        )
    assert lower_bound(900, 1000) == pytest.approx(lower_bound(360, 400))
    with pytest.raises(ValueError, match="3 right of 2"):
        lower_bound(3, 2)


def test_known_units_become_fewer_as_trust_grows_and_more_after_a_mistake():
    assert gold_share(RATES, 0, 0) == pytest.approx(1 / 5)
    shares = [gold_share(RATES, n, n) for n in range(60)]
    assert shares == sorted(shares, reverse=True)
    assert 1 / 25 < shares[-1] < 1 / 20
    assert 1 / shares[10] == pytest.approx(12, abs=1)
    assert gold_share(RATES, 9, 10) > gold_share(RATES, 10, 10)
    assert gold_share(RATES, 0, 30) == pytest.approx(1 / 5)
    assert gold_share(Rates(0, 25, 0), 0, 0) == 0


def test_what_comes_next_has_the_stated_shares():
    rng = random.Random(0)
    drawn = [what_next(RATES, 0, 0, rng.random()) for _ in range(20_000)]
    assert drawn.count(Next.GOLD) / 20_000 == pytest.approx(0.2, abs=0.01)
    assert drawn.count(Next.REPEAT) / 20_000 == pytest.approx(0.05, abs=0.006)
    assert {what_next(Rates(0, 0, 0), 0, 0, rng.random()) for _ in range(99)} == {Next.ASK}


def test_a_careless_worker_is_checked_more_than_a_careful_one():
    shares = {}
    for skill in (0.95, 0.5):
        checked = 0
        for worker in range(40):
            rng, right, known = random.Random(f"{skill}/{worker}"), 0, 0
            for _ in range(300):
                if what_next(Rates(5, 25, 0), right, known, rng.random()) is Next.GOLD:
                    known, right = known + 1, right + (rng.random() < skill)
            checked += known
        shares[skill] = checked / (40 * 300)
    assert shares[0.95] == pytest.approx(0.085, abs=0.01)
    assert shares[0.5] == pytest.approx(0.145, abs=0.01)


@pytest.mark.parametrize(
    ("rates", "told"),
    [((5, 4, 0), "fewer as trust grows"), ((1, 5, 0), "more than half"), ((3, 9, 5), "than half")],
)
def test_rates_that_would_hold_up_the_work_are_refused(rates, told):
    with pytest.raises(ValueError, match=told):
        Rates(*rates)


def test_right_is_the_images_and_words_or_group():
    hers = Expert("sofa", "object", frozenset(range(10)), ("couch",))
    marked = list(range(10))
    assert is_right(Given("settee", "object", marked), hers, 60)
    assert is_right(Given("couches", "part", marked), hers, 60)
    assert not is_right(Given("settee", "part", marked), hers, 60)
    assert not is_right(Given("sofa", "object", []), hers, 60)  # marking nothing is not enough
    assert is_right(Given("sofa", "object", marked[:6]), hers, 60)  # (1 + 0.6) / 2


def test_sameness_is_counted_image_by_image_over_those_seen_twice():
    rng = random.Random(1)
    for _ in range(50):
        first, again, lost = (set(rng.sample(range(60), rng.randint(0, 20))) for _ in range(3))
        sides = {True: [], False: []}
        for place in range(60):
            if place in lost and place not in again:
                continue
            sides[place in first].append((place in first) == (place in again))
        literal = [sum(side) / len(side) for side in sides.values() if side]
        same = sameness(
            Given("sofa", "object", list(first)),
            Given("Sofas", "object", list(again), unseen=list(lost)),
            60,
        )
        assert same.images == pytest.approx(sum(literal) / len(literal))
        assert (same.group, same.words) == (True, True)
    twice = Given("sofa", "object", [1, 2])
    assert sameness(twice, twice, 60).agrees
    assert not sameness(twice, Given("lamp", "part", [1, 2]), 60).agrees


def test_what_is_left_falls_by_one_whatever_was_answered():
    # `asked` are those that were, are and can be his: answering one of them changes no sum.
    told = [shown_left(100, answered, 12, RATES) for answered in range(80)]
    assert [a - b for a, b in pairwise(told)] == [1] * 79
    assert shown_left(3, 50, 12, RATES) == 2


def test_each_answer_is_beside_the_median_of_those_before():
    rng = random.Random(3)
    times = [rng.lognormvariate(3.5, 0.4) for _ in range(120)]
    times[70], times[20] = 2.0, 0.0
    found = own_pace(times)
    for place, one in enumerate(found):
        before = [log(t) for t in times[:place] if t][-50:]
        if len(before) < 5 or not times[place]:
            assert one is None
            continue
        middle = median(before)
        spread = 1.4826 * median(abs(b - middle) for b in before)
        assert one.ratio == pytest.approx(times[place] / 2.718281828459045**middle)
        assert one.z == pytest.approx((log(times[place]) - middle) / max(spread, 0.1))
    assert [place for place, one in enumerate(found) if one and one.is_hurried(0.2)] == [70]
    assert own_pace([10] * 5 + [10])[5].z == 0
    with pytest.raises(ValueError, match="-1 seconds"):
        own_pace([-1])


def test_bands_of_the_weakest_images():
    low = [Candidate(pk, pk, pk / 10) for pk in range(5)]
    assert list(within(low, "any")) == low
    assert [one.pk for one in within(low, "weaker")] == [0, 1, 2]
    assert [one.pk for one in within(low, "stronger")] == [2, 3, 4]
    with pytest.raises(ValueError, match="'middle' is no band"):
        within(low, "middle")
