"""How many answers the same quality takes: three for everybody, or asking until a unit is sure.

    python -m benchmarks.redundancy [--seeds N] [--crowds A,B] [--released FILE] [--output F.svg]

**Simulated crowds.** Units of six groups whose truth is known to the benchmark alone, easy and
hard ones; workers who are good, hasty, spamming or adversarial, in stated shares (CROWDS). Fixed:
three answers to each unit, by majority and by Dawid-Skene. Adaptive: a calibration share of the
units gets three answers, all others one; then, round by round, Dawid-Skene learns the workers from
the units with several answers, and each unit whose likeliest group is less probable than a
threshold gets one more, up to six. Both see the same answers in the same order. Quality is the
share of units with the true group. With --best-first an unsure unit gets, of the up to six people
who come for it, whoever is right most often by the last fit, as campaigns do.
The threshold is chosen on the even seeds, as the one with the fewest answers whose quality is
above that of the fixed way by MARGIN; quality and answers are then measured on the odd seeds.

**Released answers** (with --released, the paper's .mat file). Their units have no known truth and
their answers no authors. A stream of answers is drawn with replacement from each unit's three, the
pooled model judges them, and quality is agreement with the majority of the three, over the units
that have one. This shows whether the rule spends answers where people differ. It cannot show
that the labels are right, and drawing one person twice makes people agree more than others would.

Each point of each curve is a line of JSON; the last line is the mixed crowd's result (or that of
the first crowd asked for).
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from annotate.core.dawid_skene import DawidSkene, PooledDawidSkene, accuracies, posteriors
from annotate.core.label_table import LabelTable
from annotate.core.votes import Majority

GROUPS, UNITS, WORKERS, FIXED, MOST = 6, 1376, 30, 3, 6
CALIBRATION = 0.15  # of the units get three answers at once
HARD = 0.25  # of the units
MARGIN = 0.01  # asked for on the even seeds, so that the quality holds on the odd ones
# Chance to be right on easy and hard units; a spammer presses one favourite button.
RIGHT = {"good": (0.96, 0.75), "hasty": (0.75, 0.45), "adversarial": (0.05, 0.05)}
KINDS = ("good", "hasty", "spamming", "adversarial")
CROWDS = {
    "good": (1.0, 0.0, 0.0, 0.0),
    "mixed": (0.65, 0.20, 0.10, 0.05),
    "hasty": (0.30, 0.70, 0.0, 0.0),
    "spamming": (0.50, 0.20, 0.30, 0.0),
    "adversarial": (0.60, 0.20, 0.0, 0.20),
}
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
# Of each fit between rounds of asking: none needs its last digit.
ITERATIONS, TOLERANCE = 25, 1e-3


@dataclass(frozen=True)
class Stream:
    """What everybody would answer, in the order in which they would be asked: (units, MOST)."""

    worker: np.ndarray
    label: np.ndarray
    truth: np.ndarray  # -1 where there is none to compare with
    workers: int
    method: type[DawidSkene]
    calibration: float = CALIBRATION

    def judge(self) -> DawidSkene:
        """Return the method, not fitted yet."""
        return self.method(iterations=ITERATIONS, tolerance=TOLERANCE)


def main() -> None:
    """Measure every crowd, draw the curves, and print one JSON object as the last line."""
    options = parsed()
    makers: dict[str, Callable[[int], Stream]] = {
        name: partial(simulated, CROWDS[name]) for name in options.crowds
    }
    if options.released:
        known = released(options.released)
        makers["released"] = partial(resampled, known)
    ask = partial(adaptive, best_first=options.best_first)
    results = {name: measured(name, make, options.seeds, ask) for name, make in makers.items()}
    for result in results.values():
        say({key: value for key, value in result.items() if key != "curve"})
    if options.output:
        options.output.write_text(drawn(results), encoding="utf-8")
    last = results["mixed" if "mixed" in results else options.crowds[0]]
    say({key: value for key, value in last.items() if key != "curve"})


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=6, help="half to choose, half to measure")
    parser.add_argument("--crowds", default=",".join(CROWDS), help="names with commas between")
    parser.add_argument(
        "--best-first", action="store_true", help="unsure units to who is right most often"
    )
    parser.add_argument("--released", type=Path, help="unitAnnotation_places205-alexnet.mat")
    parser.add_argument("--output", type=Path, help="where to draw the curves (SVG)")
    options = parser.parse_args()
    options.crowds = options.crowds.split(",")
    if strange := set(options.crowds) - set(CROWDS):
        parser.error(f"--crowds {strange.pop()}: there are {', '.join(CROWDS)}")
    if options.seeds < 2:
        parser.error(f"--seeds {options.seeds}: give at least 2, one to choose, one to measure")
    return options


def say(found: dict[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(found) + "\n")


# ---- Crowds ----------------------------------------------------------------------------------
def simulated(shares: tuple[float, ...], seed: int) -> Stream:
    """Return what a crowd of these shares of kinds would answer."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, GROUPS, UNITS)
    hard = (chance.random(UNITS) < HARD).astype(int)
    last = np.cumsum(np.multiply(shares, WORKERS)).round()
    kind = np.searchsorted(last, np.arange(WORKERS), side="right")
    worker = np.array([chance.permutation(WORKERS)[:MOST] for _ in range(UNITS)])
    label = np.empty((UNITS, MOST), np.int64)
    favourite = chance.integers(0, GROUPS, WORKERS)
    for number, name in enumerate(KINDS):
        here = kind[worker] == number
        label[here] = (
            favourite[worker[here]]
            if name == "spamming"
            else looked(np.array(RIGHT[name])[hard], truth, chance)[here]
        )
    return Stream(worker, label, truth, WORKERS, DawidSkene)


