"""How often somebody may do something: counted in fixed minutes, in the cache.

The count is raised by the cache in one step, so that parallel calls are all counted. With Redis
as the cache all web processes share it; without, each process counts for itself.
"""

import time

from django.conf import settings
from django.core.cache import cache

MINUTE = 60


def within(kind: str, caller: str, limit: int) -> bool:
    """Count one call of ``caller`` and return whether it is within the limit; 0 is none."""
    if not limit:
        return True
    key = f"api:{kind}:{caller}:{int(time.time()) // MINUTE}"
    cache.add(key, 0, timeout=2 * MINUTE)
    try:
        return cache.incr(key) <= limit
    except ValueError:  # the cache dropped the key since the line before
        return True


def limits_of(kind: str) -> tuple[int, int]:
    """Return the calls a minute of one user, and of one address of nobody."""
    return {
        "exports": (settings.API_EXPORTS_PER_MINUTE, settings.API_EXPORTS_PER_MINUTE),
        "detections": (settings.DETECTIONS_PER_MINUTE, settings.NOBODY_DETECTIONS_PER_MINUTE),
    }.get(kind, (settings.API_USER_PER_MINUTE, settings.API_NOBODY_PER_MINUTE))


def seconds_left() -> int:
    """Return the seconds until the next minute begins, at least one."""
    return max(1, MINUTE - int(time.time()) % MINUTE)
