"""`manage.py worker`: one worker process for this installation, as `make worker` starts it."""

import logging
import os
import warnings
from typing import Any

from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.celery import app

QUEUES = "gpu,cpu,interactive"


class Command(BaseCommand):
    """A Celery worker with threads: one for shards, the others for short tasks meanwhile.

    Two others: an import of a large folder must not keep somebody waiting for his image.
    """

    help = "Start a worker; any number of them share the runs of an installation."

    def add_arguments(self, parser: CommandParser) -> None:
        """What it listens to."""
        parser.add_argument("--queues", default=QUEUES, help=f"default: {QUEUES}")
        parser.add_argument("--concurrency", type=int, default=3, help="threads; default: 3")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop by SIGTERM or Ctrl-C."""
        if settings.CELERY_BROKER_URL.startswith("filesystem"):
            # Every worker that was ever asked something would leave a mailbox in the folder.
            app.conf.worker_enable_remote_control = False
        # It warns of running as root for the sake of pickles; tasks here are JSON (settings).
        warnings.filterwarnings("ignore", category=SecurityWarning)
        level = logging.getLevelName(logging.getLogger().getEffectiveLevel())
        app.worker_main(
            [
                "--quiet",
                "worker",
                "--pool=threads",
                f"--concurrency={options['concurrency']}",
                f"--queues={options['queues']}",
                f"--hostname=worker-{os.getpid()}@%h",
                f"--loglevel={level}",
                # Workers learn of one another from rows: nothing needs to be told around.
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
