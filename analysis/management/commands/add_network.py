"""manage.py add_network: register a network, inspect it here, and show its layers."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.models import Layer, Network, State
from analysis.services.networks import NetworkRefused, request_network
from analysis.tasks import inspect_network


def colours(text: str) -> list[float]:
    """Return three numbers, as mean and standard deviation of red, green and blue."""
    try:
        red, green, blue = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not three numbers R,G,B.") from error
    return [red, green, blue]


def pairs(text: str) -> dict[str, str]:
    """Return NAME=MODULE,... as a dictionary."""
    found = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if not all(name and module for name, module in found.items()):
        raise ArgumentTypeError(f"{text!r} is not NAME=MODULE,NAME=MODULE.")
    return found


class Command(BaseCommand):
    """Register a network."""

    help = "Register a network, find its layers and what each of them sees of an image."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the network's name, its architecture, and what differs from the defaults."""
        add: Callable[..., Any] = parser.add_argument
        add("slug", help="its name in addresses and exports")
        add("--arch", required=True, help=f"one of: {', '.join(SPECS)}")
        add("--weights", help="safetensors or state dict; random[:SEED] for an untrained network")
        add("--input-size", type=int, help="height and width in pixels")
        add("--mean", type=colours, metavar="R,G,B", help="of pixels between 0 and 1")
        add("--std", type=colours, metavar="R,G,B", help="of pixels between 0 and 1")
        add("--classes", type=Path, help="text file: one class a line, in the order of outputs")
        add("--layers", type=pairs, metavar="NAME=MODULE,...", help="default: found by themselves")
        add("--note", default="", help="what people should know of it")
        add("--synthetic", action="store_true", help="trained on synthetic images")

    def handle(self, *args: Any, **options: Any) -> None:
        """Register, inspect in this process, and print a table of the layers."""
        size = options["input_size"]
        told = {"height": size, "width": size, "mean": options["mean"], "std": options["std"]}
        try:
            network = request_network(
                slug=options["slug"],
                arch=options["arch"],
                weights=options["weights"],
                preprocessing={name: value for name, value in told.items() if value is not None},
                layers=options["layers"] or {},
                classes=lines_of(options["classes"]),
                note=options["note"],
                synthetic=options["synthetic"],
            )
        except NetworkRefused as refused:
            raise CommandError(str(refused)) from refused
        inspect_network(network.pk)
        network.refresh_from_db()
        if network.state != State.DONE:
            raise CommandError(network.error)
        self.show(network)

    def show(self, network: Network) -> None:
        """Print what was found."""
        self.stdout.write(f"{network.slug}: {network.arch}, sha256 {network.fingerprint[:12]}")
        row = "  {:<20} {:<28} {:>8} {:>9} {:>6} {:>7} {:>7}"
        self.stdout.write(row.format(*HEADS))
        for layer in network.layers.all():
            grid = f"{layer.height}×{layer.width}"
            self.stdout.write(
                row.format(layer.name, layer.module, layer.channels, grid, *seen(layer))
            )


SPECS = ("torchvision:NAME", "timm:NAME", "efficientnet-lite0", "exported:FILE.pt2")
HEADS = ("layer", "module", "channels", "grid", "field", "stride", "offset")


def seen(layer: Layer) -> tuple[str, str, str]:
    """Return a layer's field as text, `whole` where it sees the whole image."""
    if layer.field_size is None:
        return "whole", "", ""
    return str(layer.field_size), str(layer.field_stride), f"{layer.field_offset:g}"


def lines_of(path: Path | None) -> list[str] | None:
    """Return the class names of a text file, one a line.

    Raises:
        CommandError: the file cannot be read.
    """
    if path is None:
        return None
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read as text: {error}") from error
