"""Child processes that are restarted when they die and never outlive their parent."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from django.conf import settings

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a dead child is started again
# A child that lived so long was healthy: its next death counts as the first.
HEALTHY = 60.0
PR_SET_PDEATHSIG = 1


class Child:
    """One program that should be running."""

    def __init__(self, name: str, command: Sequence[str], say: Callable[[str], None]) -> None:
        self.name, self.command, self.say = name, command, say
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.due = 0.0
        self.pause = SHORTEST_PAUSE

    def start(self) -> None:
        """Start the program in a process group of its own, so that Ctrl-C reaches us alone."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            # Quiet unless asked otherwise: what the terminal has said stays in sight.
            env={"LOG_LEVEL": "WARNING"} | os.environ,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent,
        )

    def look(self) -> int | None:
        """Start the program again when it has died; return the exit code if it was seen now."""
        if self.process is None:
            if time.monotonic() >= self.due:
                self.start()
            return None
        code = self.process.poll()
        if code is None:
            return None
        self.process = None
        if time.monotonic() - self.started > HEALTHY:
            self.pause = SHORTEST_PAUSE
        self.due = time.monotonic() + self.pause
        self.say(f"The {self.name} {how(code)}; it is started again in {self.pause:.0f} s.")
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        return code

    def ask_to_stop(self) -> None:
        """Send SIGTERM: the program finishes what it must."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until the program has ended; end it by force after ``seconds``."""
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self.say(f"The {self.name} did not stop in time and is ended by force.")
            self.process.kill()
            self.process.wait()
        self.process = None


def how(code: int) -> str:
    """Return how a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    return f"was killed by {signal.Signals(-code).name}"


def die_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent ends, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
