"""The truth by counting votes, and what every method that knows its workers begins with."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from jaxtyping import Float64, Int64

from annotate.core.label_table import UNKNOWN, LabelTable, Table

Confusions = Float64[np.ndarray, "workers truth said"]
Priors = Float64[np.ndarray, " labels"]
Known = Int64[np.ndarray, " tasks"]
Truth = Mapping[Hashable, Hashable]
# A cell that nobody has been seen in: small enough to change nothing, large enough for a logarithm.
FLOOR = 1e-10


@dataclass
class Majority:
    """Each task's label is the one with the most votes; every worker counts alike.

    p(label) = votes for it / votes on the task. The confusion matrices say how each worker stands
    to those shares, with ``smoothing`` as in `DawidSkene`. It needs no second answer of anybody
    and cannot be led astray by its own opinion of the workers; spammers count as much as others.
    """

    smoothing: float = 1.0
    probabilities_: Table = field(init=False, repr=False)
    confusions_: Confusions = field(init=False, repr=False)
    priors_: Priors = field(init=False, repr=False)

    def fit(self, table: LabelTable, known: Truth | None = None) -> Self:
        """Count the votes; tasks with a known truth have that."""
        require_at_least("smoothing", self.smoothing, 0)
        fixed = table.known(known)
        self.probabilities_ = settled(shares(table), fixed)
        everyone = np.arange(len(table.workers))
        said = tallied(table, self.probabilities_, everyone)
        self.confusions_ = rows_to_one(toward_crowd(said, self.smoothing))
        self.priors_ = frequencies(self.probabilities_, fixed == UNKNOWN, self.smoothing)
        return self


def require_at_least(name: str, value: float, least: float) -> None:
    """Raise ValueError for a hyper-parameter below what makes sense; nan is refused too."""
    if not value >= least:
        raise ValueError(f"{name} is {value}: give {least} or more")


def shares(table: LabelTable) -> Table:
    """Return the share of votes of each label: (tasks, labels); alike where nobody voted."""
    counts = table.counts()
    total = counts.sum(axis=1, keepdims=True)
    alike = np.full_like(counts, 1 / counts.shape[1])
    return np.asarray(np.divide(counts, total, out=alike, where=total > 0))


def settled(probabilities: Table, known: Known) -> Table:
    """Return the probabilities with certainty where the truth is known."""
    rows = np.flatnonzero(known != UNKNOWN)
    if not len(rows):
        return probabilities
    found = probabilities.copy()
    found[rows] = 0.0
    found[rows, known[rows]] = 1.0
    return found


def tallied(
    table: LabelTable, probabilities: Table, members: Int64[np.ndarray, " workers"]
) -> Float64[np.ndarray, "classes truth said"]:
    """Return how often each class of workers said a label where the truth is one, in expectation.

    ``members`` is the class of each worker; each a class of his own gives a matrix for each.
    """
    labels, classes = len(table.labels), int(members.max()) + 1
    cell = members[table.worker] * labels + table.label  # (answers,)
    found = np.empty((labels, classes * labels))
    for truth in range(labels):
        weight = np.ascontiguousarray(probabilities[:, truth])[table.task]  # (answers,)
        found[truth] = np.bincount(cell, weight, minlength=classes * labels)
    return found.reshape(labels, classes, labels).transpose(1, 0, 2)  # (classes, truth, said)


def toward_crowd(
    said: Float64[np.ndarray, "classes truth said"], smoothing: float
) -> Float64[np.ndarray, "classes truth said"]:
    """Add to each row ``smoothing`` answers as the whole crowd gives them at that truth.

    The crowd's own row is smoothed by as many answers that are spread evenly.
    """
    if smoothing == 0:
        return said
    crowd = said.sum(axis=0) + smoothing / said.shape[2]  # (truth, said)
    return np.asarray(said + smoothing * crowd / crowd.sum(axis=1, keepdims=True))


def rows_to_one(
    said: Float64[np.ndarray, "classes truth said"],
) -> Float64[np.ndarray, "classes truth said"]:
    """Return counts as shares of each row; no cell is quite empty."""
    said = np.maximum(said, FLOOR)
    return np.asarray(said / said.sum(axis=2, keepdims=True))


def frequencies(
    probabilities: Table, counting: np.ndarray, smoothing: float, floor: float = FLOOR
) -> Priors:
    """Return how common each label is among the tasks that count, smoothed by even answers."""
    totals = probabilities[counting].sum(axis=0) + max(smoothing, floor)
    return np.asarray(totals / totals.sum())
