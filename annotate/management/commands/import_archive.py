"""`import_archive`: a network from another Unitscope, with its runs, pictures and labels."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.core.archives import ArchiveRefused
from annotate.services import archives
from annotate.services.archives import Taken


class Command(BaseCommand):
    """Take what `export_archive` wrote: all of it, or nothing."""

    help = "Import an archive. Nothing in it is executed; the network is private at first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file and what may differ."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="name", default="", help="another name of the network")
        parser.add_argument("--weights", action="store_true", help="take its weights, if any")
        told = f"most that it may unpack to, in GiB; default: {archives.MOST_GB}"
        parser.add_argument("--most-gb", type=float, default=archives.MOST_GB, help=told)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what is there now."""
        wanted = {key: options[key] for key in ("name", "weights", "most_gb")}
        try:
            taken = archives.take(options["file"], **wanted)
        except ArchiveRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(told(taken))


def told(taken: Taken) -> str:
    """Return what an import came to, in a few sentences."""
    slug = taken.network.slug
    if not taken.made:
        return f"This archive is here already: the network {slug}. Nothing was changed."
    others = [f"{old} is called {new} here" for old, new in sorted(taken.renamed.items())]
    run = "" if taken.network.can_run else " It has no weights here, so it cannot be run."
    return "; ".join([f"{slug} is imported, and private", *others]) + f".{run}"
