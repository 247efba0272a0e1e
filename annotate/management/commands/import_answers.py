"""manage.py import_answers: published answers about the units of a network become labels."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotate.core.released import AnswersRefused
from annotate.services.published_answers import FORMATS, AnswerFile, Imported, import_answers
from annotate.services.published_campaigns import import_campaign


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
            "--as-campaign",
            default="",
            metavar="SLUG",
            help="make the answers a closed campaign of this name, with pages of its own",
        )
        parser.add_argument(
            "--synthetic", action="store_true", help="a network that is made was trained on such"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was there already."""
        campaign = options["as_campaign"]
        if campaign and options["origin"] not in ("", campaign):
            raise CommandError("Labels of a campaign stand under its name: leave --origin out.")
        file = AnswerFile(
            options["file"], options["network"], options["format"], options["synthetic"]
        )
        try:
            if campaign:
                done = import_campaign(file, campaign, timezone.now())
            else:
                done = import_answers(file, options["origin"])
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
        also = f" and /campaigns/{campaign}/" if campaign else ""
        self.stdout.write(f"See /findings/{done.network}/meanings/{also}")


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
