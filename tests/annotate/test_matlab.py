"""MATLAB files beside scipy's reader, and damaged in every way: refused, never worse."""

import io
import struct

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from annotate.core.matlab import HEADER, STORED, MatlabRefused, variable
from annotate.core.released import AnswersRefused, read_zhou2015
from tests.annotate.released import layers, release

MB = 1_000_000


def written(value, compressed=False):
    """Return the bytes of a file with one variable."""
    file = io.BytesIO()
    savemat(file, {"first": 1.0, "it": value}, do_compression=compressed)
    return file.getvalue()


def plain(cell):
    """Return what a cell holds as scipy's reader gives it, without its boxes."""
    if isinstance(cell, str):
        return cell
    if cell.dtype.kind == "U":
        return str(cell.item()) if cell.size else ""
    return [plain(one) for one in cell.ravel()] if cell.dtype.kind == "O" else cell.tolist()


@pytest.mark.data
def test_the_authors_file_reads_as_scipy_reads_it(shared_data):
    file = shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"
    ours = variable(file.read_bytes(), "layerAnnotation", 10 * MB)
    assert plain(ours) == plain(loadmat(file)["layerAnnotation"])
    counts = variable(file.read_bytes(), "layerAverageCount", 10 * MB)
    assert np.array_equal(counts, loadmat(file)["layerAverageCount"])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", STORED.values())
def test_numbers_of_every_type(kind, compressed):
    value = np.arange(6).reshape(2, 3).astype(kind)
    assert np.array_equal(variable(written(value, compressed), "it", MB), value)


@pytest.mark.parametrize("text", ["", "lamp", "a longer line of words", "Türe, дверь", "扉"])
def test_texts(text):
    assert variable(written(text), "it", MB) == text


def test_cells_keep_their_shape_and_another_variable_is_none():
    raw = written(layers("pool1"))
    found = variable(raw, "it", MB)
    assert (found.shape, found[0, 0].shape, found[0, 1]) == ((1, 2), (3, 9), "pool1")
    assert variable(raw, "layers", MB) is None


@pytest.mark.parametrize("value", [1j, {"a": 1}, np.array(["two", "six"])])
def test_what_is_not_needed_is_refused(value):
    with pytest.raises(MatlabRefused):
        variable(written(value), "it", MB)


def test_deep_cells_are_refused_before_they_take_the_stack():
    deep = struct.pack("<II", 14, 0)
    for _ in range(20_000):
        head = struct.pack("<IIIIIIIIII", 6, 8, 1, 0, 5, 8, 1, 1, 1, 0)
        deep = struct.pack("<II", 14, len(head) + len(deep)) + head + deep
        if len(deep) > 200_000:
            break
    with pytest.raises(MatlabRefused, match="deeper"):
        variable(written(1)[:HEADER] + deep, "", MB)


@pytest.mark.parametrize("shape", [(1,) * 70, (0, 2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("kind", [6, 1])  # numbers, cells
def test_shapes_that_no_array_can_have_are_refused(shape, kind):
    count = int(np.prod(shape, dtype=object))
    head = struct.pack("<IIII", 6, 8, kind, 0)
    head += struct.pack(f"<II{len(shape)}i", 5, 4 * len(shape), *shape) + b"\0" * (
        len(shape) % 2 * 4
    )
    cell = struct.pack("<II", 14, 0)
    body = cell * count if kind == 1 else struct.pack("<II", 9, 8 * count) + b"\0" * 8 * count
    whole = head + struct.pack("<II", 1, 0) + body
    with pytest.raises(MatlabRefused, match="cannot have the shape"):
        variable(written(1)[:HEADER] + struct.pack("<II", 14, len(whole)) + whole, "", MB)


@pytest.mark.parametrize("compressed", [False, True])
def test_no_damage_does_worse_than_be_refused(tmp_path, compressed):
    raw = release(tmp_path / "whole.mat").read_bytes()
    if compressed:
        savemat(tmp_path / "whole.mat", {"layerAnnotation": layers("pool1")}, do_compression=True)
        raw = (tmp_path / "whole.mat").read_bytes()
    chance, path, refused = np.random.default_rng(0), tmp_path / "damaged.mat", 0
    for _ in range(400):
        damaged = bytearray(raw[: chance.integers(len(raw)) if chance.random() < 0.2 else None])
        for _ in range(chance.integers(1, 4) if damaged else 0):
            damaged[chance.integers(len(damaged))] = chance.integers(256)
        path.write_bytes(damaged)
        try:
            read_zhou2015(path)
        except AnswersRefused:
            refused += 1
    assert refused > 200
