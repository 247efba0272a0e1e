"""A run watched in a terminal: a bar for each step, rate, time left, the log's lines."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TextIO

from django.db import connection

from analysis import tasks
from analysis.models import Job, Run
from analysis.services import journal, runs
from analysis.services.progress import RunProgress, StepProgress, duration

BAR = 24  # characters
LOOK_EVERY = 0.5  # seconds
# Where lines cannot be drawn over, a line every so many seconds is enough.
PLAIN_EVERY = 10.0
# A worker that is just starting gets so long before this process works by itself.
PATIENCE = 3.0


class Watcher:
    """Shows a run until it is finished, and works it in this process when nobody else does."""

    def __init__(self, run: Run, out: TextIO, patience: float = PATIENCE) -> None:
        self.run, self.out, self.patience = run, out, patience
        self.over = Event()
        self.thread: Thread | None = None
        self.seen = 0  # primary key of the last log line shown
        self.drawn = 0  # lines that are drawn over
        self.plain_due = 0.0
        self.last: list[str] = []
        self.alone_since: float | None = None

    def follow(self) -> RunProgress:
        """Return the last state of the run when it has finished."""
        # The lines are shown here: the worker's own log would show them twice.
        journal.logger.propagate = False
        try:
            while True:
                now = runs.progress(self.run)
                self._show(now)
                if now.finished:
                    return now
                self._help_if_alone(now)
                time.sleep(LOOK_EVERY)
        finally:
            self.stop()
            journal.logger.propagate = True

    def stop(self) -> None:
        """End the work in this process: the shard in hand is put back."""
        self.over.set()
        if self.thread:
            self.thread.join()

    @property
    def works(self) -> bool:
        """Return whether this process works on the run itself."""
        return self.thread is not None

    def _help_if_alone(self, now: RunProgress) -> None:
        """Begin to work here when no worker has listened for a while."""
        if not now.unattended:
            self.alone_since = None
            return
        self.alone_since = self.alone_since or time.monotonic()
        if self.thread is None and time.monotonic() - self.alone_since >= self.patience:
            self._say(f"No worker listens to the queue {now.unattended}: working here.")
            self.thread = Thread(target=self._work, name="work of this run", daemon=True)
            self.thread.start()

    def _work(self) -> None:
        """Work the run's jobs one after another, and again what waits for its next attempt."""
        try:
            while not self.over.wait(LOOK_EVERY):
                tasks.free_lost()
                for job in Job.objects.current().filter(run=self.run).select_related("run"):
                    tasks.work_here(job, self.over)
        finally:
            connection.close()

    def _show(self, now: RunProgress) -> None:
        """Print new lines of the log, then how far every step is."""
        lines = [line for line in now.log if line.pk > self.seen]
        self.seen = lines[-1].pk if lines else self.seen
        if self.out.isatty():
            self._erase()
            self._print_all([f"  {line.text}" for line in lines])
            self._print_all([step_line(step) for step in now.steps])
            self.drawn = len(now.steps)
        else:
            self._print_all([line.text for line in lines])
            if time.monotonic() >= self.plain_due or now.finished:
                bars = [step_line(step) for step in now.steps if step.started]
                self._print_all([bar for bar in bars if bar not in self.last])
                self.last = bars
                self.plain_due = time.monotonic() + PLAIN_EVERY

    def _say(self, line: str) -> None:
        self._erase()
        self._print_all([line])

    def _erase(self) -> None:
        """Go back over the bars that were drawn before."""
        if self.drawn:
            self.out.write(f"\x1b[{self.drawn}A\x1b[J")
            self.drawn = 0

    def _print_all(self, lines: list[str]) -> None:
        write: Callable[[str], int] = self.out.write
        for line in lines:
            write(f"{line}\n")
        self.out.flush()


def step_line(step: StepProgress) -> str:
    """Return one step in a line: name, bar, count, rate, time left."""
    full = int(step.share * BAR)
    bar = "#" * full + "-" * (BAR - full)
    parts = [f"{step.done:,} of {step.total:,} {step.counted}"]
    if step.merging:
        parts.append("joining the shards")
    elif step.rate:
        parts.append(f"{step.rate:.1f}/s")
        parts.append(f"{duration(step.seconds_left or 0)} left")
    elif step.state != "running":
        parts.append(step.state)
    return f"{step.name:8} [{bar}] {' · '.join(parts)}"
