"""Dissection against a slow, literal count; its cap; its seam with maps of any geometry."""

import pytest
import torch

from analysis.core.dissection import Dissection, enlarge

CLASSES, VOID = 5, 9


@pytest.fixture
def made():
    """Small maps and masks, some of them void."""
    rng = torch.Generator().manual_seed(3)
    maps = torch.rand((6, 4, 7, 9), generator=rng)
    labels = torch.randint(0, CLASSES, (6, 7, 9), generator=rng)
    labels[torch.rand((6, 7, 9), generator=rng) < 0.1] = VOID
    return maps, labels, torch.tensor([0.5, 0.9, 0.99, 1.5])


def slow_iou(maps, labels, thresholds):
    """Count pixel by pixel, as the definition says."""
    iou = torch.zeros(maps.shape[1], CLASSES)
    for unit in range(maps.shape[1]):
        for label in range(CLASSES):
            both = either = 0
            for image in range(len(maps)):
                for row in range(maps.shape[2]):
                    for column in range(maps.shape[3]):
                        truth = int(labels[image, row, column])
                        if truth == VOID:
                            continue
                        on = maps[image, unit, row, column] > thresholds[unit]
                        both += bool(on) and truth == label
                        either += bool(on) or truth == label
            iou[unit, label] = both / max(either, 1)
    return iou


def dissected(maps, labels, thresholds, batch):
    dissection = Dissection(thresholds, CLASSES, VOID)
    for part in torch.arange(len(maps)).split(batch):
        dissection.add(maps[part], labels[part])
    return dissection


@pytest.mark.parametrize("batch", [1, 4, 6])
def test_it_counts_what_the_definition_counts(made, batch):
    assert torch.allclose(dissected(*made, batch).iou(), slow_iou(*made), atol=1e-7)


def test_a_unit_that_is_the_mask_detects_its_class_and_a_silent_one_nothing():
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    labels[:, 2:4, 2:4] = 3
    maps = torch.stack([(labels == 3).float(), torch.zeros(2, 8, 8)], dim=1)
    found = dissected(maps, labels, torch.tensor([0.5, 0.5]), 2).detectors()
    assert [(one.unit, one.label, one.iou) for one in found] == [(0, 3, 1.0)]


def test_no_unit_exceeds_the_cap_of_a_class():
    """A class that fills a fifth, a unit on for 0.5% and all of it inside: q / f = 0.025."""
    labels = torch.zeros(1, 20, 50, dtype=torch.long)
    labels[0, :4] = 1
    maps = torch.zeros(1, 1, 20, 50)
    maps[0, 0, 0, :5] = 1
    dissection = dissected(maps, labels, torch.tensor([0.5]), 1)
    assert dissection.iou()[0, 1] == pytest.approx(0.025)
    assert dissection.ceiling()[1] == pytest.approx(0.025)
    assert dissection.detectors() == []


def test_a_label_beyond_the_classes_and_a_threshold_that_is_no_number_are_refused(made):
    maps, labels, thresholds = made
    with pytest.raises(ValueError, match=r"outside 0\.\.4"):
        Dissection(thresholds, CLASSES, void=-1).add(maps, labels)
    with pytest.raises(ValueError, match="finite"):
        Dissection(torch.tensor([float("nan")]), CLASSES)


def test_maps_are_enlarged_to_where_their_locations_lie():
    """Stride 4, first centre at 2: pixels 0..3 belong to location 0 as evenly as halving does."""
    maps = torch.rand((2, 3, 5, 6), generator=torch.Generator().manual_seed(0))
    even = torch.nn.functional.interpolate(maps, scale_factor=4, mode="bilinear")
    assert torch.allclose(enlarge(maps, (20, 24), 4, 2), even, atol=1e-5)
    moved = enlarge(maps, (20, 24), 4, 2.5)  # centres half a pixel further: pixel 2 is a centre
    assert torch.allclose(moved[:, :, 2, 2], maps[:, :, 0, 0], atol=1e-6)
    assert torch.allclose(moved[:, :, 6, 10], maps[:, :, 1, 2], atol=1e-6)
