"""The step `segment`: the pictures of the strongest and weakest images, plain and cut down.

A shard is a range of the manifest, as in the scan: an image that a hundred units name is read,
looked at and drawn plain only once. Pictures and rows are written on the way, so that they can be
seen while the run goes on; `finish` joins what was counted, where masks are compared.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db.models import QuerySet

from analysis.core.arrays import unpacked
from analysis.core.bins import quantile
from analysis.core.fields import LayerFields, LayerGrid, disc, disc_diameter
from analysis.core.images import Preprocessing
from analysis.core.loading import THREADS, in_order
from analysis.core.rendering import SIZES, View
from analysis.core.segments import Pattern, moved, stamp
from analysis.models import Job, Layer, Run, Segment, Shard, TopImage
from analysis.pipeline.comparing import Fit, Mask, Tally, Truth, join
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.masks import Masks
from analysis.pipeline.patterns import Found, Levels, Want, lent, patterns, want_of
from analysis.pipeline.scan import layers_of
from analysis.services import files
from analysis.services.dissection import class_names
from analysis.services.fields import grid_of, own_fields
from analysis.services.journal import log
from analysis.services.pictures import picture_file, token_of
from analysis.services.scans import layer_file
from analysis.services.steps import options_of

ROWS = 500  # written by one statement
Geometry = Mapping[int, tuple[LayerFields, LayerGrid]]  # by the layer's primary key


@dataclass(frozen=True)
class Drawing:
    """One image, and the pattern to be stamped on it for each top image that names it."""

    image: Numbered
    stamps: list[tuple[TopImage, Pattern]]


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Draw what images first..last-1 show; a repetition writes the same bytes.

    ``beat(done)`` is called after every batch and picture and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more; named.
    """
    run = shard.job.run
    forward = Forward.of(run)
    layers = layers_of(run)
    tops = run.top_images.filter(image__number__gte=shard.first, image__number__lt=shard.last)
    levels = levels_of(run, layers)
    borrowed = lent(forward, run, tops, levels, lambda: beat(0))
    modules = [layer.module for layer in layers]
    drawings = planned(forward, tops, modules, levels=levels, borrowed=borrowed)
    geometry = {layer.pk: geometry_of(run, layer, forward.preparation) for layer in layers}
    compare = options_of(run, "segment")["compare"]
    masks = None
    if compare and class_names(run.image_set):
        masks = Masks.of(run.image_set, forward.preparation, cell=1)
    tally = Tally(layers, len(masks.names)) if masks else None
    make = partial(draw, Ways(forward, geometry, compare, masks))
    segments: list[Segment] = []
    for drawn in in_order(make, drawings, ahead=2 * THREADS):
        segments += drawn.rows
        if tally:
            tally.add(drawn.fits, drawn.problem)
        if len(segments) >= ROWS:
            write_rows(segments)
            segments = []
        beat(drawn.number + 1 - shard.first)
    write_rows(segments)
    if tally:
        tally.write(run, shard.number)


def finish(job: Job) -> None:
    """Join what was counted of the masks, where that was asked for; all else is written."""
    run = job.run
    if not options_of(run, "segment")["compare"]:
        return
    if not Segment.objects.filter(top_image__run=run, field="own").exists():
        log(run, "segment: nothing to compare, no unit has a field of its own", "warning")
    if class_names(run.image_set):
        join(job, layers_of(run))


def write_rows(segments: list[Segment]) -> None:
    """Write rows; those that stand are left alone, for the same recipe gives the same ones."""
    Segment.objects.bulk_create(segments, batch_size=ROWS, ignore_conflicts=True)


def levels_of(run: Run, layers: Sequence[Layer]) -> Levels:
    """Return the thresholds of all units, by module; nothing where it is half of each maximum."""
    options = options_of(run, "segment")
    if options["threshold"] == "half":
        return {}
    levels = {}
    for layer in layers:
        kept = unpacked(files.read(layer_file(run, layer)))
        at = 1 - options["top_share"]
        levels[layer.module] = quantile(kept["counts"], int(kept["first"][0]), at).tolist()
    return levels


def planned(
    forward: Forward,
    tops: QuerySet[TopImage],
    modules: list[str],
    *,
    levels: Levels,
    borrowed: Found,
) -> Iterator[Drawing]:
    """Look once more at the images that ``tops`` name, in order; yield what is to be drawn."""
    named = tops.order_by("image__number").values_list("image__number", "image__path").distinct()
    images = [Numbered(number, path) for number, path in named]
    rows: dict[int, list[TopImage]] = {}

    def wanted(numbers: Sequence[int]) -> Mapping[int, list[Want]]:
        rows.update(rows_of(tops, numbers))
        return {number: [want_of(top, levels) for top in rows[number]] for number in numbers}

    for image, found in patterns(forward, images, modules, wanted):
        yield Drawing(
            image, [(top, shown(top, found[top.pk], borrowed)) for top in rows.pop(image.number)]
        )


