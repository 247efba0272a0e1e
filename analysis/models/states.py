"""The five states of whatever a worker has to do."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a run, job, shard, or the inspection of a network or image set stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


# Whatever is in one of these still has work to come.
OPEN = (State.WAITING, State.RUNNING)
