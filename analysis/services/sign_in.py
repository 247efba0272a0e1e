"""Slows down whoever guesses passwords, the same for names that exist and names that do not.

An attempt is counted before its password is looked at, so that many at the same moment are as
slow as one after the other; an attempt that succeeds is taken off again.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from analysis.models.sign_in import SignInAttempts

FORGOTTEN_AFTER = timedelta(days=1)
FIRST_WAIT = timedelta(seconds=15)
# Two at the same moment must not hinder each other by the order in which they are written down.
NOT_BLOCKED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """So many attempts are free; then the wait doubles with each, up to the longest."""

    kind: str
    free: int
    longest: timedelta

    def wait(self, count: int) -> timedelta:
        """Return how long to wait after this many attempts."""
        if count < self.free:
            return timedelta()
        # The exponent is bounded: 2^1000 seconds are no timedelta.
        return min(self.longest, FIRST_WAIT * (1 << min(count - self.free, 20)))


# One guesser at one name; one guesser at many names; many guessers at one name. The last waits
# shortly, or a stranger could keep somebody out of his own account.
HERE = Limit("name and address", 5, timedelta(minutes=15))
ADDRESS = Limit("address", 40, timedelta(minutes=15))
NAME = Limit("name", 50, timedelta(minutes=1))


def _keys(name: str, address: str, device: str) -> dict[str, Limit]:
    """Return the keys under which an attempt counts.

    From a device that has signed in under this name before, it counts for that device alone: or
    strangers at other addresses, or at the same one, could keep its owner out for ever.
    """
    name = name.strip().casefold()
    parts = {HERE: f"{name}\n{address}", ADDRESS: address, NAME: name}
    if device:
        parts = {HERE: f"{name}\n\n{device}"}
    return {
        salted_hmac(f"sign-in {limit.kind}", text, algorithm="sha256").hexdigest(): limit
        for limit, text in parts.items()
    }


@transaction.atomic
def begin(*, name: str, address: str, now: datetime, device: str = "") -> int:
    """Count an attempt; return 0 if its password may be looked at, else the seconds to wait."""
    keys = _keys(name, address, device)
    for key in keys:
        SignInAttempts.objects.get_or_create(
            key=key, defaults={"last_at": now, "blocked_until": NOT_BLOCKED}
        )
    # In the order of the keys: two attempts lock the rows they share in one order.
    rows = list(SignInAttempts.objects.select_for_update().filter(key__in=keys).order_by("key"))
    blocked = max(row.blocked_until for row in rows)
    if blocked > now:
        return math.ceil((blocked - now).total_seconds())
    for row in rows:
        row.count = 1 if row.last_at < now - FORGOTTEN_AFTER else row.count + 1
        wait = keys[row.key].wait(row.count)
        row.last_at, row.blocked_until = now, now + wait if wait else NOT_BLOCKED
        row.save(update_fields=["count", "last_at", "blocked_until"])
    return 0


@transaction.atomic
def succeeded(*, name: str, address: str, now: datetime, device: str = "") -> None:
    """Forget the attempts at this name here, and take this one off the address and the name.

    The address and the name keep their other attempts: a guesser with an account of his own
    must not clear them by signing in.
    """
    keys = _keys(name, address, device)
    shared = [key for key, limit in keys.items() if limit is not HERE]
    SignInAttempts.objects.filter(key__in=shared, count__gt=0).update(
        count=F("count") - 1, blocked_until=NOT_BLOCKED
    )
    SignInAttempts.objects.filter(key__in=keys).exclude(key__in=shared).delete()
    SignInAttempts.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
