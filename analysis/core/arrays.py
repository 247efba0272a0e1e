"""Named arrays in one compressed file: the same arrays give the same bytes, at any time."""

import io
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile
from zlib import error as Damaged

import numpy as np


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a .npz file with the arrays in the order of their names.

    numpy gives every member of the archive the same date (1980), so time leaves no trace.
    """
    kept = io.BytesIO()
    named: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez_compressed(kept, **named)
    return kept.getvalue()


def unpacked(data: bytes, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that `packed` made, or those named; nothing is ever executed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in names or file.files}


def row(path: Path, name: str, place: int) -> np.ndarray:
    """Return one row of one array in a file that `packed` made, without holding the others.

    Raises:
        KeyError: no array of this name, or no such row.
        ValueError: the array does not lie row after row, or the file is damaged.
    """
    with ZipFile(path) as file, file.open(f"{name}.npy") as member:
        shape, by_column, kind = _header(member)
        if by_column or kind.hasobject or len(shape) < 2:
            raise ValueError(f"{name} of {path.name} is no table of numbers, row after row.")
        if not 0 <= place < shape[0]:
            raise KeyError(f"{name} of {path.name} has {shape[0]} rows, none of number {place}.")
        size = kind.itemsize * prod(shape[1:])
        member.seek(member.tell() + place * size)
        data = member.read(size)
    return np.frombuffer(data, kind).reshape(shape[1:])


def fault(data: bytes, most: int) -> str:
    """Say why bytes are not such a file, or would take more than ``most`` bytes; else nothing.

    Sizes and headers are read, and no array: what a file claims of itself costs no memory.
    """
    try:
        with ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
            if sum(one.file_size for one in members) > most:
                return f"holds more than {most / 2**30:g} GiB of numbers"
            for one in members:
                with file.open(one) as member:
                    shape, _, kind = _header(member)
                    size = member.tell() + prod(shape) * kind.itemsize
                if kind.hasobject or size != one.file_size:
                    return f"has in {one.filename[:100]!r} no numbers, or not as many as it says"
    except (BadZipFile, Damaged, EOFError, NotImplementedError, RuntimeError, ValueError):
        return "is no file of arrays of numbers"
    return ""


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return an array's shape, whether it lies by column, and its kind; then come its numbers."""
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    return read(member)
