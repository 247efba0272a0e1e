"""Dissection against slow, literal counts pixel by pixel; levels, merging, chance, and its cap."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from analysis.core import bins, class_scores
from analysis.core.dissection import DETECTS, LEVELS, Dissection, Scale, enlarged
from analysis.core.lattice import VOID, Lattice, Truth, reading
from analysis.core.quantiles import Sketch

IMAGES, UNITS, CLASSES, SIDE, GRID = 6, 4, 5, 16, 4


@pytest.fixture
def maps():
    """Maps of stride 4; the second unit knows class 2, the last one is silent."""
    rng = torch.Generator().manual_seed(3)
    maps = torch.randn((IMAGES, UNITS, GRID, GRID), generator=rng)
    maps[:, 3] = 0
    return maps


@pytest.fixture
def labels(maps):
    """Masks of four classes a pixel, some of it void; class 4 is in no image."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 4, (IMAGES, SIDE, SIDE))
    lit = np.kron(maps[:, 1].numpy() > 0.5, np.ones((1, 4, 4), bool))
    labels[lit & (rng.random(labels.shape) < 0.7)] = 2
    labels[rng.random(labels.shape) < 0.1] = VOID
    return labels


def scale_of(maps, top=0.1):
    sketch = Sketch(maps.shape[1])
    sketch.add(maps.flatten(2).transpose(1, 2))
    state = sketch.state()
    return Scale.of(state["counts"], int(state["first"][0]), top)


def on_above(*thresholds):
    """Return thresholds without levels: what needs the order of values is then not known."""
    units = len(thresholds)
    nothing = np.zeros(units, np.float32)
    return Scale(np.float32(thresholds), nothing, np.zeros((units, bins.BINS), np.int64))


def read(maps, lattice):
    down, across = (torch.from_numpy(reading(at, GRID, 4, 2)) for at in lattice.centres())
    return enlarged(maps, down, across)


def dissected(maps, labels, cell, images=range(IMAGES), shift=1):
    """Dissect; the masks of chance are those of the next image."""
    lattice = Lattice(SIDE, SIDE, cell)
    dissection = Dissection(scale_of(maps), CLASSES)
    for image in images:
        own, other = (
            lattice.truth(labels[(image + step) % IMAGES], CLASSES) for step in (0, shift)
        )
        dissection.add(read(maps[image], lattice), own, other)
    return dissection


def by_pixel(maps, cell):
    """Return the value of every pixel as the definition says: (images, units, SIDE, SIDE)."""
    if cell == 4:  # a cell is read at its centre, which is that of a location here
        return maps.repeat_interleave(4, 2).repeat_interleave(4, 3)
    return torch.nn.functional.interpolate(maps, scale_factor=4, mode="bilinear")


def slow_counts(values, labels, threshold):
    """Count pixel by pixel: both, on, of the class."""
    both, on, pixels = np.zeros((UNITS, CLASSES), int), np.zeros(UNITS, int), np.zeros(CLASSES, int)
    for image, row, column in np.ndindex(labels.shape):
        truth = labels[image, row, column]
        if truth == VOID:
            continue
        pixels[truth] += 1
        for unit in range(UNITS):
            if values[image, unit, row, column] > threshold[unit]:
                on[unit] += 1
                both[unit, truth] += 1
    return both, on[:, None], pixels[None]


@pytest.mark.parametrize("cell", [1, 4])
def test_overlap_is_what_counting_pixel_by_pixel_gives(maps, labels, cell):
    found = dissected(maps, labels, cell).scores()
    both, on, pixels = slow_counts(by_pixel(maps, cell), labels, scale_of(maps).threshold)
    union = np.maximum(on + pixels - both, 1)
    assert np.array_equal(found["iou"], both / union)
    assert np.array_equal(found["f1"], 2 * both / np.maximum(on + pixels, 1))
    assert np.array_equal(found["precision"], both / np.maximum(on, 1))
    assert np.array_equal(found["on"], on[:, 0])
    assert np.array_equal(found["pixels"], pixels[0])
    assert (found["iou"] <= found["cap"]).all()


def test_chance_is_the_overlap_with_other_images_masks(maps, labels):
    found = dissected(maps, labels, 1).scores()["shuffled"]
    moved = np.roll(labels, -1, axis=0)
    both, on, pixels = slow_counts(by_pixel(maps, 1), moved, scale_of(maps).threshold)
    assert np.array_equal(found, both / np.maximum(on + pixels - both, 1))


@pytest.mark.parametrize("cell", [1, 4])
def test_average_precision_and_correlation_are_those_of_libraries(maps, labels, cell):
    found = dissected(maps, labels, cell).scores()
    known = labels != VOID
    rng = np.random.default_rng(0)
    for unit in range(UNITS - 1):
        values = by_pixel(maps, cell)[:, unit].numpy()[known].astype(float)
        for label in range(CLASSES - 1):
            own = labels[known] == label
            # Pixels of one cell are tied: broken at random, as an even mixture expects.
            exact = average_precision_score(own, values + 1e-9 * rng.random(len(values)))
            least, value, most = (
                found[f"average_precision{end}"][unit, label] for end in ("_least", "", "_most")
            )
            assert least <= exact <= most
            assert value == pytest.approx(exact, abs=0.01)
            exact = np.corrcoef(values, own)[0, 1]
            assert found["correlation"][unit, label] == pytest.approx(exact, abs=1e-6)


