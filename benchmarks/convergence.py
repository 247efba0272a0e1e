"""What stopping early costs: fields as `locate` would stop them, beside the exact ones.

    python manage.py analyze NETWORK IMAGES --steps scan,locate --exact --units 24 --wait
    python -m benchmarks.convergence [RUN]

RUN is the first digits of the key of such a run of this installation, by default the newest. Its
exact maps hold every place of every image, so the rounds of `core/refinement.py` are replayed on
them. `places` is the share of these places that was looked at. One JSON line for each layer, the
last is of all.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from analysis.models import Run
    from analysis.pipeline.survey import Survey

Exact = dict[tuple[int, int], np.ndarray]  # (unit, rank) → (rows, columns) at every place


@dataclass(frozen=True)
class Stopped:
    """One unit: what it took, and how far its field is from the exact one."""

    layer: str
    converged: bool
    images: int
    places: float  # share of the places that an exact measurement looks at
    size: float
    exact: float
    correlation: float

    @property
    def error(self) -> float:
        """The difference of the sizes, as a share of the exact one."""
        return abs(self.size - self.exact) / self.exact


def main() -> None:
    """Replay a run and print what it says."""
    given = parsed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # late: it reads the environment

    django.setup()
    run = run_of(given.run)
    if run is None:
        print(json.dumps({"skipped": "no finished run with the step locate and --exact is here"}))
        return
    found = replayed(run)
    for layer in dict.fromkeys(one.layer for one in found):
        some = [one for one in found if one.layer == layer]
        print(json.dumps({"layer": layer} | told(some)))
    if found:
        print(json.dumps({"layer": "all"} | told(found)))


def run_of(key: str) -> "Run | None":
    """Return the newest exact run whose key begins so, with its fields measured."""
    from analysis.models import Run, State

    done = Run.objects.filter(key__startswith=key, jobs__step="locate", jobs__state=State.DONE)
    exact = (run for run in done.order_by("-pk") if run.recipe["options"]["locate"]["exact"])
    return next(exact, None)


def replayed(run: "Run") -> list[Stopped]:
    """Return every unit that has a field, stopped as if it had not been measured exactly."""
    from analysis.pipeline.survey import Survey

    survey = Survey.of(run)
    exact = {(one.unit, one.rank): one.changes for one in survey.found(0)}
    units = range(len(survey.units))
    return [one for unit in units if (one := stopped(survey, unit, exact)) is not None]


def stopped(survey: "Survey", unit: int, exact: Exact) -> Stopped | None:
    """Lead one unit through the rounds; None where it has no field."""
    from analysis.core.discrepancy import average, measured
    from analysis.core.refinement import Course, correlation, rounds

    ranks = [rank for rank in range(len(survey.units[unit].top)) if (unit, rank) in exact]
    whole = [own for rank in ranks for own in laid(survey, unit, rank, 1, exact[unit, rank])]
    if not whole:
        return None
    mean, course = average(np.stack(whole)), Course()
    seen: dict[int, Replay] = {}
    for one in rounds(len(ranks), exact=False):
        every = course.wants(one)
        if every is None:
            continue
        course.start(one)
        for rank in range(one.first, one.last):
            replay = seen.setdefault(rank, Replay(exact[unit, rank]))
            replay.refine(every, known=bool(one.known))
            for own in laid(survey, unit, rank, every, replay.changes):
                course.add(own)
        course.end(one)
    if course.mean is None:
        return None
    return Stopped(
        layer=survey.layers[survey.units[unit].layer].name,
        converged=course.converged,
        images=len(seen),
        places=sum(one.looked / one.exact.size for one in seen.values()) / len(ranks),
        size=measured(course.mean).size,
        exact=measured(mean).size,
        correlation=correlation(course.mean, mean),
    )


@dataclass
class Replay:
    """One image's map, refined as `locate` would: what it is now, and how many looks it took."""

    exact: np.ndarray  # (rows, columns) at every place
    changes: np.ndarray = field(init=False)
    looked: int = 0

    def refine(self, every: int, *, known: bool) -> None:
        """Go on to a lattice, from what is known or from the coarsest."""
        from analysis.core.refinement import lattices, refined

        way = lattices(every, known=known, exact=False)
        before = self.changes[None] if known else None
        rows, columns = self.exact.shape
        self.changes = refined(before, way, (rows, columns), self.look)[0]

    def look(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the exact changes at some places, as maps of one unit."""
        self.looked += len(rows) * len(columns)
        return self.exact[None, rows[:, None], columns]


def laid(
    survey: "Survey", unit: int, rank: int, every: int, changes: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the map of an image around the location that won, if anything has changed."""
    from analysis.pipeline.survey import Found

    own = survey.laid(Found(unit, rank, every, changes))
    if own is not None:
        yield own


def told(found: Sequence[Stopped]) -> dict[str, Any]:
    """Return the figures of some units."""
    errors = [one.error for one in found]
    return {
        "units": len(found),
        "converged": sum(one.converged for one in found),
        "images": round(fmean(one.images for one in found), 1),
        "places": round(fmean(one.places for one in found), 4),
        "exact_px": round(fmean(one.exact for one in found), 1),
        "stopped_px": round(fmean(one.size for one in found), 1),
        "error_median": round(median(errors), 4),
        "error_90": round(quantiles(errors, n=10)[-1] if len(errors) > 1 else errors[0], 4),
        "error_most": round(max(errors), 4),
        "correlation_median": round(median(one.correlation for one in found), 4),
        "correlation_least": round(min(one.correlation for one in found), 4),
    }


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.convergence", description=__doc__)
    parser.add_argument("run", nargs="?", default="", help="first digits of the run's key")
    return parser.parse_args()


if __name__ == "__main__":
    main()
