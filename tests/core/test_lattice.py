"""The lattice: pixels counted exactly, maps read where their locations lie."""

import numpy as np
import pytest
import torch

from analysis.core.lattice import VOID, Lattice, reading

CLASSES = 5


def masks(height, width, seed=0):
    return np.random.default_rng(seed).integers(VOID, CLASSES, (height, width))


@pytest.mark.parametrize(
    ("height", "width", "cell"), [(8, 12, 4), (9, 13, 4), (5, 3, 8), (4, 6, 1)]
)
def test_every_pixel_is_counted_in_its_cell_and_its_class(height, width, cell):
    labels, lattice = masks(height, width), Lattice(height, width, cell)
    truth = lattice.truth(labels, CLASSES)
    slow = np.zeros((*lattice.shape, CLASSES), int)
    for row in range(height):
        for column in range(width):
            if labels[row, column] != VOID:
                slow[row // cell, column // cell, labels[row, column]] += 1
    found = np.zeros_like(slow).reshape(-1, CLASSES)
    found[:, truth.classes] = truth.pixels
    assert np.array_equal(found.reshape(slow.shape), slow)


def test_only_the_classes_of_the_image_take_room():
    labels = np.full((8, 8), VOID)
    assert Lattice(8, 8, 4).truth(labels, CLASSES).pixels.shape == (4, 0)
    labels[0, 0] = 3
    assert Lattice(8, 8, 4).truth(labels, CLASSES).classes.tolist() == [3]


def test_centres_are_those_of_whole_and_of_cut_cells():
    rows, columns = Lattice(8, 10, 4).centres()
    assert rows.tolist() == [2, 6]
    assert columns.tolist() == [2, 6, 9]  # the last one holds pixels 8 and 9


def test_other_sizes_and_other_labels_are_refused():
    lattice = Lattice(8, 8, 4)
    with pytest.raises(ValueError, match=r"9 × 8 pixels does not lie on an input of 8 × 8"):
        lattice.truth(masks(8, 9), CLASSES)
    with pytest.raises(ValueError, match=r"outside -1\.\.1"):
        lattice.truth(masks(8, 8), 2)
    with pytest.raises(ValueError, match="are no lattice"):
        Lattice(8, 8, 0)


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_maps_are_read_as_a_library_enlarges_them(cell):
    """Stride 4, first centre at 2: pixels 0..3 belong to location 0 as evenly as halving does."""
    maps = torch.rand((2, 3, 5, 6), generator=torch.Generator().manual_seed(0))
    rows, columns = Lattice(20, 24, cell).centres()
    down, across = (
        torch.from_numpy(reading(centres, places, 4, 2))
        for centres, places in ((rows, 5), (columns, 6))
    )
    even = torch.nn.functional.interpolate(maps, scale_factor=4 // cell, mode="bilinear")
    assert torch.allclose(down @ maps @ across.T, even, atol=1e-6)


def test_a_location_is_read_at_its_centre_and_the_border_goes_on():
    read = reading(Lattice(20, 20, 1).centres()[0], 5, 4, 2.5)
    assert read[2].tolist() == [1, 0, 0, 0, 0]  # pixel 2 has its centre at 2.5
    assert read[6].tolist() == [0, 1, 0, 0, 0]
    assert read[0].tolist() == [1, 0, 0, 0, 0]
    assert read[19].tolist() == [0, 0, 0, 0, 1]
    assert np.allclose(read.sum(1), 1)


def test_one_location_is_read_everywhere():
    assert reading(Lattice(6, 6, 2).centres()[0], 1, 6, 3).tolist() == [[1], [1], [1]]
