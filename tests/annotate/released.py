"""Releases made by hand: MATLAB files like the authors', as small as a test wants them."""

import numpy as np
from scipy.io import savemat

CELLS = (
    # description, category, precision: three times
    ("lamp", 2, 57 / 57, "Lamps", 2, 54 / 57, "light", 4, 30 / 57),
    ("stripes", 5, 40 / 57, "sky", 3, 50 / 57, "blue", 6, 57 / 57),
    ("bed", 2, 57 / 57, "beds", 2, 57 / 57, "a bed", 2, 57 / 57),
)


def layers(*names, cells=CELLS):
    """Return the cell array of a release: the same units in each layer."""
    made = np.empty((len(names), 2), object)
    for place, name in enumerate(names):
        units = np.empty((len(cells), 9), object)
        for unit, row in enumerate(cells):
            for column, cell in enumerate(row):
                units[unit, column] = cell
        made[place] = units, name
    return made


def release(path, made=None, variable="layerAnnotation"):
    """Write a release and return its path; two layers of three units unless given."""
    savemat(path, {variable: layers("pool1", "pool5") if made is None else made})
    return path


def changed(at, value, layer=1, unit=2):
    """Return the cells of a release with one of them replaced."""
    made = layers("pool1", "pool5")
    made[layer, 0][unit, at] = value
    return made
