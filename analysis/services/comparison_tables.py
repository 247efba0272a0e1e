"""A comparison as data: the rows of both sides, and the differences, as JSON and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.core.loading import batched
from analysis.models import Run
from analysis.services import statistics
from analysis.services.comparing import Comparable, Compared, Side, compare
from analysis.services.comparison_figures import nothing
from analysis.services.comparison_sides import beside, names_of, whose
from analysis.services.label_choices import Choice
from analysis.services.meanings import ANSWER, Wanted, labels_of
from analysis.services.measures import Table
from analysis.services.object_choices import shown_of
from analysis.services.objects import Wanted as ObjectsWanted
from analysis.services.spreadsheets import neutralise
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, PAGE, STATISTICS

Part = Literal["rows", "differences"]
PARTS: tuple[Part, ...] = ("rows", "differences")
SIDES = ("first", "second")


@dataclass(frozen=True)
class Against:
    """A statistic of two sides, with the tables that show it of each."""

    comparable: Comparable
    sides: tuple[Side, Side]
    tables: tuple[Table, Table]

    @property
    def file(self) -> str:
        """Return its name when saved."""
        return f"{self.tables[0].file}-against-{self.tables[1].file}"


def of_runs(comparable: Comparable, first: Run, second: Run) -> Against:
    """Return a statistic of two runs."""
    names = names_of(first.network, second.network, first.short_key, second.short_key)
    sides = beside(
        Side(first.network, names[0], run=first), Side(second.network, names[1], run=second)
    )
    statistic = STATISTICS[comparable.statistic]
    tables = tuple(statistics.of_run(run, statistic) for run in (first, second))
    return Against(comparable, sides, (tables[0], tables[1]))


def of_labels(comparable: Comparable, first: Wanted, second: Wanted) -> Against:
    """Return a statistic of two networks' labels, or of labels by two sources."""
    choices = [Choice(one, ANSWER, labels_of(one), [], []) for one in (first, second)]
    names = names_of(first.network, second.network, whose(choices[0]), whose(choices[1]))
    one, two = (
        Side(choice.wanted.network, name, choice=choice)
        for choice, name in zip(choices, names, strict=True)
    )
    statistic = OF_LABELS[comparable.statistic]
    tables = tuple(statistics.of_labels(wanted, statistic) for wanted in (first, second))
    return Against(comparable, (one, two), (tables[0], tables[1]))


def of_objects(comparable: Comparable, first: ObjectsWanted, second: ObjectsWanted) -> Against:
    """Return a statistic of what two networks' units stand for, in the same masks."""
    choices = [
        Choice(labels, ANSWER, labels_of(labels), [], [])
        for labels in (
            Wanted(one.network, one.source, one.campaign, one.threshold) for one in (first, second)
        )
    ]
    names = names_of(first.network, second.network, whose(choices[0]), whose(choices[1]))
    one, two = (
        Side(wanted.network, name, choice=choice, objects=shown_of(wanted, {}))
        for wanted, choice, name in zip((first, second), choices, names, strict=True)
    )
    statistic = OF_OBJECTS[comparable.statistic]
    tables = tuple(statistics.of_objects(wanted, statistic) for wanted in (first, second))
    return Against(comparable, (one, two), (tables[0], tables[1]))


def as_json(asked: Against) -> dict[str, Any]:
    """Return the rows of both and the differences, with what they were counted on."""
    found = compare(asked.comparable, *asked.sides)
    return {
        "statistic": asked.comparable.statistic,
        "network": asked.sides[0].network.slug,
        "against": asked.sides[1].network.slug,
        **{side: table.on for side, table in zip(SIDES, asked.tables, strict=True)},
        "synthetic": any(side.synthetic for side in asked.sides),
        "matched_by": found.matching.by,
        "in_pairs": found.in_pairs,
        "only_first": found.matching.only_first,
        "only_second": found.matching.only_second,
        "missing": None if found.rows else nothing(found, *asked.sides),
        "rows": [dict(zip(_head(asked), row, strict=True)) for row in _both(asked)],
        "differences": [row._asdict() for row in found.rows],
    }


def as_csv(asked: Against, part: Part) -> Iterator[bytes]:
    """Write one of both tables as RFC 4180 has it, as `statistics.as_csv` does."""
    differs = part == "differences"
    yield (",".join(Compared._fields if differs else _head(asked)) + "\r\n").encode()
    rows = compare(asked.comparable, *asked.sides).rows if differs else _both(asked)
    for some in batched(rows, PAGE):
        sheet = io.StringIO(newline="")
        writer = csv.writer(sheet)
        for row in some:
            writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
        yield sheet.getvalue().encode()


def _head(asked: Against) -> Sequence[str]:
    """Return the columns of the rows of both."""
    return ("side", "network", *asked.tables[0].statistic.row._fields)


def _both(asked: Against) -> Iterator[tuple[Any, ...]]:
    """Give the rows of either side, with the side and its network in front."""
    for side, table in zip(SIDES, asked.tables, strict=True):
        for row in table.rows():
            yield (side, table.on["network"], *row)
