"""A multinomial logistic model with an L1 penalty: which objects are enough to name a scene.

    minimise  mean over images of -log softmax(W x + b)[scene]  +  penalty * sum |W|

x: presence of each object, each with mean 0 and deviation 1 over the images; b is not penalised.
Solved by accelerated proximal gradient (Beck and Teboulle 2009) with restarts (O'Donoghue and
Candes 2015). The penalty is chosen by folds: of the penalties tried, the strongest whose held-out
loss lies within one standard error of the best (Breiman et al. 1984; Hastie et al., section 7.10).

Written here, for scikit-learn would be 40 MB for one function; the tests compare with it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import log_softmax

FOLDS = 5
# Penalties tried: the weakest that leaves no weight at all, halved so often.
HALVINGS = 8
TOLERANCE = 1e-4  # of a weight, from one step to the next; ten times as much within the folds
STEPS = 5000
# Products of at most so many numbers: they stay in one thread of BLAS, whose others would cost more
# than they bring, and the order of their sums is the same on any number of cores.
PRODUCT = 250_000
Features = Float64[np.ndarray, "images features"]
Scenes = Int64[np.ndarray, " images"]


class Model(NamedTuple):
    """Weights of standardised features for every scene, and the scenes' intercepts."""

    weights: Float64[np.ndarray, "scenes features"]
    intercept: Float64[np.ndarray, " scenes"]


class Chosen(NamedTuple):
    """The model under the penalty that was chosen, and how it did on images held out."""

    model: Model
    penalty: float
    loss: float  # mean over the folds, natural logarithm
    accuracy: float
    tried: list[tuple[float, float, float]]  # penalty, loss, standard error of the loss


def standardised(presence: Bool[np.ndarray, "images features"]) -> Features:
    """Return presence with mean 0 and deviation 1; what is everywhere or nowhere is all 0."""
    centred = presence - presence.mean(0)
    deviation = presence.std(0)
    found: Features = centred / np.where(deviation > 0, deviation, 1)
    return found


def fit(
    features: Features,
    scenes: Scenes,
    penalty: float,
    start: Model,
    tolerance: float = TOLERANCE,
) -> Model:
    """Return the model under a penalty, found from ``start`` on, which says how many scenes.

    Raises:
        ValueError: no images, or a penalty that is not above 0.
    """
    if not len(features) or not penalty > 0:
        raise ValueError(f"no model of {len(features)} images with a penalty of {penalty}")
    given = np.column_stack([features, np.ones(len(features))])  # (images, features + 1)
    blocks = _blocks(given, scenes, len(start.intercept))
    # The second derivative of the loss is at most half of this (Boehning 1992).
    step = 2 / np.linalg.eigvalsh(given.T @ given / len(given))[-1]
    limit = np.full(given.shape[1], penalty * step)
    limit[-1] = 0  # the intercept
    ahead = old = np.column_stack([start.weights, start.intercept])
    speed = 1.0
    for _ in range(STEPS):
        moved = ahead - step * sum(_slope(ahead, *block) for block in blocks) / len(given)
        new = np.sign(moved) * np.maximum(np.abs(moved) - limit, 0)
        if ((ahead - new) * (new - old)).sum() > 0:  # it has run past: begin to gather speed anew
            speed = 1.0
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead = new + (speed - 1) / faster * (new - old)
        change = np.abs(new - old).max()
        old, speed = new, faster
        if change < tolerance:
            break
    return Model(old[:, :-1], old[:, -1])


def nothing(count: int, features: int) -> Model:
    """Return the model of ``count`` scenes that has no weights yet, to start from."""
    return Model(np.zeros((count, features)), np.zeros(count))


