"""Who answers: pseudonyms, and workers who came by a link and are known by a secret only."""

import hashlib
import secrets
from contextlib import suppress

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError, transaction

from annotate.models import Worker
from annotate.services import questions

QUALITIES = (
    "amber", "brave", "bright", "calm", "clever", "copper", "early", "gentle", "golden", "green",
    "happy", "hidden", "ivory", "kind", "lively", "lucky", "mellow", "merry", "misty", "noble",
    "patient", "quick", "quiet", "russet", "silver", "steady", "sunny", "swift", "violet", "wise",
)  # fmt: skip
CREATURES = (
    "badger", "beaver", "bison", "crane", "curlew", "dolphin", "falcon", "finch", "fox", "gecko",
    "hare", "hedgehog", "heron", "ibex", "jay", "kestrel", "lark", "lynx", "marten", "newt",
    "osprey", "otter", "owl", "plover", "puffin", "raven", "robin", "seal", "stork", "wren",
)  # fmt: skip


def worker_for(user: AbstractBaseUser | AnonymousUser) -> Worker:
    """Return the worker of a signed-in user, made on the first call.

    Raises:
        ValueError: nobody is signed in.
    """
    if user.pk is None:
        raise ValueError("Nobody is signed in, so there is no worker to find.")
    known: Worker | None = getattr(user, "worker", None)  # read along with the account
    if known:
        return known
    with suppress(IntegrityError), transaction.atomic():  # two tabs may come first at once
        return _new(user_id=user.pk)
    return Worker.objects.get(user_id=user.pk)


def new_link_worker() -> tuple[Worker, str]:
    """Make a worker who came by a link; the secret is for his cookie and kept nowhere."""
    secret = secrets.token_urlsafe(32)
    return _new(digest=_digest(secret)), secret


def by_secret(secret: str) -> Worker | None:
    """Return the worker whose cookie holds this secret."""
    return questions.worker_by(_digest(secret)) if secret else None


def new_simulated_worker() -> Worker:
    """Make a program that pretends to be a worker: it may answer simulated campaigns only."""
    return _new(kind=Worker.Kind.SIMULATED)


def pseudonym() -> str:
    """Return a friendly name drawn at random: it tells nothing of the person."""
    quality, creature = secrets.choice(QUALITIES), secrets.choice(CREATURES)
    return f"{quality}-{creature}-{secrets.randbelow(9000) + 1000}"


def _new(**fields: object) -> Worker:
    """Make a worker under a free pseudonym; eight million names seldom meet."""
    for _ in range(50):
        name = pseudonym()
        if not Worker.objects.filter(pseudonym=name).exists():
            return Worker.objects.create(pseudonym=name, **fields)
    raise RuntimeError("No free pseudonym was found in 50 draws: are there millions of workers?")


def _digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
