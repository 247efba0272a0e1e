"""A figure as a file: SVG, PNG, PDF, Vega-Lite, or its table as CSV.

Pictures are drawn by `figure_printer` in a process of its own: one at a time for each web process,
no longer than a while, and kept for an hour by the hash of what they are drawn from.
"""

import base64
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from django.core.cache import caches

from analysis.services import figure_printer
from analysis.services.figure_print import printed
from analysis.services.figures import Column, Figure, Spec
from analysis.services.spreadsheets import neutralise
from analysis.services.turns import Line

TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
DRAWN = ("svg", "png", "pdf")
LONGEST = 30.0  # seconds that a drawing may take; the usual ones take one
LARGEST = 8_000_000  # characters of Vega-Lite, some 60,000 points
KEPT = 3600  # seconds
KEPT_LARGEST = 1_000_000  # bytes of a file that is kept
drawing = Line(waiting=1, patience=4.0)


class CannotDraw(Exception):
    """A file that cannot be had, as a sentence with what to do instead."""


class TooBusy(CannotDraw):
    """Others are being served: asked again in a while, it works."""


class Wanted(NamedTuple):
    """A figure as a file: what it is drawn from, in which form."""

    spec: Spec
    form: str

    @property
    def key(self) -> str:
        """Return the hash of what the file is drawn from."""
        written = json.dumps(self.spec, sort_keys=True, default=str)
        return hashlib.sha256(f"{self.form}:{written}".encode()).hexdigest()


def file_of(figure: Figure, form: str, origin: str) -> bytes:
    """Return a figure as a file of one of the five forms.

    ``origin`` is said in every file: where the numbers come from. Raises CannotDraw.
    """
    if form == "csv":
        return "".join(rows_of(figure, origin)).encode()
    spec = printed(figure, origin)
    if form == "json":
        return json.dumps(spec, ensure_ascii=False, indent=1, default=str).encode()
    return drawn([Wanted(spec, form)])[0]


def stamp(figure: Figure, form: str, origin: str) -> str:
    """Return the hash of what a file is made of: while it is the same, so is the file."""
    spec = printed(figure, origin)
    return Wanted(
        {**spec, "rows": "".join(rows_of(figure, origin))} if form == "csv" else spec, form
    ).key


def drawn(wanted: Sequence[Wanted], longest: float = LONGEST) -> list[bytes]:
    """Return drawings as files, all that are not kept yet by one process. Raises CannotDraw."""
    kept = caches["figures"]
    found = {one.key: kept.get(one.key) for one in wanted}
    left = {one.key: one for one in wanted if found[one.key] is None}
    if left:
        for (key, one), file in zip(left.items(), _draw(list(left.values()), longest), strict=True):
            found[key] = _named(file, one) if one.form == "svg" else file
            if len(found[key]) <= KEPT_LARGEST:
                kept.set(key, found[key], KEPT)
    return [found[one.key] for one in wanted]


# ---- The table ---------------------------------------------------------------------------------
def columns_of(figure: Figure) -> list[Column]:
    """Return the columns of the table in numbers: an interval in words becomes its two ends."""
    names = {name for row in figure.rows for name in row}
    found: list[Column] = []
    for column in figure.columns:
        ends = [column.name.removesuffix("_interval") + end for end in ("_low", "_high")]
        split = column.name.endswith("_interval") and names.issuperset(ends)
        found += [Column(end, column.title) for end in ends] if split else [column]
    return found


def rows_of(figure: Figure, origin: str) -> Iterator[str]:
    """Give the lines of the table as RFC 4180 has it, numbers as they were counted.

    Every row ends with what the numbers are (if they are not measured on real things) and where
    they come from. Text that a spreadsheet would run is made harmless.
    """
    columns = columns_of(figure)
    about = {"note": figure.note} if figure.note else {}
    about |= {"from": origin}
    yield _line([*(column.name for column in columns), *about])
    for row in figure.rows:
        yield _line([*(row.get(column.name) for column in columns), *about.values()])


def _line(cells: Sequence[Any]) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerow(
        [neutralise(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return sheet.getvalue()


# ---- The drawing -------------------------------------------------------------------------------
def _draw(wanted: Sequence[Wanted], longest: float) -> list[bytes]:
    """Return the files of the drawing process, when it is this one's turn."""
    asked = json.dumps([one._asdict() for one in wanted], default=str)
    if len(asked) > LARGEST * len(wanted):
        raise CannotDraw(
            f"This figure has {len(asked) / 1e6:.0f} MB of points, more than a picture can hold"
            f" ({LARGEST / 1e6:.0f} MB): take its rows as CSV, or the Vega-Lite JSON."
        )
    try:
        with drawing.turn(_busy()):
            done = subprocess.run(
                [sys.executable, "-I", str(Path(figure_printer.__file__))],
                input=asked.encode(),
                capture_output=True,
                timeout=longest,
                check=True,
                env={},  # the secret key and other servers' addresses are none of its business
            )
    except subprocess.TimeoutExpired as error:
        raise CannotDraw(
            f"This figure took longer than {longest:.0f} seconds to draw: take its rows as CSV, or"
            " the Vega-Lite JSON."
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise CannotDraw(
            f"The drawing failed ({said[-1][:200]}): take its rows as CSV, or the Vega-Lite JSON."
        ) from error
    return [base64.b64decode(file) for file in json.loads(done.stdout)]


def _busy() -> TooBusy:
    return TooBusy(
        "Other figures are being drawn just now: ask again in a few seconds. Rows as CSV and"
        " Vega-Lite JSON are there at once."
    )


def _named(svg: bytes, wanted: Wanted) -> bytes:
    """Return an SVG that says what it shows: as its name, and at length."""
    spec: Mapping[str, Any] = wanted.spec
    title = spec.get("title", {}).get("text", [])
    name = " ".join(title) if isinstance(title, list) else str(title)
    words = (
        f"<title>{escape(name, quote=False)}</title>"
        f"<desc>{escape(str(spec.get('description', '')), quote=False)}</desc>"
    )
    text = re.sub(r"^(<svg\b[^>]*)>", r'\1 role="img">', svg.decode(), count=1)
    return re.sub(r"^(<svg\b[^>]*>)", lambda found: found[1] + words, text, count=1).encode()
