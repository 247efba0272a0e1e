"""`manage.py healthy`: ask the web server of this machine whether it answers."""

from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Exit 0 when /healthz answers 200: the health check of the container."""

    help = "Ask the web server on this machine whether it answers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the server listens."""
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask once, under a host name that the server accepts."""
        url = f"http://127.0.0.1:{options['port']}/healthz"
        host = next(iter(settings.ALLOWED_HOSTS), "127.0.0.1").lstrip("*.") or "127.0.0.1"
        headers = {"Host": host, "X-Forwarded-Proto": "https"}
        try:
            with urlopen(Request(url, headers=headers), timeout=5) as answer:
                self.stdout.write(answer.read().decode())
        except (URLError, OSError) as error:
            raise CommandError(f"{url} does not answer: {error}") from error
