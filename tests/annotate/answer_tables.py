"""Tables of answers for the tests of consensus: small ones by hand, larger ones simulated."""

import numpy as np
import pandas as pd

from annotate.core.label_table import LabelTable

# Five workers on five tasks; e never looks. Truth: yes no yes no yes.
BY_HAND = {
    "t1": {"a": "yes", "b": "yes", "c": "yes", "d": "no", "e": "no"},
    "t2": {"a": "no", "b": "no", "c": "no", "d": "no", "e": "no"},
    "t3": {"a": "yes", "b": "yes", "c": "no", "d": "yes", "e": "no"},
    "t4": {"a": "no", "b": "no", "c": "no", "d": "yes", "e": "no"},
    "t5": {"a": "yes", "b": "no", "c": "yes", "d": "yes", "e": "no"},
}


def by_hand():
    rows = [(task, who, said) for task, row in BY_HAND.items() for who, said in row.items()]
    return LabelTable.of(rows, labels=["yes", "no"])


def simulated(tasks=400, workers=20, labels=4, seed=0, reliable=(0.45, 0.95)):
    """Return a table and the truth: workers right with their own probability, else at random."""
    rng, each = np.random.default_rng(seed), min(5, workers - 1)
    truth = rng.integers(0, labels, tasks)
    right = rng.uniform(*reliable, workers)
    worker = np.array([rng.choice(workers, each, replace=False) for _ in range(tasks)])
    sure = rng.random(worker.shape) < right[worker]
    label = np.where(sure, truth[:, None], rng.integers(0, labels, worker.shape))
    task = np.repeat(np.arange(tasks), each)
    names = range(tasks), range(workers), range(labels)
    return LabelTable(task, worker.ravel(), label.ravel(), *names), truth


def frame(table):
    """Return the table as crowd-kit takes it."""
    return pd.DataFrame({"task": table.task, "worker": table.worker, "label": table.label})


def in_order(probabilities, table):
    """Return crowd-kit's probabilities as (tasks, labels)."""
    return probabilities.sort_index()[range(len(table.labels))].to_numpy()
