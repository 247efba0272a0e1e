"""`report`: what a network's units see, as one HTML and PDF with every figure, table and number."""

import shutil
import tempfile
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analysis.models import Network, Source
from analysis.services import report_folder, reports
from analysis.services.meanings import share_of
from analysis.services.report_content import Report, Subject
from analysis.services.reports import ReportRefused


class Command(BaseCommand):
    """Write a report into a folder."""

    help = "Write a report on a network: HTML, PDF, every figure and table, data, Croissant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("network", help="slug of a network")
        parser.add_argument("--against", default="", help="slug of a network to compare it with")
        parser.add_argument("--output", required=True, type=Path, help="a folder")
        parser.add_argument("--overwrite", action="store_true", help="replace a report there")
        parser.add_argument("--source", default="", choices=["", *Source.values])
        parser.add_argument("--campaign", default="", help="only labels of this campaign")
        parser.add_argument("--threshold", default="", help="of precision, 0 to 1; default: 0.75")
        parser.add_argument("--images", default="", help="its objects: an image set with masks")
        parser.add_argument("--run", default="", metavar="KEY", help="not the newest run: this one")
        parser.add_argument("--other-run", default="", metavar="KEY", help="of --against")
        parser.add_argument("--licence", default="", help="of the data: an address, a sentence")
        parser.add_argument("--date", default="", help="to stand on it, e.g. 2026-03-01")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, make, and say what was made and what is missing."""
        folder: Path = options["output"]
        subject = self.subject(options)
        self.refuse_full(folder, options["overwrite"])
        try:
            report = self.made(subject, folder)
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(f"{folder} cannot be written: {reason}.") from error
        answered = report.answered
        self.stdout.write(
            f"{answered} figure{'' if answered == 1 else 's'} in {folder / report_folder.HTML}"
            f" and {report_folder.PDF}, data beside them."
        )
        if report.missing:
            self.stdout.write(
                f"{report.missing} question{'' if report.missing == 1 else 's'} could not be"
                " answered: the report says what is missing."
            )

    def subject(self, options: dict[str, Any]) -> Subject:
        """Return what the report is about, or say in a sentence what is wrong."""
        threshold: str = options["threshold"]
        words: dict[str, str] = {}
        if threshold and share_of(threshold) is None:
            raise CommandError(f"--threshold {threshold!r} must be a number from 0 to 1.")
        if options["other_run"] and not options["against"]:
            raise CommandError("--other-run is of the network --against: name that, or use --run.")
        for name in ("source", "campaign", "threshold", "images", "run", "other_run"):
            words |= {name: options[name]} if options[name] else {}
        for name in ("source", "images"):
            words |= {f"other_{name}": words[name]} if name in words else {}
        everyone = Network.objects.all()
        try:
            network = reports.network_called(options["network"], everyone)
            other = options["against"]
            against = reports.network_called(other, everyone) if other else None
            reports.insist_on_images(network, options["images"])
            return reports.subject(
                network, against, words, options["licence"], moment(options["date"])
            )
        except ReportRefused as refused:
            raise CommandError(str(refused)) from refused

    def refuse_full(self, folder: Path, overwrite: bool) -> None:
        """Refuse a folder that holds other things."""
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"{folder} is a file: name a folder.")
        try:
            holds = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        except OSError as error:
            raise CommandError(f"{folder} cannot be read: {error.strerror}.") from error
        if holds and not overwrite:
            raise CommandError(
                f"{folder} holds {holds[0]}{' and more' if len(holds) > 1 else ''} already: name an"
                " empty folder, or say --overwrite to replace a report there."
            )

    def made(self, subject: Subject, folder: Path) -> Report:
        """Make the report aside, and put it into place when it is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as aside:
            report = report_folder.make(subject, Path(aside), self.say)
            for path in sorted(Path(aside).iterdir()):
                there = folder / path.name
                if there.is_dir() and not there.is_symlink():
                    shutil.rmtree(there)
                path.rename(there)
        return report

    def say(self, what: str) -> None:
        """Say on a terminal what is being made."""
        if self.stdout.isatty():
            self.stdout.write(f"{what} …")


def moment(date: str) -> datetime:
    """Return the date given, at midnight UTC, else now; raise CommandError for no date."""
    if not date:
        return timezone.now()
    try:
        return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"--date {date!r} is no date: write it like 2026-03-01.") from error
