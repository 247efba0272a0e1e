"""The Celery application; queues are named where the tasks are."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TRANSPORT_ALIASES["filesystem"] = "config.broker:Transport"

app = Celery("unitscope")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def begin(sender: Any, **_: Any) -> None:
    """Say that this worker is there, free what lost workers held, and keep doing both."""
    from config.sweeping import sweeper  # late: the apps are loaded by now

    sweeper.listen(list(sender.app.amqp.queues.consume_from))


@worker_shutting_down.connect
def end_soon(**_: Any) -> None:
    """Stop after the current batch, and put the work back at once: Celery would wait for it."""
    from analysis import tasks
    from config.sweeping import sweeper

    tasks.stopping.set()
    sweeper.leave()
