"""Scores from counts against scikit-learn, and against the words of their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, jaccard_score, precision_score

from analysis.core import class_scores
from analysis.core.class_scores import Sums

PIXELS = 4000


@pytest.fixture
def pixels():
    """Values of one unit, all unlike, and a class that likes high values: (values, is class)."""
    rng = np.random.default_rng(5)
    values = rng.permutation(PIXELS) / PIXELS
    return values, rng.random(PIXELS) < 0.02 + 0.5 * values**6


def counted(on, own):
    both, areas = (on & own).sum(), (on.sum(), own.sum())
    return [np.array([[count]]) for count in (both, *areas)]


@pytest.mark.parametrize("threshold", [0.2, 0.9, 0.995, 2.0])
def test_overlap_scores_are_those_of_scikit_learn(pixels, threshold):
    values, own = pixels
    on = values > threshold
    both, lit, area = counted(on, own)
    given = {"zero_division": 0}
    assert class_scores.iou(both, lit, area)[0, 0] == jaccard_score(own, on, **given)
    assert class_scores.f1(both, lit, area)[0, 0] == f1_score(own, on, **given)
    assert class_scores.precision(both, lit)[0, 0] == precision_score(own, on, **given)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_no_overlap_exceeds_its_cap(pixels):
    on, own = (np.array(column) for column in zip(*pixels, strict=True))
    both, lit, area = counted(on, own)
    assert class_scores.iou(both, lit, area) <= class_scores.cap(lit, area)


def levelled(values, own, edges):
    """Return counts of others and of the class by level: (1, levels, 2)."""
    level = np.searchsorted(edges, values)
    counts = [np.bincount(level[own == kind], minlength=len(edges) + 1) for kind in (False, True)]
    return np.stack(counts, axis=1)[None]


@pytest.mark.parametrize("levels", [3, 8, 64, 500])
def test_average_precision_is_that_of_scikit_learn_within_its_bounds(pixels, levels):
    values, own = pixels
    edges = np.linspace(0, 1, levels + 1)[1:-1]
    found = class_scores.average_precision(levelled(values, own, edges))
    value, least, most = (part[0, 1] for part in found)
    exact = average_precision_score(own, values)
    assert least <= exact <= most
    assert least <= value <= most
    # The class likes high values within a level too, which an even mixture does not know.
    if levels >= 64:
        assert value == pytest.approx(exact, abs=0.32 / levels)


def test_a_level_for_every_pixel_is_exact(pixels):
    values, own = pixels
    found = class_scores.average_precision(levelled(values, own, np.sort(values)[:-1]))
    exact = pytest.approx(average_precision_score(own, values), abs=1e-12)
    assert (found.value[0, 1], found.least[0, 1], found.most[0, 1]) == (exact, exact, exact)


def test_bounds_are_the_best_and_the_worst_order_within_levels():
    """Two levels, below 2 others and 3 of the class, above 1 other and 2 of the class."""
    found = class_scores.average_precision(np.array([[[2, 3], [1, 2]]]))

    def slow(order):
        hits = [place + 1 for place, own in enumerate(order) if own]
        return np.mean([(count + 1) / place for count, place in enumerate(hits)])

    assert found.most[0, 1] == pytest.approx(slow([1, 1, 0, 1, 1, 1, 0, 0]))
    assert found.least[0, 1] == pytest.approx(slow([0, 1, 1, 0, 0, 1, 1, 1]))


def test_the_even_mixture_is_the_mean_over_random_orders():
    rng = np.random.default_rng(1)
    counts = np.array([[[400, 100], [120, 90], [30, 50]]])
    means = []
    for _ in range(400):
        values, own = [], []
        for level, (others, mine) in enumerate(counts[0]):
            values += (level + rng.random(others + mine)).tolist()
            own += [False] * others + [True] * mine
        means.append(average_precision_score(own, values))
    found = class_scores.average_precision(counts).value[0, 1]
    assert found == pytest.approx(np.mean(means), abs=0.004)


def test_large_counts_lose_no_digits():
    """A class of 12 pixels among 2 · 10^9 in one level: each term as it stands."""
    others, own = 2_000_000_000, 12
    found = class_scores.average_precision(np.array([[[others, own]]]))
    slow = sum(i / (i + others * i / (own + 1)) for i in range(1, own + 1)) / own
    assert found.value[0, 1] == pytest.approx(slow, rel=1e-9)
    slow = sum(i / (i + others) for i in range(1, own + 1)) / own
    assert found.least[0, 1] == pytest.approx(slow, rel=1e-6)
    assert found.most[0, 1] == 1


@pytest.mark.parametrize("base", [0, 3, 999, 1001, 5000])
def test_sums_of_precisions_are_those_term_by_term(base):
    given = (np.array([7.0]), np.array([base / 3]), np.array([float(base)]))
    slow = sum((base / 3 + i) / (base + i) for i in range(1, 8))
    assert class_scores._sum_of_precisions(*given)[0] == pytest.approx(slow, rel=1e-12)


def test_a_class_without_pixels_scores_nothing():
    found = class_scores.average_precision(np.array([[[4, 0], [3, 0]]]))
    assert found.value.tolist() == [[1.0, 0.0]]


def test_correlation_is_that_of_numpy(pixels):
    values, own = pixels
    sums = Sums(
        *(np.array([[part]]) for part in (values.sum(), (values**2).sum(), values[own].sum()))
    )
    found = class_scores.correlation(sums, np.array([[own.sum()]]), PIXELS)
    assert found[0, 0] == pytest.approx(np.corrcoef(values, own)[0, 1], abs=1e-12)


@pytest.mark.parametrize(("value", "area"), [(0.1, 30), (0.0, 30), (1.0, 0), (3.0, 100)])
def test_correlation_with_what_never_changes_is_nothing(value, area):
    sums = Sums(*(np.array([[part]]) for part in (100 * value, 100 * value**2, area * value)))
    assert class_scores.correlation(sums, np.array([[area]]), 100)[0, 0] == 0
