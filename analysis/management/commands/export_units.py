"""`export_units`: labelled units as CSV, JSONL or Parquet, to a file or to standard output."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.models import Network, Source
from analysis.services import exports, tables
from analysis.services.exports import Row, Wanted


class Command(BaseCommand):
    """Write the table of labelled units."""

    help = (
        "Export labelled units. Without --source this gives people's, machine and published "
        "labels, never simulated ones: ask for those with --source simulated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--network", default="", help="only units of this network")
        parser.add_argument("--campaign", default="", help="only labels of this campaign")
        parser.add_argument("--source", default="", choices=["", *Source.values])
        parser.add_argument("--format", default="csv", choices=list(tables.FORMATS))
        parser.add_argument("--output", required=True, help="a file, or - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say on standard error how many rows there were."""
        wanted = Wanted(options["network"], options["campaign"], options["source"])
        if wanted.network and not Network.objects.filter(slug=wanted.network).exists():
            raise CommandError(f"There is no network called {wanted.network!r}.")
        self.count = 0
        pieces = tables.FORMATS[options["format"]].write(self.counted(exports.rows(wanted)))
        if options["output"] == "-":
            for piece in pieces:
                self.stdout.buffer.write(piece)  # type: ignore[attr-defined]
            self.stdout.flush()
        else:
            self.save(pieces, Path(options["output"]))
        self.stderr.write(f"{self.count} labelled units written to {options['output']}.")
        if not self.count and wanted.campaign and (others := exports.others(wanted)):
            self.stderr.write(
                f"No label comes from a campaign called {wanted.campaign!r}; there are labels from"
                f" {', '.join(others)}."
            )
        if hidden := exports.simulated_left_out(wanted):
            self.stderr.write(
                f"{hidden} labels by simulated workers were left out: "
                "ask for them with --source simulated."
            )

    def save(self, pieces: Iterator[bytes], path: Path) -> None:
        """Write the file, or say in a sentence why that cannot be done."""
        try:
            tables.save(pieces, path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error

    def counted(self, found: Iterator[Row]) -> Iterator[Row]:
        """Count the rows as they pass."""
        for row in found:
            self.count += 1
            yield row
