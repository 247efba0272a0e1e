"""How near a practice answer comes, beside a slow and literal count; and the bar."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.core import practice
from annotate.core.practice import (
    DEFAULT_BAR,
    Expert,
    differences,
    drawn,
    group_alike,
    images_alike,
    passes,
    round_points,
    same_concept,
    score,
)
from annotate.core.rules import CATEGORIES, Given

EXPERT = Expert("sofa", "object", frozenset({1, 4, 5}), ("couch", "settee"))
places = st.lists(st.integers(0, 11), unique=True)


def slow_share(rejected, unseen, hers, shown):
    """Count image by image, side by side."""
    sides = []
    for her_mark in (False, True):
        alike = []
        for place in range(shown):
            if place in unseen and place not in rejected:
                continue
            if (place in hers) == her_mark:
                alike.append((place in rejected) == her_mark)
        if alike:
            sides.append(sum(alike) / len(alike))
    return sum(sides) / len(sides) if sides else None


@settings(deadline=None)
@given(places, places, places)
def test_the_share_of_images_is_the_slow_count(rejected, unseen, hers):
    expert = Expert("sofa", "object", frozenset(hers))
    said = Given("sofa", "object", rejected, unseen=unseen)
    slow = slow_share(rejected, unseen, hers, 12)
    if slow is None:
        with pytest.raises(ValueError, match="none of the 12 images was seen"):
            images_alike(said, expert, 12)
    else:
        assert images_alike(said, expert, 12) == pytest.approx(slow)


def test_an_expert_is_alike_to_herself():
    same = score(Given("sofa", "object", [1, 4, 5]), EXPERT, 60)
    assert (same.total, same.points) == (1, 100)
    all_fit = Expert("sofa", "object", frozenset())
    assert score(Given("sofa", "object", [], all_fit=True), all_fit, 60).points == 100


def test_marking_nothing_is_half_alike_and_does_not_pass():
    lazy = score(Given("sofa", "object", [], all_fit=True), EXPERT, 60)
    assert lazy.images == 0.5
    assert not passes(lazy.points, DEFAULT_BAR)


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("sofa", True), ("Sofas", True), ("a couch", True), ("setee", True), ("settees", True),
        ("bed", False), ("sofa bed", False), ("nothing", False),
    ],
)  # fmt: skip
def test_words_are_the_same_however_they_are_written(said, same):
    assert same_concept(said, (EXPERT.concept, *EXPERT.other_words)) is same


@pytest.mark.parametrize("said", CATEGORIES)
def test_a_neighbouring_group_is_half_right(said):
    apart = abs(CATEGORIES.index(said) - CATEGORIES.index("part"))
    assert group_alike(said, "part") == {0: 1, 1: 0.5}.get(apart, 0)


def test_what_is_no_group_is_refused():
    with pytest.raises(ValueError, match="'animal' is no group"):
        group_alike("animal", "part")


def test_weights_make_one_and_parts_make_the_total():
    assert practice.IMAGES + practice.WORDS + practice.GROUP == 1
    found = score(Given("bed", "part", [1, 4, 5, 9]), EXPERT, 13)
    assert (found.images, found.words, found.group) == (0.95, 0, 0.5)
    assert found.points == 60


def test_differences_name_who_marked_and_leave_out_what_was_not_seen():
    said = Given("sofa", "object", [1, 9], unseen=[5])
    assert [(one.place, one.marked_by_worker) for one in differences(said, EXPERT)] == [
        (4, False),
        (9, True),
    ]


def test_a_round_is_the_mean_and_passes_at_the_bar():
    assert round_points([1.0, 0.596]) == 80
    assert passes(80, 80)
    assert not passes(79, 80)
    with pytest.raises(ValueError, match="without units"):
        round_points([])


def test_a_round_draws_units_that_were_not_asked_before_where_there_are_enough():
    ready, rng = list(range(6)), Random(3)
    first = drawn(ready, (), 3, rng)
    assert first == sorted(first)
    assert drawn(ready, first, 3, rng) == [one for one in ready if one not in first]
    assert drawn(ready, first, 0, rng) == ready  # no number: all
    assert drawn(ready, first, 4, rng) == ready  # too few for two different rounds
    assert len(drawn(ready, ready[:4], 3, rng)) == 3  # too few are left: some come again
