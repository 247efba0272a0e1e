"""Answers that were published as a file: read strictly, never unpickled, refused cell by cell.

The format ``zhou2015`` is the release of Zhou et al. 2015: a MATLAB v5 file whose cell array
``layerAnnotation`` has a row for each layer: a cell array of units × 9 (description, category and
precision of three answers), and the layer's name.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from annotate.core.matlab import MatlabRefused, variable
from annotate.core.words import clean_concept

LARGEST = 32 * 1024 * 1024  # bytes of a file, also when its compressed parts are inflated
MOST_UNITS = 100_000  # of a layer
LAYER = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
VARIABLE = "layerAnnotation"
CODES = {1: "scene", 2: "object", 3: "region", 4: "part", 5: "texture", 6: "simple"}
COLUMNS = ("description", "category", "precision")
ANSWERS = 3
SHOWN = 57  # images of a task without the planted ones


class AnswersRefused(ValueError):
    """A file of answers cannot be used; the sentence says which cell is wrong and why."""


@dataclass(frozen=True)
class Marks:
    """What is known of an answer beyond its words and counts: our own long lines tell it.

    ``items`` name the images by their end and rank in the run ("top/0", "low/3"), none where they
    are not known; ``planted``, ``rejected`` and ``unseen`` are places among them.
    """

    items: tuple[str, ...]
    planted: tuple[int, ...]
    rejected: tuple[int, ...]
    unseen: tuple[int, ...]
    attempts: int
    controls_missed: int
    seconds: int
    focused_seconds: int
    created_at: datetime
    counts: bool


@dataclass(frozen=True)
class Answered:
    """One published answer; ``kept`` of the ``shown`` images fit, where that was released."""

    who: str
    concept: str
    category: str
    precision: float
    kept: int | None = None
    shown: int | None = None
    marks: Marks | None = None

    @property
    def counts(self) -> bool:
        """Tell whether it makes the label: not once it was rejected."""
        return self.marks is None or self.marks.counts

    @property
    def counted(self) -> tuple[int, int]:
        """How many images were kept and shown; of the paper's 57 where only the share is told."""
        if self.kept is not None and self.shown is not None:
            return self.kept, self.shown
        return round(self.precision * SHOWN), SHOWN


@dataclass(frozen=True)
class Release:
    """All answers of one file: layer → unit → answers, layers in the file's order.

    ``whole`` says that the file has every unit of its layers; ``simulated``, that programs gave
    the answers; ``run``, by its key, whose images were shown.
    """

    answers: Mapping[str, Mapping[int, list[Answered]]]
    whole: bool
    simulated: bool = False
    run: str = ""

    @property
    def channels(self) -> dict[str, int]:
        """Return how many units each layer must have at least."""
        return {layer: max(units) + 1 for layer, units in self.answers.items()}


def read_zhou2015(path: Path) -> Release:
    """Return the answers of a release like the authors'.

    Raises:
        AnswersRefused: no such file, too large, not of this format, or a cell that is wrong.
    """
    layers = _layers(contents(path), path.name)
    found: dict[str, dict[int, list[Answered]]] = {}
    for place, (units, name) in enumerate(layers, start=1):
        layer = _text(name)
        if not LAYER.fullmatch(layer) or layer in found:
            raise AnswersRefused(
                f"Layer {place} is named {layer[:100]!r}: a name may have letters, digits, dots,"
                " dashes and underscores, and each name stands once."
            )
        shape = np.shape(units)
        if len(shape) != 2 or shape[1] != ANSWERS * len(COLUMNS) or not 0 < shape[0] <= MOST_UNITS:
            raise AnswersRefused(
                f"{layer} must have 1 to {MOST_UNITS:,} units × 9 cells, not {shape}."
            )
        found[layer] = {
            unit: [_answer(row, f"{layer}, unit {unit}", number) for number in range(ANSWERS)]
            for unit, row in enumerate(units)
        }
    return Release(found, whole=True)


def contents(path: Path) -> bytes:
    """Return the bytes of a file of answers; raises AnswersRefused if there is none to read."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise AnswersRefused(f"{path.name} has {size:,} bytes; {LARGEST:,} are the most taken.")
        return path.read_bytes()
    except OSError as error:
        raise AnswersRefused(f"{path} cannot be read: {error.strerror}.") from error


def _layers(raw: bytes, name: str) -> Iterator[tuple[Any, Any]]:
    """Give the cells of each layer: units × 9, and the name."""
    try:
        layers = variable(raw, VARIABLE, LARGEST)
    except MatlabRefused as error:
        raise AnswersRefused(f"{name} cannot be read as a MATLAB v5 file: {error}.") from error
    shape = np.shape(layers)
    if not isinstance(layers, np.ndarray) or layers.dtype.kind != "O" or shape[1:] != (2,):
        told = "it is missing" if layers is None else f"it is {shape}"
        raise AnswersRefused(f"{name} must hold a cell array {VARIABLE} of layers × 2: {told}.")
    return ((row[0], row[1]) for row in layers)


def _answer(row: Any, where: str, number: int) -> Answered:
    """Return one of the answers about a unit; ``number`` counts from 0."""
    cells = dict(zip(COLUMNS, row[number * len(COLUMNS) :], strict=False))
    where = f"{where}, answer {number + 1}"
    code, share = _number(cells["category"]), _number(cells["precision"])
    if code not in CODES:
        known = ", ".join(f"{code} {name}" for code, name in CODES.items())
        raise AnswersRefused(f"{where}, category: {_shown(cells['category'])} is none of {known}.")
    if not 0 <= share <= 1 or abs(share * SHOWN - round(share * SHOWN)) > 1e-6:
        told = _shown(cells["precision"])
        raise AnswersRefused(f"{where}, precision: {told} is not kept / {SHOWN}, from 0 to 1.")
    try:
        concept = clean_concept(_text(cells["description"]))
    except ValueError as error:
        told = _shown(cells["description"])
        raise AnswersRefused(f"{where}, description: {told} is no concept. {error}") from error
    return Answered(f"answer {number + 1}", concept, CODES[int(code)], share)


def _number(cell: Any) -> float:
    """Return the number in a cell, nan for anything else."""
    if isinstance(cell, np.ndarray) and cell.size == 1 and cell.dtype.kind in "iuf":
        return float(cell.item())
    return math.nan


def _text(cell: Any) -> str:
    """Return the text in a cell, empty for anything else."""
    return cell if isinstance(cell, str) else ""


def _shown(cell: Any) -> str:
    """Return what stands in a cell, short enough for a sentence."""
    if isinstance(cell, np.ndarray) and cell.size == 1:
        cell = cell.item()
    return repr(cell if not isinstance(cell, np.ndarray) else cell.tolist())[:100]
