"""manage.py import_answers: published answers about the units of a network become labels."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.core.released import AnswersRefused
from annotate.services.published_answers import FORMATS, Imported, import_answers


class Command(BaseCommand):
    """All answers of a file are written, or none; the same file twice changes nothing."""

    help = "Import published answers as labels of a network, which is made if it does not exist."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file, the network and the format."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--network", required=True, metavar="SLUG")
        parser.add_argument("--format", required=True, choices=list(FORMATS))
        origin = "what the labels stand under; default: zhou2015, or the file's name"
        parser.add_argument("--origin", default="", metavar="NAME", help=origin)
        parser.add_argument(
            "--synthetic", action="store_true", help="a network that is made was trained on such"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was there already."""
        try:
            done = import_answers(
                path=options["file"],
                slug=options["network"],
                form=options["format"],
                origin=options["origin"],
                synthetic=options["synthetic"],
            )
        except AnswersRefused as error:
            raise CommandError(f"Nothing was imported. {error}") from error
        if done.made:
            self.stdout.write(
                f"{done.network}: a new network without weights, known from these answers only."
            )
        self.stdout.write(
            f"{done.network}: {done.answers:,} answers about {done.units:,} units of {done.layers}"
            f" layers, source {done.source}, from {done.origin}. {changes(done)}"
        )
        self.stdout.write(f"See /findings/{done.network}/meanings/")


def changes(done: Imported) -> str:
    """Say what the import changed."""
    if not done.changed and not done.withdrawn:
        return "All of it was there already: nothing changed."
    told = f"{done.changed:,} labels written"
    if same := done.units - done.changed:
        told += f", {same:,} were there already"
    if done.withdrawn:
        told += f", {done.withdrawn:,} withdrawn that are not in the file"
    return f"{told}."
