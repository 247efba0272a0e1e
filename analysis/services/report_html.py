"""A report as one HTML file that needs nothing else: no script, no font, no address to load."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from analysis.services import drawings
from analysis.services.croissant import Hashed
from analysis.services.figures import Cell, Figure
from analysis.services.report_content import Drawn, Report, Section
from analysis.services.report_data import Sheet

MOST_ROWS = 500  # of a table; the data have all
# Nothing may be fetched; styles and pictures stand in the file.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Told:
    """A question as the template shows it."""

    drawn: Drawn
    svg: SafeString
    rows: list[list[Cell]]
    left_out: int


@dataclass(frozen=True)
class Part:
    """A section as the template shows it."""

    section: Section
    told: list[Told]


def html(report: Report, sheets: list[Sheet], found: list[Hashed], citation: str) -> str:
    """Return the report; ``found`` are the files of its data with their hashes."""
    page = {
        "report": report,
        "subject": report.subject,
        "parts": [_part(section) for section in report.chapters],
        "sheets": sheets,
        "files": found,
        "citation": citation,
        "policy": POLICY,
        "style": _style(),
    }
    lines = render_to_string("report/report.html", page).splitlines()
    return "\n".join(line for line in lines if line.strip()) + "\n"


def _style() -> SafeString:
    """Return the look as it stands in the file; it is ours, word for word."""
    look = render_to_string("report/report.css", {"tokens": drawings.TOKENS})
    return mark_safe(f"<style>{look}</style>")


def _part(section: Section) -> Part:
    return Part(section, [_told(one) for one in section.drawn])


def _told(one: Drawn) -> Told:
    rows = one.figure.table[:MOST_ROWS] if isinstance(one.figure, Figure) else []
    total = len(one.figure.rows) if isinstance(one.figure, Figure) else 0
    # Written by our own library of drawings, which escapes the words of the rows.
    svg = mark_safe(drawings.in_any_light(one.svg, one.key))
    return Told(one, svg, rows, total - len(rows))
