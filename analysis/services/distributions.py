"""How one unit's activations are distributed, and where its strongest images lie in that."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from analysis.core.arrays import row
from analysis.core.bins import folded, middles, quantile
from analysis.models import Run, Unit
from analysis.services import dissection, files
from analysis.services.scans import layer_file

STEPS = 60
HEIGHT = 40.0  # of the drawing; its width is STEPS


class Bar(NamedTuple):
    """One step of activations, in units of the drawing."""

    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Distribution:
    """Counts of activations in equal steps; values are activations, places are of the drawing."""

    low: float
    high: float
    counts: list[int]
    total: int  # activations read: a sample of every map, see core/quantiles
    strongest: float  # of the top images
    weakest: float
    top: int  # how many images that is
    beyond: int  # activations read that reach the weakest of them
    threshold: float | None  # of the step dissect
    share: float | None  # of activations at or above it

    @property
    def bars(self) -> list[Bar]:
        """Return the bars: their heights are logarithms, so that one activation can be seen."""
        most = log10(1 + max(self.counts, default=0)) or 1.0
        heights = [HEIGHT * log10(1 + count) / most for count in self.counts]
        return [Bar(x, HEIGHT - height, height) for x, height in enumerate(heights) if height]

    @property
    def top_from(self) -> float:
        """Return where the strongest images begin."""
        return self._place(self.weakest)

    @property
    def top_width(self) -> float:
        """Return how much room they take, enough to be seen."""
        return max(0.5, self._place(self.strongest) - self.top_from)

    @property
    def threshold_at(self) -> float | None:
        """Return where the threshold lies."""
        return None if self.threshold is None else self._place(self.threshold)

    def _place(self, value: float) -> float:
        return STEPS * (value - self.low) / (self.high - self.low)


def distribution_of(
    run: Run | None, unit: Unit, activations: Sequence[float]
) -> Distribution | None:
    """Return how a run found a unit's activations distributed; None where it kept nothing of it.

    ``activations`` are those of its strongest images.
    """
    if run is None or not activations:
        return None
    try:
        path = files.local(layer_file(run, unit.layer))
        counts = row(path, "counts", unit.channel)
        with np.load(path, allow_pickle=False) as kept:
            first = int(kept["first"][0])
    except (FileNotFoundError, KeyError, ValueError, BadZipFile):  # none kept, or damaged
        return None
    middle = middles()[first : first + len(counts)]
    seen = middle[counts > 0]
    if not len(seen):
        return None
    strongest, weakest = max(activations), min(activations)
    low, high = min(float(seen[0]), weakest), max(float(seen[-1]), strongest)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    at, threshold = None, None
    if run.jobs.filter(step="dissect").exists():
        at = dissection.options_in(run.recipe)["quantile"]
        threshold = float(quantile(counts[None], first, 1 - at)[0])
    return Distribution(
        low=low,
        high=high,
        counts=folded(counts, first, np.linspace(low, high, STEPS + 1)).astype(int).tolist(),
        total=int(counts.sum()),
        strongest=strongest,
        weakest=weakest,
        top=len(activations),
        beyond=int(counts[middle >= weakest].sum()),
        threshold=threshold,
        share=at,
    )
