"""What groups a campaign's units would be of by each method: how many others, and which."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from annotate.core.dawid_skene import Classes
from annotate.core.heard import Heard, Tables, by_unit
from annotate.core.label_table import LabelTable
from annotate.core.rules import CATEGORIES
from annotate.core.trust import Trust, group_odds, learnt, read, right, weights
from annotate.core.truth import BY_HEAD, TIEABLE, learn
from annotate.core.truth import METHODS as TRUTHS

Fitted = dict[str, Any]
Groups = dict[str, str]  # of each unit


class Compared(NamedTuple):
    """One unit that would be of another group."""

    method: str
    tied: bool
    layer: str
    unit: int
    category: str  # as the campaign's own method has it
    would_be: str


def kinds(heard: Sequence[Heard], table: LabelTable) -> Classes:
    """Return the kind of each worker of a table: 0 whoever came by a link, 1 a member."""
    member = {one.who: one.member for one in heard}
    return np.array([int(member[str(who)]) for who in table.workers], np.int64)


def fitted(tables: Tables, method: str, classes: Classes | None) -> Fitted:
    """Return what is kept of a fit of the groups, with the accuracy and weight of each worker."""
    table = tables.groups
    kept = learnt(learn(table, tables.known_groups, method, classes), table)
    accuracy = right(kept)
    even = method == BY_HEAD
    weighed = weights(accuracy, kept["answers"], len(CATEGORIES))
    kept["accuracy"] = accuracy.tolist()
    kept["weights"] = np.where(even, 1.0, weighed).round(4).tolist()
    return kept


def choices(classes: Classes) -> Iterator[tuple[str, bool]]:
    """Give every method, and tied where there are two kinds of workers to tell apart."""
    for method in TRUTHS:
        yield method, False
        if method in TIEABLE and len(set(classes.tolist())) > 1:
            yield method, True


def groups_by(kept: Fitted, units: Mapping[str, list[Heard]]) -> Groups:
    """Return the likeliest group of each unit by a fit that knows workers, as labels have it."""
    trust = Trust({}, read(kept))
    found = {}
    for unit, some in units.items():
        numbers = [CATEGORIES.index(one.category) for one in some]
        odds = group_odds(trust, [one.who for one in some], numbers)
        found[unit] = CATEGORIES[int(odds.argmax())]
    return found


def compared(
    own: tuple[str, bool],
    heard: Sequence[Heard],
    tables: Tables,
    by_head: Groups,
) -> dict[str, list[dict[str, Any]]]:
    """Return how many units each method would put into another group than ``own``, and which.

    ``by_head`` is what majority makes of each unit. Words are not compared: they follow groups and
    weights, and rarely.
    """
    units = by_unit(one for one in heard if one.truth is None)
    classes = kinds(heard, tables.groups)
    groups = {
        (method, tied): by_head
        if method == BY_HEAD
        else groups_by(fitted(tables, method, classes if tied else None), units)
        for method, tied in {own, *choices(classes)}
    }
    rows, changes = [], []
    for method, tied in choices(classes):
        changed = [
            Compared(
                *(method, tied, some[0].layer, some[0].channel),
                *(groups[own][unit], groups[method, tied][unit]),
            )
            for unit, some in units.items()
            if groups[own][unit] != groups[method, tied][unit]
        ]
        changes += [row._asdict() for row in changed]
        chosen = (method, tied) == own
        counted = {"units": len(units), "changed": len(changed)}
        rows.append({"method": method, "tied": tied, "chosen": chosen, **counted})
    return {"methods": rows, "changes": changes}
