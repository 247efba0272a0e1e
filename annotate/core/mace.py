"""The truth from answers of workers who know or do not look: MACE."""

from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float64
from scipy.special import digamma

from annotate.core.dawid_skene import from_logs
from annotate.core.label_table import UNKNOWN, LabelTable, Table
from annotate.core.votes import Confusions, Known, Priors, Truth, require_at_least, settled

PerWorker = Float64[np.ndarray, "workers two"]
Strategies = Float64[np.ndarray, "workers labels"]
# Beginnings are even but for this much: restarts must begin in different places.
NOISE = 0.5


class Guess(NamedTuple):
    """What is believed of the workers: chances of (not looking, knowing), and blind strategies."""

    looking: PerWorker
    strategy: Strategies


@dataclass
class MACE:
    """At each task a worker either knows the label, or answers by a habit of his own.

    Worker w knows with probability θ_w and then says the truth; else his answer comes from his
    strategy ξ_w (always the first button, any button, ...), which has nothing to do with the task:

        p(w says l | truth k) = θ_w [l = k] + (1 - θ_w) ξ_w[l],   every truth as likely beforehand

    E-step: the truth of each task, and for each answer whether its author knew. M-step: θ and ξ
    are shares of those counts: with ``variational`` under a Beta(``alpha``, ``beta``) prior on
    θ, which prefers workers who nearly always or nearly never look, and a Dirichlet(``strategy``)
    prior on ξ; else with ``smoothing`` / labels added to each count.

    Each of ``restarts`` begins at random and stops when no probability moves by ``tolerance`` or
    more, after ``iterations`` at the latest; the one with the highest likelihood stays. Tasks with
    a known truth keep it (the paper's control items).

    D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy (2013), Learning whom to trust with MACE,
    NAACL-HLT, 1120–1130.
    """

    restarts: int = 10
    iterations: int = 50
    tolerance: float = 1e-4
    variational: bool = True
    alpha: float = 0.5
    beta: float = 0.5
    strategy: float = 10.0
    smoothing: float = 0.01
    probabilities_: Table = field(init=False, repr=False)
    confusions_: Confusions = field(init=False, repr=False)
    priors_: Priors = field(init=False, repr=False)
    competences_: Float64[np.ndarray, " workers"] = field(init=False, repr=False)
    strategies_: Strategies = field(init=False, repr=False)
    likelihood_: float = field(init=False, repr=False)

    def fit(
        self,
        table: LabelTable,
        known: Truth | None = None,
        rng: np.random.Generator | None = None,
    ) -> Self:
        """Learn from a table; ``rng`` draws the beginnings (without it, always the same ones).

        Raises:
            ValueError: a hyper-parameter is out of range, or a known task or label is not in the
                table.
        """
        self._check()
        rng = rng or np.random.default_rng(0)
        fixed = table.known(known)
        tops = (self._climb(table, fixed, rng) for _ in range(self.restarts))
        self.likelihood_, self.probabilities_, guess = max(tops, key=lambda top: top[0])
        self._read(guess)
        return self

    def _check(self) -> None:
        """Raise ValueError for hyper-parameters that make no sense."""
        for name in ("restarts", "iterations"):
            require_at_least(name, getattr(self, name), 1)
        require_at_least("tolerance", self.tolerance, 0)
        for name in ("alpha", "beta", "strategy", "smoothing"):
            # At nought a worker never seen to err could not err: the logarithm has no value.
            require_at_least(name, getattr(self, name), 1e-6)

    def _climb(
        self, table: LabelTable, known: Known, rng: np.random.Generator
    ) -> tuple[float, Table, Guess]:
        """Return likelihood, probabilities and guess where one beginning leads."""
        guess = _beginning(table, rng)
        likelihood, probabilities = _expected(table, known, guess)
        for _ in range(self.iterations):
            before = probabilities
            guess = self._maximised(*_counted(table, probabilities, guess))
            likelihood, probabilities = _expected(table, known, guess)
            if float(np.abs(probabilities - before).max()) < self.tolerance:
                break
        return likelihood, probabilities, guess

    def _maximised(self, looking: PerWorker, strategy: Strategies) -> Guess:
        """M-step: return the guess that fits these expected counts."""
        if self.variational:
            prior = np.array([self.alpha, self.beta])
            return Guess(_expected_logs(looking + prior), _expected_logs(strategy + self.strategy))
        added = self.smoothing / strategy.shape[1]
        return Guess(_to_one(looking + added), _to_one(strategy + added))

    def _read(self, guess: Guess) -> None:
        """Write down what was learnt, as probabilities that sum to one."""
        labels = guess.strategy.shape[1]
        self.competences_ = _to_one(guess.looking)[:, 1]
        self.strategies_ = _to_one(guess.strategy)
        knows = self.competences_[:, None, None]
        self.confusions_ = knows * np.eye(labels) + (1 - knows) * self.strategies_[:, None, :]
        self.priors_ = np.full(labels, 1 / labels)


def _beginning(table: LabelTable, rng: np.random.Generator) -> Guess:
    """Return a guess that is even but for some noise."""
    workers = len(table.workers)
    return Guess(
        _to_one(1 + rng.uniform(0, NOISE, (workers, 2))),
        _to_one(1 + rng.uniform(0, NOISE, (workers, len(table.labels)))),
    )


def _answers(table: LabelTable, guess: Guess) -> tuple[np.ndarray, np.ndarray]:
    """Return for each answer the chances that it came blindly, and that its author knew."""
    blind = guess.looking[table.worker, 0] * guess.strategy[table.worker, table.label]
    return blind, guess.looking[table.worker, 1]


def _expected(table: LabelTable, known: Known, guess: Guess) -> tuple[float, Table]:
    """E-step: return the log likelihood of the answers, and the probability of each label.

    Every answer has its blind chance under every truth, and more under the truth that it names.
    """
    tasks, labels = len(table.tasks), len(table.labels)
    blind, knew = _answers(table, guess)
    named = table.task * labels + table.label  # (answers,)
    more = np.log(blind + knew) - np.log(blind)
    logs = np.bincount(named, more, minlength=tasks * labels).reshape(tasks, labels)
    logs += np.bincount(table.task, np.log(blind), minlength=tasks)[:, None] - np.log(labels)
    top = logs.max(axis=1)
    whole = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))  # (tasks,)
    row = np.arange(tasks)
    seen = np.where(known == UNKNOWN, whole, logs[row, np.maximum(known, 0)])
    return float(seen.sum()), settled(from_logs(logs), known)


def _counted(table: LabelTable, probabilities: Table, guess: Guess) -> tuple[PerWorker, Strategies]:
    """Return how often each worker did not look and knew, and what he then said, in expectation."""
    workers, labels = len(table.workers), len(table.labels)
    blind, knew = _answers(table, guess)
    known = probabilities[table.task, table.label] * knew / (blind + knew)  # (answers,)
    cell = table.worker * labels + table.label
    strategy = np.bincount(cell, 1 - known, minlength=workers * labels).reshape(workers, labels)
    right = np.bincount(table.worker, known, minlength=workers)
    return np.stack([strategy.sum(axis=1), right], axis=1), strategy


def _to_one(counts: np.ndarray) -> np.ndarray:
    """Return each row as shares of its sum."""
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _expected_logs(counts: np.ndarray) -> np.ndarray:
    """Return exp E[log p] under the Dirichlet of each row: what variational Bayes puts for p."""
    return np.asarray(np.exp(digamma(counts) - digamma(counts.sum(axis=1, keepdims=True))))
