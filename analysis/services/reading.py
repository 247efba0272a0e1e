"""Images that somebody sends, unpacked by `image_reader`: one process beside each web process.

A few bytes may ask for an hour of work or all the memory there is: a JPEG of 300,000 passes over
the same pixels, a TIFF of 5,000,000 strips. Nothing but the process that reads them is held.
"""

import atexit
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, NamedTuple, cast

from django.conf import settings

from analysis.core.images import ImageRefused
from analysis.services import image_reader
from analysis.services.image_reader import LONGEST

# Threads that the arithmetic would otherwise prepare count as memory; no secret goes along.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}


class Taken(NamedTuple):
    """An image as it was sent, and what is kept of it until it is answered."""

    width: int  # pixels, upright
    height: int
    seen: bytes  # (height, width, 3) of the network's input
    photo: bytes  # WebP of the part that the network sees, if a page shows it

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        return self.width, self.height


class Reader:
    """The process that unpacks, started when it is needed. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def taken(self, file: bytes, asked: Mapping[str, Any]) -> Taken:
        """Return an image as `image_reader.answered` reads it.

        Raises:
            ImageRefused: it cannot be used, or not within the time and memory there is for it.
        """
        process = self._running()
        try:
            question = json.dumps(asked).encode(), file
            image_reader.send(cast("IO[bytes]", process.stdin), question)
            head, seen, photo = image_reader.receive(cast("IO[bytes]", process.stdout), 3)
        except (EOFError, BrokenPipeError):
            raise ImageRefused(_ended_by(self.stop())) from None
        except BaseException:  # half an answer would be read as the next one's
            self.stop()
            raise
        told = json.loads(head)
        if "refused" in told:
            raise ImageRefused(told["refused"])
        width, height = told["size"]
        return Taken(width, height, seen, photo)

    def stop(self) -> int:
        """End the process, and return how it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()  # does nothing to one that has ended
        with suppress(BrokenPipeError), process:  # waits, and closes its pipes
            pass
        return process.returncode

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", image_reader.__name__],
                cwd=settings.BASE_DIR,
                env=ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process


def _ended_by(code: int) -> str:
    if code == -signal.SIGALRM:
        return f"it takes longer than {LONGEST} seconds to unpack: send a smaller or simpler copy"
    return "unpacking it failed, for lack of memory perhaps: send a smaller or simpler copy"


reader = Reader()
atexit.register(reader.stop)
