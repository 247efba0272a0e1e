"""Where a campaign stands and how it goes on: quartiles of times, money and hours, the pace.

Plain reckoning of what was and what it would be at the present pace; a forecast that knows how
little it knows is `annotate.core.planning`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotate.core.planning import HOUR, Pay


@dataclass(frozen=True)
class Quartiles:
    """Three quarters' bounds of a list of seconds, and how many there were."""

    low: float
    middle: float
    high: float
    n: int


@dataclass(frozen=True)
class Cost:
    """Answers, the hours they take, and the money that is paid for both with the fee."""

    answers: int
    hours: float
    money: float


def quartiles(seconds: Sequence[float]) -> Quartiles | None:
    """Return the quartiles by linear interpolation; None of nothing."""
    if not seconds:
        return None
    low, middle, high = np.quantile(np.asarray(seconds, np.float64), [0.25, 0.5, 0.75])
    return Quartiles(float(low), float(middle), float(high), len(seconds))


def cost(answers: int, seconds: float, pay: Pay) -> Cost:
    """Return what so many answers cost that took so many seconds in all.

    Raises:
        ValueError: a number below 0.
    """
    if answers < 0 or not seconds >= 0:
        raise ValueError(f"{answers} answers in {seconds} seconds: give numbers from 0")
    hours = seconds / HOUR
    money = (answers * pay.per_answer + hours * pay.per_hour) * (1 + pay.fee)
    return Cost(answers, hours, money)


def hours_left(missing: int, answers: int, hours: float) -> float | None:
    """Return how long the missing answers take at the pace of ``answers`` in ``hours``.

    None where nothing came: at that pace it never ends. Nothing missing takes no time.
    """
    if missing <= 0:
        return 0.0
    return missing * hours / answers if answers > 0 and hours > 0 else None
