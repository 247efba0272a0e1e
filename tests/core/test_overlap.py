"""Overlap of masks with classes against counting pixel by pixel; means against theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.overlap import VOID, Overlap, counted, mean_of, pixels_of

CLASSES = 4


def scenes(seed, images=5, units=3):
    """Return masks and labels: (unit, mask, labels) for some units on each image."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(images):
        labels = chance.integers(VOID, CLASSES, (6, 7))
        seen = chance.permutation(units)[: chance.integers(1, units + 1)].tolist()
        made += [(unit, chance.random((6, 7)) < chance.random(), labels) for unit in seen]
    return made


def slowly(made, unit, label):
    """Return IoU by looking at every pixel."""
    both = union = 0
    for at, mask, labels in made:
        if at != unit:
            continue
        for y in range(6):
            for x in range(7):
                if labels[y, x] == VOID:
                    continue
                both += bool(mask[y, x]) and labels[y, x] == label
                union += bool(mask[y, x]) or labels[y, x] == label
    return both / union if union else 0.0


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_iou_is_what_counting_pixel_by_pixel_gives_in_any_order_and_any_shards(seed):
    made = scenes(seed)
    whole, parts = Overlap(3, CLASSES), [Overlap(3, CLASSES) for _ in range(2)]
    for place, (unit, mask, labels) in enumerate(made):
        count = counted(unit, mask, labels, pixels_of(labels, CLASSES))
        whole.add(count)
        parts[place % 2].add(count)
    parts[1].merge(parts[0].state())
    iou = whole.iou()
    assert np.array_equal(parts[1].iou(), iou)
    for unit in range(3):
        for label in range(CLASSES):
            assert iou[unit, label] == pytest.approx(slowly(made, unit, label), abs=1e-12)
    label, best = whole.best()
    assert best.tolist() == iou.max(1).tolist()
    assert [iou[unit].tolist().index(best[unit]) for unit in range(3)] == label.tolist()
    assert whole.images.tolist() == [sum(at == unit for at, *_ in made) for unit in range(3)]


def test_a_unit_without_masks_fits_nothing():
    label, best = Overlap(2, CLASSES).best()
    assert (label.tolist(), best.tolist()) == ([0, 0], [0.0, 0.0])


def test_labels_beyond_the_classes_are_refused():
    for wrong in (CLASSES, VOID - 1):
        with pytest.raises(ValueError, match=r"outside -1\.\.3"):
            pixels_of(np.full((2, 2), wrong), CLASSES)


def test_the_interval_of_a_mean_holds_it_and_is_as_wide_as_theory_says():
    values = np.random.default_rng(3).normal(0.2, 0.05, 400)
    found = mean_of(values)
    assert (found.mean, found.n) == (pytest.approx(values.mean()), 400)
    width = 2 * 1.96 * values.std(ddof=1) / np.sqrt(400)
    assert found.high - found.low == pytest.approx(width, rel=0.1)
    assert found.low < found.mean < found.high
    assert mean_of(values) == found  # the same again


def test_a_single_unit_has_no_interval_and_none_has_no_mean():
    assert mean_of(np.array([0.3])).low is None
    with pytest.raises(ValueError, match="no mean of no units"):
        mean_of(np.array([]))
