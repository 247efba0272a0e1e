"""What the fields of a run will cost, said in its log before the work begins."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.core.refinement import Round
from analysis.pipeline.survey import Look, Survey
from analysis.services.journal import log
from analysis.services.progress import duration

SAMPLE = 6  # looks whose work is counted; the others are taken to be like them


@dataclass(frozen=True)
class Cost:
    """The work of some looks: multiply-adds, and places of the occluder with all their units."""

    work: float
    places: float

    def seconds(self, measured: "Cost", took: float) -> float:
        """Return how long it takes at the pace of what was measured."""
        if measured.work and self.work:
            return self.work / measured.work * took
        return self.places / max(measured.places, 1) * took


Work = Callable[[Look], float]


def tell_cost(survey: Survey, work: Work, try_out: Callable[[Look], object]) -> None:
    """Log what the first round and the whole measurement, at most, take on this worker.

    ``work(look)`` counts multiply-adds; ``try_out(look)`` does the look, and is done to see how
    fast this worker is: once to warm up, once timed, with the look of a sample that has most work,
    for a cheap one takes as long as opening its image. Layers that need whole images have no
    count: their time is told by places.
    """
    first, most = survey.looks(0), survey.everything()
    if not first:
        return
    probe = max(sample(first), key=lambda look: (work(look), survey.places(look)))
    try_out(probe)
    began = time.monotonic()
    try_out(probe)
    took = time.monotonic() - began
    measured = cost_of(survey, [probe], work)
    words = [_words(cost_of(survey, looks, work), measured, took) for looks in (first, most)]
    images = max(len(unit.top) for unit in survey.units)
    count = sum(1 for unit in survey.units if unit.top)
    rows, columns = survey.count
    log(
        survey.run,
        f"locate: {count} units, {images} images each at most, {rows} × {columns} places of the"
        f" occluder. The first round takes {words[0]}; every place on every image would take"
        f" {words[1]}, at the pace of one image tried out.",
    )


def tell_round(survey: Survey, place: int, looks: Sequence[Look]) -> None:
    """Log how many units have settled, and what a round is about."""
    courses = survey.courses(place)
    fired = [course for course, unit in zip(courses, survey.units, strict=True) if unit.top]
    settled = sum(course.converged for course in fired)
    maps = sum(len(look.wants) for look in looks)
    log(
        survey.run,
        f"locate: round {place + 1} of {len(survey.rounds)} ({_about(survey.rounds[place])}):"
        f" {settled} of {len(fired)} units have converged, {maps:,} maps of {len(looks):,} images"
        " to do",
    )


def cost_of(survey: Survey, looks: Sequence[Look], work: Work) -> Cost:
    """Return the cost of looks, counted on a sample of them."""
    some = sample(looks)
    scale = len(looks) / max(len(some), 1)
    places = sum(survey.places(look) for look in looks)
    return Cost(scale * sum(work(look) for look in some), places)


def sample(looks: Sequence[Look]) -> Sequence[Look]:
    """Return a few looks, evenly from all."""
    return looks[:: max(1, len(looks) // SAMPLE)][:SAMPLE]


def _words(cost: Cost, measured: Cost, took: float) -> str:
    about = f"about {duration(cost.seconds(measured, took))}"
    return f"about {cost.work:.1e} multiply-adds, {about}" if cost.work else about


def _about(one: Round) -> str:
    """Return what a round is, in words."""
    images = f"images {one.first + 1} to {one.last} of each unit"
    return f"{images}, every {3 * one.every} px" if one.every else f"{images}, each on its lattice"
