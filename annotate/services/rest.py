"""How long anyone may label at a stretch: tired eyes answer badly before their owner notices."""

from datetime import datetime, timedelta

from django.conf import settings

from annotate.models import Worker
from annotate.services import questions


def rest_until(worker: Worker, now: datetime) -> datetime | None:
    """Return until when a worker rests who has labelled for SESSION_MINUTES, or None.

    Answers less than REST_MINUTES apart are one stretch.
    """
    longest = timedelta(minutes=settings.SESSION_MINUTES)
    rest = timedelta(minutes=settings.REST_MINUTES)
    if not longest:
        return None
    times = questions.answered_since(worker, now - longest - 2 * rest)
    if not times or times[0] + rest <= now:
        return None
    begun = times[0]
    for earlier in times:
        if begun - earlier >= rest:
            break
        begun = earlier
    return times[0] + rest if times[0] - begun >= longest else None
