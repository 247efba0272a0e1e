"""Figures as data: a question, its answer, a Vega-Lite drawing, and the table that says the same.

Drawings are plain dictionaries of Vega-Lite, put together here and drawn by `static/js/figure.js`
in the colours of the page: no colour stands in them, only names of styles (`Style`). A library
for writing them would add 0.3 s and 44 MB to every web process.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from analysis.services.figure_links import of_this_site
from analysis.services.figure_words import described

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
HEIGHT = 280
BLANK = "\u00a0"  # does not break: a narrow screen scrolls the table instead
Spec = dict[str, Any]
Style = Literal["observed", "reference", "published", "interval", "halo", "label"]


def written(value: float, digits: int = 2, sign: str = "") -> str:
    """Return a number in digits: a minus is as wide as a plus, nothing has none.

    ``sign`` is "+" where positive numbers show theirs.
    """
    return f"{value:{sign}z.{digits}f}".replace("-", "−")


@dataclass(frozen=True)
class Column:
    """One column of a figure's table: the name in its rows, the words above, how to write it."""

    name: str
    title: str
    digits: int | None = None  # after the point, for numbers that are not whole
    least: float = 0.0  # of positive numbers that are written; smaller ones are not written as 0

    def cell(self, row: Mapping[str, Any]) -> str:
        """Return what stands in the table; a dash for what is not known."""
        value = row.get(self.name)
        if value is None:
            return "–"
        if isinstance(value, float) and 0 <= value < self.least:
            return f"<{BLANK}{self.least:g}"
        if isinstance(value, float):
            return written(value, 2 if self.digits is None else self.digits)
        return f"{value:,}" if isinstance(value, int) else str(value)


class Line(NamedTuple):
    """A row of the table, and the page that its first cell leads to, if there is one."""

    href: str
    cells: list["Cell"]


class Cell(NamedTuple):
    """What stands in a cell, and whether figures are to stand under one another."""

    text: str
    is_number: bool


@dataclass(frozen=True)
class Figure:
    """One question with its answer: drawing, table, method and download.

    ``name`` is the figure's own in its page and in the names of saved files. ``note`` says beside
    the question what the numbers are, where they are not measured on real things: "synthetic".
    A row with ``href`` (of services/figure_links) leads there, in the table by its first cell.
    """

    name: str
    question: str
    answer: str
    spec: Spec
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    method: str
    download: str = ""
    note: str = ""

    # As which files it can be had; see services/figure_files.
    FORMS: ClassVar[Mapping[str, str]] = {
        "svg": "SVG",
        "png": "PNG",
        "pdf": "PDF",
        "json": "Vega-Lite",
        "csv": "Table as CSV",
    }

    @property
    def head(self) -> list[Cell]:
        """Return the words above the columns, set as what stands below them."""
        return [
            Cell(column.title, any(cell.is_number for cell in cells))
            for column, cells in zip(self.columns, zip(*self.table, strict=True), strict=True)
        ]

    @property
    def table(self) -> list[list[Cell]]:
        """Return the cells of the table, row by row; a dash stands where the numbers do."""
        numeric = {
            column.name
            for column in self.columns
            if any(isinstance(row.get(column.name), int | float) for row in self.rows)
        }
        return [
            [
                Cell(
                    column.cell(row),
                    column.name in numeric and isinstance(row.get(column.name), int | float | None),
                )
                for column in self.columns
            ]
            for row in self.rows
        ]

    @property
    def lines(self) -> list[Line]:
        """Return the rows of the table, each with where it leads; only pages of this site."""
        return [
            Line(of_this_site(row.get("href")), cells)
            for row, cells in zip(self.rows, self.table, strict=True)
        ]

    @property
    def alternative(self) -> str:
        """Return what is to be seen, for who cannot: the question, the chart, the answer."""
        return f"{self.question} {described(self.spec)} {self.answer}"


