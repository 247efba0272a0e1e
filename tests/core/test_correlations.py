"""Correlations against a library, by hand, and resample by resample; what does not exist."""

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, rankdata, spearmanr

from analysis.core import correlations
from analysis.core.correlations import Correlation, Correlations

LIBRARY = {"pearson": pearsonr, "spearman": spearmanr, "kendall": kendalltau}
NAMES = tuple(LIBRARY)


@pytest.fixture(scope="module")
def table():
    """Twelve things with ties: counts, something alike, something else, a constant."""
    chance = np.random.default_rng(1)
    counts = chance.integers(0, 4, 12)
    like, else_ = counts + chance.integers(0, 3, 12), chance.integers(0, 5, 12)
    return np.column_stack([counts, like, else_, np.full(12, 0.1)]).astype(float)


@pytest.fixture(scope="module")
def found(table):
    with pytest.MonkeyPatch.context() as patch:  # enough for a slow computation beside it
        patch.setattr(correlations, "RESAMPLES", 200)
        patch.setattr(correlations, "PERMUTATIONS", 200)
        made = Correlations(table)
        assert made._dealt_pairs.shape == (200, 4)
        return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", [1, 2])
def test_values_intervals_and_p_are_those_of_a_slow_computation(name, column, table, found):
    def slow(rows, other):
        return LIBRARY[name](rows, other).statistic

    told = found.of(name, column)
    assert told.value == pytest.approx(slow(table[:, 0], table[:, column]))
    drawn = [table[some] for some in found.drawn]
    varied = [one for one in drawn if np.ptp(one, axis=0)[[0, column]].all()]
    ends = np.quantile([slow(one[:, 0], one[:, column]) for one in varied], [0.025, 0.975])
    assert (told.low, told.high) == pytest.approx(tuple(ends))
    dealt = [slow(table[order, 0], table[:, column]) for order in found.orders]
    far = sum(abs(one) >= abs(told.value) - 1e-12 for one in dealt)
    assert told.p == pytest.approx((1 + far) / (1 + len(dealt)))


def residuals(y, x):
    """What is left of y after x has explained what it can, by least squares."""
    given = np.column_stack([x, np.ones(len(x))])
    return y - given @ np.linalg.lstsq(given, y, rcond=None)[0]


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_partial_correlation_is_that_of_residuals(name, table, found):
    seen = table if name == "pearson" else np.apply_along_axis(rankdata, 0, table)
    for column, given in itertools.permutations((1, 2)):
        told = found.partial(name, column, given)
        left = [residuals(seen[:, place], seen[:, given]) for place in (0, column)]
        assert told.value == pytest.approx(pearsonr(*left).statistic)
        assert told.low <= told.value <= told.high
        assert told.p is None


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_has_no_correlation(name, table, found):
    assert found.of(name, 3) == Correlation(None)
    constant = table.copy()
    constant[:, 0] = 2
    assert Correlations(constant).of(name, 1) == Correlation(None)
    if name != "kendall":
        assert found.partial(name, 1, 3) == found.partial(name, 3, 1) == Correlation(None)
        same = np.column_stack([table[:, 0], table[:, 1], table[:, 1]])
        assert Correlations(same).partial(name, 1, 2) == Correlation(None)


def test_fewer_than_four_things_have_none(table):
    for things in range(4):
        few = Correlations(table[:things])
        assert few.of("pearson", 1) == few.of("kendall", 1) == Correlation(None)
        assert few.partial("spearman", 1, 2) == Correlation(None)
    assert Correlations(table[:4]).enough


def test_the_same_seed_says_the_same(table, found):
    whole = Correlations(table)
    assert whole.of("spearman", 1) == Correlations(table).of("spearman", 1)
    assert whole.of("spearman", 1) != Correlations(table, seed=1).of("spearman", 1)
    assert whole.of("kendall", 1).value == found.of("kendall", 1).value
