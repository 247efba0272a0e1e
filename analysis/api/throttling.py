"""How often somebody may call: a count for each user or address, and minute."""

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    # Late, for DRF reads the settings that name this module while it makes that class.
    from rest_framework.views import APIView

MINUTE = 60


class PerMinute(BaseThrottle):
    """Counts calls in fixed minutes.

    The count is raised by the cache in one step, so that parallel calls are all counted. With
    Redis as the cache all web processes share it; without, each process counts for itself.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count this call and return whether it is within the limit."""
        caller, limit = self.caller_and_limit(request, view)
        if not limit:
            return True
        kind = getattr(view, "rate", "calls")
        key = f"api:{kind}:{caller}:{int(time.time()) // MINUTE}"
        cache.add(key, 0, timeout=2 * MINUTE)
        try:
            return cache.incr(key) <= limit
        except ValueError:  # the cache dropped the key since the line before
            return True

    def caller_and_limit(self, request: Request, view: "APIView") -> tuple[str, int]:
        """Return who is counted, and up to where."""
        if getattr(view, "rate", "calls") == "exports":
            limits = settings.API_EXPORTS_PER_MINUTE, settings.API_EXPORTS_PER_MINUTE
        else:
            limits = settings.API_USER_PER_MINUTE, settings.API_NOBODY_PER_MINUTE
        if request.user.is_authenticated:
            return f"user-{request.user.pk}", limits[0]
        return f"address-{self.get_ident(request)}", limits[1]

    def wait(self) -> float:
        """Return the seconds until the next minute begins, at least one."""
        return max(1, MINUTE - int(time.time()) % MINUTE)