def looked(right: np.ndarray, truth: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Return labels (units, MOST): the truth with its chance, else a neighbour more than others."""
    shape = len(truth), MOST
    step = np.where(chance.random(shape) < 0.6, 1, chance.integers(1, GROUPS, shape))
    other = (truth[:, None] + step) % GROUPS
    return np.where(chance.random(shape) < right[:, None], truth[:, None], other)


def released(file: Path) -> np.ndarray:
    """Return the released groups, (units, 3) from 0."""
    from scipy.io import loadmat

    layers = loadmat(file, squeeze_me=True)["layerAnnotation"]
    rows = [[int(row[i]) - 1 for i in (1, 4, 7)] for cells, _ in layers for row in cells]
    return np.array(rows)


def resampled(answers: np.ndarray, seed: int) -> Stream:
    """Return a stream drawn with replacement from each unit's three answers."""
    chance = np.random.default_rng(seed)
    units = len(answers)
    label = np.take_along_axis(answers, chance.integers(0, 3, (units, MOST)), axis=1)
    votes = (answers[:, :, None] == np.arange(GROUPS)).sum(axis=1)  # (units, groups)
    truth = np.where(votes.max(axis=1) >= 2, votes.argmax(axis=1), -1)
    worker = np.broadcast_to(np.arange(MOST), label.shape)
    return Stream(worker, label, truth, MOST, PooledDawidSkene)


# ---- Ways of asking --------------------------------------------------------------------------
def table(stream: Stream, asked: np.ndarray, units: np.ndarray) -> LabelTable:
    """Return the first ``asked`` answers of these units."""
    unit, place = np.nonzero(np.arange(MOST) < asked[units][:, None])
    names = range(len(units)), range(stream.workers), range(GROUPS)
    row = units[unit]
    return LabelTable(unit, stream.worker[row, place], stream.label[row, place], *names)


def believed(stream: Stream, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each group for each unit, and how often each worker is right.

    Workers are learnt from the units with several answers; a single one has nothing beside it.
    """
    method = stream.judge().fit(table(stream, asked, np.flatnonzero(asked > 1)))
    every = table(stream, asked, np.arange(len(asked)))
    worth = accuracies(method.confusions_, method.priors_)
    return posteriors(every, method.confusions_, method.priors_), worth


def best_next(stream: Stream, asked: np.ndarray, more: np.ndarray, worth: np.ndarray) -> Stream:
    """Put whoever is right most often, of those still to come for a unit, next in its order."""
    worker, label, units = stream.worker.copy(), stream.label.copy(), np.flatnonzero(more)
    to_come = np.arange(MOST) >= asked[units][:, None]  # (units, MOST)
    best = np.where(to_come, worth[worker[units]], -1.0).argmax(axis=1)
    for table_ in (worker, label):
        following = table_[units, asked[units]]
        table_[units, asked[units]] = table_[units, best]
        table_[units, best] = following
    return replace(stream, worker=worker, label=label)


def quality(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of units with the true group, over those that have one."""
    right = probabilities.argmax(axis=1) == truth
    return float(right[truth >= 0].mean())


def fixed(stream: Stream, method: Any) -> float:
    """Return the quality of three answers to each unit."""
    units = np.arange(len(stream.label))
    everything = table(stream, np.full(len(units), FIXED), units)
    return quality(method.fit(everything).probabilities_, stream.truth)


def adaptive(stream: Stream, threshold: float, best_first: bool = False) -> tuple[float, float]:
    """Return answers a unit and quality of asking until each unit is this sure."""
    units = len(stream.label)
    asked = np.where(np.arange(units) < round(stream.calibration * units), FIXED, 1)
    while True:
        probabilities, worth = believed(stream, asked)
        more = (probabilities.max(axis=1) < threshold) & (asked < MOST)
        if not more.any():
            return float(asked.mean()), quality(probabilities, stream.truth)
        if best_first:
            stream = best_next(stream, asked, more, worth)
        asked = asked + more


# ---- Measuring -------------------------------------------------------------------------------
def measured(
    name: str, make: Callable[[int], Stream], seeds: int, ask: Callable[..., tuple[float, float]]
) -> dict[str, Any]:
    """Return one crowd's curve and what it comes to."""
    streams = [make(seed) for seed in range(seeds)]
    majority = [fixed(stream, Majority()) for stream in streams]
    knowing = [fixed(stream, stream.judge()) for stream in streams]
    curve = []
    for threshold in THRESHOLDS:
        points = [ask(stream, threshold) for stream in streams]
        curve.append((threshold, points))
        say({"crowd": name, "threshold": threshold, **mean_point(points)})
    found = {
        "crowd": name,
        "seeds": seeds,
        "units": len(streams[0].label),
        "fixed_answers": FIXED,
        "fixed_quality": round(fmean(majority[1::2]), 4),
        "fixed_dawid_skene_quality": round(fmean(knowing[1::2]), 4),
        **chosen(curve, majority, ""),
        **chosen(curve, knowing, "_against_dawid_skene"),
    }
    return found | {"curve": [mean_point(points) for _, points in curve]}


def mean_point(points: list[tuple[float, float]]) -> dict[str, float]:
    """Return the means of answers a unit and quality."""
    answers, right = zip(*points, strict=True)
    return {"answers": round(fmean(answers), 4), "quality": round(fmean(right), 4)}


def chosen(
    curve: list[tuple[float, list[tuple[float, float]]]], wanted: list[float], against: str
) -> dict[str, Any]:
    """Choose the threshold on the even seeds, and measure it on the odd ones.

    Where no threshold reaches the quality that is aimed at the best one is taken. ``reached`` says
    whether the quality on the odd seeds is the fixed way's or better.
    """
    aim = fmean(wanted[::2]) + MARGIN
    good = [(threshold, points) for threshold, points in curve if even(points)["quality"] >= aim]
    best = max(curve, key=lambda point: even(point[1])["quality"])
    threshold, points = min(good or [best], key=lambda point: even(point[1])["answers"])
    here = mean_point(points[1::2])
    return {
        f"adaptive_answers{against}": here["answers"],
        f"adaptive_quality{against}": here["quality"],
        f"ratio{against}": round(here["answers"] / FIXED, 4),
        f"threshold{against}": threshold,
        f"reached{against}": here["quality"] >= round(fmean(wanted[1::2]), 4),
    }


def even(points: list[tuple[float, float]]) -> dict[str, float]:
    """Return the means over the even seeds."""
    return mean_point(points[::2])


# ---- Drawing ---------------------------------------------------------------------------------
WIDTH, HEIGHT, LEFT, BOTTOM, ROW = 720, 420, 60, 50, 20
PLOT = 500  # pixels of the horizontal axis; the names stand right of it
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def drawn(results: dict[str, dict[str, Any]]) -> str:
    """Return an SVG: a curve for each crowd, a ring where three answers by majority stand.

    Each result has ``curve`` (points of answers and quality), ``fixed_answers`` and
    ``fixed_quality``.
    """
    values = [point["quality"] for result in results.values() for point in result["curve"]]
    floor = min([*values, *(result["fixed_quality"] for result in results.values())]) // 0.1 * 0.1
    parts = axes(floor)
    for number, (name, result) in enumerate(results.items()):
        colour = COLOURS[number % len(COLOURS)]
        spots = [place(point["answers"], point["quality"], floor) for point in result["curve"]]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = place(result["fixed_answers"], result["fixed_quality"], floor)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        y = 40 + ROW * number
        parts.append(f'<text x="{LEFT + PLOT + 20}" y="{y}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def axes(floor: float) -> list[str]:
    """Return the head of the picture: axes, their numbers and names."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" fill="#333333">share of units right; rings: three answers to '
        "each, by majority</text>",
        f'<text x="{LEFT + PLOT / 2 - 60}" y="{HEIGHT - 12}" fill="#333333">'
        "answers to a unit</text>",
    ]
    for answers in range(1, 7):
        x, y = place(answers, floor, floor)
        parts.append(f'<text x="{x - 4:.1f}" y="{y + 18:.1f}" fill="#333333">{answers}</text>')
    steps = round((1 - floor) / 0.1)
    for step in range(steps + 1):
        value = floor + step * 0.1
        x, y = place(1, value, floor)
        parts.append(f'<path d="M{x:.1f} {y:.1f}h{PLOT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x - 32:.1f}" y="{y + 4:.1f}" fill="#333333">{value:.1f}</text>')
    return parts


def place(answers: float, quality: float, floor: float) -> tuple[float, float]:
    """Return where a point stands in the picture."""
    high = HEIGHT - BOTTOM - 30
    return LEFT + PLOT * (answers - 1) / 5, 30 + high * (1 - quality) / (1 - floor)


if __name__ == "__main__":
    main()
