"""Agreement beyond chance: by hand, the krippendorff package, the paper's table, intervals."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat

from annotate.core.kappa import bootstrapped, fleiss_kappa, krippendorff_alpha

# PROTOCOL.md: Fleiss' kappa of the six groups by layer.
PUBLISHED = {"pool1": 0.134, "pool2": 0.150, "conv3": 0.223, "conv4": 0.268, "pool5": 0.248}
# Fleiss (1971) reads better small: three tasks, four answers each, worked out below.
SMALL = np.array([[4, 0], [2, 2], [1, 3]])


@pytest.fixture(scope="module")
def released(shared_data):
    """Counts of the six groups by layer: (units, 6)."""
    file = shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"
    cells = loadmat(file, squeeze_me=True)["layerAnnotation"]
    codes = {str(name): [[row[i] for i in (1, 4, 7)] for row in rows] for rows, name in cells}
    return {
        name: (np.array(rows, int)[:, :, None] == np.arange(1, 7)).sum(axis=1)
        for name, rows in codes.items()
    }


def test_fleiss_by_hand():
    # Agreeing pairs: 6/6, (1 + 1)/6, 3/6: mean 11/18. Shares 7/12 and 5/12: chance 74/144.
    assert fleiss_kappa(SMALL) == pytest.approx((11 / 18 - 74 / 144) / (1 - 74 / 144))


def test_fleiss_with_varying_numbers_leaves_out_who_is_alone():
    table = np.array([[2, 0], [1, 2], [1, 0], [0, 0]])
    # Pairs: 1/1, 1/3: mean 2/3. Shares 3/5 and 2/5: chance 13/25.
    assert fleiss_kappa(table) == pytest.approx((2 / 3 - 13 / 25) / (12 / 25))


@pytest.mark.data
@pytest.mark.parametrize("layer", PUBLISHED)
def test_the_papers_table_to_the_digit(released, layer):
    assert round(fleiss_kappa(released[layer]), 3) == PUBLISHED[layer]
    theirs = krippendorff.alpha(
        value_counts=released[layer], level_of_measurement="nominal", dtype=float
    )
    assert krippendorff_alpha(released[layer]) == pytest.approx(theirs, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 20), st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_alpha_is_the_packages(seed, tasks, labels):
    counts = np.random.default_rng(seed).integers(0, 3, (tasks, labels))
    pairable = counts[counts.sum(axis=1) >= 2]
    if len(pairable) == 0 or (pairable.sum(axis=0) > 0).sum() < 2:
        with pytest.raises(ValueError, match=r"two answers|the same"):
            krippendorff_alpha(counts)
        return
    # A row with one answer is told apart only here: the package leaves it out as well.
    theirs = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal", dtype=float)
    assert krippendorff_alpha(counts) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, krippendorff_alpha])
def test_agreement_is_one_and_chance_is_nought(coefficient):
    assert coefficient(np.array([[3, 0], [0, 3], [3, 0]])) == pytest.approx(1)
    rng = np.random.default_rng(0)
    random = rng.multinomial(3, [0.5, 0.3, 0.2], size=4000)
    assert coefficient(random) == pytest.approx(0, abs=0.03)
    assert coefficient(random[::-1][:, ::-1]) == pytest.approx(coefficient(random))


@pytest.mark.parametrize("coefficient", [fleiss_kappa, krippendorff_alpha])
def test_the_interval_is_that_of_a_slow_bootstrap(coefficient):
    counts = np.random.default_rng(1).multinomial(3, [0.6, 0.3, 0.1], size=60)
    counts[:30] = [3, 0, 0]
    counts[30:40] = [0, 3, 0]
    found = bootstrapped(counts, np.random.default_rng(2), coefficient, draws=2000)
    rng = np.random.default_rng(3)
    slow = [coefficient(counts[rng.integers(0, 60, 60)]) for _ in range(600)]
    assert found.value == coefficient(counts)
    assert (found.tasks, found.answers) == (60, 180)
    assert (found.low, found.high) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.03)
    again = bootstrapped(counts, np.random.default_rng(2), coefficient, draws=2000)
    assert again == found


def test_nothing_given_is_changed():
    counts = SMALL.copy()
    bootstrapped(counts, np.random.default_rng(0))
    assert (counts == SMALL).all()


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ([[1, 0], [0, 1]], "no task has two answers"),
        ([[3, 0], [2, 0]], "all answers are the same"),
        ([[-1, 3]], "numbers from 0"),
        ([[np.nan, 3]], "numbers from 0"),
        ([3, 1], "numbers from 0"),
    ],
)
@pytest.mark.parametrize("coefficient", [fleiss_kappa, krippendorff_alpha])
def test_what_has_no_coefficient_is_refused_in_a_sentence(counts, sentence, coefficient):
    with pytest.raises(ValueError, match=sentence):
        coefficient(np.array(counts))
    with pytest.raises(ValueError, match=sentence):
        bootstrapped(np.array(counts), np.random.default_rng(0), coefficient)


@pytest.mark.parametrize("wrong", [{"draws": 1}, {"level": 1.0}, {"coefficient": np.mean}])
def test_senseless_bootstraps_are_refused(wrong):
    with pytest.raises(ValueError, match=r"draws|neither"):
        bootstrapped(SMALL, np.random.default_rng(0), **wrong)
