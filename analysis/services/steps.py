"""The steps of a run: what each needs, who works it, and into which pieces it is cut."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from analysis.models import Run

# Few shards keep merging cheap; small ones keep little to repeat after a worker was lost.
MOST_SHARDS = 400
LEAST_IMAGES = 256


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


def _plan_images(run: Run) -> tuple[int, int]:
    """Every image of the set, in manifest order, in shards as the recipe has them."""
    return run.image_set.count, run.recipe["shard"]


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("scan", "gpu", "images", "analysis.pipeline.scan", (), _plan_images),
        Step("segment", "cpu", "images", "analysis.pipeline.segment", ("scan",), _plan_images),
    )
}
