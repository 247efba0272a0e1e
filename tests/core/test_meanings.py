"""Shares, means and Fleiss' kappa against tables counted by hand, and drawn unit by unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.meanings import RESAMPLES, agreeing, estimates, kappa, shares

# Fleiss 1971 prints a table like this one: 14 raters, 10 subjects, 5 categories.
TEXTBOOK = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def slow_kappa(rows):
    """Fleiss' kappa word for word: every pair of answers is looked at."""
    rows = [row for row in rows if sum(row) >= 2]
    agreement = []
    for row in rows:
        answers = [group for group, count in enumerate(row) for _ in range(count)]
        pairs = [(a, b) for i, a in enumerate(answers) for b in answers[i + 1 :]]
        agreement.append(sum(a == b for a, b in pairs) / len(pairs))
    whole = sum(sum(row) for row in rows)
    chance = sum((sum(row[group] for row in rows) / whole) ** 2 for group in range(len(rows[0])))
    return (sum(agreement) / len(agreement) - chance) / (1 - chance)


def test_kappa_of_the_textbook():
    [found] = estimates(agreeing(TEXTBOOK), kappa)
    assert found.value == pytest.approx(0.2099, abs=5e-5)
    assert found.low < found.value < found.high


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), most=st.integers(2, 6))
def test_kappa_is_what_counting_pairs_gives_however_many_answers(seed, most):
    chance = np.random.default_rng(seed)
    counts = chance.multinomial(1, [0.5, 0.3, 0.2], (12, most)).sum(1)
    counts[0] = [1, 1, 0]  # so that there are two groups
    counts[1, :] = 0  # nobody was asked
    counts[2] = [0, 1, 0]  # one answer has no pair
    [found] = estimates(agreeing(counts), kappa)
    assert found.value == pytest.approx(slow_kappa(counts.tolist()))


@pytest.mark.parametrize("table", [[[3, 0], [3, 0]], [[3, 0]], [[0, 2]]])
def test_where_all_say_the_same_group_there_is_no_kappa(table):
    [found] = estimates(agreeing(np.array(table)), kappa)
    assert (found.value, found.low, found.high) == (None, None, None)


def test_the_interval_is_that_of_units_drawn_one_by_one():
    table = np.array([[1.0, 0, 2], [2, 1, 3], [0, 3, 3], [1, 1, 2], [0, 1, 1]])
    found = estimates(table, shares, seed=4)
    chance, drawn = np.random.default_rng(4), []
    for _ in range(RESAMPLES):
        some = [table[unit] for unit in chance.integers(0, 5, 5)]
        whole = sum(row[2] for row in some)
        drawn.append([sum(row[0] for row in some) / whole, sum(row[1] for row in some) / whole])
    assert [one.value for one in found] == pytest.approx([4 / 11, 6 / 11])
    for place, one in enumerate(found):
        assert [one.low, one.high] == pytest.approx(
            np.quantile([row[place] for row in drawn], [0.025, 0.975])
        )


def test_the_interval_covers_the_truth_as_often_as_it_says():
    hits = 0
    for seed in range(200):
        precise = np.random.default_rng(seed).random(60)
        [found] = estimates(np.column_stack([precise, np.ones(60)]), shares, seed)
        hits += found.low <= 0.5 <= found.high
    assert 180 <= hits <= 199


def test_a_single_unit_has_no_interval_and_no_unit_is_refused():
    [found] = estimates(np.array([[0.25, 1.0]]), shares)
    assert (found.value, found.low, found.high) == (0.25, None, None)
    [nothing] = estimates(np.array([[0.0, 0.0], [0.0, 0.0]]), shares)
    assert nothing.value is None
    with pytest.raises(ValueError, match="no units"):
        estimates(np.empty((0, 2)), shares)


def test_the_same_seed_gives_the_same_interval():
    table = agreeing(TEXTBOOK)
    assert estimates(table, kappa) == estimates(table, kappa)
    assert estimates(table, kappa) != estimates(table, kappa, seed=1)
