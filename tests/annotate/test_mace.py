"""MACE: its steps beside a slow literal reading, crowd-kit as oracle, and what it is for."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import MACE as Theirs

from annotate.core import mace
from annotate.core.label_table import LabelTable
from annotate.core.mace import MACE, Guess
from annotate.core.votes import Majority
from tests.annotate.answer_tables import by_hand, frame, simulated


def slow(table, guess):
    """Posteriors and expected counts by the paper's sums, answer by answer."""
    labels = range(len(table.labels))
    answers = list(zip(table.task, table.worker, table.label, strict=True))
    p = np.full((len(table.tasks), len(labels)), 1 / len(labels))
    for t, w, said in answers:
        for k in labels:
            p[t, k] *= guess.looking[w, 0] * guess.strategy[w, said]
            p[t, k] += (
                p[t, k]
                / (guess.looking[w, 0] * guess.strategy[w, said])
                * (guess.looking[w, 1] * (k == said))
            )
    likelihood = float(np.log(p.sum(axis=1)).sum())
    p /= p.sum(axis=1, keepdims=True)
    looking, strategy = np.zeros_like(guess.looking), np.zeros_like(guess.strategy)
    for t, w, said in answers:
        for k in labels:
            blind = guess.looking[w, 0] * guess.strategy[w, said]
            knew = guess.looking[w, 1] * (k == said)
            looking[w] += p[t, k] * np.array([blind, knew]) / (blind + knew)
            strategy[w, said] += p[t, k] * blind / (blind + knew)
    return likelihood, p, looking, strategy


def appearing_in_order(table):
    """Return the table with workers and labels renumbered as they first appear."""
    worker, label = pd.factorize(table.worker)[0], pd.factorize(table.label)[0]
    return LabelTable(table.task, worker, label, table.tasks, table.workers, table.labels)


def test_its_steps_are_the_slow_ones():
    table, _ = simulated(tasks=15, workers=5, labels=3, seed=1)
    rng = np.random.default_rng(2)
    guess = Guess(rng.dirichlet([1, 1], 5), rng.dirichlet([1, 1, 1], 5))
    likelihood, p, looking, strategy = slow(table, guess)
    nobody = table.known(None)
    found, ours = mace._expected(table, nobody, guess)
    assert found == pytest.approx(likelihood)
    assert ours == pytest.approx(p)
    counts = mace._counted(table, ours, guess)
    assert counts[0] == pytest.approx(looking)
    assert counts[1] == pytest.approx(strategy)


@pytest.mark.parametrize("variational", [True, False])
def test_its_rounds_are_crowd_kits(variational):
    """From the same beginning, as both draw theirs by chance.

    crowd-kit mixes up workers and labels that do not first appear in their order: here they do.
    """
    table = appearing_in_order(simulated(tasks=60, workers=6, labels=3, seed=3)[0])
    names = list(table.tasks), list(table.workers), list(table.labels)
    theirs = Theirs(method="vb" if variational else "em")
    theirs.smoothing_ = 0.01 / 3
    theirs._initialize(6, 3)
    ours, guess = MACE(variational=variational), Guess(theirs.spamming_, theirs.thetas_)
    for _ in range(4):
        found = theirs._e_step(frame(table), *names, table.task, table.worker, table.label)
        _, marginals, strategy, knowing = found
        _, probabilities = mace._expected(table, table.known(None), guess)
        expected = marginals.div(marginals.sum(axis=1), axis=0).to_numpy()
        assert probabilities == pytest.approx(expected, abs=1e-9)
        guess = ours._maximised(*mace._counted(table, probabilities, guess))
        step = theirs._variational_m_step if variational else theirs._m_step
        step(knowing, strategy)
        assert guess.looking == pytest.approx(theirs.spamming_, abs=1e-9)
        assert guess.strategy == pytest.approx(theirs.thetas_, abs=1e-9)


def test_it_finds_the_spammer_and_his_habit():
    found = MACE().fit(by_hand(), {"t1": "yes", "t3": "yes", "t5": "yes"})
    assert found.competences_.argmin() == 4
    assert found.strategies_[4, 1] > 0.5
    assert found.probabilities_.argmax(axis=1).tolist() == [0, 1, 0, 1, 0]
    assert found.confusions_.sum(axis=2) == pytest.approx(1)


def test_it_beats_the_majority_where_many_do_not_look():
    table, truth = simulated(tasks=300, workers=12, reliable=(0.0, 0.9), seed=4)
    ours, votes = (
        (method.fit(table).probabilities_.argmax(axis=1) == truth).mean()
        for method in (MACE(restarts=2), Majority())
    )
    assert ours > votes


def test_chance_is_an_argument_and_nothing_else_is():
    table, _ = simulated(tasks=30, workers=6)
    one, two = MACE(restarts=2).fit(table), MACE(restarts=2).fit(table)
    assert (one.probabilities_ == two.probabilities_).all()
    other = MACE(restarts=2, iterations=1).fit(table, rng=np.random.default_rng(9))
    assert (other.probabilities_ != MACE(restarts=2, iterations=1).fit(table).probabilities_).any()


def test_one_answer_is_no_certainty_and_known_truth_stays():
    alone = MACE().fit(LabelTable.of([("t", "w", "x")], labels=["x", "y", "z"]))
    assert 1 / 3 < alone.probabilities_[0, 0] < 0.95
    known = MACE().fit(LabelTable.of([("t", "w", "x")], labels=["x", "y"]), {"t": "y"})
    assert known.probabilities_[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    "wrong", [{"restarts": 0}, {"iterations": 0}, {"tolerance": -1}, {"smoothing": 0}, {"alpha": 0}]
)
def test_senseless_hyper_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MACE(**wrong).fit(by_hand())