@dataclass(frozen=True)
class Missing:
    """A question that these rows cannot answer, why, and how they could."""

    question: str
    why: str


def channel(name: str, title: str = "", kind: str = "quantitative", **more: Any) -> Spec:
    """Return how a place, colour or size is read from a column of the rows."""
    return {"field": name, "type": kind, "title": title or None, **more}


def ordered(name: str, title: str = "", values: Iterable[str] = (), **more: Any) -> Spec:
    """Return how names are read, in the order of the rows or of ``values``, never by alphabet."""
    return channel(name, title, "ordinal", sort=list(values) or None, **more)


def whole_numbers(name: str, title: str, most: int) -> Spec:
    """Return how numbers of whole things, up to ``most``, are read from a column of the rows."""
    # Files have half steps on an axis as short as that, whatever is the least step.
    few = {"values": list(range(most + 1)), "format": "d"}
    return channel(name, title, axis=few if most < 3 else {"tickMinStep": 1})


def apart(name: str, values: Iterable[str], title: str = "") -> Spec:
    """Return how points side by side are told apart: by colour, and by shape without colours.

    ``values`` are those that are drawn. They are the domain of both, for a domain that is sorted
    has a legend for colours and another for shapes in files.
    """
    names = {"domain": list(values)}
    return {
        "color": channel(name, title, "nominal", scale={"range": "category", **names}),
        "shape": channel(name, title, "nominal", scale={"range": "symbol", **names}),
    }


# Marks of rows with ``href`` lead to its page; see services/figure_links.
LINKED: Spec = {"href": {"field": "href", "type": "nominal"}}


def mark(kind: str, encoding: Spec, style: Style = "observed") -> Spec:
    """Return one layer of a drawing: points, bars, lines in a style of the page."""
    shape: Spec = {"type": kind, "style": style}
    if kind == "point":
        shape["filled"] = style != "published"
    few = len(encoding.get("x", {}).get("sort") or ())
    if kind == "bar" and 0 < few < 4 and "xOffset" not in encoding:
        shape["width"] = {"band": 0.25 * few}  # one bar alone would be a wall
    if kind == "tick":
        lying = encoding.get("y", {}).get("type") == "ordinal"  # values run along x: strokes stand
        shape["orient"] = "vertical" if lying else "horizontal"
    return {"mark": shape, "encoding": encoding}


def whiskers(low: str, high: str, encoding: Spec, title: str = "", along: str = "y") -> Spec:
    """Return a layer of intervals from one column to another, along an axis.

    Layers share the axis, so its title is to be the same in all of them.
    """
    ends = {along: channel(low, title), f"{along}2": {"field": high}}
    return mark("rule", {**ends, **encoding}, "interval")


def on_bars(low: str, high: str, encoding: Spec, title: str = "") -> list[Spec]:
    """Return whiskers that stand out from bars of any colour: each lies in a pale stripe."""
    rule = whiskers(low, high, encoding, title)
    return [{**rule, "mark": {"type": "rule", "style": "halo"}}, rule]


def strokes_on_bars(encoding: Spec) -> list[Spec]:
    """Return strokes that stand out from bars of any colour: each lies in a pale stripe."""
    stroke = mark("tick", encoding, "interval")
    stripe = {**stroke["mark"], "style": "halo", "thickness": 4.5}
    return [{**stroke, "mark": stripe}, stroke]


def rings_on_bars(encoding: Spec) -> list[Spec]:
    """Return rings that stand out from bars of any colour: each lies in a pale one."""
    ring = mark("point", encoding, "published")
    return [{**ring, "mark": {**ring["mark"], "style": "halo"}}, ring]


def drawing(rows: Iterable[Mapping[str, Any]], *layers: Spec, height: int = HEIGHT) -> Spec:
    """Return layers over one another, as wide as the page gives room."""
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": height,
        "data": {"values": [dict(row) for row in rows]},
        "layer": list(layers),
    }
