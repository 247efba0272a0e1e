"""Jaccard and average precision against sets of pixels and a list of images, one at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.evaluation import BINS, RAREST, VOID, Evaluation, bins_of


def some_images(seed, images=12, things=4, classes=3):
    """Images of 6 × 7 pixels: classes, masks of the things that are on, rarities."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(images):
        labels = chance.integers(VOID, classes, (6, 7)) * (chance.random((6, 7)) < 0.7)
        on = [thing for thing in range(things) if chance.random() < 0.5]
        masks = {thing: chance.random((6, 7)) < 0.4 for thing in on}
        made.append((masks, RAREST ** chance.random(things), labels))
    return made


def slow_jaccard(made, thing, wanted, shift=0):
    """Sets of (image, pixel); with a shift, the pixels of another image's classes."""
    mask, truth = set(), set()
    for number, (masks, _, _) in enumerate(made):
        if shift and number == 0:
            continue
        labels = made[number - shift][2]
        for y, x in np.ndindex(*labels.shape):
            if thing in masks and masks[thing][y, x] and labels[y, x] != VOID:
                mask.add((number, y, x))
            if labels[y, x] == wanted:
                truth.add((number, y, x))
    return len(mask & truth) / max(1, len(mask | truth))


def slow_precision(made, thing, wanted):
    """Precision after each group of equal images, weighted by the recall that it adds."""
    scored = [(int(bins_of(r)[thing]), bool((labels == wanted).any())) for _, r, labels in made]
    total, found = sum(held for _, held in scored), 0.0
    for level in sorted({level for level, _ in scored}, reverse=True):
        upto = [held for own, held in scored if own >= level]
        here = sum(held for own, held in scored if own == level)
        found += here / total * (sum(upto) / len(upto)) if total else 0
    return found if total else float("nan")


def counted(made, classes):
    found = Evaluation(classes)
    for number, (masks, rarity, labels) in enumerate(made):
        found.add(masks, rarity, labels, made[number - 1][2] if number else None)
    return found


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 9999))
def test_both_are_those_of_the_slow_way(seed):
    classes = [0, 2, 1, 2]
    made = some_images(seed)
    found = counted(made, classes)
    for thing, wanted in enumerate(classes):
        assert found.jaccard()[thing] == pytest.approx(slow_jaccard(made, thing, wanted))
        assert found.chance()[thing] == pytest.approx(slow_jaccard(made, thing, wanted, shift=1))
        expected = slow_precision(made, thing, wanted)
        assert found.average_precision()[thing] == pytest.approx(expected, nan_ok=True)
        assert found.images()[thing] == sum((labels == wanted).any() for *_, labels in made)


def test_shards_add_up_in_any_order():
    made, classes = some_images(5), [0, 1]
    whole = Evaluation(classes)
    for masks, rarity, labels in made:
        whole.add({k: v for k, v in masks.items() if k < 2}, rarity[:2], labels)
    parts = []
    for some in (made[:5], made[5:]):
        part = Evaluation(classes)
        for masks, rarity, labels in some:
            part.add({k: v for k, v in masks.items() if k < 2}, rarity[:2], labels)
        parts.append(part.state())
    for order in (parts, parts[::-1]):
        joined = Evaluation(classes)
        for state in order:
            joined.merge(state)
        assert all(np.array_equal(joined.state()[k], v) for k, v in whole.state().items())


def test_counts_of_other_things_are_refused():
    with pytest.raises(ValueError, match="3 things are none of these 2"):
        Evaluation([0, 1]).merge(Evaluation([0, 1, 2]).state())


def test_perfect_and_hopeless():
    labels = np.zeros((4, 4), int)
    labels[:2] = 1
    found = Evaluation([1, 1, 5])
    found.add({0: labels == 1, 1: labels == 0}, np.array([1e-5, 0.5, 0.5]), labels)
    found.add({}, np.array([0.5, 1e-5, 0.5]), np.zeros((4, 4), int))
    assert found.jaccard().tolist() == [1.0, 0.0, 0.0]
    assert found.average_precision()[:2].tolist() == [1.0, 0.5]
    assert np.isnan(found.average_precision()[2])  # no image holds the class


def test_the_rarest_has_the_highest_bin():
    assert bins_of(np.array([1.0, 2.0, RAREST, 0.0])).tolist() == [0, 0, BINS - 1, BINS - 1]
    assert (np.diff(bins_of(np.geomspace(1, RAREST, 50))) >= 0).all()
