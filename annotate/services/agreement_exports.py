"""The tables of a campaign's count, as rows for the API and as CSV for everybody."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.services.spreadsheets import neutralise
from annotate.models import TruthFit
from annotate.services.agreement import TABLES
from annotate.services.comparison import Compared

METHODS = ("method", "tied", "chosen", "units", "changed")
WORKERS = ("worker", "answers", "accuracy", "accuracy_low", "accuracy_high", "weight")
COLUMNS: Mapping[str, Sequence[str]] = {
    **{name: row._fields for name, row in TABLES.items()},
    "methods": METHODS,
    "changes": Compared._fields,
    "workers": WORKERS,
}


def table(fit: TruthFit, name: str) -> list[dict[str, Any]]:
    """Return the rows of one table; none where nothing was counted."""
    found: list[dict[str, Any]] = (fit.learnt if name == "workers" else fit.figures).get(name, [])
    return found


def as_csv(fit: TruthFit, name: str) -> Iterator[str]:
    """Give a table line by line; text that a spreadsheet would run has an apostrophe in front."""
    yield _line(COLUMNS[name])
    for row in table(fit, name):
        yield _line([_cell(row[column]) for column in COLUMNS[name]])


def _cell(value: Any) -> Any:
    return neutralise(value) if isinstance(value, str) else value


def _line(cells: Sequence[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
