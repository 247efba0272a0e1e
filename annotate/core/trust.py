"""How far workers are trusted after a fit: weights of their words, odds of groups and images.

A fit of a method of `annotate.core.truth` looks at a whole campaign. What is kept of it judges one
unit in no time: the matrices of its workers with the priors are Dawid and Skene's E-step for one
task. So a label is the same whether it is made with all others or when an answer has come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from annotate.core.dawid_skene import accuracies
from annotate.core.label_table import LabelTable
from annotate.core.stopping import group_posterior
from annotate.core.truth import Method
from annotate.core.votes import FLOOR, Confusions, Priors

HEAVIEST = 3.0  # times an average worker
DIGITS = 8  # kept of each number of a fit
PerWorker = Float64[np.ndarray, " workers"]


@dataclass(frozen=True, eq=False)
class Matrices:
    """What a fit knows of one kind of label: a confusion matrix of each worker, and priors.

    Who has come since the fit is taken for one of the ``crowd``: the mean of all matrices, each
    counted as often as its owner has answered.
    """

    matrices: Mapping[str, np.ndarray]  # (truth, said) by pseudonym
    crowd: Float64[np.ndarray, "truth said"]
    priors: Priors

    def of(self, who: Sequence[str]) -> Confusions:
        """Return the matrices of these workers: (workers, truth, said)."""
        return np.stack([self.matrices.get(one, self.crowd) for one in who])


@dataclass(frozen=True, eq=False)
class Trust:
    """What labels are made by: ``rule`` names it, ``weights`` weigh words, by pseudonym."""

    rule: Mapping[str, Any]
    groups: Matrices
    images: Matrices | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


def learnt(fit: Method, table: LabelTable) -> dict[str, Any]:
    """Return what is kept of a fit, as JSON: workers, answers of each, matrices, crowd, priors."""
    answers = np.bincount(table.worker, minlength=len(table.workers))
    crowd = np.average(fit.confusions_, axis=0, weights=answers)
    return {
        "workers": list(table.workers),
        "answers": answers.tolist(),
        "matrices": np.round(fit.confusions_, DIGITS).tolist(),
        "crowd": np.round(crowd, DIGITS).tolist(),
        "priors": np.round(fit.priors_, DIGITS).tolist(),
    }


def read(kept: Mapping[str, Any]) -> Matrices:
    """Return what `learnt` has written."""
    tables = (np.array(table) for table in kept["matrices"])
    matrices = dict(zip(kept["workers"], tables, strict=True))
    return Matrices(matrices, np.array(kept["crowd"]), np.array(kept["priors"]))


def right(kept: Mapping[str, Any]) -> PerWorker:
    """Return how often each worker is right, over labels as common as the priors say."""
    return accuracies(np.array(kept["matrices"]), np.array(kept["priors"]))


def weights(accuracy: PerWorker, answers: Sequence[int], labels: int) -> PerWorker:
    """Return the weight of each worker's words: 1 for who is as right as the crowd.

    Of several workers who each err on their own and evenly, the log-odds of being right rather
    than of naming one given wrong label, ln(a (L - 1) / (1 - a)), are what adds up to the truth
    (one coin over L labels). The weight is these of the worker over these of the crowd, whose
    accuracy is the mean over answers; from 0, for who is no better than chance (a = 1 / L), to
    ``HEAVIEST``. If the crowd itself is no better than chance, all weigh 1.
    """
    crowd = float(_odds(np.average(accuracy, weights=answers, keepdims=True), labels)[0])
    if crowd <= 0:
        return np.ones(len(accuracy))
    return np.asarray(np.clip(_odds(accuracy, labels) / crowd, 0.0, HEAVIEST))


def group_odds(
    trust: Trust, who: Sequence[str], groups: Sequence[int]
) -> Float64[np.ndarray, " groups"]:
    """Return the probability of each group of one unit; entry i of each is answer i."""
    return group_posterior(groups, trust.groups.of(who), trust.groups.priors)


def image_odds(
    images: Matrices, who: Sequence[str], votes: Float64[np.ndarray, "answers places"]
) -> Float64[np.ndarray, " places"]:
    """Return the probability that each image of one unit fits: the same E-step, image by image.

    ``votes``: 1 kept, 0 rejected, nan not seen; columns of `Matrices` are out, in.
    """
    logs = np.log(np.maximum(images.of(who), FLOOR))  # (answers, truth, said)
    kept, seen = votes == 1, ~np.isnan(votes)
    said = np.where(kept[:, None, :], logs[:, :, 1:], logs[:, :, :1])  # (answers, truth, places)
    sums = np.log(np.maximum(images.priors, FLOOR))[:, None]  # (truth, 1)
    sums = sums + np.where(seen[:, None, :], said, 0.0).sum(axis=0)  # (truth, places)
    return np.asarray(1 / (1 + np.exp(np.clip(sums[0] - sums[1], -700, 700))))


def _odds(accuracy: PerWorker, labels: int) -> PerWorker:
    """Return ln(a (L - 1) / (1 - a)), within what a logarithm bears."""
    sure = np.clip(accuracy, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(sure * max(labels - 1, 1) / (1 - sure)))
