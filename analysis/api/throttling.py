"""How often somebody may call: a count for each user or address, and minute."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from analysis.services import rates

if TYPE_CHECKING:
    # Late, for DRF reads the settings that name this module while it makes that class.
    from rest_framework.views import APIView


class PerMinute(BaseThrottle):
    """Counts calls in fixed minutes; see services/rates.py."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count this call and return whether it is within the limit."""
        kind = getattr(view, "rate", "calls")
        user, nobody = rates.limits_of(kind)
        if request.user.is_authenticated:
            return rates.within(kind, f"user-{request.user.pk}", user)
        return rates.within(kind, f"address-{self.get_ident(request)}", nobody)

    def wait(self) -> float:
        """Return the seconds until the next minute begins, at least one."""
        return rates.seconds_left()
