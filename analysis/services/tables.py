"""Rows as a file: CSV, JSONL or Parquet, written piece by piece in flat memory."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from analysis.services.exports import COLUMNS, Row, pages
from analysis.services.spreadsheets import neutralise

# Rows held in memory while one row group of a Parquet file is put together.
ROW_GROUP = 20_000
PIECE = 64 * 1024


def moment(when: datetime) -> str:
    """Write a moment as every reader of tables takes it: UTC, whole seconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def as_csv(found: Iterator[Row]) -> Iterator[bytes]:
    """Write rows as RFC 4180 has it, UTF-8, one header line; text is safe in a spreadsheet."""
    yield (",".join(COLUMNS) + "\r\n").encode()
    for page in pages(found):
        sheet = io.StringIO(newline="")
        writer = csv.writer(sheet)
        for row in page:
            cells = row._replace(updated_at=cast("datetime", moment(row.updated_at)))
            writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in cells])
        yield sheet.getvalue().encode()


def as_jsonl(found: Iterator[Row]) -> Iterator[bytes]:
    """Write one JSON object a line, in UTF-8; what is not known is null."""
    for page in pages(found):
        lines = [
            json.dumps(row._asdict() | {"updated_at": moment(row.updated_at)}, ensure_ascii=False)
            for row in page
        ]
        yield ("\n".join(lines) + "\n").encode()


def as_parquet(found: Iterator[Row]) -> Iterator[bytes]:
    """Write typed columns in row groups.

    The end of a Parquet file says where its parts lie, so it is written to a temporary file
    first and given from there.
    """
    with tempfile.TemporaryFile() as file:
        write_parquet(found, cast("BinaryIO", file))
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def write_parquet(found: Iterator[Row], file: BinaryIO) -> None:
    """Write the rows to an open file, one row group after the other."""
    import pyarrow as pa  # late: a web process that exports nothing does without its 60 MB
    from pyarrow import parquet

    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    moments = pa.timestamp("us", tz="UTC")
    kinds = [moments if name == "updated_at" else types[KINDS[name]] for name in COLUMNS]
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for page in pages(found, ROW_GROUP):
            columns = zip(*page, strict=True)
            arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


KINDS: dict[str, type] = {
    **dict.fromkeys(("network", "layer", "concept", "category", "source", "run"), str),
    **dict.fromkeys(("unit", "answers", "images_shown", "images_kept"), int),
    **dict.fromkeys(("precision", "precision_low", "precision_high", "agreement"), float),
}


@dataclass(frozen=True)
class Format:
    """One way to write a table."""

    content_type: str
    write: Callable[[Iterator[Row]], Iterator[bytes]]


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", as_csv),
    "jsonl": Format("application/x-ndjson; charset=utf-8", as_jsonl),
    "parquet": Format("application/vnd.apache.parquet", as_parquet),
}


def save(pieces: Iterator[bytes], path: Path) -> None:
    """Write the pieces to a file that appears whole or not at all."""
    with whole(path) as file:
        file.writelines(pieces)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that appears whole, or not at all where that ends in an error."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp lets only the owner read: give the file the rights that any new file has.
        mask = os.umask(0)
        os.umask(mask)
        Path(aside).chmod(0o666 & ~mask)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
