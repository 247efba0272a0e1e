"""The methods that make truth from answers, by name.

Each is a class: hyper-parameters are its fields, ``fit(table, known)`` returns the object itself,
and what it learnt ends in ``_``: ``probabilities_`` (tasks, labels), ``confusions_`` (workers,
truth, said) and ``priors_`` (labels,). They look at all tasks of a campaign at once, since what a
worker is worth shows in all his answers; `annotate.core.consensus` decides unit by unit. Where a
unit must be judged as its answers come in, take the matrices from the last fit and ask
`annotate.core.stopping`.
"""

from typing import Protocol

from annotate.core.dawid_skene import Classes, DawidSkene, OneCoin, PooledDawidSkene
from annotate.core.label_table import LabelTable, Table
from annotate.core.mace import MACE
from annotate.core.votes import Confusions, Majority, Priors, Truth


class Method(Protocol):
    """What every method can do, and what it knows afterwards."""

    probabilities_: Table
    confusions_: Confusions
    priors_: Priors

    def fit(self, table: LabelTable, known: Truth | None = None) -> "Method":
        """Learn from a table; tasks in ``known`` keep their label."""


METHODS: dict[str, type[Method]] = {
    "majority": Majority,
    "dawid-skene": DawidSkene,
    "one-coin": OneCoin,
    "pooled": PooledDawidSkene,
    "mace": MACE,
}


# Raise it when the same answers may get another truth by any of them.
VERSION = 1
# Those that may be tied: workers of one class share what is believed of them.
TIEABLE = ("dawid-skene", "one-coin")
# All but this one trust some workers more than others, or tell which labels are taken for which.
BY_HEAD = "majority"


def learn(
    table: LabelTable,
    known: Truth | None = None,
    method: str = "dawid-skene",
    classes: Classes | None = None,
) -> Method:
    """Return the method of this name, fitted.

    Raises:
        ValueError: there is no such method, or workers cannot be tied by ``classes`` in it.
    """
    insist_on(method, tied=classes is not None)
    if classes is None:
        return METHODS[method]().fit(table, known)
    tieable: dict[str, type[DawidSkene]] = {"dawid-skene": DawidSkene, "one-coin": OneCoin}
    return tieable[method]().fit(table, known, classes)


def insist_on(method: str, tied: bool = False) -> None:
    """Raise ValueError if there is no such method, or it cannot tie workers."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    if tied and method not in TIEABLE:
        raise ValueError(
            f"{method} does not tie kinds of workers: take {' or '.join(TIEABLE)}, or untie them"
        )
