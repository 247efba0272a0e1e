"""The five states of whatever a worker has to do."""

from django.db import models


class State(models.TextChoices):
    """Where a run, job, shard, or the inspection of a network or image set stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Whatever is in one of these still has work to come.
OPEN = (State.WAITING, State.RUNNING)
