"""The sweeper: a thread of every worker that beats, frees what others lost, and looks for work."""

import logging
from threading import Event, Thread

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from analysis import tasks
from analysis.services import listeners, shards
from analysis.services.processes import claim_name, process_name

EVERY = 15.0  # seconds
logger = logging.getLogger(__name__)

# The process may end meanwhile if the database is away for longer: seconds.
LAST_DEED = 10


class Sweeper:
    """Sweeps and looks for work at the start of a worker and every fifteen seconds.

    It lives in the worker, so that no scheduler needs to run beside it and none outlives it.
    """

    def __init__(self) -> None:
        self.name = claim_name()
        self.over = Event()
        self.queues: list[str] = []
        self.thread = Thread(target=self._run, name="sweeper", daemon=True)

    def listen(self, queues: list[str]) -> None:
        """Start the thread."""
        self.queues = queues
        self.thread.start()

    def leave(self) -> None:
        """End the thread and wait for its last deed: to put back what this process holds."""
        self.over.set()
        if self.thread.is_alive():
            self.thread.join(LAST_DEED)

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                listeners.beat(self.name, self.queues, settings.DEVICE, timezone.now())
                tasks.sweep()
                tasks.take_part(self.queues)
            except Exception:  # the database or broker is away: it may come back
                logger.exception("the sweep failed; the next is in %d s", EVERY)
            finally:
                connection.close()
            self.over.wait(EVERY)
        try:
            shards.put_back(process_name())
            listeners.leave(self.name)
        except DatabaseError:
            logger.exception("nothing could be put back; a sweep will free it")
        finally:
            connection.close()


sweeper = Sweeper()
