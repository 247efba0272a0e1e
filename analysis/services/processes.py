"""Who is working: a name for this process by which others on the same machine see if it lives."""

import os
import secrets
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

# A name reads host/namespace/pid/birth/claim. Process numbers mean something only within one
# host and one namespace (containers have their own), and are used again: hence the birth.
PARTS = 5


def claim_name() -> str:
    """Return a name for one claim of this process, never given twice."""
    return f"{process_name()}{secrets.token_hex(4)}"


def process_name() -> str:
    """Return how the names of all claims of this process begin."""
    return f"{_place()}/{os.getpid()}/{_birth(os.getpid())}/"


def surely_gone(name: str) -> bool:
    """Return whether the process ``name`` ran here and has ended; False when nobody can tell."""
    parts = name.split("/")
    if len(parts) != PARTS or "/".join(parts[:2]) != _place() or not parts[2].isdecimal():
        return False
    if not Path("/proc/self/stat").exists():
        return _no_such_process(int(parts[2]))
    return _birth(int(parts[2])) != parts[3]


def spoken(name: str) -> str:
    """Return the part of a name that says something to people: host and process number."""
    parts = name.split("/")
    return f"{parts[0]}:{parts[2]}" if len(parts) == PARTS else name


@lru_cache(maxsize=1)
def _place() -> str:
    """Return this host and namespace of processes, e.g. ``atlas/4026531836``."""
    space = "0"
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    return f"{socket.gethostname().replace('/', '_')[:80]}/{space}"


def _birth(pid: int) -> str:
    """Return when process ``pid`` was started, in ticks since the machine was; "" if it is gone.

    A process that has ended but was not waited for yet (a zombie) is gone.
    """
    with suppress(OSError):
        # Field 2 is the name in brackets and may hold blanks; the state is the field behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        state, *rest = fields.rpartition(")")[2].split()
        return "" if state in "ZX" else rest[18]
    return ""


def _no_such_process(pid: int) -> bool:
    """Return whether no process has this number, on systems without /proc."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
