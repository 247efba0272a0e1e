"""The L1 multinomial model against scikit-learn's, its rule of choosing, and odd tables."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from analysis.core import logistic
from analysis.core.logistic import choose, fit, folds_of, losses, nothing, standardised


@pytest.fixture(scope="module")
def rooms():
    """Three scenes of which two have an object of their own, and objects that tell nothing."""
    chance = np.random.default_rng(0)
    scene = chance.choice(3, 150, p=[0.5, 0.3, 0.2])
    held = chance.random((150, 6)) < 0.4
    held[:, 0] = chance.random(150) < np.array([0.9, 0.2, 0.1])[scene]
    held[:, 1] = chance.random(150) < np.array([0.1, 0.8, 0.2])[scene]
    held[:, 5] = True  # everywhere
    return held, scene


@pytest.mark.parametrize("penalty", [0.1, 0.02])
def test_weights_are_those_of_a_library(rooms, penalty):
    features, scene = standardised(rooms[0]), rooms[1]
    mine = fit(features, scene, penalty, nothing(3, 6), tolerance=1e-8)
    given = {"l1_ratio": 1, "solver": "saga", "tol": 1e-9, "max_iter": 20_000, "random_state": 0}
    theirs = LogisticRegression(C=1 / (len(scene) * penalty), **given).fit(features, scene)
    assert mine.weights == pytest.approx(theirs.coef_, abs=1e-4)
    assert (mine.weights == 0).sum() >= 6
    told = theirs.predict_proba(features)[np.arange(len(scene)), scene]
    assert losses(mine, features, scene)[0] == pytest.approx(-np.log(told).mean(), abs=1e-4)


def test_cutting_the_images_into_blocks_changes_nothing(rooms, monkeypatch):
    features, scene = standardised(rooms[0]), rooms[1]
    whole = fit(features, scene, 0.02, nothing(3, 6))
    monkeypatch.setattr(logistic, "PRODUCT", 100)
    assert fit(features, scene, 0.02, nothing(3, 6)).weights == pytest.approx(whole.weights)


def test_the_strongest_penalty_within_one_error_of_the_best_is_chosen(rooms):
    found = choose(*rooms, 3)
    least, error = min((loss, error) for _, loss, error in found.tried)
    good = [penalty for penalty, loss, _ in found.tried if loss <= least + error]
    assert found.penalty == max(good)
    weight = np.abs(found.model.weights).mean(0)
    assert set(np.argsort(-weight)[:2]) == {0, 1}
    assert weight[5] == 0
    assert found.accuracy > np.bincount(rooms[1]).max() / 150
    again = choose(*rooms, 3)
    assert (again.model.weights == found.model.weights).all()


def test_every_scene_is_dealt_out_evenly_among_the_folds(rooms):
    fold = folds_of(rooms[1], 0)
    for scene in range(3):
        counts = np.bincount(fold[rooms[1] == scene], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_what_cannot_be_is_refused(rooms):
    with pytest.raises(ValueError, match="no model: 4 images"):
        choose(rooms[0][:4], rooms[1][:4], 3)
    with pytest.raises(ValueError, match="in some and not in others"):
        choose(np.ones((20, 2), bool), np.arange(20) % 2, 2)
    with pytest.raises(ValueError, match="penalty of 0"):
        fit(standardised(rooms[0]), rooms[1], 0, nothing(3, 6))
