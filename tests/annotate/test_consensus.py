"""From answers to a label: votes, words, ties, precision with its interval, agreement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.core import agreement
from annotate.core.consensus import METHODS, Basis, Said, decide, version


def said(concept="lamp", category="object", rejected=(), unseen=(), who="w"):
    """Return one answer."""
    return Said(who, concept, category, frozenset(rejected), frozenset(unseen))


def test_each_image_is_kept_by_majority_and_planted_ones_count_nowhere():
    answers = [said(rejected=[0, 1, 9]), said(rejected=[1, 9]), said(rejected=[2, 9])]
    found = decide(answers, 10, frozenset({9}))
    assert found.kept == [0, 2, 3, 4, 5, 6, 7, 8]
    assert found.tied == []
    assert found.votes[1] == (1, 3)
    assert 9 not in found.votes
    assert found.shares == pytest.approx([7 / 9, 8 / 9, 8 / 9])
    assert found.precision == pytest.approx((7 + 8 + 8) / 27)


def test_half_of_the_votes_is_a_tie_and_not_kept():
    found = decide([said(rejected=[0]), said()], 4, frozenset())
    assert (found.kept, found.tied) == ([1, 2, 3], [0])


def test_an_image_that_failed_to_load_is_neither_kept_nor_shown():
    found = decide([said(rejected=[0], unseen=[1]), said()], 4, frozenset())
    assert found.votes[1] == (1, 1)
    assert found.shares == pytest.approx([2 / 3, 1.0])
    assert found.precision == pytest.approx((2 / 3 + 1) / 2)


def test_words_that_differ_by_spelling_are_one_concept():
    answers = [said("billiard tables"), said("Billard table"), said("pool", "scene")]
    found = decide(answers, 4, frozenset())
    assert found.concept == "billiard tables"
    assert (found.how_concept, found.how_category) == ("majority", "majority")
    assert found.agreement == pytest.approx(2 / 3)


def test_agreement_needs_both_concept_and_category():
    found = decide([said(), said(category="part"), said("bed")], 4, frozenset())
    assert (found.concept, found.category) == ("lamp", "object")
    assert found.agreement == pytest.approx(1 / 3)


def test_a_single_answer_is_marked():
    found = decide([said()], 4, frozenset())
    assert (found.how_concept, found.how_category) == ("single", "single")
    assert (found.agreement, found.answers) == (1.0, 1)


def test_a_tie_of_concepts_goes_to_the_commoner_category_and_is_marked():
    answers = [said("fur", "texture"), said("sea", "region"), said("lake", "region")]
    found = decide(answers, 4, frozenset())
    assert (found.concept, found.category) == ("sea", "region")
    assert (found.how_concept, found.how_category) == ("tie", "majority")
    assert found.agreement == pytest.approx(1 / 3)


def test_a_tie_of_categories_goes_to_the_one_of_the_concept():
    answers = [said("a", "texture"), said("lamp", "object"), said("lamp", "part")]
    found = decide(answers, 4, frozenset())
    assert (found.concept, found.category, found.how_category) == ("lamp", "object", "tie")


def test_a_tie_of_everything_goes_to_the_first_answer():
    found = decide([said("b", "scene"), said("a", "simple")], 4, frozenset())
    assert (found.concept, found.category) == ("b", "scene")
    assert (found.how_concept, found.how_category) == ("tie", "tie")


def test_no_answers_and_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="no answers"):
        decide([], 4, frozenset())
    with pytest.raises(ValueError, match="majority"):
        decide([said()], 4, frozenset(), "oracle")
    with pytest.raises(ValueError, match="weights"):
        decide([said()], 4, frozenset(), basis=Basis({"w": -1.0}))
    assert list(METHODS) == ["concepts", "majority"]


# ---- Words with a meaning --------------------------------------------------------------------
def words(*concepts, **more):
    """Return the consensus of answers that differ in their words alone."""
    answers = [said(concept, who=f"w{n}") for n, concept in enumerate(concepts)]
    return decide(answers, 4, frozenset(), **more)


def test_synonyms_are_one_concept():
    found = words("couch", "Sofas", "couch", "lamp")
    assert (found.concept, found.how_concept, found.agreement) == ("couch", "majority", 0.75)
    assert found.groups == [0, 0, 0, 1]
    assert found.ties[1].why == "synonyms in WordNet: couch, sofas"
    assert found.ties[3] is None


def test_a_kind_agrees_on_the_general_word_and_is_offered():
    found = words("poodle", "dog", "lamp")
    assert (found.concept, found.agreement) == ("dog", pytest.approx(2 / 3))
    assert found.groups == [0, 1, 2]
    assert found.offered == ["poodle"]
    assert found.ties[0].why == "a poodle is a kind of dog"


def test_the_most_specific_concept_of_more_than_half_wins():
    assert words("poodle", "poodle", "dog").concept == "poodle"
    assert words("poodle", "dog", "dog").concept == "dog"
    assert words("red wall", "wall", "brick wall").concept == "wall"
    assert words("red wall", "red walls", "wall").concept == "red wall"


def test_whom_one_trusts_more_weighs_more():
    assert words("lamp", "sofa", "sofa").concept == "sofa"
    trusted = Basis({"w0": 3.0})
    assert words("lamp", "sofa", "sofa", basis=trusted).concept == "lamp"
    assert words("lamp", "sofa", "sofa", basis=trusted, method="majority").concept == "lamp"
    # Without any trust at all everybody counts alike.
    assert words("lamp", "sofa", "sofa", basis=Basis(dict.fromkeys(("w0", "w1", "w2"), 0.0)))
    nobody = Basis({"w1": 0.0, "w2": 0.0})
    found = words("lamp", "sofa", "couch", basis=nobody)
    assert (found.concept, found.answers, found.agreement) == ("lamp", 3, pytest.approx(1 / 3))


def test_the_category_is_weighed_too():
    answers = [said("a lamp", "part", who="w0"), said("lamp", who="w1"), said("lamp", who="w2")]
    assert decide(answers, 4, frozenset()).category == "object"
    assert decide(answers, 4, frozenset(), basis=Basis({"w0": 2.5})).category == "part"


def test_the_method_before_knows_spellings_only():
    found = words("couch", "sofa", "Sofas", method="majority")
    assert (found.concept, found.groups) == ("sofa", [1, 0, 0])
    assert (version("majority"), version("concepts")) == (2, 1)


answers_of_ten = st.lists(
    st.builds(
        said,
        st.sampled_from(["lamp", "bed", "lamps", "window"]),
        st.sampled_from(["object", "part", "scene"]),
        st.sets(st.integers(0, 11), max_size=8),
        st.sets(st.integers(0, 11), max_size=3),
    ),
    min_size=1,
    max_size=5,
)


@given(answers_of_ten)
def test_any_answers_give_shares_in_order(answers):
    found = decide(answers, 12, frozenset({4, 5}))
    assert 0 <= found.precision_low <= found.precision <= found.precision_high <= 1
    assert 0 <= found.agreement <= 1
    assert len(found.votes) == 10
    assert found == decide(answers, 12, frozenset({4, 5}))


@given(answers_of_ten)
def test_the_vote_on_each_image_is_that_of_a_slow_count(answers):
    found = decide(answers, 12, frozenset({4, 5}))
    for place in set(range(12)) - {4, 5}:
        saw = [a for a in answers if place in a.rejected or place not in a.unseen]
        keep = [a for a in saw if place not in a.rejected]
        assert found.votes[place] == (len(keep), len(saw))
        assert (place in found.kept) == (2 * len(keep) > len(saw))


# ---- Intervals -------------------------------------------------------------------------------
def test_people_who_disagree_widen_the_interval():
    alike, apart = np.ones((3, 50)), np.ones((3, 50))
    alike[:, :15] = 0
    apart[0, :35], apart[1, :5], apart[2, :5] = 0, 0, 0
    assert agreement.precision(alike) == pytest.approx(agreement.precision(apart))
    width = [np.diff(agreement.precision_interval(table))[0] for table in (alike, apart)]
    assert width[1] > 1.5 * width[0]


def test_more_people_on_the_same_images_never_count_as_more_images():
    one, many = np.ones((1, 50)), np.ones((9, 50))
    one[:, :10] = many[:, :10] = 0
    expected = pytest.approx(agreement.wilson(0.8, 50), abs=0.01)
    assert agreement.precision_interval(one) == expected
    assert agreement.precision_interval(many) == expected


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(600):
        people = rng.normal(0, 0.7, size=(5, 1))
        images = rng.normal(0, 1.0, size=(1, 57))
        table = (rng.random((5, 57)) < 1 / (1 + np.exp(-(1.2 + people + images)))).astype(float)
        low, high = agreement.precision_interval(table)
        covered += low <= 0.7181 <= high  # mean of the logistic over both normals, by simulation
    assert 0.88 <= covered / 600 <= 0.99