def rows_of(tops: QuerySet[TopImage], numbers: Sequence[int]) -> dict[int, list[TopImage]]:
    """Return the top images that name each of these images."""
    found: dict[int, list[TopImage]] = defaultdict(list)
    rows = tops.filter(image__number__in=numbers).select_related("image", "unit__layer", "run")
    for top in rows.order_by("pk"):
        found[top.image.number].append(top)
    return found


def shown(top: TopImage, pattern: Pattern, borrowed: Found) -> Pattern:
    """Return the pattern to stamp: the map's own, or a borrowed one in another place.

    Weak images always borrow: their maps are flat, so that more of them lies above half of the
    maximum, and the lit area would tell a planted negative.
    """
    if pattern.any() and top.end == TopImage.End.TOP:
        return pattern
    return moved(borrowed.get(top.pk, pattern), top.image.number, top.unit.channel)


def geometry_of(
    run: Run, layer: Layer, preparation: Preprocessing
) -> tuple[LayerFields, LayerGrid]:
    """Return the fields of a layer's units and where its locations lie in the input."""
    grid = grid_of(layer, preparation.height, preparation.width)
    return LayerFields(disc(disc_diameter(grid)), own_fields(run, layer)), grid


@dataclass(frozen=True)
class Ways:
    """How the images of a shard are drawn."""

    forward: Forward
    geometry: Geometry
    compare: bool  # draw what the disc would show too
    masks: Masks | None  # the classes to compare with


@dataclass
class Drawn:
    """What drawing one image gave: rows, what its masks cover, and why that is not known."""

    number: int
    rows: list[Segment] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    problem: str = ""


def draw(ways: Ways, drawing: Drawing) -> Drawn:
    """Draw and store one image for all top images that name it."""
    forward, drawn = ways.forward, Drawn(drawing.image.number)
    picture = forward.open(drawing.image)
    view = View.of(picture, forward.preparation.box(*picture.size))
    first = token_of(drawing.stamps[0][0])
    store(first, "plain", view.plain())
    truth: Truth | None = None
    for top, pattern in drawing.stamps:
        row, masks = cut(ways, view, top, pattern)
        drawn.rows.append(row)
        if row.token != first:
            share_plain(row.token, first)
        # A map that is nowhere above zero has borrowed its pattern: that fits nothing.
        if ways.masks and "disc" in masks and top.activation > 0:
            truth = truth or Truth(ways.masks, top.image)
            if fit := truth.fit(top, masks):
                drawn.fits.append(fit)
    drawn.problem = truth.problem if truth else ""
    return drawn


def cut(ways: Ways, view: View, top: TopImage, pattern: Pattern) -> tuple[Segment, dict[str, Mask]]:
    """Store what a top image's masks leave lit; return its row, and the masks by kind."""
    fields, grid = ways.geometry[top.unit.layer_id]
    stamped = fields.for_unit(top.unit.channel)
    masks = {stamped.kind: stamp(pattern, stamped, grid)}
    token, visible = token_of(top), float(masks[stamped.kind].mean())
    store(token, "segmented", view.segmented(masks[stamped.kind]))
    row = Segment(top_image=top, token=token, field=stamped.kind, visible=visible)
    if not (ways.compare and stamped.kind == "own"):
        return row, {}
    # Weak images have this picture too, though only strong ones are compared: whoever labels may
    # ask for it under the address of a tile, and it must not tell which one is planted.
    masks["disc"] = stamp(pattern, fields.shared, grid)
    store(token, "disc", view.segmented(masks["disc"]))
    if top.end != TopImage.End.TOP:
        return row, {}
    row.disc_visible = float(masks["disc"].mean())
    return row, masks


def store(token: str, kind: str, sizes: dict[str, bytes]) -> None:
    """Store the pictures of one kind, by size."""
    for size, data in sizes.items():
        files.write(picture_file(token, kind, size), data)


def share_plain(token: str, drawn: str) -> None:
    """Let a top image have the plain pictures that another one of the same image has."""
    for size in SIZES:
        files.share(picture_file(token, "plain", size), picture_file(drawn, "plain", size))
