"""The rules of an answer, one by one."""

import pytest

from annotate.core.rules import Given, Terms, controls_missed, faults

TERMS = Terms(shown=20, controls=frozenset({3, 7}), minimum_kept=10, controls_must_be_found=True)
GOOD = {"concept": "lamp", "category": "object", "rejected": [3, 7]}


def test_a_good_answer_has_no_fault():
    assert faults(Given(**GOOD), TERMS) == {}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"concept": ""}, "concept"),
        ({"concept": "12"}, "concept"),
        ({"category": "things"}, "category"),
        ({"category": ""}, "category"),
        ({"rejected": [3, 7, 20]}, "images"),
        ({"rejected": [3, 7, -1]}, "images"),
        ({"rejected": [3, 7, True]}, "images"),
        ({"rejected": [3, 7, "1"]}, "images"),
        ({"rejected": [3, 7, 7]}, "images"),
        ({"rejected": []}, "images"),
        ({"rejected": [], "all_fit": True}, "images"),
        ({"all_fit": True}, "images"),
        ({"rejected": list(range(11))}, "images"),
        ({"rejected": [3]}, "images"),
        ({"rejected": [7, 1, 2]}, "images"),
        ({"unseen": [20]}, "images"),
        ({"unseen": [0, 1, 2, 4, 5, 6]}, "images"),
    ],
)
def test_each_fault_is_one_sentence_at_its_place(changed, place):
    found = faults(Given(**{**GOOD, **changed}), TERMS)
    assert list(found) == [place]
    assert found[place].endswith(".")


def test_all_places_are_told_at_once():
    assert set(faults(Given("", "", []), TERMS)) == {"concept", "category", "images"}


def test_the_sentence_about_planted_images_is_the_same_however_many_are_missed():
    one = faults(Given("lamp", "object", [3]), TERMS)
    both = faults(Given("lamp", "object", [1]), TERMS)
    assert one == both


def test_an_unseen_planted_image_is_not_missed():
    given = Given("lamp", "object", [3], unseen=[7])
    assert controls_missed(given, TERMS.controls) == 0
    assert faults(given, TERMS) == {}


def test_rejected_and_unseen_at_once_counts_once():
    given = Given("lamp", "object", list(range(10)), unseen=[0, 1])
    assert faults(given, TERMS) == {}