def _blocks(given: np.ndarray, scenes: Scenes, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return features and true scenes (one column each) of a few images at a time."""
    size = max(1, PRODUCT // (given.shape[1] * count))
    truth = np.eye(count)[scenes]
    starts = range(0, len(given), size)
    return [(given[first : first + size], truth[first : first + size]) for first in starts]


def _slope(weights: np.ndarray, given: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the derivative of the summed loss of some images."""
    told = given @ weights.T
    told -= told.max(1, keepdims=True)
    np.exp(told, out=told)
    told /= told.sum(1, keepdims=True)
    slope: np.ndarray = (told - truth).T @ given
    return slope


def losses(model: Model, features: Features, scenes: Scenes) -> tuple[float, float]:
    """Return the mean loss of a model on images, and the share whose scene it names."""
    told = log_softmax(features @ model.weights.T + model.intercept, axis=1)
    mean = -told[np.arange(len(scenes)), scenes].mean()
    return float(mean), float((told.argmax(1) == scenes).mean())


def folds_of(scenes: Scenes, seed: int) -> Int64[np.ndarray, " images"]:
    """Return the fold of every image: each scene's images, shuffled, are dealt out in turn."""
    chance = np.random.default_rng(seed)
    fold = np.empty(len(scenes), np.int64)
    dealt = 0
    for scene in np.unique(scenes):
        own = chance.permutation(np.flatnonzero(scenes == scene))
        fold[own] = (dealt + np.arange(len(own))) % FOLDS
        dealt += len(own)
    return fold


def penalties(features: Features, scenes: Scenes, count: int) -> Float64[np.ndarray, " tried"]:
    """Return the penalties to try, strongest first; at twice the first no weight is left."""
    truth = np.eye(count)[scenes]
    strongest = np.abs((truth - truth.mean(0)).T @ features).max() / len(features)
    found: Float64[np.ndarray, " tried"] = strongest / 2.0 ** np.arange(1, HALVINGS + 1)
    return found


def choose(
    presence: Bool[np.ndarray, "images features"], scenes: Scenes, count: int, seed: int = 0
) -> Chosen:
    """Return the model of presence under the penalty that the rule above chooses.

    Raises:
        ValueError: fewer images than folds, or no object that is in some images and not in others.
    """
    features = standardised(presence)
    if len(features) < FOLDS or not features.any():
        raise ValueError(
            f"no model: {len(features)} images, and an object must be in some and not in others"
        )
    tried = penalties(features, scenes, count)
    told = _held_out(features, scenes, tried, folds_of(scenes, seed))  # (tried, folds, 2)
    loss, error = told[..., 0].mean(1), told[..., 0].std(1, ddof=1) / np.sqrt(FOLDS)
    best = int(loss.argmin())
    place = int(np.flatnonzero(loss <= loss[best] + error[best])[0])
    model = nothing(count, features.shape[1])
    for penalty in tried[: place + 1].tolist():
        model = fit(features, scenes, penalty, model)
    rows = list(zip(tried.tolist(), loss.tolist(), error.tolist(), strict=False))
    accuracy = float(told[place, :, 1].mean())
    return Chosen(model, float(tried[place]), float(loss[place]), accuracy, rows)


def _held_out(
    features: Features, scenes: Scenes, tried: Float64[np.ndarray, " tried"], fold: Scenes
) -> Float64[np.ndarray, "tried folds 2"]:
    """Return loss and accuracy of each fold held out, for each penalty, strongest first.

    It ends where the mean loss rises: a weaker penalty would only learn the images by heart.
    """
    count = int(scenes.max()) + 1
    models = [nothing(count, features.shape[1])] * FOLDS
    found: list[list[tuple[float, float]]] = []
    for penalty in tried.tolist():
        row = []
        for one in range(FOLDS):
            out = fold == one
            start = models[one]
            models[one] = fit(features[~out], scenes[~out], penalty, start, 10 * TOLERANCE)
            row.append(losses(models[one], features[out], scenes[out]))
        found.append(row)
        if len(found) > 1 and _mean(found[-1]) > _mean(found[-2]):
            break
    return np.array(found)


def _mean(told: list[tuple[float, float]]) -> float:
    """Return the mean loss over the folds."""
    return sum(loss for loss, _ in told) / len(told)
