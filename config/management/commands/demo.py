"""`manage.py demo`: build the demonstration, or find it built, then serve it."""

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.management.commands.up import HOST, check_port
from demonstration.build import Size, build, summary


class Command(BaseCommand):
    """A synthetic world, a network trained on it, two campaigns: everything to look at at once."""

    help = "Build the demonstration (a second call reuses it), then do what `up` does."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to serve, or not at all; how large."""
        size = Size()
        parser.add_argument("--port", type=int, default=8000, help="default: 8000")
        parser.add_argument("--build-only", action="store_true", help="build, and do not serve")
        parser.add_argument("--images", type=int, default=size.images, help="pictures to draw")
        parser.add_argument("--side", type=int, default=size.side, help="their side in pixels")
        parser.add_argument("--layer", default=size.layer, help="whose units: pool1 to conv5")
        parser.add_argument("--units", type=int, default=size.units, help="to label; 0 means all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build in a process of its own, whose memory is free again when the server starts."""
        if options["build_only"]:
            self._build(options)
            return
        check_port(options["port"])
        names = ("port", "images", "side", "layer", "units")
        chosen = [f"--{name}={options[name]}" for name in names]
        manage = [sys.executable, "manage.py", "demo", "--build-only", *chosen]
        code = subprocess.run(manage, cwd=settings.BASE_DIR, check=False).returncode
        if code:
            raise CommandError("The demonstration was not built; see above. Try again: it goes on.")
        call_command("up", port=options["port"])

    def _build(self, options: dict[str, Any]) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        size = Size(**{name: options[name] for name in ("images", "side", "layer", "units")})
        try:
            built = build(size, self.say)
        except ValueError as error:
            raise CommandError(str(error)) from error
        for line in summary(built, f"http://{HOST}:{options['port']}"):
            self.say(line)

    def say(self, line: str) -> None:
        """Write a line at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()
