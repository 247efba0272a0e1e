"""`manage.py up`: migrate, start one worker and the web server, stop both cleanly."""

import os
import signal
import socket
import sys
import time
from threading import Event
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.supervising import Child

HOST = "127.0.0.1"
LOOK_EVERY = 0.2  # seconds
# A worker puts its shard back after the current batch, the web server ends its requests.
PATIENCE = 20.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """Everything that one machine needs, in one command."""

    help = "Migrate, then run one worker and the web server until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to serve."""
        parser.add_argument("--port", type=int, default=8000, help="default: 8000")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        port = options["port"]
        check_port(port)
        stop = Event()
        for number in SIGNALS:
            signal.signal(number, lambda *_: stop.set())
        call_command("migrate", interactive=False, verbosity=0)
        web = Child("web server", web_command(port), self.say)
        worker = Child("worker", [sys.executable, "manage.py", "worker"], self.say)
        try:
            self._watch(web, worker, stop, f"http://{HOST}:{port}/")
        finally:
            self.say("Stopping: the worker puts its work back, to go on with it next time.")
            stop_all([worker, web])
            self.say("Stopped.")

    def say(self, line: str) -> None:
        """Write a line at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def _watch(self, web: Child, worker: Child, stop: Event, url: str) -> None:
        """Keep both running until ``stop``; say when the pages can be opened."""
        web.start()
        worker.start()
        said = False
        while not stop.wait(LOOK_EVERY):
            worker.look()
            code = web.look()
            if code is not None and not said:
                raise CommandError(f"The web server did not start (code {code}); see above.")
            if not said and answers(f"{url}healthz"):
                self.say(f"Unitscope is at {url} · stop it with Ctrl-C")
                said = True


def check_port(port: int) -> None:
    """Raise CommandError unless the port is free to be served on."""
    if not 1 <= port <= 65535:
        raise CommandError(f"There is no port {port}: use --port with 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise CommandError(f"Port {port} is for administrators: use --port 8000.") from error
        except OSError as error:
            other = port + 1 if port < 65535 else 8000
            raise CommandError(
                f"Port {port} on {HOST} is taken by another program (perhaps Unitscope runs"
                f" already): stop that one, or use another with --port {other}."
            ) from error


def web_command(port: int) -> list[str]:
    """Return the command line of the web server."""
    options = [f"--bind={HOST}:{port}", "--no-control-socket", f"--log-level={level()}"]
    return [sys.executable, "-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", *options]


def level() -> str:
    """Return how much gunicorn says, as it spells it."""
    return os.environ.get("LOG_LEVEL", "WARNING").lower()


def answers(url: str) -> bool:
    """Return whether the web server answers."""
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def stop_all(children: list[Child]) -> None:
    """Ask all children to stop at once, then wait for each."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + PATIENCE
    for child in children:
        child.wait(deadline - time.monotonic())
