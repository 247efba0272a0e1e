"""Differences of two samples against slow, literal computations; tests of chance against scipy."""

import itertools
import statistics

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact, kendalltau, pearsonr, rankdata, spearmanr

from analysis.core.correlations import Correlations
from analysis.core.differences import (
    CorrelationsApart,
    Difference,
    apart,
    apart_in_pairs,
    by_depth,
    exchanged_sums,
    fisher,
    holm,
    mcnemar,
    shares_apart,
    shares_in_pairs,
)
from analysis.core.intervals import wilson
from analysis.core.meanings import RESAMPLES, agreeing, kappa, shares

A = np.array([0.9, 0.8, 0.75, 0.6, 0.95, 0.7, 0.85])
B = np.array([0.5, 0.65, 0.7, 0.4, 0.55])


def means(values):
    return np.column_stack([values, np.ones(len(values))])


def slow_bootstrap(draw, rounds=4000):
    """Draw with Python's own chance; the middle 95% of the differences."""
    drawn = sorted(draw(np.random.RandomState(number)) for number in range(rounds))
    return statistics.quantiles(drawn, n=40)[0], statistics.quantiles(drawn, n=40)[-1]


def test_two_samples_against_units_drawn_one_by_one():
    [found] = apart(means(A), means(B), shares)

    def draw(chance):
        mine = [A[chance.randint(len(A))] for _ in A]
        yours = [B[chance.randint(len(B))] for _ in B]
        return statistics.fmean(mine) - statistics.fmean(yours)

    assert found.value == pytest.approx(statistics.fmean(A) - statistics.fmean(B))
    assert (found.low, found.high) == pytest.approx(slow_bootstrap(draw), abs=0.01)
    # Every way to choose 7 of the 12 units: how often are the means as far apart?
    pool, far, ways = [*A, *B], 0, list(itertools.combinations(range(12), 7))
    for chosen in ways:
        mine = [pool[place] for place in chosen]
        yours = [pool[place] for place in range(12) if place not in chosen]
        far += abs(statistics.fmean(mine) - statistics.fmean(yours)) >= found.value - 1e-12
    assert found.p == pytest.approx(far / len(ways), abs=0.01)
    assert found.way == "bootstrap"


def test_pairs_against_pairs_drawn_one_by_one():
    first, second = A[:5], B
    [found] = apart_in_pairs(means(first), means(second), shares)

    def draw(chance):
        return statistics.fmean(
            first[place] - second[place] for place in (chance.randint(5) for _ in range(5))
        )

    assert (found.low, found.high) == pytest.approx(slow_bootstrap(draw), abs=0.01)
    signs = list(itertools.product((1, -1), repeat=5))
    far = sum(
        abs(
            statistics.fmean(sign * (x - y) for sign, x, y in zip(some, first, second, strict=True))
        )
        >= found.value - 1e-12
        for some in signs
    )
    assert found.p == pytest.approx(far / len(signs), abs=0.02)
    [alike] = apart_in_pairs(means(first), means(first), shares)
    assert alike == Difference(0.0)


def test_a_ratio_and_kappa_are_made_of_the_sums_of_each_sample():
    first = np.array([[1.0, 4], [3, 4], [0, 2], [2, 2]])
    second = np.array([[1.0, 1], [0, 3], [1, 5]])
    [found] = apart(first, second, shares)
    assert found.value == pytest.approx(6 / 12 - 2 / 9)
    assert found.low < found.value < found.high
    one = agreeing(np.array([[3, 0], [2, 1], [0, 3]]))
    two = agreeing(np.array([[2, 1], [1, 2], [3, 0]]))
    [found] = apart(one, two, kappa)
    assert found.value == pytest.approx(float(kappa(one.sum(0))[0] - kappa(two.sum(0))[0]))
    [none] = apart(agreeing(np.array([[3, 0]] * 3)), two, kappa)
    assert none == Difference(None)


def test_what_has_no_interval():
    assert apart(means(A[:1]), means(B), shares) == [Difference(A[0] - B.mean())]
    assert apart_in_pairs(means(A[:1]), means(B[:1]), shares)[0].low is None
    # Constant, and alike; constant, and not: chance can be asked, drawing says nothing.
    same = np.full(6, 0.5)
    assert apart(means(same), means(same), shares) == [Difference(0.0)]
    [found] = apart(means(same), means(same + 0.25), shares)
    assert (found.low, found.high, found.way) == (None, None, "none")
    assert found.p < 0.01


