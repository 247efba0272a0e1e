"""A report as a PDF: real text, tables that run over pages, bookmarks, and places for figures.

Set by reportlab, which is pure Python and brings all it needs; the figures are laid in by
`report_pdf_figures`, as vectors. Letters are Roboto's: Latin, Greek and Cyrillic.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import font_roboto
from PIL import Image as Pillow
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    LongTable,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

from analysis.services.croissant import Hashed
from analysis.services.drawings import TOKENS
from analysis.services.figures import Cell, Figure
from analysis.services.report_content import Drawn, Report
from analysis.services.report_data import Sheet
from analysis.services.report_examples import PICTURES, Example
from analysis.services.report_pdf_figures import Place, laid_in, size_of

REGULAR, BOLD, CODE = "Roboto", "Roboto-Medium", "Courier"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
MOST_ROWS = 60  # of a table; the data have all
INK, MUTED, LINE = (colors.HexColor(TOKENS[name][0]) for name in ("ink", "muted", "line"))
MARK = "#7d5200"


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    usual = {"fontName": REGULAR, "leading": size * 1.35, "textColor": INK, "splitLongWords": 1}
    return ParagraphStyle(name, fontSize=size, **(usual | more))


TITLE = _style("Title", 24, fontName=BOLD, leading=29, spaceAfter=6)
HEADING = _style("Heading", 16, fontName=BOLD, spaceBefore=14, spaceAfter=4, keepWithNext=1)
QUESTION = _style("Question", 12, fontName=BOLD, spaceBefore=10, spaceAfter=2, keepWithNext=1)
BODY = _style("Body", 9.5, spaceAfter=4)
SMALL = _style("Small", 8, textColor=MUTED, spaceBefore=2, spaceAfter=4)
CELL = _style("Cell", 7.5, leading=9.5)
NUMBER = _style("Number", 7.5, leading=9.5, alignment=2)
MONO = _style("Mono", 6.5, leading=9.5, fontName=CODE)
LIST = _style("List", 12, fontName=BOLD, spaceBefore=14, spaceAfter=4, keepWithNext=1)
CONTENTS = _style("Contents", 9, leading=11)
GRID = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)
_BARE = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP")]
BARE = TableStyle([*_BARE, ("BOTTOMPADDING", (0, 0), (-1, -1), 2)])
SIDE_BY_SIDE = TableStyle([*_BARE, ("VALIGN", (0, 0), (-1, -1), "TOP")])


def pdf(report: Report, sheets: list[Sheet], found: list[Hashed], citation: str) -> bytes:
    """Return the report as PDF; the same bytes for the same report."""
    _register_fonts()
    out = io.BytesIO()
    document = Pages(out, report.subject.title, f"Unitscope {report.provenance.version}")
    document.multiBuild(list(_story(report, sheets, found, citation)))
    drawings = {one.key: one.svg for part in report.sections for one in part.drawn if one.svg}
    return laid_in(out.getvalue(), document.places, drawings, report.subject.now)


def _register_fonts() -> None:
    folder = Path(font_roboto.__file__).parent / "files"
    for name, file in ((REGULAR, "Roboto-Regular.ttf"), (BOLD, "Roboto-Medium.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(
        REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD
    )


class Pages(BaseDocTemplate):  # type: ignore[misc, unused-ignore]
    """A4 with page numbers; headings become bookmarks, and lines of the contents."""

    def __init__(self, out: io.BytesIO, title: str, creator: str) -> None:
        """Make an empty document whose bytes depend on its content alone."""
        super().__init__(out, pagesize=A4, title=title, creator=creator, invariant=1, lang="en")
        self.author, self.subject = "Unitscope", "What the units of a vision network see"
        self.places: list[Place] = []
        self.heads = 0
        frame = Frame(MARGIN, MARGIN, WIDTH, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=_numbered))

    def beforeDocument(self) -> None:
        """Forget the places of the last pass: the contents move everything."""
        self.places.clear()
        self.heads = 0

    def afterFlowable(self, flowable: Flowable) -> None:
        """Note where headings and figures have come to stand."""
        if isinstance(flowable, Paragraph) and flowable.style.name in ("Heading", "Question"):
            level = int(flowable.style.name == "Question")
            key, self.heads = f"head-{self.heads}", self.heads + 1
            text = flowable.getPlainText()
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(text, key, level, closed=level == 0)
            if level == 0:
                self.notify("TOCEntry", (0, text, self.page, key))


class Room(Flowable):  # type: ignore[misc, unused-ignore]
    """The room that a figure takes: it says where it has come to stand."""

    def __init__(self, key: str, svg: str) -> None:
        super().__init__()
        wide, high = size_of(svg)
        self.key, self.scale = key, min(WIDTH / wide, 0.62 * A4[1] / high, 0.75)
        self.width, self.height = wide * self.scale, high * self.scale

    def wrap(self, *available: float) -> tuple[float, float]:
        """Return the room that is wanted."""
        return self.width, self.height

    def draw(self) -> None:
        """Note page, place and size; the figure is laid in afterwards."""
        x, y = self.canv.absolutePosition(0, 0)
        document = self.canv._doctemplate
        place = Place(self.canv.getPageNumber() - 1, x, y, self.width, self.height, self.key)
        document.places.append(place)


def _numbered(canvas: Any, document: Any) -> None:
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(MUTED)
    canvas.drawString(MARGIN, 10 * mm, document.title)
    canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"Page {document.page}")


# ---- What stands in it -------------------------------------------------------------------------
def _story(
    report: Report, sheets: list[Sheet], found: list[Hashed], citation: str
) -> Iterator[Flowable]:
    yield from _cover(report)
    for section in report.chapters:
        head = [_text(section.title, HEADING), _text(section.about, SMALL)]
        for one in section.drawn:
            yield from _question(one, head)
            head = []
    yield from _lacking(report)
    yield _text("Examples", HEADING)
    yield from _examples(report)
    yield _text("Methods", HEADING)
    for method in report.methods:
        yield _text(method.title, QUESTION)
        yield from (_text(paragraph, BODY) for paragraph in method.paragraphs)
        yield _facts(method.parameters)
    yield from _back(report, sheets, found, citation)


def _cover(report: Report) -> Iterator[Flowable]:
    subject = report.subject
    yield _text(subject.title, TITLE)
    yield _text(
        f"A report by Unitscope {report.provenance.version}, {subject.now:%Y-%m-%d}.", SMALL
    )
    if report.marks:
        marks = ", ".join(report.marks)
        yield _text(
            f"Not all of this was measured on real things or said by people: {marks}.", BODY, MARK
        )
    yield _facts(report.facts)
    yield _text("Contents", LIST)
    yield TableOfContents(levelStyles=[CONTENTS], dotsMinLevel=-1, tableStyle=BARE)
    yield _text("In short", HEADING)
    if not report.abstract:
        yield _text(
            "Nothing is known of the units yet: there are neither labels nor results.", BODY
        )
    for question, answer, note in report.abstract:
        yield _text(f"{question}{f' [{note}]' if note else ''}", SMALL)
        yield _text(answer, BODY)
    yield PageBreak()


def _lacking(report: Report) -> Iterator[Flowable]:
    if report.lacking:
        yield _text("What is missing, and how to get it", HEADING)
    for one in report.lacking:
        asked = _text(f"{one.title}. {' '.join(one.questions)}", SMALL)
        yield KeepTogether([asked, _text(one.why, BODY)])


def _question(one: Drawn, before: list[Flowable]) -> Iterator[Flowable]:
    """Give a figure; what stands before it, and its own head, are not parted from it."""
    figure = one.figure
    head = [*before, _text(figure.question, QUESTION)]
    if not isinstance(figure, Figure):
        yield KeepTogether([*head, _text(figure.why, BODY)])
        return
    if one.note:
        head.append(_text(one.note, SMALL, MARK))
    head.append(_text(figure.answer, BODY))
    head.append(Room(one.key, one.svg) if one.svg else _text("It could not be drawn.", SMALL))
    yield KeepTogether(head)
    yield Spacer(0, 4)
    yield _table(figure.head, figure.table[:MOST_ROWS])
    if (more := len(figure.rows) - MOST_ROWS) > 0:
        yield _text(f"{more:,} more rows are in figures/{one.key}.csv.", SMALL)
    yield _text(figure.method, SMALL)


def _table(head: list[Cell], rows: list[list[Cell]]) -> Flowable:
    """Return a table whose columns take what their words need, and no more than there is."""
    cells = [[_cell(cell) for cell in row] for row in (head, *rows)]
    needs = [
        min(max(pdfmetrics.stringWidth(cell.text, REGULAR, 7.5) for cell in column) + 8, WIDTH / 2)
        for column in zip(head, *rows, strict=True)
    ]
    scale = min(1.0, WIDTH / sum(needs)) if needs else 1.0
    return LongTable(
        cells, [need * scale for need in needs], repeatRows=1, style=GRID, hAlign="LEFT"
    )


def _cell(cell: Cell) -> Paragraph:
    return _text(cell.text, NUMBER if cell.is_number else CELL)


def _facts(rows: list[tuple[str, str]]) -> Flowable:
    """Return names and values side by side."""
    if not rows:
        return Spacer(0, 0)
    hashes = re.compile(r"[0-9a-f]{64}")
    cells = [
        [_text(name, CELL), _text(value, MONO if hashes.fullmatch(value) else CELL)]
        for name, value in rows
    ]
    return LongTable(cells, [0.36 * WIDTH, 0.64 * WIDTH], style=GRID, hAlign="LEFT", spaceAfter=6)


def _examples(report: Report) -> Iterator[Flowable]:
    if not report.examples:
        yield _text("No unit has a label yet, so that there is no best one.", BODY)
        return
    yield _text(
        "The best unit of every layer and group, with the images that drive it most, cut down to"
        " what it sees.",
        SMALL,
    )
    told = [list(_example(one)) for one in report.examples]
    pairs = [[told[place], *told[place + 1 : place + 2]] for place in range(0, len(told), 2)]
    for pair in pairs:
        yield Table([[*pair, ""][:2]], [WIDTH / 2] * 2, style=SIDE_BY_SIDE, hAlign="LEFT")


def _example(one: Example) -> Iterator[Flowable]:
    told = f"{one.concept} ({one.network}, {one.layer}, unit {one.unit}: {one.group})"
    yield _text(told, BODY)
    if one.pictures:
        side = WIDTH / 2 / PICTURES - 4
        row = [Image(_png(picture.webp), side, side) for picture in one.pictures]
        yield Table([row], [side + 2] * len(row), style=BARE, hAlign="LEFT")
    else:
        yield _text(one.without, SMALL)
    yield _text(f"{one.said}{f' [{one.note}]' if one.note else ''}", SMALL)


def _png(webp: bytes) -> io.BytesIO:
    """Return a picture as reportlab takes it: it knows no WebP."""
    out = io.BytesIO()
    with Pillow.open(io.BytesIO(webp)) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=85)
    ImageReader(out)
    out.seek(0)
    return out


def _back(
    report: Report, sheets: list[Sheet], found: list[Hashed], citation: str
) -> Iterator[Flowable]:
    licence = report.subject.licence
    yield _text("Data", HEADING)
    yield _text(
        f"Licence of the data: {licence}"
        if licence
        else "No licence was stated: ask whoever made the report before using the data.",
        BODY,
    )
    yield from (_text(told, BODY) for told in report.left_out)
    head = [Cell("Table", False), Cell("What it holds", False), Cell("Rows", True)]
    yield _table(
        head,
        [[Cell(s.name, False), Cell(s.summary, False), Cell(f"{s.rows:,}", True)] for s in sheets],
    )
    yield _text("Provenance", HEADING)
    for run in report.provenance.runs:
        yield _text(f"Run {run.key}", QUESTION)
        yield _facts(run.facts)
    yield _text("Versions where the report was made", QUESTION)
    yield _facts([("Unitscope", report.provenance.version), *report.provenance.packages])
    yield _text("Files of the data", QUESTION)
    yield _facts([(one.name, one.sha256) for one in found])
    yield _text("Citation", HEADING)
    yield _text(citation, BODY)


def _text(text: str, style: ParagraphStyle, colour: str = "") -> Paragraph:
    """Return words as they are, without markup; letters that the font lacks become �."""
    known = pdfmetrics.getFont(REGULAR).face.charToGlyph
    plain = "".join(
        letter if ord(letter) in known or letter == "\n" else "\ufffd" for letter in text
    )
    told = escape(plain)
    return Paragraph(f'<font color="{colour}">{told}</font>' if colour else told, style)
