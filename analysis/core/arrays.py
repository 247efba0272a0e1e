"""Named arrays in one compressed file: the same arrays give the same bytes, at any time."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a .npz file with the arrays in the order of their names.

    numpy gives every member of the archive the same date (1980), so time leaves no trace.
    """
    kept = io.BytesIO()
    named: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez_compressed(kept, **named)
    return kept.getvalue()


def unpacked(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a file that `packed` made; nothing in it is ever executed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
