"""The log of a run: lines for its page and the terminal."""

import logging

from analysis.models import LogLine, Run

LONGEST = LogLine._meta.get_field("text").max_length or 2000
logger = logging.getLogger(__name__)


def log(run: Run, text: str, level: str = "info") -> None:
    """Add a line to the run's log and to the worker's own."""
    line = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    LogLine.objects.create(run=run, text=line, level=level)
    logger.log(logging.getLevelNamesMapping()[level.upper()], "run %s: %s", run, line)
