"""Tables of a report: written while they are read, both files at once, whole or not at all."""

import csv
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from pyarrow import parquet

from analysis.services import report_data, tables
from analysis.services.measures import Statistic, Table


class Cells(NamedTuple):
    number: int
    word: str | None


class Counted(Cells):
    """A row that knows how many of its kind are held."""

    alive = most = made = 0

    def __new__(cls, *cells):
        cls.alive, cls.made = cls.alive + 1, cls.made + 1
        cls.most = max(cls.most, cls.alive)
        return super().__new__(cls, *cells)

    def __del__(self):
        type(self).alive -= 1


def table_of(rows: Iterable[Cells]) -> Table:
    statistic = Statistic("odd", "Odd rows", "scan", Cells, lambda run: rows)
    return Table(statistic, {"network": "net", "campaign": None}, "odd-net", lambda: rows)


def test_no_more_rows_are_held_than_a_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP", 50)
    read = 0

    def rows():
        nonlocal read
        read += 1
        for number in range(1020):
            yield Counted(number, None if number % 3 else "=1+1")

    sheet = report_data.write_table(table_of(rows()), tmp_path)
    assert (sheet.name, sheet.rows, sheet.on) == ("odd-net", 1020, "network net")
    assert (read, Counted.made) == (1, 1020)
    assert Counted.most <= 2 * 50
    with (tmp_path / "odd-net.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[:3] == [["number", "word"], ["0", "'=1+1"], ["1", ""]]
    assert len(lines) == 1021
    found = parquet.ParquetFile(tmp_path / "odd-net.parquet")
    assert (found.num_row_groups, found.metadata.num_rows) == (21, 1020)
    assert found.read().to_pylist()[3] == {"number": 3, "word": "=1+1"}


def test_a_table_without_rows_has_its_columns(tmp_path):
    assert report_data.write_table(table_of(()), tmp_path).rows == 0
    assert (tmp_path / "odd-net.csv").read_text() == "number,word\n"
    assert parquet.read_table(tmp_path / "odd-net.parquet").column_names == ["number", "word"]


def test_neither_file_is_left_half_written(tmp_path):
    def rows():
        yield Cells(1, "one")
        raise ValueError("the second row is gone")

    with pytest.raises(ValueError, match="second row"):
        report_data.write_table(table_of(rows()), tmp_path)
    assert list(tmp_path.iterdir()) == []
