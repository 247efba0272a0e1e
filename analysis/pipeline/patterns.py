"""The second look: where the maps of top images are above their threshold."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from torch import Tensor

from analysis.core.segments import Pattern, above_half, above_level, chance
from analysis.models import Run, TopImage
from analysis.pipeline.forward import Forward, Numbered


@dataclass(frozen=True)
class Want:
    """A map that is wanted of an image: of which unit, and for which top image (its key).

    ``level`` is the unit's threshold; None: half of each map's own maximum.
    """

    top: int
    module: str
    channel: int
    level: float | None


# What is wanted of each of a batch of images, given by their numbers.
Wanted = Callable[[Sequence[int]], Mapping[int, Iterable[Want]]]
Found = dict[int, Pattern]  # by the primary key of the top image
Levels = Mapping[str, Sequence[float]]  # of every unit, by module; empty: half of the maximum


def want_of(top: TopImage, levels: Levels) -> Want:
    """Return what is wanted for a top image."""
    module, channel = top.unit.layer.module, top.unit.channel
    return Want(top.pk, module, channel, levels[module][channel] if levels else None)


def patterns(
    forward: Forward, images: Sequence[Numbered], modules: list[str], wanted: Wanted
) -> Iterator[tuple[Numbered, Found]]:
    """Look at the images in order; yield each with the patterns that are wanted of it.

    Memory holds the patterns of one batch.
    """
    batch: dict[int, Found] = {}
    wants: Mapping[int, Iterable[Want]] = {}

    def take(module: str, maps: Tensor, numbers: Tensor) -> None:
        nonlocal wants
        given = numbers.tolist()
        if not batch:  # the first layer of this batch
            wants = wanted(given)
            batch.update({number: {} for number in given})
        for item, number in enumerate(given):
            for want in wants.get(number, ()):
                if want.module == module:
                    batch[number][want.top] = pattern_of(maps[item, want.channel], want.level)

    done = 0
    for size in forward.look(images, modules, take):
        for image in images[done : done + size]:
            yield image, batch.pop(image.number)
        done += size


def pattern_of(own: Tensor, level: float | None) -> Pattern:
    """Return where one unit's map is on; a layer without a grid is one location."""
    grid = own.reshape(own.shape or (1, 1)).cpu().numpy()
    return above_half(grid) if level is None else above_level(grid, level)


def lent(
    forward: Forward,
    run: Run,
    tops: QuerySet[TopImage],
    levels: Levels,
    beat: Callable[[], None],
) -> Found:
    """Return a pattern to borrow for each of ``tops`` that is weak or has no activation above zero.

    It is that of one of the unit's strong images, chosen by the number of the image that borrows.
    A unit that is active nowhere lends nothing.
    """
    silent = tops.filter(Q(end=TopImage.End.LOW) | Q(activation__lte=0))
    units = silent.order_by().values("unit")
    strong = run.top_images.filter(end=TopImage.End.TOP, activation__gt=0, unit__in=units)
    counted = strong.order_by().values("unit").annotate(images=Count("pk"))
    lenders = dict(counted.values_list("unit", "images"))
    borrowers: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk, unit, number, channel in silent.values_list(
        "pk", "unit", "image__number", "unit__channel"
    ):
        if unit in lenders:  # strong ones come first, so ranks count them
            borrowers[unit, chance(number, channel, lenders[unit])].append(pk)
    wants: dict[int, list[Want]] = defaultdict(list)
    images: dict[int, Numbered] = {}
    lending: dict[int, list[int]] = {}
    for top in strong.select_related("image", "unit__layer").order_by("image__number", "pk"):
        if (top.unit_id, top.rank) in borrowers:
            number = top.image.number
            images[number] = Numbered(number, top.image.path)
            wants[number].append(want_of(top, levels))
            lending[top.pk] = borrowers[top.unit_id, top.rank]
    modules = sorted({want.module for some in wants.values() for want in some})
    found: Found = {}
    if modules:
        for _, lent_by in patterns(forward, list(images.values()), modules, lambda _: wants):
            found |= {pk: p for top, p in lent_by.items() for pk in lending[top]}
            beat()
    return found