def test_exchanged_sums_draw_no_unit_twice():
    pool = 2.0 ** np.arange(8)[:, None]
    sums = exchanged_sums(pool, 3, np.random.default_rng(1))
    assert sums.shape == (RESAMPLES, 1)
    assert {int(one).bit_count() for one in sums[:, 0]} == {3}
    assert len(set(sums[:, 0])) == 56  # every one of 8 choose 3


def test_units_that_are_alike_are_drawn_by_kind():
    """Many of a few kinds: the same as where each unit has a row of its own."""
    first, second = (
        np.repeat([0.2, 0.6, 1.0], [30, 20, 10]),
        np.repeat([0.2, 0.6, 1.0], [10, 9, 11]),
    )
    [found] = apart(means(first), means(second), shares)
    apiece = 1e-14 * np.arange(len(first))  # no two units are alike any more
    [expected] = apart(means(first + apiece), means(second + apiece[:30]), shares)
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.p == pytest.approx(expected.p, abs=0.02)  # both are drawn
    pool = np.repeat([[1.0], [100.0]], [9, 3], axis=0)
    assert set(exchanged_sums(pool, 4, np.random.default_rng(0))[:, 0]) <= {4, 103, 202, 301}


def flags(hits, of):
    return np.arange(of) < hits


@pytest.mark.parametrize(
    ("hits", "of", "others", "others_of"),
    [
        (56, 70, 48, 80),
        (9, 10, 3, 10),
        (6, 7, 2, 7),
        (0, 128, 2, 128),
        (5, 56, 0, 29),
        (4, 4, 0, 1),
        (1, 1, 0, 1),
    ],
)
def test_shares_against_newcombe_and_fisher(hits, of, others, others_of):
    found = shares_apart(flags(hits, of), flags(others, others_of))
    p, q = hits / of, others / others_of
    (low, high), (least, most) = wilson(p, of), wilson(q, others_of)
    assert found.value == pytest.approx(p - q)
    assert found.low == pytest.approx(p - q - ((p - low) ** 2 + (most - q) ** 2) ** 0.5)
    assert found.high == pytest.approx(p - q + ((high - p) ** 2 + (q - least) ** 2) ** 0.5)
    table = [[hits, of - hits], [others, others_of - others]]
    assert found.p == pytest.approx(fisher_exact(table).pvalue)
    assert fisher(hits, of, others, others_of) == found.p


