"""The steps of a run: what each needs, who works it, and into which pieces it is cut."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from analysis.models import Run

# Few shards keep merging cheap; small ones keep little to repeat after a worker was lost.
MOST_SHARDS = 400
LEAST_IMAGES = 256
# Units share images: a larger shard opens each of them once for more units.
LEAST_UNITS, MOST_UNITS = 8, 32
UNIT_SHARDS = 16


@dataclass(frozen=True)
class Step:
    """One step of a run.

    ``module`` is the pipeline module whose ``work(shard, beat)`` does one shard and whose
    ``finish(job)`` joins the shards; it is named, not imported, so that the web side never loads
    torch. ``plan(run)`` returns the number of things to do and the size of a shard.
    """

    name: str
    queue: str
    counted: str
    module: str
    needs: tuple[str, ...]
    plan: Callable[[Run], tuple[int, int]]


def images_per_shard(count: int, batch: int) -> int:
    """Return the shard size for ``count`` images: whole batches, at most MOST_SHARDS shards."""
    return ceil(max(LEAST_IMAGES, count / MOST_SHARDS) / batch) * batch


def units_per_shard(count: int) -> int:
    """Return the shard size for ``count`` units: some sixteen shards, of 8 to 32 units each."""
    return min(max(LEAST_UNITS, ceil(count / UNIT_SHARDS)), MOST_UNITS)


def _plan_images(run: Run) -> tuple[int, int]:
    """Every image of the set, in manifest order, in shards as the recipe has them."""
    return run.image_set.count, run.recipe["shard"]


def _plan_units(run: Run) -> tuple[int, int]:
    """Every unit of the run's layers, in the order of layers and channels."""
    return sum(run.layers.values_list("channels", flat=True)), run.recipe["unit_shard"]


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("scan", "gpu", "images", "analysis.pipeline.scan", (), _plan_images),
        Step("segment", "cpu", "units", "analysis.pipeline.segment", ("scan",), _plan_units),
    )
}
