"""What a campaign will take: answers, hours, money; a forecast with an interval, judged later.

A forecast rests on a past (what units took and how long answers lasted elsewhere) or on stated
assumptions, and says on which. Its interval comes from draws of what is not known: how many
answers units really need, who will come and how fast they are, and the chance of the units and
answers at hand. It does not know of pauses, of workers who do not come, or of answers thrown away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Draws = Float64[np.ndarray, " draws"]
HOUR = 3600
DRAWS = 4000


@dataclass(frozen=True)
class Past:
    """What was seen: answers that each finished unit took, seconds and author of each answer.

    Without ``workers`` every answer counts as another person's, and the interval of the hours is
    too narrow where people differ in pace.
    """

    needed: Sequence[int]
    seconds: Sequence[float]
    workers: Sequence[int] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a past that cannot have been."""
        if not len(self.needed) or not len(self.seconds):
            raise ValueError("no past units or answers: state assumptions instead")
        if min(self.needed) < 1 or not min(self.seconds) >= 0:
            raise ValueError(
                "a past unit took less than 1 answer, or an answer less than 0 seconds"
            )
        if self.workers is not None and len(self.workers) != len(self.seconds):
            raise ValueError(
                f"{len(self.seconds)} answers of {len(self.workers)} workers: name each"
            )


@dataclass(frozen=True)
class Assumed:
    """What is assumed: shares of units by the answers they need, and the mean seconds an answer.

    ``needed`` is {answers: share}. The mean seconds may lie anywhere between the two given; where a
    ``Past`` is given instead, answers last as they did there. The shares are trusted like those of
    ``worth`` units that were seen.
    """

    needed: Mapping[int, float]
    seconds: tuple[float, float] | Past
    worth: float = 20

    def __post_init__(self) -> None:
        """Raise ValueError for assumptions that contradict themselves."""
        total = sum(self.needed.values())
        if not self.needed or min(self.needed) < 1 or min(self.needed.values()) < 0:
            raise ValueError("needed gives the share of units that take 1, 2, ... answers each")
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the shares of units sum to {total:g}: make them sum to 1")
        if not self.worth > 0:
            raise ValueError(f"shares worth {self.worth} units: give a worth above 0")
        if not isinstance(self.seconds, Past) and not 0 <= self.seconds[0] <= self.seconds[1]:
            low, high = self.seconds
            raise ValueError(
                f"an answer lasts {low:g} to {high:g} seconds: give the lower number first, from 0"
            )


@dataclass(frozen=True)
class Pay:
    """Money for each answer, for each hour, and a platform's ``fee`` as a share of both."""

    per_answer: float = 0.0
    per_hour: float = 0.0
    fee: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for money that flows the other way."""
        if not min(self.per_answer, self.per_hour, self.fee) >= 0:
            raise ValueError(f"{self}: no amount may be below 0")


@dataclass(frozen=True)
class Forecast:
    """An expected value (the middle of the draws) and the interval that holds ``level`` of them."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Plan:
    """What a campaign of so many units will take, and whether the past or assumptions say so."""

    units: int
    answers: Forecast
    hours: Forecast
    money: Forecast
    level: float
    basis: str


@dataclass(frozen=True)
class Outcome:
    """What was forecast beside what came: ``ratio`` is actual over expected."""

    forecast: Forecast
    actual: float
    ratio: float | None
    within: bool


def plan(
    units: int,
    basis: Past | Assumed,
    pay: Pay,
    rng: np.random.Generator,
    level: float = 0.9,
) -> Plan:
    """Forecast the answers, hours and money that so many units will take.

    Raises:
        ValueError: there is no unit, or the level is not between 0 and 1.
    """
    if units < 1 or not 0 < level < 1:
        raise ValueError(f"{units} units at level {level}: give at least 1 unit, 0 < level < 1")
    answers = _answers(units, basis, rng)
    seconds = _seconds(answers, basis, rng)
    money = (answers * pay.per_answer + seconds / HOUR * pay.per_hour) * (1 + pay.fee)
    return Plan(
        units=units,
        answers=_forecast(answers, level),
        hours=_forecast(seconds / HOUR, level),
        money=_forecast(money, level),
        level=level,
        basis="past" if isinstance(basis, Past) else "assumed",
    )


def hindsight(planned: Plan, *, answers: float, hours: float, money: float) -> dict[str, Outcome]:
    """Say how right a plan was, of each quantity by name."""
    actual = {"answers": answers, "hours": hours, "money": money}
    return {name: _outcome(getattr(planned, name), value) for name, value in actual.items()}


def _answers(units: int, basis: Past | Assumed, rng: np.random.Generator) -> Draws:
    """Draw how many answers all units take.

    The shares are drawn from a Dirichlet (the past's counts: the Bayesian bootstrap), then units
    by those shares: not knowing the shares widens the interval as well as chance does.
    """
    if isinstance(basis, Past):
        numbers, seen = np.unique(np.asarray(basis.needed), return_counts=True)
        weights = seen.astype(np.float64)
    else:
        numbers = np.array([n for n, share in basis.needed.items() if share > 0])
        shares = np.array([share for share in basis.needed.values() if share > 0])
        weights = shares * basis.worth
    shares = rng.dirichlet(weights, size=DRAWS)  # (draws, numbers)
    return np.asarray(rng.multinomial(units, shares) @ numbers, np.float64)


def _seconds(answers: Draws, basis: Past | Assumed, rng: np.random.Generator) -> Draws:
    """Draw how many seconds so many answers last in all."""
    if isinstance(basis, Assumed):
        if isinstance(basis.seconds, Past):
            return _seconds(answers, basis.seconds, rng)
        return np.asarray(answers * rng.uniform(*basis.seconds, size=DRAWS))
    seconds = np.asarray(basis.seconds, np.float64)
    workers = np.arange(len(seconds)) if basis.workers is None else np.asarray(basis.workers)
    _, worker = np.unique(workers, return_inverse=True)
    given, lasted = np.bincount(worker), np.bincount(worker, seconds)
    # Who they were is one draw, who comes next another: as many again, from that crowd.
    chance = rng.dirichlet(np.ones(len(given)), size=DRAWS)  # (draws, workers)
    crowd = rng.multinomial(len(given), chance)
    mean = crowd @ lasted / (crowd @ given)
    spread = float((seconds - (lasted / given)[worker]).std())
    noise = rng.normal(0, spread, size=DRAWS) * np.sqrt(answers)
    return np.asarray(np.maximum(answers * mean + noise, 0.0))


def _forecast(values: Draws, level: float) -> Forecast:
    """Return the middle of the draws, and what holds this share of them."""
    low, middle, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Forecast(float(middle), float(low), float(high))


def _outcome(forecast: Forecast, actual: float) -> Outcome:
    """Set what came beside what was forecast."""
    if not actual >= 0:
        raise ValueError(f"what came is {actual}: give a number from 0")
    ratio = actual / forecast.expected if forecast.expected else None
    return Outcome(forecast, actual, ratio, forecast.low <= actual <= forecast.high)
