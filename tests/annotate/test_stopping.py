"""Whether a unit is sure enough: posteriors by hand, targets, minimum and maximum."""

import numpy as np
import pytest

from annotate.core.agreement import precision_interval
from annotate.core.dawid_skene import posteriors
from annotate.core.label_table import LabelTable
from annotate.core.stopping import (
    SoFar,
    Targets,
    better_half,
    concept_posterior,
    group_posterior,
    judge,
    stated_crowd,
)

EVEN = np.array([0.5, 0.5])
GOOD = np.array([[0.9, 0.1], [0.1, 0.9]])
BLIND = np.array([[0.5, 0.5], [0.5, 0.5]])


def groups(said, *matrices):
    return SoFar(groups=said, matrices=np.array(matrices), priors=EVEN)


# ---- Posteriors -------------------------------------------------------------------------------
def test_the_group_by_hand():
    assert group_posterior([0], np.array([GOOD]), EVEN) == pytest.approx([0.9, 0.1])
    assert group_posterior([0, 0], np.array([GOOD, GOOD]), EVEN)[0] == pytest.approx(0.81 / 0.82)
    assert group_posterior([0, 1], np.array([GOOD, BLIND]), EVEN)[0] == pytest.approx(0.9)
    assert group_posterior([1], np.array([BLIND]), np.array([0.7, 0.3]))[0] == pytest.approx(0.7)


def test_the_group_is_dawid_and_skenes_e_step():
    rng = np.random.default_rng(0)
    matrices, priors = rng.dirichlet([1, 1, 1], (4, 3)), rng.dirichlet([1, 1, 1])
    said = np.array([2, 0, 2, 1])
    table = LabelTable(np.zeros(4, int), np.arange(4), said, range(1), range(4), range(3))
    expected = posteriors(table, matrices, priors)[0]
    assert group_posterior(said.tolist(), matrices, priors) == pytest.approx(expected)


def test_the_concept_by_hand():
    # One of 0.8 names it: 0.8 against 49 others of 0.2 / 49 each.
    assert concept_posterior([7], np.array([0.8])) == (7, pytest.approx(0.8))
    best, sure = concept_posterior([3, 3], np.array([0.8, 0.8]))
    assert (best, sure) == (3, pytest.approx(0.64 / (0.64 + 49 * (0.2 / 49) ** 2)))
    best, sure = concept_posterior([3, 4], np.array([0.6, 0.9]))
    assert best == 4
    assert sure < 0.9
    assert concept_posterior([4, 3], np.array([0.6, 0.6]))[0] == 4  # a tie: named first


# ---- Verdicts -----------------------------------------------------------------------------------
def test_two_who_agree_are_enough_and_two_who_do_not_are_not():
    assert judge(groups([0, 0], GOOD, GOOD), Targets()).why == "sure"
    verdict = judge(groups([0, 1], GOOD, GOOD), Targets())
    assert (verdict.enough, verdict.why, verdict.open) == (False, "unsure", ("group",))
    assert verdict.reached["group"] == pytest.approx(0.5)


def test_who_does_not_look_adds_nothing():
    assert not judge(groups([0, 0], BLIND, BLIND), Targets()).enough


def test_the_minimum_holds_even_when_sure():
    one = judge(groups([0], np.array([[0.99, 0.01], [0.01, 0.99]])), Targets())
    assert (one.enough, one.open) == (False, ())
    assert judge(groups([0], GOOD), Targets(minimum=1, group=0.85)).enough


def test_the_maximum_ends_it_and_says_what_stayed_open():
    verdict = judge(groups([0, 1], GOOD, GOOD), Targets(maximum=2))
    assert (verdict.enough, verdict.why, verdict.open) == (True, "maximum", ("group",))


def test_no_answer_is_never_enough():
    verdict = judge(SoFar(), Targets(concept=0.8))
    assert (verdict.enough, verdict.answers) == (False, 0)
    assert verdict.open == ("group", "concept")


def test_every_target_must_be_met():
    votes = np.ones((2, 57))
    votes[:, :3] = 0
    so_far = SoFar(
        groups=[0, 0],
        matrices=np.array([GOOD, GOOD]),
        priors=EVEN,
        concepts=[0, 1],
        accuracies=np.array([0.8, 0.8]),
        votes=votes,
    )
    verdict = judge(so_far, Targets(concept=0.6, concept_share=0.6, width=0.2))
    assert verdict.open == ("concept", "concept_share")
    low, high = precision_interval(votes)
    assert verdict.reached["width"] == pytest.approx(high - low)
    assert verdict.reached["concept_share"] == 0.5
    assert judge(so_far, Targets(concept_share=0.5, width=0.01)).open == ("width",)
    assert judge(so_far, Targets(group=None)).why == "sure"


# ---- Refusals -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"minimum": 0}, "at least 1"),
        ({"minimum": 4, "maximum": 3}, "no smaller"),
        ({"group": 0}, "group is 0"),
        ({"width": 1.5}, "width is 1.5"),
        ({"concept": float("nan")}, "concept is nan"),
    ],
)
def test_targets_that_make_no_sense_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Targets(**wrong)


@pytest.mark.parametrize(
    ("so_far", "targets", "sentence"),
    [
        (SoFar(concepts=[1]), Targets(), "needs groups"),
        (SoFar(concepts=[1]), Targets(group=None, concept=0.8), "needs concepts and accuracies"),
        (groups([0], GOOD), Targets(group=None, concept_share=0.8), "share of a concept"),
        (groups([0], GOOD), Targets(group=None, width=0.3), "votes on images"),
        (SoFar(groups=[0], concepts=[1, 2]), Targets(), "answers"),
        (groups([0, 1], GOOD), Targets(), "2 answers"),
        (groups([2], GOOD), Targets(), "from 0 to 1"),
    ],
)
def test_answers_that_lack_something_are_refused(so_far, targets, sentence):
    with pytest.raises(ValueError, match=sentence):
        judge(so_far, targets)


def test_concepts_without_as_many_accuracies_are_refused():
    with pytest.raises(ValueError, match="one of each"):
        concept_posterior([1, 2], np.array([0.5]))


def test_a_stated_crowd_is_right_so_often_and_errs_evenly():
    matrix = stated_crowd(6, 0.7)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(6))
    assert (matrix[2, 2], matrix[2, 3]) == (0.7, pytest.approx(0.06))
    for labels, right in ((1, 0.7), (6, 0), (6, 1)):
        with pytest.raises(ValueError, match="give 2 labels or more"):
            stated_crowd(labels, right)


def test_the_better_half_holds_the_middle_one():
    assert better_half({"a": 0.9, "b": 0.5, "c": 0.7}) == {"a", "c"}
    assert better_half({"a": 0.9, "b": 0.9}) == {"a", "b"}
    assert better_half({}) == frozenset()
