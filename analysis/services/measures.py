"""What a statistic of a run is: a name, the step that it comes from, and typed rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from analysis.models import Run


@dataclass(frozen=True)
class Statistic:
    """A table counted from the rows of a run.

    ``row`` is a NamedTuple: its fields are the columns, in order, and ``rows(run)`` gives them
    in the order of the network. ``step`` must be done before there is anything to count.
    """

    name: str
    summary: str
    step: str
    row: type[Any]
    rows: Callable[[Run], Iterable[Any]]
