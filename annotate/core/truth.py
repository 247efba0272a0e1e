"""The methods that make truth from answers, by name.

Each is a class: hyper-parameters are its fields, ``fit(table, known)`` returns the object itself,
and what it learnt ends in ``_``: ``probabilities_`` (tasks, labels), ``confusions_`` (workers,
truth, said) and ``priors_`` (labels,). They look at all tasks of a campaign at once, since what a
worker is worth shows in all his answers; `annotate.core.consensus` decides unit by unit. Where a
unit must be judged as its answers come in, take the matrices from the last fit and ask
`annotate.core.stopping`.
"""

from typing import Protocol

from annotate.core.dawid_skene import DawidSkene, OneCoin, PooledDawidSkene
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


def learn(table: LabelTable, known: Truth | None = None, method: str = "dawid-skene") -> Method:
    """Return the method of this name, fitted; raises ValueError if there is none."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    return METHODS[method]().fit(table, known)
