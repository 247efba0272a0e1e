"""Scans that other runs have made already: files with the same bytes are not computed again."""

from typing import Any

from analysis.models import Layer, Run, Shard, State
from analysis.services import files

# What decides the bytes of a scan's shards. Slugs, names of layers, steps and their options do not.
DECIDES = (
    "network",
    "image_set",
    "modules",
    "top",
    "precision",
    "shard",
    "batch",
    "low",
    "seed",
    "version",
)


def shard_file(run: Run, number: int) -> str:
    """Return the name of a scan's shard in the media storage."""
    return f"runs/{run.key}/scan/{number:06d}.npz"


def layer_file(run: Run, layer: Layer) -> str:
    """Return the name of a layer's merged file in the media storage."""
    return f"runs/{run.key}/layers/{layer.name}.npz"


def share(shard: Shard) -> Run | None:
    """Give a shard of a scan the file that another run has made; return that run, else None.

    Safe to repeat; a run that is deleted meanwhile is passed over.
    """
    run = shard.job.run
    done = Shard.objects.filter(job__step="scan", number=shard.number, state=State.DONE)
    made = Run.objects.filter(
        jobs__shards__in=done, image_set__fingerprint=run.image_set.fingerprint
    )
    for other in made.exclude(pk=run.pk).order_by("pk"):
        if decided(other) == decided(run):
            try:
                files.share(shard_file(run, shard.number), shard_file(other, shard.number))
            except FileNotFoundError:
                continue
            return other
    return None


def decided(run: Run) -> dict[str, Any]:
    """Return the part of a run's recipe that decides the bytes of its scan."""
    return {name: run.recipe.get(name) for name in DECIDES}
