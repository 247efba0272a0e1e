"""When a worker's standing is beyond what a campaign allows, and what follows then."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotate.core.worker_standing import Standing

# From mild to harsh: who is caught by several rules meets the harshest consequence only.
CONSEQUENCES = ("practise", "pause", "end")


@dataclass(frozen=True)
class Limit:
    """A rule: its name (missed, agreement, pace), its limit in percent, what follows beyond it."""

    name: str
    beyond: int
    then: str


@dataclass(frozen=True)
class Breach:
    """A limit that a worker's latest answers are beyond: at what share, over how many answers."""

    limit: Limit
    share: float
    answers: int

    @property
    def facts(self) -> dict[str, int]:
        """Return the numbers of the sentence that is said: whole percents."""
        percent = round(100 * self.share)
        return {"share": percent, "limit": self.limit.beyond, "answers": self.answers}


def breach(standing: Standing, limits: Sequence[Limit], when_sure: bool) -> Breach | None:
    """Return the breach with the harshest consequence, the first of equals; None without one.

    ``when_sure`` asks that the whole 95% interval lies beyond the limit. What cannot be told
    (no planted images, nobody to compare with) is beyond nothing.

    Raises:
        ValueError: a limit has a name or a consequence that there is not.
    """
    found = []
    for limit in limits:
        if limit.then not in CONSEQUENCES:
            raise ValueError(f"{limit.then!r} is no consequence: {', '.join(CONSEQUENCES)}")
        seen = _seen(standing, limit.name)
        if seen is not None and _is_beyond(seen, limit, when_sure):
            found.append(Breach(limit, seen.share, standing.answers))
    return max(found, key=lambda one: CONSEQUENCES.index(one.limit.then), default=None)


@dataclass(frozen=True)
class _Seen:
    """A share, the end of its interval that speaks most for the worker, and which way is bad."""

    share: float
    kindest: float
    high_is_bad: bool = False


def _seen(standing: Standing, name: str) -> _Seen | None:
    """Return what a rule looks at, as far as it can be told."""
    if name == "missed":
        found = standing.sensitivity
        return None if found is None else _Seen(1 - found.value, 1 - found.high, high_is_bad=True)
    if name == "agreement":
        found = standing.group
        return None if found is None else _Seen(found.value, found.high)
    if name == "pace":
        pace = standing.pace
        if pace is None or pace.ratio is None:
            return None
        # Without an interval nobody can be sure.
        return _Seen(pace.ratio, float("inf") if pace.ratio_high is None else pace.ratio_high)
    raise ValueError(f"{name!r} is no rule: missed, agreement, pace")


def _is_beyond(seen: _Seen, limit: Limit, when_sure: bool) -> bool:
    """Tell whether what was seen lies beyond a limit; at the limit is within it."""
    looked_at = seen.kindest if when_sure else seen.share
    bound = limit.beyond / 100
    return looked_at > bound if seen.high_is_bad else looked_at < bound