def test_newcombe_s_own_example():
    # Newcombe 1998, table II, (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339.
    found = shares_apart(flags(56, 70), flags(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_paired_shares():
    # Twelve pairs count in both, nine in the first alone, two in the second alone, seven in none.
    first = np.array([True] * 21 + [False] * 9)
    second = np.array([True] * 12 + [False] * 9 + [True] * 2 + [False] * 7)
    found = shares_in_pairs(first, second)
    assert found.value == pytest.approx(7 / 30)
    assert found.p == pytest.approx(binomtest(2, 11).pvalue)
    loose = shares_apart(first, second)
    assert loose.low < found.low < found.value < found.high < loose.high
    same = shares_in_pairs(first, first)
    assert (same.value, same.p) == (0.0, 1.0)
    assert shares_in_pairs(np.ones(5, bool), np.ones(5, bool)).high > 0  # a width all the same
    assert shares_in_pairs(first[:0], second[:0]) == shares_apart(first, second[:0])
    assert mcnemar(0, 0) == 1.0


def test_shares_of_one_unit_have_an_interval_that_leaves_everything_open():
    one, none = flags(1, 1), flags(0, 1)
    for way in (shares_apart, shares_in_pairs):
        same, other = way(one, one), way(one, none)
        assert (same.low, same.high) == pytest.approx((-0.7935, 0.7935), abs=1e-4)
        assert (same.p, other.p) == (1.0, 1.0)
        assert (other.low, other.value, other.high) == pytest.approx((-0.1221, 1, 1), abs=1e-4)


def test_holm():
    assert holm([0.01, None, 0.04, 0.03, 0.005]) == pytest.approx([0.03, None, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_layers_by_depth():
    assert by_depth(3, 3) == [(0, 0), (1, 1), (2, 2)]
    assert by_depth(3, 5) == [(0, 0), (1, 2), (2, 4)]
    assert by_depth(1, 4) == [(0, 3)]
    assert by_depth(4, 1) == [(3, 0)]
    assert by_depth(0, 4) == []
    for first, second in itertools.product(range(1, 9), repeat=2):
        pairs = by_depth(first, second)
        assert (
            len({one for one, _ in pairs}) == len({two for _, two in pairs}) == min(first, second)
        )
        assert [(b, a) for a, b in by_depth(second, first)] == pairs


def test_the_interval_covers_the_truth_as_often_as_it_says():
    hits, rounds = 0, 120
    for number in range(rounds):
        chance = np.random.default_rng(number)
        first, second = chance.gamma(2, 1, 60), chance.gamma(2, 0.5, 40)
        [found] = apart(means(first), means(second), shares, seed=number)
        hits += found.low <= 1.0 <= found.high
    assert 0.87 <= hits / rounds <= 0.99


LIBRARY = {"pearson": pearsonr, "spearman": spearmanr, "kendall": kendalltau}


def three_columns(things=11):
    """Return counts of two networks, the second's with more units, and a measure, of things."""
    chance = np.random.default_rng(3)
    measure = chance.integers(1, 40, things).astype(float)
    first = np.round(measure / 6 + chance.integers(0, 3, things))
    return first, chance.integers(0, 30, things).astype(float), measure


def tables(*columns):
    first, second, *others = columns
    return [Correlations(np.column_stack([one, *others])) for one in (first, second)]


@pytest.mark.parametrize("name", LIBRARY)
def test_correlations_of_the_same_things_against_things_drawn_one_by_one(name):
    first, second, measure = three_columns()
    found = CorrelationsApart(*tables(first, second, measure)).of(name, 1)
    of = LIBRARY[name]

    def apart_in(some):
        ends = [of(one[some], measure[some]).statistic for one in (first, second)]
        return ends[0] - ends[1]

    assert found.value == pytest.approx(apart_in(np.arange(11)))

    def draw(chance):
        return apart_in(chance.randint(11, size=11))  # the same things for both

    assert (found.low, found.high) == pytest.approx(slow_bootstrap(draw, 1500), abs=0.08)
    # Every way to exchange what is known of the two: how often are they as far apart?
    scale = [
        (one - one.mean()) / one.std() if name == "pearson" else rankdata(one)
        for one in (first, second)
    ]
    scale = [(one - one.mean()) / one.std() for one in scale]
    far, ways = 0, list(itertools.product((False, True), repeat=11))
    for swapped in ways:
        mine, yours = np.where(swapped, *scale[::-1]), np.where(swapped, *scale)
        far += abs(of(mine, measure).statistic - of(yours, measure).statistic) >= (
            abs(found.value) - 1e-9
        )
    assert found.p == pytest.approx(far / len(ways), abs=0.03)


def test_partial_correlations_of_the_same_things_have_an_interval_and_no_p():
    first, second, measure = three_columns()
    other = np.arange(11.0) % 4
    pair = tables(first, second, measure, other)
    found = CorrelationsApart(*pair).of("pearson", 1, 2)
    ends = [one.partial("pearson", 1, 2).value for one in pair]
    assert found.value == pytest.approx(ends[0] - ends[1])
    assert found.low < found.value < found.high
    assert found.p is None


def test_correlations_that_do_not_differ_or_do_not_exist():
    first, second, measure = three_columns()
    same = CorrelationsApart(*tables(first, first, measure)).of("spearman", 1)
    assert (same.value, same.low, same.way) == (0.0, None, "none")
    constant = tables(first, np.ones(11), measure)
    for name in LIBRARY:
        assert CorrelationsApart(*constant).of(name, 1) == Difference(None)
    few = tables(first[:3], second[:3], measure[:3])
    assert CorrelationsApart(*few).of("kendall", 1) == Difference(None)
    assert np.isnan(few[0].resamples("pearson", 1)).all()
    with pytest.raises(ValueError, match=r"\(11, 2\) and \(3, 2\) are no pair"):
        CorrelationsApart(constant[0], few[0])
