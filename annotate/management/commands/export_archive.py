"""`export_archive`: a network with its runs, pictures, labels and answers as one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.core.archives import ArchiveRefused
from analysis.models import Network
from analysis.services import tables
from annotate.services import archives


class Command(BaseCommand):
    """Write an archive that another Unitscope imports."""

    help = "Export a network with all that is known of it: docs/archive.md says what that is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the network, the file, and whether weights go along."""
        parser.add_argument("network", help="slug of the network")
        parser.add_argument("--output", required=True, type=Path, help="the file to write")
        parser.add_argument("--weights", action="store_true", help="put its weights into the file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, or say in a sentence why that cannot be done."""
        network = Network.objects.filter(slug=options["network"]).first()
        if network is None:
            known = ", ".join(Network.objects.values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no network {options['network']!r}; there are: {known}.")
        path = options["output"]
        try:
            tables.save(archives.export(network, weights=options["weights"]), path)
        except ArchiveRefused as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        size = path.stat().st_size / 2**20
        self.stderr.write(f"{network.slug} is written to {path}, {size:,.1f} MiB.")