def test_what_is_silent_or_absent_scores_nothing(maps, labels):
    found = dissected(maps, labels, 1).scores()
    for name in ("iou", "f1", "average_precision", "correlation"):
        assert not found[name][:, 4].any()  # the class in no image
    assert not found["correlation"][3].any()
    assert found["on"][3] == 0


def test_levels_follow_the_order_of_values_and_the_shares_they_are_made_for():
    values = torch.randn(1, 60_000, 2, generator=torch.Generator().manual_seed(1))
    sketch = Sketch(2)
    sketch.add(values)
    scale = Scale.of(sketch.counts.numpy(), 0)
    assert (np.diff(scale.level, axis=1) >= 0).all()
    assert scale.level[:, -1].tolist() == [LEVELS - 1] * 2
    level = scale.level[0][np.repeat(np.arange(bins.BINS), sketch.counts[0].numpy())]
    for wanted in (1, 10, 30, 50):  # above level n lies a share 0.85^n, as finely as bins allow
        assert (level >= wanted).mean() == pytest.approx(0.85**wanted, rel=0.12)


def test_shards_merge_to_the_same_bytes_and_come_back_from_their_state(maps, labels):
    parts = [dissected(maps, labels, 4, images) for images in (range(3), range(3, 5), [5])]
    whole = Dissection(scale_of(maps), CLASSES)
    for part in parts:
        whole.merge(Dissection(scale_of(maps), CLASSES).load(part.state()))
    again = Dissection(scale_of(maps), CLASSES)
    for part in parts:
        again.merge(part)
    at_once = dissected(maps, labels, 4).state()
    for name, array in whole.state().items():
        assert array.tobytes() == again.state()[name].tobytes()
        if array.dtype == np.int64:
            assert np.array_equal(array, at_once[name])
        else:
            assert np.allclose(array, at_once[name], rtol=1e-12)


def test_an_image_of_void_alone_counts_nothing(maps):
    dissection = Dissection(scale_of(maps), CLASSES)
    nothing = Truth(np.zeros(0, np.int64), np.zeros((16, 0), np.int64))
    dissection.add(maps[0].flatten(1), nothing, nothing)
    assert not any(array.any() for array in dissection.state().values())


def test_a_large_mean_does_not_hide_how_a_unit_varies(maps, labels):
    found, moved = (
        dissected(maps + constant, labels, 1).scores()["correlation"] for constant in (0, 1000)
    )
    assert np.allclose(found[:3], moved[:3], atol=1e-3)


def test_a_unit_that_is_the_mask_detects_its_class_and_a_silent_one_nothing():
    labels = np.zeros((8, 8), int)
    labels[2:4, 2:4] = 3
    values = torch.stack([torch.from_numpy(labels == 3).float(), torch.zeros(8, 8)])
    dissection = Dissection(on_above(0.5, 0.5), CLASSES)
    dissection.add(values.flatten(1), Lattice(8, 8, 1).truth(labels, CLASSES))
    assert dissection.iou().argmax(1)[0] == 3
    assert dissection.iou()[0, 3] == 1
    assert not dissection.iou()[1].any()


def test_no_unit_exceeds_the_cap_of_a_class():
    """A class that fills a fifth, a unit on for 0.5% and all of it inside: q / f = 0.025."""
    labels = np.zeros((20, 50), int)
    labels[:4] = 1
    values = torch.zeros(1, 1000)
    values[0, :5] = 1
    dissection = Dissection(on_above(0.5), CLASSES)
    dissection.add(values, Lattice(20, 50, 1).truth(labels, CLASSES))
    assert dissection.iou()[0, 0] == pytest.approx(0)
    assert dissection.iou()[0, 1] == pytest.approx(0.025)
    assert dissection.scores()["cap"][0, 1] == pytest.approx(0.025)
    assert dissection.iou().max() < DETECTS


def test_a_unit_without_counts_is_refused():
    with pytest.raises(ValueError, match="empty: scan the images again"):
        Scale.of(np.array([[1, 2], [0, 0]]), bins.SIDE)


def test_coarser_cells_change_a_detectors_overlap_by_little():
    """Smooth maps of stride 16 and blocks of classes: cells of 4 px against pixels."""
    rng = torch.Generator().manual_seed(9)
    maps = torch.randn((24, 8, 6, 6), generator=rng)
    labels = torch.randint(0, CLASSES, (24, 1, 9, 9), generator=rng).float()
    masks = torch.nn.functional.interpolate(labels, (96, 96)).long()[:, 0].numpy()
    found = []
    for cell in (1, 4):
        lattice = Lattice(96, 96, cell)
        down, across = (torch.from_numpy(reading(at, 6, 16, 8)) for at in lattice.centres())
        dissection = Dissection(scale_of(maps), CLASSES)
        for one, mask in zip(maps, masks, strict=True):
            dissection.add(enlarged(one, down, across), lattice.truth(mask, CLASSES))
        found.append(dissection.scores())
    exact, coarse = found
    assert np.abs(exact["iou"] - coarse["iou"]).max() < 0.005
    assert np.abs(exact["average_precision"] - coarse["average_precision"]).max() < 0.005
    assert np.abs(exact["correlation"] - coarse["correlation"]).max() < 0.01
    assert np.array_equal(exact["pixels"], coarse["pixels"])
    assert class_scores.cap(exact["on"][:, None], exact["pixels"]).max() > DETECTS
