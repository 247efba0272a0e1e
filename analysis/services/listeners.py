"""Which worker processes are alive, so that a page can say when nobody works."""

from datetime import datetime, timedelta

from analysis.models import Listener
from analysis.services.processes import surely_gone

# Beaten every fifteen seconds; three missed beats mean gone.
SILENCE = timedelta(seconds=45)


def beat(name: str, queues: list[str], device: str, now: datetime) -> None:
    """Say that the process ``name`` listens to ``queues``, and forget those that ended."""
    Listener.objects.update_or_create(
        name=name,
        defaults={"queues": queues, "device": device, "beat_at": now},
        create_defaults={"queues": queues, "device": device, "beat_at": now, "started_at": now},
    )
    gone = [row.pk for row in Listener.objects.exclude(name=name) if not _alive(row, now)]
    Listener.objects.filter(pk__in=gone).delete()


def leave(name: str) -> None:
    """Say that the process ``name`` stops."""
    Listener.objects.filter(name=name).delete()


def listening(queue: str, now: datetime) -> list[Listener]:
    """Return the living workers that listen to ``queue``."""
    return [row for row in Listener.objects.all() if queue in row.queues and _alive(row, now)]


def _alive(row: Listener, now: datetime) -> bool:
    return row.beat_at >= now - SILENCE and not surely_gone(row.name)
