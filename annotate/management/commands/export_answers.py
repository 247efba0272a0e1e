"""manage.py export_answers: every answer of a campaign as a long table, by pseudonym."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.services import tables
from annotate.models import Campaign
from annotate.services.answer_exports import FORMATS


class Command(BaseCommand):
    """Write a file that `import_answers` reads, in the format of the same name."""

    help = "Export the answers of a campaign: one line each, workers by pseudonym."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the campaign and the file."""
        parser.add_argument("campaign", help="slug of the campaign")
        told = "unitscope, a long table as CSV; unitscope-answers, all that is known, as JSONL"
        parser.add_argument("--format", choices=list(FORMATS), default="unitscope", help=told)
        parser.add_argument("--output", required=True, help="a file, or - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, or say in a sentence why that cannot be done."""
        slug, output = options["campaign"], options["output"]
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no campaign {slug!r}; there are: {known}.")
        pieces = FORMATS[options["format"]](campaign)
        if output == "-":
            for piece in pieces:
                self.stdout.buffer.write(piece)  # type: ignore[attr-defined]
            self.stdout.flush()
            return
        try:
            tables.save(pieces, Path(output))
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self.stderr.write(f"The answers of {slug} are written to {output}.")
