"""The truth from answers of workers who err in their own ways: Dawid and Skene, and tied kinds."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from jaxtyping import Float64, Int64

from annotate.core.label_table import UNKNOWN, LabelTable, Table
from annotate.core.votes import (
    FLOOR,
    Confusions,
    Priors,
    Truth,
    frequencies,
    require_at_least,
    rows_to_one,
    settled,
    shares,
    tallied,
    toward_crowd,
)

Classes = Int64[np.ndarray, " workers"]


@dataclass
class DawidSkene:
    """Each worker has a confusion matrix, each task a hidden label; EM finds both.

    The chance that worker w says l where the truth is k is his matrix's cell π_w[k, l], and k has
    the prior ρ[k]. In turn, starting from the shares of votes:

    - M-step: π_w[k, l] ∝ Σ over his answers l of p(task is k);  ρ[k] ∝ Σ over tasks of p(k)
    - E-step: p(task is k) ∝ ρ[k] Π over the task's answers of π_w[k, l]

    The tasks whose truth is known (gold, planted negatives) keep it, and teach what the workers
    are worth. How common a label is they say only with ``known_in_prior``: who plants negatives
    chooses how many there are.

    **Tied.** With ``classes`` in `fit`, workers of one class share a matrix; all of one class is
    the pooled model (`PooledDawidSkene`), for answers whose authors are not known.

    **Smoothing.** Each row of a worker's matrix gets ``smoothing`` answers as the whole crowd would
    give them, so that who has answered once counts as one of the crowd, and not as infallible.
    The prior gets as many of each label. With 0 it is the paper's maximum likelihood.

    **When it stops.** When no probability moves by ``tolerance`` or more, after ``iterations`` at
    the latest; ``converged_`` says which. EM climbs to a top near where it began: there may be a
    higher one. Nothing here is drawn by chance.

    A. P. Dawid and A. M. Skene (1979), Maximum likelihood estimation of observer error-rates using
    the EM algorithm, Applied Statistics 28(1), 20–28.
    """

    iterations: int = 100
    tolerance: float = 1e-4
    smoothing: float = 1.0
    known_in_prior: bool = False
    probabilities_: Table = field(init=False, repr=False)
    confusions_: Confusions = field(init=False, repr=False)
    priors_: Priors = field(init=False, repr=False)
    iterations_: int = field(init=False, repr=False)
    converged_: bool = field(init=False, repr=False)

    def fit(
        self, table: LabelTable, known: Truth | None = None, classes: Classes | None = None
    ) -> Self:
        """Learn from a table; ``known`` is {task: label}, ``classes`` the class of each worker.

        Raises:
            ValueError: a hyper-parameter is out of range, a known task or label is not in the
                table, or there is not one class for each worker.
        """
        self._check()
        fixed = table.known(known)
        members = _members(table, classes)
        counting = np.ones(len(fixed), bool) if self.known_in_prior else fixed == UNKNOWN
        probabilities = settled(shares(table), fixed)
        self._maximise(table, probabilities, members, counting)
        self.converged_ = False
        for number in range(1, self.iterations + 1):
            before, self.iterations_ = probabilities, number
            matrices = self.confusions_
            probabilities = settled(posteriors(table, matrices, self.priors_, members), fixed)
            self._maximise(table, probabilities, members, counting)
            if float(np.abs(probabilities - before).max()) < self.tolerance:
                self.converged_ = True
                break
        self.probabilities_ = probabilities
        self.confusions_ = self.confusions_[members]  # (workers, truth, said)
        return self

    def _check(self) -> None:
        """Raise ValueError for hyper-parameters that make no sense."""
        require_at_least("iterations", self.iterations, 1)
        require_at_least("tolerance", self.tolerance, 0)
        require_at_least("smoothing", self.smoothing, 0)

    def _maximise(
        self, table: LabelTable, probabilities: Table, members: Classes, counting: np.ndarray
    ) -> None:
        """M-step: matrices of the classes, and how common each label is."""
        self.confusions_ = self._matrices(tallied(table, probabilities, members))
        self.priors_ = frequencies(probabilities, counting, self.smoothing)

    def _matrices(self, said: Confusions) -> Confusions:
        """Return the matrix of each class from how often it said what."""
        return rows_to_one(toward_crowd(said, self.smoothing))


class PooledDawidSkene(DawidSkene):
    """Everybody has the same confusion matrix: one crowd, whose members are not told apart.

    For answers that come without their authors, like the paper's released ones. It learns
    which labels are taken for which, and nothing about who is to be trusted.
    """

    def fit(
        self, table: LabelTable, known: Truth | None = None, classes: Classes | None = None
    ) -> Self:
        """Learn from a table; raises ValueError for ``classes``, as there is one for all."""
        if classes is not None:
            raise ValueError("all are one class here: for several, use DawidSkene")
        return super().fit(table, known, np.zeros(len(table.workers), np.int64))


class OneCoin(DawidSkene):
    """Each worker is right with one probability, whatever the label, and errs evenly.

    π_w[k, k] = a_w and π_w[k, l] = (1 - a_w) / (labels - 1): one number for a worker instead of
    a matrix, which a few answers suffice for. The smoothing is ``smoothing`` answers as right as
    the crowd's. Also called homogeneous or one-coin Dawid-Skene.

    Y. Zhang, X. Chen, D. Zhou and M. I. Jordan (2016), Spectral methods meet EM: a provably optimal
    algorithm for crowdsourcing, Journal of Machine Learning Research 17(102), 1–44.
    """

    def _matrices(self, said: Confusions) -> Confusions:
        """Return matrices with one accuracy on the diagonal, the rest shared evenly."""
        labels = said.shape[2]
        right = said.trace(axis1=1, axis2=2)  # (classes,)
        total = said.sum(axis=(1, 2))
        crowd = (right.sum() + self.smoothing / labels) / (total.sum() + self.smoothing)
        accuracy = (right + self.smoothing * crowd) / (total + self.smoothing + FLOOR)
        accuracy = np.clip(accuracy, FLOOR, 1 - FLOOR)[:, None, None]
        wrong = (1 - accuracy) / max(labels - 1, 1)
        return np.asarray(np.where(np.eye(labels, dtype=bool), accuracy, wrong))


def posteriors(
    table: LabelTable, matrices: Confusions, priors: Priors, members: Classes | None = None
) -> Table:
    """E-step: return the probability of each label for each task, (tasks, labels).

    It is of use alone too: what are new answers worth, of workers whose matrices are known?
    Products of many probabilities vanish, so logarithms are added, and shifted before they are
    raised again.
    """
    members = np.arange(len(table.workers)) if members is None else members
    labels = len(table.labels)
    cell = members[table.worker] * labels + table.label  # (answers,)
    logs = np.log(matrices).transpose(1, 0, 2).reshape(labels, -1)  # (truth, classes × said)
    # One label after the other in memory: sums and maxima over labels run along whole columns.
    found = np.empty((labels, len(table.tasks))).T  # (tasks, labels)
    for truth in range(labels):
        found[:, truth] = np.bincount(table.task, logs[truth][cell], minlength=len(table.tasks))
    found += np.log(priors)
    return from_logs(found)


def from_logs(logs: Table) -> Table:
    """Return logarithms of weights as probabilities: each row sums to one."""
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def accuracies(confusions: Confusions, priors: Priors) -> Float64[np.ndarray, " workers"]:
    """Return how often each worker is right, over labels as common as the priors say."""
    return np.asarray(np.einsum("wkk,k->w", confusions, priors))


def _members(table: LabelTable, classes: Classes | None) -> Classes:
    """Return the class of each worker: each his own unless given."""
    workers = len(table.workers)
    if classes is None:
        return np.arange(workers)
    members = np.array(classes)
    if members.shape != (workers,) or members.dtype.kind not in "iu" or members.min() < 0:
        raise ValueError(f"classes are {classes!r}: give a whole number from 0 for each worker")
    return members
