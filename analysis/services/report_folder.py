"""A report as a folder: HTML, PDF, every figure and table as files, the data, Croissant."""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from django.utils import timezone, translation

from analysis.services import croissant, report_content, report_data, report_html
from analysis.services.croissant import Hashed, hashed
from analysis.services.figure_files import rows_of
from analysis.services.figures import Figure
from analysis.services.report_content import Progress, Report, Subject, silent
from analysis.services.report_data import Sheet
from analysis.services.tables import save

HTML, PDF, CROISSANT = "report.html", "report.pdf", "croissant.json"
LICENCE = "No licence was stated: ask whoever made the report before using the data."


def make(subject: Subject, folder: Path, say: Progress = silent) -> Report:
    """Write the report into a folder, and return what it says.

    The same rows and the same ``subject.now`` give the same bytes. Raises OSError where the folder
    cannot be written.
    """
    with translation.override("en"), timezone.override(UTC):
        report = report_content.gather(subject, say)
        say("data")
        asked = [(network, subject.asked_of(network)) for network in subject.networks]
        sheets = report_data.write(folder / "data", asked)
        found = [
            hashed(folder, f"data/{sheet.name}.{form}")
            for sheet in sheets
            for form in ("csv", "parquet")
        ]
        dictionary = f"{report_data.DICTIONARY}.csv"
        save(report_data.dictionary(sheets), folder / "data" / dictionary)
        found.append(hashed(folder, f"data/{dictionary}"))
        _write_figures(report, folder / "figures")
        _write_text(folder / CROISSANT, _croissant(report, sheets, found))
        say("HTML")
        cited = citation(report)
        _write_text(folder / HTML, report_html.html(report, sheets, found, cited))
        say("PDF")
        _write_pdf(report, sheets, found, folder)
    return report


def _write_pdf(report: Report, sheets: list[Sheet], found: list[Hashed], folder: Path) -> None:
    from analysis.services import report_pdf  # late: no web process sets pages

    save(iter([report_pdf.pdf(report, sheets, found, citation(report))]), folder / PDF)


def citation(report: Report) -> str:
    """Return how to cite the report: what it is of, with the keys of its runs."""
    subject = report.subject
    keys = ", ".join(run.key for run in report.provenance.runs)
    runs = f" Runs {keys}." if keys else ""
    return (
        f"{subject.title}. Report made with Unitscope {report.provenance.version},"
        f" {subject.now:%Y-%m-%d}.{runs}"
    )


def _croissant(report: Report, sheets: list[Sheet], found: list[Hashed]) -> str:
    subject = report.subject
    told = f"{subject.title}: labelled units and every statistic of the report."
    about = croissant.About(
        name="-".join(["unitscope", *(str(network) for network in subject.networks)]),
        description=" ".join(
            [told, *(f"Not of real things or people: {m}." for m in report.marks)]
        ),
        licence=subject.licence or LICENCE,
        citation=citation(report),
        version=f"{subject.now:%Y.%-m.%-d}",
        date=f"{subject.now:%Y-%m-%d}",
        marks=report.marks,
    )
    told_to_machines = croissant.metadata(about, sheets, found)
    return json.dumps(told_to_machines, indent=1, ensure_ascii=False) + "\n"


def _write_figures(report: Report, folder: Path) -> None:
    """Write every figure as SVG, Vega-Lite and CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in report.sections:
        for one in section.drawn:
            if isinstance(one.figure, Figure):
                if one.svg:
                    _write_text(folder / f"{one.key}.svg", one.svg)
                drawing = json.dumps(one.figure.spec, sort_keys=True, ensure_ascii=False)
                _write_text(folder / f"{one.key}.vl.json", drawing + "\n")
                shown = replace(one.figure, note=one.note)
                lines = (line.encode() for line in rows_of(shown, citation(report)))
                save(lines, folder / f"{one.key}.csv")


def _write_text(path: Path, text: str) -> None:
    save(iter([text.encode()]), path)


def zipped(folder: Path, root: str) -> bytes:
    """Return a folder as a ZIP under one name; the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_files(folder)):
            entry = zipfile.ZipInfo(f"{root}/{path.relative_to(folder).as_posix()}")
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return out.getvalue()


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
