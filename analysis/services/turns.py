"""Work that a web process does one piece at a time, with a short line before it.

Who waits holds a thread of the web server: of many at once most are sent away, and pages stay
answered.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock


class Line:
    """One at work, ``waiting`` behind him, each for ``patience`` seconds at most."""

    def __init__(self, waiting: int, patience: float) -> None:
        self.patience = patience
        self.at_work = Lock()
        self.places = BoundedSemaphore(1 + waiting)

    @contextmanager
    def turn(self, busy: Exception) -> Iterator[None]:
        """Wait for one's turn; raises ``busy`` where the line is full, or after ``patience``."""
        if not self.places.acquire(blocking=False):
            raise busy
        try:
            if not self.at_work.acquire(timeout=self.patience):
                raise busy
            try:
                yield
            finally:
                self.at_work.release()
        finally:
            self.places.release()
