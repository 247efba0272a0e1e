"""Dawid-Skene beside crowd-kit's: the same answers, the same number of iterations, one run.

    python -m benchmarks.consensus [--items N] [--answers N] [--workers N] [--iterations N]

The answers are simulated: workers of several reliabilities, five answers to each item of five
labels. Both begin with the shares of votes and do the same number of rounds, ours without
smoothing, since theirs has none. They are timed in turn after a warm-up; the seconds are medians
over rounds. Ours includes making the table from its columns (theirs is given a data frame made
before), and is timed once more with the smoothing that it has by default, where it stops by itself.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from annotate.core.dawid_skene import DawidSkene
from annotate.core.label_table import LabelTable

LABELS = 5


def main() -> None:
    """Measure, and print one JSON object as the last line."""
    options = parsed()
    columns, truth = answers(options)
    try:
        theirs = crowdkit(columns, options.iterations)
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: install requirements-dev.txt, which has crowd-kit.")
    bare = DawidSkene(iterations=options.iterations, tolerance=0, smoothing=0)

    def ours() -> DawidSkene:
        return bare.fit(table(columns, options))

    timed(ours), timed(theirs)  # warm
    ours_s, theirs_s = [], []
    for _ in range(options.rounds):
        ours_s.append(timed(ours))
        theirs_s.append(timed(theirs))
    itself = DawidSkene()
    default_s = median(timed(lambda: itself.fit(table(columns, options))) for _ in range(3))
    apart = np.abs(bare.probabilities_ - theirs()).max()
    found = {
        "items": options.items,
        "answers": len(truth) * options.answers,
        "workers": options.workers,
        "labels": LABELS,
        "iterations": options.iterations,
        "rounds": options.rounds,
        "ours_s": round(median(ours_s), 4),
        "crowdkit_s": round(median(theirs_s), 4),
        "ratio": round(median(theirs_s) / median(ours_s), 2),
        "max_abs_diff": float(apart),
        "accuracy": float((bare.probabilities_.argmax(axis=1) == truth).mean()),
        "default_s": round(default_s, 4),
        "default_iterations": itself.iterations_,
    }
    sys.stdout.write(json.dumps(found) + "\n")


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=60_000)
    parser.add_argument("--answers", type=int, default=5, help="to each item")
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--iterations", type=int, default=20, help="of both")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def answers(options: argparse.Namespace) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the columns of simulated answers, and the truth of each item."""
    chance = np.random.default_rng(0)
    truth = chance.integers(0, LABELS, options.items)
    reliable = chance.uniform(0.4, 0.95, options.workers)
    # Neighbours on a ring of workers: nobody answers an item twice.
    first = chance.integers(0, options.workers, options.items)
    worker = (first[:, None] + np.arange(options.answers)) % options.workers
    right = chance.random(worker.shape) < reliable[worker]
    label = np.where(right, truth[:, None], chance.integers(0, LABELS, worker.shape))
    task = np.repeat(np.arange(options.items), options.answers)
    return {"task": task, "worker": worker.ravel(), "label": label.ravel()}, truth


def table(columns: dict[str, np.ndarray], options: argparse.Namespace) -> LabelTable:
    """Return the columns as a table."""
    names = range(options.items), range(options.workers), range(LABELS)
    return LabelTable(columns["task"], columns["worker"], columns["label"], *names)


def crowdkit(columns: dict[str, np.ndarray], iterations: int) -> Callable[[], Any]:
    """Return a call that fits crowd-kit's and returns its probabilities, in order of the items."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene as Theirs

    frame = pd.DataFrame(columns)

    def fit() -> Any:
        found: Any = Theirs(n_iter=iterations, tol=-np.inf).fit(frame).probas_
        return found.sort_index()[range(LABELS)].to_numpy()

    return fit


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
