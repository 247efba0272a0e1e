"""Links that show one private network, and nothing else, to who holds them.

A link carries 192 random bits, of which we keep the hash. Whoever opens it gets a cookie with the
same secret, so that no later address carries it. What a link gives is decided anew at every
request, in `shared_with`, and taken in by `atlas.readable_networks`, where all reading is decided.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from analysis.models import Network, SharedLink
from analysis.services.access import may_change

COOKIE = "unitscope_shared"
RANDOM_BYTES = 24
LENGTH = 32  # letters of a secret
SHOWN = 6
LONGEST_NAME = 80
MOST_HELD = 8  # links in one browser; the oldest goes
MOST_OPEN = 50  # links of one network
DAYS = (7, 30, 90, 365)
READING = {"GET", "HEAD"}


class LinkRefused(ValueError):
    """A link cannot be made; the message says why and what to do."""


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: nobody guesses 192 bits, so plain SHA-256 will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make(*, network: Network, user: User, name: str, days: int | None) -> tuple[SharedLink, str]:
    """Make a link for whoever ``name`` says; return its row and its secret, told only now.

    ``days`` is how long it lasts, None for until it is revoked.

    Raises:
        LinkRefused: no name, a number of days that is not offered, too many links.
    """
    name = name.strip()
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise LinkRefused(f"Say whom the link is for, in 1 to {LONGEST_NAME} letters on one line.")
    if days is not None and days not in DAYS:
        raise LinkRefused(f"A link lasts {', '.join(map(str, DAYS))} days, or until it is revoked.")
    now = timezone.now()
    if open_links(now).filter(network=network).count() >= MOST_OPEN:
        raise LinkRefused(f"There are {MOST_OPEN} open links already: revoke one first.")
    secret = secrets.token_urlsafe(RANDOM_BYTES)
    link = SharedLink.objects.create(
        network=network,
        name=name,
        prefix=secret[:SHOWN],
        digest=digest_of(secret),
        created_by=user,
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    return link, secret


def revoke(*, link: SharedLink, user: User) -> bool:
    """Close a link for good; return whether it was open. It is written down who did, and when."""
    open_one = SharedLink.objects.filter(pk=link.pk, revoked_at=None)
    return bool(open_one.update(revoked_at=timezone.now(), revoked_by=user))


def open_links(now: datetime) -> QuerySet[SharedLink]:
    """Return the links that are neither revoked nor too old."""
    return SharedLink.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def is_shared(network: Network) -> bool:
    """Return whether a link may show the network to somebody."""
    return open_links(timezone.now()).filter(network=network).exists()


def link_of(secret: str) -> SharedLink | None:
    """Return the link of a secret while it opens its network, else None."""
    found = _working([secret])
    return found[0] if found else None


def note_opened(link: SharedLink) -> None:
    """Count that the link was opened."""
    SharedLink.objects.filter(pk=link.pk).update(
        opened=F("opened") + 1, last_opened_at=timezone.now()
    )


def shared_with(request: HttpRequest) -> frozenset[int]:
    """Return the keys of the networks that the links of this browser open, for reading only."""
    if COOKIE not in request.COOKIES or request.method not in READING:
        return frozenset()
    known: frozenset[int] | None = vars(request).get("_shared_with")
    if known is None:  # a page asks several times
        known = frozenset(link.network_id for link in _working(held(request)))
        vars(request)["_shared_with"] = known
    return known


def held(request: HttpRequest) -> list[str]:
    """Return the secrets in the cookie: what has not their form, or is too much, is left out."""
    parts = request.COOKIES.get(COOKIE, "").split(".")
    return [part for part in parts if len(part) == LENGTH][-MOST_HELD:]


def held_with(request: HttpRequest, secret: str) -> str:
    """Return the cookie with one more secret in it, the oldest gone where there are too many."""
    others = [one for one in held(request) if one != secret]
    return ".".join([*others, secret][-MOST_HELD:])


def _working(given: Sequence[str]) -> list[SharedLink]:
    """Return the open links of these secrets whose maker may still change the network."""
    digests = [digest_of(secret) for secret in given if secret]
    links = open_links(timezone.now()).filter(digest__in=digests)
    return [
        link
        for link in links.select_related("network", "created_by")
        if link.created_by is not None and may_change(link.created_by, link.network)
    ]
