"""Dawid and Skene: by hand, beside a slow literal EM, beside crowd-kit; properties."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import DawidSkene as Theirs
from crowdkit.aggregation import MajorityVote
from crowdkit.aggregation import OneCoinDawidSkene as TheirOneCoin
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.core import truth
from annotate.core.dawid_skene import (
    DawidSkene,
    OneCoin,
    PooledDawidSkene,
    accuracies,
    posteriors,
)
from annotate.core.label_table import LabelTable
from annotate.core.votes import Majority
from tests.annotate.answer_tables import by_hand, frame, in_order, simulated
from tests.annotate.slow_truth import slow

ALL = [DawidSkene, OneCoin, PooledDawidSkene]


# ---- By hand -------------------------------------------------------------------------------------
def test_majority_counts_votes():
    found = Majority().fit(by_hand())
    assert found.probabilities_[:, 0].tolist() == pytest.approx([0.6, 0.0, 0.6, 0.2, 0.6])
    assert found.priors_ == pytest.approx(np.array([3, 4]) / 7)  # (2 + 1, 3 + 1) / (5 + 2)


def test_dawid_skene_finds_the_truth_and_who_never_looks():
    found = DawidSkene().fit(by_hand())
    assert found.probabilities_.argmax(axis=1).tolist() == [0, 1, 0, 1, 0]
    says_no = found.confusions_[:, :, 1]  # (workers, truth)
    assert says_no[4, 0] > 0.8  # e says no even where the truth is yes
    assert accuracies(found.confusions_, found.priors_).argmin() == 4
    assert found.converged_
    assert 1 < found.iterations_ < 100


def test_the_first_round_of_it_by_hand():
    """Two tasks, two workers, one of whom disagrees once: every number worked out on paper."""
    rows = [("t", "a", "x"), ("t", "b", "x"), ("u", "a", "y"), ("u", "b", "x")]
    found = DawidSkene(iterations=1, smoothing=0).fit(LabelTable.of(rows))
    # Shares: t is x for sure, u half and half. Where x: a says x 1, y 1/2; b says x 3/2.
    # Where y: a says y 1/2, b says x 1/2. Priors 3/4, 1/4.
    # t: x 3/4 · 2/3 · 1, y 1/4 · 0 · 1.  u: x 3/4 · 1/3 · 1 = 1/4, y 1/4 · 1 · 1 = 1/4.
    assert found.probabilities_ == pytest.approx(np.array([[1, 0], [0.5, 0.5]]), abs=1e-8)


# ---- A slow, literal EM --------------------------------------------------------------------------
@pytest.mark.parametrize("known", [None, {0: 1, 3: 2, 7: 0}], ids=["no gold", "gold"])
@pytest.mark.parametrize(
    ("method", "kind"), [(DawidSkene, "own"), (OneCoin, "coin"), (PooledDawidSkene, "pooled")]
)
def test_it_is_the_slow_em(method, kind, known):
    table, _ = simulated(tasks=25, workers=6, labels=3, seed=3)
    found = method(iterations=4, tolerance=0, smoothing=0.7).fit(table, known)
    p, matrices, prior = slow(table, 4, 0.7, kind, known)
    assert found.probabilities_ == pytest.approx(p, abs=1e-9)
    assert found.priors_ == pytest.approx(np.array(prior), abs=1e-9)
    for (w, k, m), value in matrices.items():
        assert found.confusions_[w, k, m] == pytest.approx(value, abs=1e-9)


# ---- crowd-kit -----------------------------------------------------------------------------------
def test_majority_is_crowd_kits():
    table, _ = simulated()
    theirs = in_order(MajorityVote().fit_predict_proba(frame(table)), table)
    assert Majority().fit(table).probabilities_ == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_without_smoothing_it_is_crowd_kits(seed):
    table, answers = simulated(tasks=600, seed=seed)
    ours = DawidSkene(iterations=6, tolerance=0, smoothing=0).fit(table)
    theirs = Theirs(n_iter=6, tol=-np.inf).fit(frame(table))
    assert ours.probabilities_ == pytest.approx(in_order(theirs.probas_, table), abs=1e-6)
    assert ours.priors_ == pytest.approx(theirs.priors_.sort_index().to_numpy(), abs=1e-6)
    matrices = ours.confusions_  # (workers, truth, said)
    for (worker, said), row in theirs.errors_.iterrows():
        assert matrices[worker, :, said] == pytest.approx(row.sort_index().to_numpy(), abs=1e-5)
    assert (ours.probabilities_.argmax(axis=1) == answers).mean() > 0.85


def test_with_gold_it_is_crowd_kits():
    table, answers = simulated(tasks=300, seed=5)
    gold = {task: int(answers[task]) for task in range(0, 300, 10)}
    ours = DawidSkene(iterations=5, tolerance=0, smoothing=0, known_in_prior=True).fit(table, gold)
    theirs = Theirs(n_iter=5, tol=-np.inf).fit(frame(table), pd.Series(gold))
    assert ours.probabilities_ == pytest.approx(in_order(theirs.probas_, table), abs=1e-6)


def test_one_coin_without_smoothing_is_crowd_kits():
    table, _ = simulated(tasks=500, seed=2)
    ours = OneCoin(iterations=5, tolerance=0, smoothing=0).fit(table)
    theirs = TheirOneCoin(n_iter=5, tol=-np.inf).fit(frame(table))
    assert ours.probabilities_ == pytest.approx(in_order(theirs.probas_, table), abs=1e-6)
    assert ours.confusions_[:, 0, 0] == pytest.approx(
        theirs.skills_.sort_index().to_numpy(), abs=1e-6
    )


# ---- What it is for ------------------------------------------------------------------------------
def test_it_beats_the_majority_where_many_do_not_look():
    table, answers = simulated(tasks=800, workers=20, reliable=(0.0, 0.9), seed=4)
    right = [
        (method().fit(table).probabilities_.argmax(axis=1) == answers).mean()
        for method in (Majority, OneCoin, DawidSkene)
    ]
    assert right[1] > right[0] + 0.03
    assert right[2] > right[0] + 0.02


def test_one_answer_is_no_certainty():
    for method in ALL:
        alone = method().fit(LabelTable.of([("t", "w", "x")], labels=["x", "y", "z"]))
        assert 1 / 3 < alone.probabilities_[0, 0] < 0.95
    rows = [(f"t{n}", who, "x") for n in range(9) for who in "abc"] + [("new", "stranger", "y")]
    known = {f"t{n}": "x" for n in range(9)}
    table = LabelTable.of(rows, labels=["x", "y"])
    # He counts as one of a crowd that was right 27 times of 27; without smoothing as infallible.
    assert DawidSkene().fit(table, known).probabilities_[9, 1] < 0.985
    assert DawidSkene(smoothing=0).fit(table, known).probabilities_[9, 1] > 0.999


def test_gold_unmasks_a_worker_who_is_always_wrong():
    rows = [(f"g{n}", "liar", "y") for n in range(8)] + [(f"g{n}", "ann", "x") for n in range(8)]
    rows += [("t", "liar", "y"), ("s", "ann", "x")]
    table = LabelTable.of(rows, labels=["x", "y"])
    found = DawidSkene().fit(table, {f"g{n}": "x" for n in range(8)})
    assert found.probabilities_[8, 1] < 0.6  # his y is worth nothing
    assert found.probabilities_[:8, 0] == pytest.approx(1.0)
    # Planted tasks say nothing about how common a label is, unless it is asked for.
    counted = DawidSkene(known_in_prior=True).fit(table, {f"g{n}": "x" for n in range(8)})
    assert counted.priors_[0] > found.priors_[0]


def test_all_tasks_known_leaves_even_priors():
    table = by_hand()
    known = {"t1": "yes", "t2": "no", "t3": "yes", "t4": "no", "t5": "yes"}
    found = DawidSkene().fit(table, known)
    assert found.priors_.tolist() == [0.5, 0.5]
    assert found.iterations_ == 1
    assert found.confusions_[0, 0, 0] > 0.85


def test_workers_of_one_class_share_a_matrix():
    table, _ = simulated(tasks=100, workers=6)
    found = DawidSkene().fit(table, classes=np.array([0, 0, 1, 1, 1, 1]))
    assert (found.confusions_[0] == found.confusions_[1]).all()
    assert (found.confusions_[2] == found.confusions_[5]).all()
    assert (found.confusions_[0] != found.confusions_[2]).any()
    pooled = PooledDawidSkene().fit(table)
    assert pooled.probabilities_ == pytest.approx(
        DawidSkene().fit(table, classes=np.zeros(6, int)).probabilities_
    )


def test_new_answers_are_judged_by_workers_who_are_known():
    table, _ = simulated(tasks=600, seed=1)
    fitted = DawidSkene().fit(table)
    again = posteriors(table, fitted.confusions_, fitted.priors_)
    assert again == pytest.approx(fitted.probabilities_, abs=2e-3)


def test_a_task_that_nobody_answered_is_as_likely_as_beforehand():
    zero = np.zeros(3, int)
    table = LabelTable(np.arange(3), np.arange(3), zero, range(4), range(3), range(2))
    found = DawidSkene().fit(table)
    assert found.probabilities_[3] == pytest.approx(found.priors_, abs=0.02)


# ---- Refusals, purity, names ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"iterations": 0}, "iterations is 0: give 1 or more"),
        ({"tolerance": -1}, "tolerance"),
        ({"smoothing": float("nan")}, "smoothing is nan"),
    ],
)
def test_senseless_hyper_parameters_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        DawidSkene(**wrong).fit(by_hand())


@pytest.mark.parametrize("classes", [[0, 1], [0, 0, 0, 0, -1], [0.0] * 5])
def test_bad_classes_are_refused(classes):
    with pytest.raises(ValueError, match="for each worker"):
        DawidSkene().fit(by_hand(), classes=np.array(classes))


def test_the_pooled_kind_takes_no_classes():
    with pytest.raises(ValueError, match="one class"):
        PooledDawidSkene().fit(by_hand(), classes=np.zeros(5, int))


def test_methods_are_found_by_name():
    assert list(truth.METHODS) == ["majority", "dawid-skene", "one-coin", "pooled", "mace"]
    for name in truth.METHODS:
        found = truth.learn(by_hand(), {"t1": "yes"}, name)
        assert found.probabilities_.shape == (5, 2)
        assert found.confusions_.shape == (5, 2, 2)
        assert found.priors_.sum() == pytest.approx(1)
        assert found.probabilities_[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match="no method 'oracle': there are majority"):
        truth.learn(by_hand(), method="oracle")


# ---- Properties ----------------------------------------------------------------------------------
tables = st.tuples(st.integers(0, 10_000), st.integers(2, 12), st.integers(3, 6), st.integers(2, 4))


@given(tables, st.sampled_from(ALL), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_permuting_tasks_workers_and_labels_permutes_the_result(shape, method, chance):
    seed, tasks, workers, labels = shape
    table, _ = simulated(tasks, workers, labels, seed=seed)
    turns = [list(range(n)) for n in (tasks, workers, labels)]
    for turn in turns:
        chance.shuffle(turn)
    by_task, by_worker, by_label = map(np.array, turns)
    order = np.array(chance.sample(range(len(table.task)), len(table.task)))
    turned = LabelTable(
        by_task[table.task][order],
        by_worker[table.worker][order],
        by_label[table.label][order],
        range(tasks),
        range(workers),
        range(labels),
    )
    plain = method(iterations=8, tolerance=0).fit(table)
    other = method(iterations=8, tolerance=0).fit(turned)
    assert other.probabilities_[np.ix_(by_task, by_label)] == pytest.approx(
        plain.probabilities_, abs=1e-6
    )
    assert other.confusions_[np.ix_(by_worker, by_label, by_label)] == pytest.approx(
        plain.confusions_, abs=1e-6
    )


@given(tables, st.sampled_from([Majority, *ALL]))
@settings(max_examples=40, deadline=None)
def test_results_are_probabilities_and_nothing_given_is_changed(shape, method):
    seed, tasks, workers, labels = shape
    table, _ = simulated(tasks, workers, labels, seed=seed)
    known = {0: 1}
    found = method().fit(table, known)
    assert known == {0: 1}
    assert found.probabilities_.sum(axis=1) == pytest.approx(1)
    assert found.confusions_.sum(axis=2) == pytest.approx(1)
    assert (found.confusions_ > 0).all()
    assert found.priors_.sum() == pytest.approx(1)
    again = method().fit(table, known)
    assert (again.probabilities_ == found.probabilities_).all()
