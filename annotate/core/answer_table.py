"""The long table of answers, ``unitscope``: one line for each answer about a unit, as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from annotate.core.released import LAYER, MOST_UNITS, Answered, AnswersRefused, Release, contents
from annotate.core.rules import CATEGORIES
from annotate.core.words import clean_concept

COLUMNS = (
    "network",
    "layer",
    "unit",
    "worker",
    "source",
    "concept",
    "category",
    "kept",
    "shown",
)
SOURCES = ("people", "simulated", "published")
MOST_IMAGES = 10_000  # shown in a task
LONGEST_NAME = 80


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Return lines of the table."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue()


def read(path: Path, unmarked: Callable[[str], str] = str) -> Release:
    """Return the answers of a long table; ``unmarked`` gives a text as it was before the table.

    Raises:
        AnswersRefused: no such file, too large, other columns, or a cell that is wrong.
    """
    found: dict[str, dict[int, list[Answered]]] = {}
    first: tuple[str, str] | None = None
    for number, cells in _lines(path):
        where = f"line {number}"
        for name in ("worker", "concept"):
            cells[name] = unmarked(cells[name])
        about = cells["network"], _one_of(cells, "source", SOURCES, where)
        first = first or about
        if about != first:
            raise AnswersRefused(
                f"{where}: network and source are {about}, and {first} above: one file holds the"
                " answers about one network by one source."
            )
        layer, unit, answer = _answer(cells, where)
        answers = found.setdefault(layer, {}).setdefault(unit, [])
        if any(other.who == answer.who for other in answers):
            raise AnswersRefused(
                f"{where}, worker: {answer.who!r} has answered {layer}, unit {unit}, before."
            )
        answers.append(answer)
    if first is None:
        raise AnswersRefused(f"{path.name} holds no answer.")
    return Release(found, whole=False, simulated=first[1] == "simulated")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the cells of each line by column, with its number in the file."""
    try:
        text = contents(path).decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = next(rows, [])
        if head != list(COLUMNS):
            raise AnswersRefused(
                f"The columns of {path.name} must be {','.join(COLUMNS)}, not"
                f" {','.join(head)[:200]}."
            )
        for row in rows:
            if len(row) != len(COLUMNS):
                raise AnswersRefused(
                    f"line {rows.line_num}: {len(row)} cells instead of {len(COLUMNS)}."
                )
            yield rows.line_num, dict(zip(COLUMNS, row, strict=True))
    except UnicodeDecodeError as error:
        raise AnswersRefused(f"{path.name} is not UTF-8 at byte {error.start}.") from error
    except csv.Error as error:
        raise AnswersRefused(f"{path.name} is not CSV at line {rows.line_num}: {error}.") from error


def _answer(cells: dict[str, str], where: str) -> tuple[str, int, Answered]:
    """Return layer, unit and answer of one line."""
    if not LAYER.fullmatch(cells["layer"]):
        raise AnswersRefused(f"{where}, layer: {cells['layer'][:100]!r} is no name of a layer.")
    if not cells["worker"].strip() or len(cells["worker"]) > LONGEST_NAME:
        told = cells["worker"][:100]
        raise AnswersRefused(f"{where}, worker: {told!r} must have 1 to {LONGEST_NAME} letters.")
    unit = _whole(cells, "unit", MOST_UNITS - 1, where)
    shown = _whole(cells, "shown", MOST_IMAGES, where)
    kept = _whole(cells, "kept", shown, where)
    if not shown:
        raise AnswersRefused(f"{where}, shown: '0': an answer is about at least one image.")
    try:
        concept = clean_concept(cells["concept"])
    except ValueError as error:
        told = cells["concept"][:100]
        raise AnswersRefused(f"{where}, concept: {told!r} is no concept. {error}") from error
    category = _one_of(cells, "category", CATEGORIES, where)
    answer = Answered(cells["worker"], concept, category, kept / shown, kept, shown)
    return cells["layer"], unit, answer


def _one_of(cells: dict[str, str], column: str, words: tuple[str, ...], where: str) -> str:
    if cells[column] not in words:
        told = cells[column][:100]
        raise AnswersRefused(f"{where}, {column}: {told!r} is none of {', '.join(words)}.")
    return cells[column]


def _whole(cells: dict[str, str], column: str, most: int, where: str) -> int:
    """Return a whole number from 0 to ``most``."""
    text = cells[column]
    if not (text.isascii() and text.isdecimal() and len(text) <= 9) or int(text) > most:
        raise AnswersRefused(
            f"{where}, {column}: {text[:100]!r} is no whole number up to {most:,}."
        )
    return int(text)
