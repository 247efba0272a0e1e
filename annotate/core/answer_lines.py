"""Answers with all that is known of them, ``unitscope-answers``: one JSON object for each.

The long table (`annotate.core.answer_table`) says how many images were kept; these lines say
which, by places in the task's images, and name the images by end and rank in their run. So where
the same run is, a campaign comes back as it was.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from annotate.core.answer_table import LONGEST_NAME, MOST_IMAGES, SOURCES
from annotate.core.released import (
    LAYER,
    MOST_UNITS,
    Answered,
    AnswersRefused,
    Marks,
    Release,
    contents,
)
from annotate.core.rules import CATEGORIES
from annotate.core.words import clean_concept

KEYS = (
    "network", "run", "layer", "unit", "worker", "source", "concept", "category", "kept", "shown",
    "items", "planted", "rejected", "unseen", "attempts", "controls_missed", "seconds",
    "focused_seconds", "created_at", "counts",
)  # fmt: skip
ITEM = re.compile(r"(top|low)/\d{1,6}")
RUN = re.compile(r"([0-9a-f]{64})?")
WRITTEN = json.JSONEncoder(ensure_ascii=False)
MOST_SECONDS = 86_400
MOST_ATTEMPTS = 10_000


def line(values: Mapping[str, Any], items: str) -> str:
    """Return one line; the keys in their order.

    ``items`` is the list of images as JSON, which all answers about a unit share: it is half of
    the work. Quotes in a text are escaped, so that no text can be taken for its place.
    """
    text = WRITTEN.encode({key: values[key] for key in KEYS} | {"items": []})
    return text.replace('"items": []', f'"items": {items}', 1) + "\n"


def read(path: Path) -> Release:
    """Return the answers of such a file.

    Raises:
        AnswersRefused: no such file, too large, not of this format, or a value that is wrong.
    """
    found: dict[str, dict[int, list[Answered]]] = {}
    first: tuple[str, str, str] | None = None
    for where, cells in _lines(path):
        about = _text(cells, "network", where), _source(cells, where), _run(cells, where)
        first = first or about
        if about != first:
            raise AnswersRefused(
                f"{where}: network, source and run are {about}, and {first} above: one file holds"
                " the answers of one campaign."
            )
        layer = _text(cells, "layer", where)
        if not LAYER.fullmatch(layer):
            raise AnswersRefused(f"{where}, layer: {layer!r} is no name of a layer.")
        unit = _whole(cells, "unit", MOST_UNITS - 1, where)
        others = found.setdefault(layer, {}).setdefault(unit, [])
        others.append(_answer(cells, others, where))
    if first is None:
        raise AnswersRefused(f"{path.name} holds no answer.")
    return Release(found, whole=False, simulated=first[1] == "simulated", run=first[2])


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each line's object, with its place in words."""
    try:
        text = contents(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnswersRefused(f"{path.name} is not UTF-8 at byte {error.start}.") from error
    for number, one in enumerate(text.split("\n"), start=1):
        if not one.strip():
            continue
        where = f"line {number}"
        try:
            cells = json.loads(one)
        except (ValueError, RecursionError) as error:
            raise AnswersRefused(f"{where} of {path.name} is not JSON.") from error
        if not isinstance(cells, dict) or set(cells) != set(KEYS):
            raise AnswersRefused(f"{where} must be an object with just {', '.join(KEYS)}.")
        yield where, cells


def _answer(cells: dict[str, Any], others: list[Answered], where: str) -> Answered:
    """Return the answer of one line, which must fit the others about its unit."""
    who = _worker(cells, others, where)
    try:
        concept = clean_concept(_text(cells, "concept", where))
    except ValueError as error:
        raise AnswersRefused(f"{where}, concept: {error}") from error
    category = _text(cells, "category", where)
    if category not in CATEGORIES:
        raise AnswersRefused(f"{where}, category: {category!r} is none of {', '.join(CATEGORIES)}.")
    shown = _whole(cells, "shown", MOST_IMAGES, where)
    kept = _whole(cells, "kept", shown, where)
    if not shown:
        raise AnswersRefused(f"{where}, shown: 0: an answer is about at least one image.")
    marks = _marks(cells, where)
    if any(other.marks and _sheet(other.marks) != _sheet(marks) for other in others):
        raise AnswersRefused(f"{where}, items: all answers about a unit are on the same images.")
    if marks.items and (kept, shown) != _counts(marks):
        raise AnswersRefused(f"{where}, kept: {kept} of {shown} is not what its places say.")
    return Answered(who, concept, category, kept / shown, kept, shown, marks)


def _worker(cells: dict[str, Any], others: list[Answered], where: str) -> str:
    """Return who answered, once each."""
    who = _text(cells, "worker", where)
    if not who.strip() or len(who) > LONGEST_NAME or not who.isprintable():
        raise AnswersRefused(
            f"{where}, worker: {who[:100]!r} must have 1 to {LONGEST_NAME} printed letters."
        )
    if any(other.who == who for other in others):
        raise AnswersRefused(f"{where}, worker: {who!r} has answered this unit before.")
    return who


def _sheet(marks: Marks) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return what was shown: the same to all who answer about a unit."""
    return marks.items, marks.planted


def _counts(marks: Marks) -> tuple[int, int]:
    """Return how many images the places say were kept and shown."""
    shown = set(range(len(marks.items))) - set(marks.planted) - set(marks.unseen)
    return len(shown - set(marks.rejected)), len(shown)


def _marks(cells: dict[str, Any], where: str) -> Marks:
    """Return what is known beyond words and counts."""
    items = cells["items"]
    known = isinstance(items, list) and all(
        isinstance(one, str) and ITEM.fullmatch(one) for one in items
    )
    if not known or len(set(items)) < len(items) or len(items) > MOST_IMAGES:
        raise AnswersRefused(f"{where}, items: a list of different images like top/0 and low/3.")
    if not isinstance(cells["counts"], bool):
        raise AnswersRefused(f"{where}, counts: {cells['counts']!r} is neither true nor false.")
    most = len(items) or MOST_IMAGES
    return Marks(
        items=tuple(items),
        planted=_places(cells, "planted", most, where),
        rejected=_places(cells, "rejected", most, where),
        unseen=_places(cells, "unseen", most, where),
        attempts=_whole(cells, "attempts", MOST_ATTEMPTS, where),
        controls_missed=_whole(cells, "controls_missed", MOST_IMAGES, where),
        seconds=_whole(cells, "seconds", MOST_SECONDS, where),
        focused_seconds=_whole(cells, "focused_seconds", MOST_SECONDS, where),
        created_at=_moment(cells, where),
        counts=cells["counts"],
    )


def _moment(cells: dict[str, Any], where: str) -> datetime:
    text = _text(cells, "created_at", where)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise AnswersRefused(f"{where}, created_at: {text!r} is no time.") from error
    if found.tzinfo is None:
        raise AnswersRefused(f"{where}, created_at: {text!r} does not say its time zone.")
    return found


def _places(cells: dict[str, Any], key: str, most: int, where: str) -> tuple[int, ...]:
    """Return different places below ``most``, in order."""
    found = cells[key]
    right = isinstance(found, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one < most for one in found
    )
    if not right or len(set(found)) < len(found):
        raise AnswersRefused(f"{where}, {key}: a list of different places from 0 to {most - 1}.")
    return tuple(sorted(found))


def _source(cells: dict[str, Any], where: str) -> str:
    source = _text(cells, "source", where)
    if source not in SOURCES:
        raise AnswersRefused(f"{where}, source: {source!r} is none of {', '.join(SOURCES)}.")
    return source


def _run(cells: dict[str, Any], where: str) -> str:
    run = _text(cells, "run", where)
    if not RUN.fullmatch(run):
        raise AnswersRefused(f"{where}, run: {run!r} is no key of a run.")
    return run


def _text(cells: dict[str, Any], key: str, where: str) -> str:
    found = cells[key]
    if not isinstance(found, str) or len(found) > 1000:
        raise AnswersRefused(f"{where}, {key}: {str(found)[:100]!r} is no text.")
    return found


def _whole(cells: dict[str, Any], key: str, most: int, where: str) -> int:
    """Return a whole number from 0 to ``most``."""
    found = cells[key]
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
        raise AnswersRefused(
            f"{where}, {key}: {str(found)[:100]!r} is no whole number up to {most:,}."
        )
    return found
