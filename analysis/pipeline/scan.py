"""The step `scan`: every image once through the network, for all layers; then the top images.

A shard is a range of the manifest. Its result is one file, `runs/<key>/scan/<shard>.npz`: the
running statistics of every layer. `finish` adds them up, to the same bytes in any order, and
writes `runs/<key>/layers/<layer>.npz` and the rows of the strongest and the weakest images.
"""

from collections.abc import Callable, Iterable

import numpy as np
from django.db import transaction

from analysis.core.arrays import packed, unpacked
from analysis.core.layer_scan import Keep, LayerScan
from analysis.core.loading import batched
from analysis.models import Image, Job, Layer, Run, Shard, TopImage
from analysis.pipeline.forward import Forward
from analysis.pipeline.one_pass import gathered
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.recipes import Recipe
from analysis.services.scans import layer_file, shard_file, share

ROWS = 2000  # written by one statement
NUMBERS = 500  # asked for in one query
Rows = list[TopImage]


def work(shard: Shard, beat: Callable[[int], None]) -> bool:
    """Scan images first..last-1 and write the shard's file; a repetition writes the same bytes.

    Return whether another run had scanned them, so that its file is used. ``beat(done)`` is called
    after every batch and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more, or an activation is not finite; named.
    """
    run = shard.job.run
    if taken_over(shard):
        return True
    forward = Forward.of(run)
    keep = keep_of(forward.recipe)
    found = gathered(
        shard,
        forward,
        layers_of(run),
        lambda layer: LayerScan(layer.channels, keep, forward.device),
        beat,
    )
    files.write(shard_file(run, shard.number), found)
    return False


def taken_over(shard: Shard) -> bool:
    """Return whether another run had this shard scanned already, so that its file is used."""
    other = share(shard)
    if other and shard.number == 0:  # the others would say the same
        log(shard.job.run, f"scan: what run {other} has scanned of the same is used again")
    return other is not None


def finish(job: Job) -> None:
    """Join the shards' files: one file and the rows of every layer. May run twice."""
    run = job.run
    layers = layers_of(run)
    for layer, scan in zip(layers, merged(job, layers), strict=True):
        result = layer_result(scan, layer.width)
        files.write(layer_file(run, layer), packed(result))
        write_rows(run, layer, result)


def merged(job: Job, layers: list[Layer]) -> list[LayerScan]:
    """Return the statistics of every layer over all shards of a scan."""
    keep = keep_of(Recipe.from_json(job.run.recipe))
    total = [LayerScan(layer.channels, keep) for layer in layers]
    for number in job.shards.order_by("number").values_list("number", flat=True):
        kept = unpacked(files.read(shard_file(job.run, number)))
        for place, scan in enumerate(total):
            start = f"{place}_"
            own = {k.removeprefix(start): v for k, v in kept.items() if k.startswith(start)}
            scan.merge(LayerScan.from_state(own, keep))
    return total


def layer_result(scan: LayerScan, columns: int) -> dict[str, np.ndarray]:
    """Return what a run keeps of a layer.

    ``top_image``, ``top_activation``, ``top_row``, ``top_column``, the same with ``low_``: one row
    per unit, the most extreme first, image -1 where there were fewer images than places.
    ``counts`` and ``first``: the distribution, as `analysis.core.bins.quantile` reads it.
    """
    state = scan.state()
    result = {"counts": state["sketch_counts"], "first": state["sketch_first"]}
    for end, activation in (("top", scan.top.scores()), ("low", scan.weakest())):
        row, column = np.divmod(state[f"{end}_place"], columns)
        result |= {
            f"{end}_image": state[f"{end}_image"],
            f"{end}_activation": activation,
            f"{end}_row": row,
            f"{end}_column": column,
        }
    return result


def write_rows(run: Run, layer: Layer, result: dict[str, np.ndarray]) -> None:
    """Write the rows of a layer's strongest and weakest images, in one transaction.

    Rows that stand are left alone: the same recipe gives the same ones, and others refer to them.
    """
    ends = [result[f"{end}_image"] for end in ("top", "low")]
    numbers = np.unique(np.concatenate([numbers.ravel() for numbers in ends]))
    with transaction.atomic():
        images = image_rows(run, [int(number) for number in numbers if number >= 0])
        units = layer.units.order_by("channel").values_list("pk", flat=True)
        for some in batched(enumerate(units), max(1, ROWS // ends[0].shape[1])):
            rows = [row for at in some for row in unit_rows(run, at, result, images)]
            TopImage.objects.bulk_create(rows, batch_size=ROWS, ignore_conflicts=True)


def unit_rows(
    run: Run, at: tuple[int, int], result: dict[str, np.ndarray], images: dict[int, int]
) -> Rows:
    """Return the rows of one unit, given by its channel and primary key."""
    channel, unit = at
    rows: Rows = []
    for end in TopImage.End.values:
        columns = [result[f"{end}_{name}"][channel].tolist() for name in PLACED]
        for rank, (number, activation, row, column) in enumerate(zip(*columns, strict=True)):
            if number < 0:
                break
            rows.append(
                TopImage(
                    run=run,
                    unit_id=unit,
                    image_id=images[number],
                    end=end,
                    rank=rank,
                    activation=activation,
                    row=row,
                    column=column,
                )
            )
    return rows


PLACED = ("image", "activation", "row", "column")


def image_rows(run: Run, numbers: list[int]) -> dict[int, int]:
    """Return the primary keys of the images with these numbers; makes the rows that are missing."""
    known = _known_images(run, numbers)
    manifest = open_manifest(run.image_set)
    new = (manifest[number] for number in numbers if number not in known)
    for entries in batched(new, ROWS):
        Image.objects.bulk_create(
            [
                Image(
                    image_set=run.image_set,
                    number=entry.number,
                    path=entry.path,
                    mask=entry.mask,
                    scene=entry.scene,
                    width=entry.width,
                    height=entry.height,
                )
                for entry in entries
            ],
            ignore_conflicts=True,  # another run of the same images may be faster
        )
    return known | _known_images(run, [number for number in numbers if number not in known])


def _known_images(run: Run, numbers: Iterable[int]) -> dict[int, int]:
    known: dict[int, int] = {}
    for some in batched(numbers, NUMBERS):
        rows = Image.objects.filter(image_set=run.image_set, number__in=some)
        known.update(rows.values_list("number", "pk"))
    return known


def layers_of(run: Run) -> list[Layer]:
    """Return the run's layers in the order of the network."""
    return list(run.layers.order_by("position"))


def keep_of(recipe: Recipe) -> Keep:
    """Return how much a recipe keeps."""
    return Keep(top=recipe.top, low=recipe.low, seed=recipe.seed)
