"""What a statistic is, of a run, labels or objects: a name, where it comes from, typed rows."""

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
    # Nothing but the run's own results goes into it, so that it never changes once the run is done:
    # who has it is told so without counting anew. Not where labels or matches play a part.
    settled: bool = False
    # Why a run that has done the step has no rows all the same, in a sentence; nothing if it has.
    lacking: Callable[[Run], str] = lambda run: ""


@dataclass(frozen=True)
class LabelStatistic:
    """A table counted from the labels of a network by one source.

    ``rows(labels, threshold)`` is given `services.meanings.Label`s in the order of the network.
    Where ``uses_threshold`` is false, the threshold of precision makes no difference.
    """

    name: str
    summary: str
    row: type[Any]
    rows: Callable[[list[Any], float], Iterable[Any]]
    uses_threshold: bool = True


@dataclass(frozen=True)
class ObjectStatistic:
    """A table counted from the labels of a network and the masks of an image set.

    ``rows(wanted)`` is given a `services.objects.Wanted`. Where ``needs_counts`` is true, there are
    none before a run over the image set has finished the step count.
    """

    name: str
    summary: str
    row: type[Any]
    rows: Callable[[Any], Iterable[Any]]
    needs_counts: bool = False


@dataclass(frozen=True)
class Table:
    """A statistic counted on something: ``on`` says what, ``file`` is its name when saved."""

    statistic: Statistic | LabelStatistic | ObjectStatistic
    on: dict[str, Any]
    file: str
    rows: Callable[[], Iterable[Any]]
