"""Arrays in a file: they come back, and time leaves no trace."""

from datetime import datetime

import numpy as np
import pytest

from analysis.core import arrays


def test_arrays_come_back():
    kept = {"b": np.arange(6).reshape(2, 3), "a": np.zeros((0, 4), np.float32)}
    back = arrays.unpacked(arrays.packed(kept))
    assert sorted(back) == ["a", "b"]
    for name, array in kept.items():
        assert back[name].dtype == array.dtype
        assert np.array_equal(back[name], array)


def test_the_same_arrays_give_the_same_bytes_at_any_time(monkeypatch):
    kept = {"b": np.arange(600), "a": np.ones(5)}
    first = arrays.packed(kept)
    later = datetime(2040, 5, 6, 7, 8, 9).timetuple()  # noqa: DTZ001 - a file's date has no zone
    monkeypatch.setattr("time.time", lambda: 2_220_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: later)
    assert arrays.packed(dict(reversed(kept.items()))) == first


def test_pickled_objects_are_not_read():
    with pytest.raises(ValueError, match="allow_pickle=False"):
        arrays.unpacked(arrays.packed({"a": np.array([{}], dtype=object)}))


def test_what_is_whole_has_no_fault():
    kept = {"b": np.arange(6).reshape(2, 3), "a": np.zeros((0, 4), np.float32), "c": np.array(1.5)}
    data = arrays.packed(kept)
    assert arrays.fault(data, 10_000) == ""
    assert arrays.fault(data, 100) == "holds more than 9.31323e-08 GiB of numbers"


@pytest.mark.parametrize("cut", [0, 10, 60, -30])
def test_a_damaged_file_has_a_fault(cut):
    assert arrays.fault(arrays.packed({"a": np.arange(99)})[:cut], 10_000) == (
        "is no file of arrays of numbers"
    )


def test_objects_are_a_fault():
    data = arrays.packed({"a": np.array([{}], dtype=object)})
    assert arrays.fault(data, 10_000) == "has in 'a.npy' no numbers, or not as many as it says"
