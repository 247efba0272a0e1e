"""What takes long to count is counted once, and kept by the hash of what it is counted from.

Nothing is ever out of date: where a label or a run changes, another hash is asked for. What is
kept is bounded in number (`CACHES["counts"]`), in size and in time.
"""

import hashlib
import json
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import caches

Counted = TypeVar("Counted")
KEPT = 24 * 3600  # seconds
LARGEST = 2_000_000  # bytes of what is kept; the figures of 3,000 concepts take half of that
# Who asks for what is being counted waits for it; few locks do, for two questions seldom meet.
_at_work = [Lock() for _ in range(16)]


def once(kind: str, made_of: object, count: Callable[[], Counted]) -> Counted:
    """Return what ``count`` makes of ``made_of``, which JSON can hold; counted by the first asker.

    ``count`` must look at nothing beside ``made_of``.
    """
    mark = digest([kind, program(), made_of])
    key, store = f"{kind}:{mark}", caches["counts"]
    if (found := store.get(key)) is None:
        with _at_work[int(mark[:8], 16) % len(_at_work)]:
            if (found := store.get(key)) is None:
                counted = count()
                if len(found := pickle.dumps(counted)) <= LARGEST:
                    store.set(key, found, KEPT)
                return counted
    return cast("Counted", pickle.loads(found))


def digest(made_of: object) -> str:
    """Return the sha256 of what JSON can hold, in the order given."""
    return hashlib.sha256(json.dumps(made_of, default=str).encode()).hexdigest()


@cache
def program() -> str:
    """Return the sha256 of what makes answers: a new version may make other ones."""
    found = hashlib.sha256()
    for room in ("core", "models", "services", "api"):
        for path in sorted((Path(settings.BASE_DIR) / "analysis" / room).glob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()
