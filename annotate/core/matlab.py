"""MATLAB v5 files, as much of them as published answers need: cells, texts and numbers.

Read here rather than with scipy, whose reader takes the process down with it when one bit of a
cell array is wrong: a file from elsewhere must be refused, not crash. The format is MathWorks'
"MAT-File Format"; the test compares with scipy on the authors' own file.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

HEADER = 128  # bytes before the first element; the last two tell the order of bytes
MATRIX, COMPRESSED = 14, 15
CELL, TEXT = 1, 4  # classes of arrays
NUMBERS = range(6, 16)  # double, single, and whole numbers of all sizes
COMPLEX = 0x0800
DEEPEST = 4  # cells within cells
# Types of stored data: numpy's letter and size, or an encoding.
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
STORED |= {12: "i8", 13: "u8"}
ENCODED = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16"}
Value: TypeAlias = Any  # a text, an array of numbers, or an object array of values


class MatlabRefused(ValueError):
    """These bytes are no MATLAB v5 file, or hold what is not read here."""


@dataclass
class _Reader:
    """A place in some bytes, from which elements are read one after another."""

    raw: bytes
    order: str
    at: int = 0

    def element(self) -> tuple[int, bytes]:
        """Return the type and the bytes of the next element, and step behind its padding."""
        if self.at + 8 > len(self.raw):
            raise MatlabRefused("it ends within an element")
        kind, size = struct.unpack_from(f"{self.order}II", self.raw, self.at)
        if kind >> 16:  # up to four bytes, packed into the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, self.at + 4
            self.at = start + 4
            fits = size <= 4
        else:
            start = self.at + 8
            self.at = start + size + (0 if kind == COMPRESSED else -size % 8)
            fits = start + size <= len(self.raw)
        if not fits:
            raise MatlabRefused("an element is longer than the file")
        return kind, self.raw[start : start + size]


def variable(raw: bytes, name: str, largest: int) -> Value:
    """Return the variable called ``name``: a text, an array of numbers, or of values; else None.

    Raises:
        MatlabRefused: the bytes are cut or garbled, or inflate to more than ``largest``.
    """
    endings = {b"IM": "<", b"MI": ">"}
    if len(raw) < HEADER or raw[126:128] not in endings:
        raise MatlabRefused("it does not begin like one")
    reader, inflated = _Reader(raw, endings[raw[126:128]], HEADER), 0
    while reader.at < len(raw):
        kind, data = reader.element()
        if kind == COMPRESSED:
            data = _inflate(data, largest - inflated)
            inflated += len(data)
            kind, data = _Reader(data, reader.order).element()
        if kind != MATRIX:
            raise MatlabRefused(f"an element of type {kind} stands where an array should")
        found, value = _array(_Reader(data, reader.order), wanted=name)
        if found == name:
            return value
    return None


def _inflate(data: bytes, largest: int) -> bytes:
    """Return what zlib compressed, but not more than ``largest`` bytes."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, max(largest, 0) + 1)
        if len(found) <= largest:
            found += inflater.flush()
    except zlib.error as error:
        raise MatlabRefused("a compressed part is damaged") from error
    if len(found) > largest:
        raise MatlabRefused("it inflates to more than is taken")
    if not inflater.eof:
        raise MatlabRefused("a compressed part is cut")
    return found


def _array(reader: _Reader, wanted: str = "", depth: int = 0) -> tuple[str, Value]:
    """Return name and value of an array; other variables than the wanted one are passed over."""
    if not reader.raw:
        return "", np.empty((0, 0))
    flags = _whole(reader, 6)
    shape = tuple(_whole(reader, 5))
    kind, name = reader.element()
    if len(flags) != 2 or len(shape) < 2 or min(shape) < 0 or kind not in (1, 2):
        raise MatlabRefused("the head of an array is damaged")
    told = name.decode("latin-1")
    if wanted and told != wanted:
        return told, None
    number, count = flags[0] & 0xFF, math.prod(shape)
    if number == CELL:
        return told, _cells(reader, shape, count, depth)
    kind, data = reader.element()
    if number == TEXT:
        return told, _text(kind, data, reader.order, shape)
    if number not in NUMBERS or kind not in STORED or flags[0] & COMPLEX:
        raise MatlabRefused(f"an array of class {number} is not read here")
    letters = np.dtype(f"{reader.order}{STORED[kind]}")
    if len(data) != count * letters.itemsize:
        raise MatlabRefused(f"an array of {count} numbers has {len(data)} bytes")
    return told, _shaped(np.frombuffer(data, letters), shape)


def _cells(reader: _Reader, shape: tuple[int, ...], count: int, depth: int) -> Value:
    """Return a cell array; each cell takes eight bytes at least."""
    if depth >= DEEPEST or count > (len(reader.raw) - reader.at) // 8:
        raise MatlabRefused("it has deeper or larger cells than it has bytes for")
    cells = np.empty(count, object)
    for place in range(count):
        kind, data = reader.element()
        if kind != MATRIX:
            raise MatlabRefused(f"an element of type {kind} stands where a cell should")
        cells[place] = _array(_Reader(data, reader.order), depth=depth + 1)[1]
    return _shaped(cells, shape)


def _shaped(flat: Value, shape: tuple[int, ...]) -> Value:
    """Return an array in its shape, which a damaged file may have wrong."""
    try:
        return flat.reshape(shape, order="F")
    except ValueError as error:
        raise MatlabRefused(f"an array cannot have the shape {shape[:4]}") from error


def _text(kind: int, data: bytes, order: str, shape: tuple[int, ...]) -> str:
    """Return a text of one line."""
    encoding = ENCODED.get(kind, "")
    if encoding == "utf-16":
        encoding += "-le" if order == "<" else "-be"
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise MatlabRefused("a text is damaged") from error
    # The shape counts units of UTF-16; of an empty text it may be 0 × 0.
    if text and (len(shape) != 2 or shape[0] != 1 or shape[1] < len(text)):
        raise MatlabRefused("a text has another length than it says, or several lines")
    return text


def _whole(reader: _Reader, wanted: int) -> list[int]:
    """Return the whole numbers of an element of this type."""
    kind, data = reader.element()
    if kind != wanted or len(data) % 4:
        raise MatlabRefused("the head of an array is damaged")
    return np.frombuffer(data, f"{reader.order}{STORED[kind]}").tolist()  # type: ignore[no-any-return]
