"""The data of a report: every statistic and the labelled units, each as CSV and as Parquet.

Columns are typed as the rows declare them; `Sheet` says so to the dictionary and to Croissant.
"""

import csv
import io
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Union, get_args, get_origin, get_type_hints

from analysis.core.loading import batched
from analysis.models import ImageSet, Network, Source, UnitSemantics
from analysis.services import (
    exports,
    figure_pages,
    label_choices,
    object_choices,
    statistics,
    tables,
)
from analysis.services.counting import counted_by
from analysis.services.measures import Table
from analysis.services.objects import Wanted
from analysis.services.report_words import words_of
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS, why_none
from analysis.services.steps import STEPS

Kind = type[str] | type[int] | type[float] | type[bool] | type[datetime]


@dataclass(frozen=True)
class Typed:
    """One column: its name, what its values are, and whether some may be unknown."""

    name: str
    kind: Kind
    may_miss: bool
    words: str


@dataclass(frozen=True)
class Sheet:
    """One table of the data: the name of its files, what it holds, its typed columns."""

    name: str
    summary: str
    on: str  # what it was counted on, in words
    columns: list[Typed]
    rows: int = 0


@dataclass(frozen=True)
class Lacking:
    """A table that cannot be counted, and why, with what to do."""

    name: str
    why: str


def typed(row: type[Any]) -> list[Typed]:
    """Return the columns of a NamedTuple with their types.

    Raises:
        TypeError: a column is declared as something that no table can hold.
    """
    return [Typed(name, *_kind(hint), words_of(name)) for name, hint in get_type_hints(row).items()]


def _kind(hint: Any) -> tuple[Kind, bool]:
    """Return the type that a hint declares, and whether it may be None."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    kinds = [part for part in parts if part is not type(None)]
    if len(kinds) != 1 or kinds[0] not in (str, int, float, bool, datetime):
        raise TypeError(f"a column declared as {hint} cannot be written to a table")
    return kinds[0], len(parts) > 1


def write(folder: Path, networks: list[tuple[Network, Mapping[str, str]]]) -> list[Sheet]:
    """Write all tables of networks, each as asked for, and return what they are, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    sheets: list[Sheet] = []
    for network, asked in networks:
        sheets += _write_units(folder, network)
        for table in _counted(network, asked):
            if isinstance(table, Table):
                sheets.append(write_table(table, folder))
    return sheets


def left_out(network: Network, asked: Mapping[str, str]) -> list[str]:
    """Return which tables of a network the data lack, why, and how to get them: one line a reason.

    Without labels or a run of a step the pages of the report say so, and no line is needed.
    """
    reasons: dict[str, list[str]] = {}
    for one in _counted(network, asked):
        if isinstance(one, Lacking):
            reasons.setdefault(one.why, []).append(one.name)
    return [f"Left out: {', '.join(names)}. {why}" for why, names in reasons.items()]


def write_table(table: Table, folder: Path) -> Sheet:
    """Write a table as CSV and Parquet while it is counted once, a row group at a time."""
    columns, count = typed(table.statistic.row), 0
    with (
        tables.whole(folder / f"{table.file}.csv") as lines,
        tables.whole(folder / f"{table.file}.parquet") as groups,
        _parquet(columns, groups) as take,
    ):
        lines.write(statistics.csv_head(table))
        for some in batched(table.rows(), tables.ROW_GROUP):
            lines.write(statistics.csv_lines(some))
            take(some)
            count += len(some)
    on = ", ".join(f"{name} {value}" for name, value in table.on.items() if value not in (None, ""))
    return Sheet(table.file, table.statistic.summary, on, columns, count)


def _counted(network: Network, asked: Mapping[str, str]) -> Iterator[Table | Lacking]:
    """Give the statistics that stand behind the figures of a network, or why they cannot be."""
    choice = label_choices.answers_chosen(network, asked)
    if choice:
        for label_statistic in OF_LABELS.values():
            yield statistics.of_labels(choice.wanted, label_statistic)
    objects = object_choices.objects_chosen(network, asked)
    if objects and objects.shown:
        yield from _of_objects(objects.shown.wanted)
    for statistic in STATISTICS.values():
        run = figure_pages.run_of(network, statistic.step, asked)[0]
        if run and (why := why_none(run, statistic)):
            how = _how(network, run.image_set, statistic.step)
            yield Lacking(statistic.name, f"{why} To get it, delete that run first: {how}.")
        elif run:
            yield statistics.of_run(run, statistic)


def _of_objects(wanted: Wanted) -> Iterator[Table | Lacking]:
    """Give the statistics of objects; some need a count of the image set's masks."""
    for statistic in OF_OBJECTS.values():
        if not statistic.needs_counts or counted_by(wanted.image_set):
            yield statistics.of_objects(wanted, statistic)
        else:
            why = f"No run over {wanted.image_set} has counted its objects."
            how = _how(wanted.network, wanted.image_set, "count")
            yield Lacking(statistic.name, f"{why} To get it: {how}.")


def _how(network: Network, images: ImageSet, step: str) -> str:
    """Return the command that gives the results of a step."""
    steps = ",".join((*STEPS[step].needs, step))
    return f"manage.py analyze {network} {images} --steps {steps}"


# ---- Labelled units ----------------------------------------------------------------------------
def _write_units(folder: Path, network: Network) -> Iterator[Sheet]:
    """Write the labelled units; those of simulated workers stand in a file of their own."""
    labels = UnitSemantics.objects.filter(unit__layer__network=network)
    simulated = labels.filter(source=Source.SIMULATED).exists()
    for source in ("", *([Source.SIMULATED] if simulated else [])):
        wanted = exports.Wanted(network=str(network), source=source)
        name = f"units-simulated-{network}" if source else f"units-{network}"
        tables.save(tables.as_csv(exports.rows(wanted)), folder / f"{name}.csv")
        tables.save(tables.as_parquet(exports.rows(wanted)), folder / f"{name}.parquet")
        who = "by simulated workers" if source else "by people, machines and publications"
        count = sum(1 for _ in exports.rows(wanted))
        summary = f"Labelled units, {who}"
        yield Sheet(name, summary, f"network {network}", typed(exports.Row), count)


# ---- Parquet -----------------------------------------------------------------------------------
@contextmanager
def _parquet(columns: list[Typed], file: BinaryIO) -> Iterator[Callable[[list[Any]], None]]:
    """Give what takes rows of typed columns, as one row group, and writes them to an open file."""
    import pyarrow as pa  # late: a web process does without its 60 MB
    from pyarrow import parquet

    kinds: dict[Any, Any] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([pa.field(one.name, kinds[one.kind], one.may_miss) for one in columns])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:

        def take(rows: list[Any]) -> None:
            values = zip(*rows, strict=True)
            arrays = [pa.array(some, one.type) for some, one in zip(values, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield take


# ---- The dictionary ----------------------------------------------------------------------------
DICTIONARY = "dictionary"
NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    datetime: "moment, UTC",
}


def dictionary(sheets: list[Sheet]) -> Iterator[bytes]:
    """Give the data dictionary as CSV: every column of every table, its type and its meaning."""

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["table", "column", "type", "may_be_empty", "meaning"])
    for sheet in sheets:
        for one in sheet.columns:
            empty = "yes" if one.may_miss else "no"
            writer.writerow([sheet.name, one.name, NAMES[one.kind], empty, one.words])
    yield out.getvalue().encode()
