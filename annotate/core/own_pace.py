"""How fast an answer was given, beside its own worker's pace: slow readers are no cheats.

Each answer is compared with the answers that its worker gave before it. Seconds are compared by
their logarithms, for half as long and twice as long are equally odd.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median

# Before so many answers a worker has no pace of his own.
LEAST = 5
# The pace follows a worker who gets faster, and one odd day is soon forgotten.
LATEST = 50
# Faster than this share of his own median is hurried.
HURRIED = 1 / 3
# Spread of a normal variable per median absolute deviation.
NORMAL = 1.4826
# Nobody is so even that 10% is odd; without it equal times would make any other one infinite.
LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class OwnPace:
    """One answer beside those before it."""

    ratio: float  # seconds over the median of those before; below 1 is faster
    z: float  # robust z of the logarithm: median and 1.4826 times the median absolute deviation

    def is_hurried(self, share: float = HURRIED) -> bool:
        """Tell whether it took less than this share of his own median."""
        return self.ratio < share


def own_pace(seconds: Sequence[float]) -> list[OwnPace | None]:
    """Compare each answer of one worker, oldest first, with up to `LATEST` before it.

    None stands where fewer than `LEAST` came before, and for an answer without a time (0).

    Raises:
        ValueError: a time is negative or not a number.
    """
    before: deque[float] = deque()
    ordered: list[float] = []
    found: list[OwnPace | None] = []
    for one in seconds:
        if not one >= 0:
            raise ValueError(f"an answer took {one} seconds: times are 0 or more")
        if not one:
            found.append(None)
            continue
        value = log(one)
        found.append(_beside(value, ordered) if len(ordered) >= LEAST else None)
        before.append(value)
        insort(ordered, value)
        if len(before) > LATEST:
            del ordered[bisect_left(ordered, before.popleft())]
    return found


def _beside(value: float, before: list[float]) -> OwnPace:
    """Return one answer's logarithm beside those before it."""
    middle = median(before)
    spread = NORMAL * median(abs(one - middle) for one in before)
    return OwnPace(exp(value - middle), (value - middle) / max(spread, LEAST_SPREAD))
