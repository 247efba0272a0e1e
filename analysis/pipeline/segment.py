"""The step `segment`: the pictures of the top and the weakest images, plain and cut down.

A shard is a range of units, counted over the run's layers in order. The network looks once more
at the images of its units, for their maps; then each image is opened once and drawn for all units
that name it. Pictures and rows are written by `work` itself: `finish` has nothing left to join.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
from jaxtyping import Float32
from torch import Tensor

from analysis.core.fields import LayerFields, LayerGrid, disc, disc_diameter
from analysis.core.loading import in_order
from analysis.core.rendering import View
from analysis.core.segments import Pattern, above_half, borrowed, stamp
from analysis.models import Job, Layer, Run, Segment, Shard, TopImage
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.scan import layers_of
from analysis.services import files
from analysis.services.pictures import picture_file, token_of

# Of the shard's work, what the second look of the network is reckoned as; the rest is drawing.
LOOKING = 0.3
Map = Float32[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Drawn:
    """What is stamped on the picture of one top image."""

    top_image: TopImage
    pattern: Pattern
    fields: LayerFields
    grid: LayerGrid


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Draw the pictures of units first..last-1; a repetition writes the same bytes.

    ``beat(done)`` is called after every batch and picture and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more; named.
    """
    run = shard.job.run
    forward = Forward.of(run)
    tops = top_images(run, shard.first, shard.last)
    units = shard.last - shard.first
    maps: dict[int, Map] = {}
    images = len({top.image_id for top in tops})
    seen = 0
    for size in second_look(forward, tops, maps):
        seen += size
        beat(int(units * LOOKING * seen / max(images, 1)))
    plan = planned(forward, tops, maps)
    by_image = [list(group) for _, group in groupby(plan, lambda drawn: drawn.top_image.image_id)]
    segments: list[Segment] = []
    for number, made in enumerate(in_order(partial(draw, forward), by_image, ahead=4), start=1):
        segments += made
        beat(int(units * (LOOKING + (1 - LOOKING) * number / len(by_image))))
    # Rows that stand are left alone: the same recipe gives the same ones.
    Segment.objects.bulk_create(segments, batch_size=500, ignore_conflicts=True)


def finish(job: Job) -> None:
    """Do nothing: every shard has written its pictures and rows."""


def top_images(run: Run, first: int, last: int) -> list[TopImage]:
    """Return the top and weakest images of units first..last-1 of the run, by image number."""
    found: list[TopImage] = []
    for layer in layers_of(run):
        channels = range(max(first, 0), min(last, layer.channels))
        if channels:
            rows = run.top_images.filter(unit__layer=layer, unit__channel__in=channels)
            found += rows.select_related("image", "unit__layer", "run")
        first, last = first - layer.channels, last - layer.channels
    return sorted(found, key=lambda top: (top.image.number, top.pk))


def second_look(forward: Forward, tops: list[TopImage], maps: dict[int, Map]) -> Iterator[int]:
    """Fill ``maps`` with the map of every top image, by its primary key; yield batch sizes."""
    wanted: dict[tuple[str, int], list[TopImage]] = defaultdict(list)
    images: dict[int, Numbered] = {}
    for top in tops:
        wanted[top.unit.layer.module, top.image.number].append(top)
        images[top.image.number] = Numbered(top.image.number, top.image.path)

    def take(module: str, batch: Tensor, numbers: Tensor) -> None:
        for item, number in enumerate(numbers.tolist()):
            for top in wanted[module, number]:
                own = batch[item, top.unit.channel]
                # A layer without a grid (a fully connected one) is one location.
                maps[top.pk] = own.reshape(own.shape or (1, 1)).cpu().numpy().copy()

    modules = sorted({top.unit.layer.module for top in tops})
    if modules:
        yield from forward.look(images.values(), modules, take)


def planned(forward: Forward, tops: list[TopImage], maps: dict[int, Map]) -> Iterator[Drawn]:
    """Yield what is to be drawn, in the order of the images."""
    strong: dict[int, list[Pattern]] = defaultdict(list)  # by unit, in the order of the ranks
    for top in sorted(tops, key=lambda top: top.rank):
        if top.end == TopImage.End.TOP:
            strong[top.unit_id].append(above_half(maps[top.pk]))
    layers = {top.unit.layer_id: top.unit.layer for top in tops}
    geometry = {pk: geometry_of(layer, forward) for pk, layer in layers.items()}
    for top in tops:
        pattern = above_half(maps[top.pk])
        if not pattern.any():
            seed = forward.recipe.seed + 3 * top.unit.channel
            pattern = borrowed(strong[top.unit_id], pattern.shape, top.image.number, seed)
        fields, grid = geometry[top.unit.layer_id]
        yield Drawn(top, pattern, fields, grid)


def geometry_of(layer: Layer, forward: Forward) -> tuple[LayerFields, LayerGrid]:
    """Return the fields of a layer's units and where its locations lie in the input."""
    grid = LayerGrid(
        rows=layer.height,
        columns=layer.width,
        height=forward.preparation.height,
        width=forward.preparation.width,
        size=layer.field_size,
        stride=layer.field_stride,
        offset=layer.field_offset,
    )
    return LayerFields(disc(disc_diameter(grid))), grid


def draw(forward: Forward, group: list[Drawn]) -> list[Segment]:
    """Draw and store one image for all top images that name it; return their rows."""
    image = group[0].top_image.image
    picture = forward.open(Numbered(image.number, image.path))
    view = View.of(picture, forward.preparation.box(*picture.size))
    plain = view.plain()
    rows = []
    for drawn in group:
        field = drawn.fields.for_unit(drawn.top_image.unit.channel)
        mask = stamp(drawn.pattern, field, drawn.grid)
        token = token_of(drawn.top_image)
        for kind, sizes in (("plain", plain), ("segmented", view.segmented(mask))):
            for size, data in sizes.items():
                files.write(picture_file(token, kind, size), data)
        visible = float(mask.mean())
        rows.append(
            Segment(top_image=drawn.top_image, token=token, field=field.kind, visible=visible)
        )
    return rows
