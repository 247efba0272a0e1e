"""What each statistic measured on single units or images: what is compared behind its rows."""

from collections.abc import Collection, Hashable, Iterator

import numpy as np
from django.db.models import Count, Sum

from analysis.core.meanings import agreeing
from analysis.models import Localisation, MinimalImage, Run, Segment, Source, TopImage
from analysis.services import detector_findings, field_findings, mask_findings
from analysis.services.comparing import Counted, Side
from analysis.services.concept_counts import by_concept, counting
from analysis.services.dissection import DETECTS
from analysis.services.meanings import BY, GROUPS, Label, group_counts, same_said
from analysis.services.minimal_images import KEPT, spoken


def _run(side: Side) -> Run:
    """Return the run of a side that has one."""
    if side.run is None:
        raise ValueError(f"{side.name} has no run to compare")
    return side.run


def _labels(side: Side) -> tuple[list[Label], float]:
    """Return the labels of a side that has some, and their threshold."""
    if side.choice is None:
        raise ValueError(f"{side.name} has no labels to compare")
    return side.choice.labels, side.choice.wanted.threshold


# ---- Of labels ---------------------------------------------------------------------------------
def categories(side: Side) -> Iterator[Counted]:
    """Give how many answers above the threshold put each unit into each group, and its label."""
    labels, threshold = _labels(side)
    counts = {by: group_counts(labels, by, threshold) for by in BY}
    for place, label in enumerate(labels):
        rows = {by: counts[by][place].tolist() for by in BY}
        known = {by: (*map(float, row), float(sum(row))) for by, row in rows.items() if sum(row)}
        if known:
            yield Counted(label.layer, (label.layer, label.channel), known)


def precision(side: Side) -> Iterator[Counted]:
    """Give each unit's precision, and whether it is above the threshold."""
    labels, threshold = _labels(side)
    for label in labels:
        if (known := label.precision) is not None:
            values = {"precision": (known, float(known > threshold), 1.0)}
            yield Counted(label.layer, (label.layer, label.channel), values)


def agreement(side: Side) -> Iterator[Counted]:
    """Give the groups that several answers put each unit into, and whether most say the same."""
    labels, _ = _labels(side)
    for label in labels:
        if len(label.answers) >= 2:
            groups = [one.category for one in label.answers]
            counts = np.array([[groups.count(group) for group in GROUPS]])
            values = {
                "groups": tuple(map(float, agreeing(counts)[0])),
                "same": (*same_said(label.answers), 1.0),
            }
            yield Counted(label.layer, (label.layer, label.channel), values)


def concepts(side: Side) -> Iterator[Counted]:
    """Give the concept of each unit that counts, the commonest concept first."""
    labels, threshold = _labels(side)
    for concept, some in by_concept(labels, threshold).items():
        for label in some:
            yield Counted(concept, (label.layer, label.channel), {"named": (1.0, 1.0)})


def labelled_units(side: Side) -> Collection[Hashable]:
    """Return all units whose labels count."""
    return {(one.layer, one.channel) for one in counting(*_labels(side))}


def said_by_machines(sides: tuple[Side, Side]) -> str:
    """Say of labels by machines what they lack, and how to get it; nothing of others."""
    of = [
        side.name for side in sides if side.choice and side.choice.wanted.source == Source.MACHINE
    ]
    if not of:
        return ""
    return (
        f"The labels of {' and '.join(of)} are a machine’s, which says neither group nor precision:"
        " ask people about the units, import published answers, or choose other labels."
    )


# ---- Of fields and segments --------------------------------------------------------------------
def fields(side: Side) -> Iterator[Counted]:
    """Give the size of each unit's field, and whether one was found."""
    run = _run(side)
    theory = {row.layer: row.theoretical for row in field_findings.by_layer(run)}
    for unit in field_findings.by_unit(run):
        values: dict[str, tuple[float, ...]] = {"found": (float(unit.size is not None), 1.0)}
        if unit.size is not None:
            values["size"] = (unit.size, 1.0)
            if whole := theory.get(unit.layer):
                values["part"] = (unit.size / whole, 1.0)
        yield Counted(unit.layer, (unit.layer, unit.channel), values)


def segments(side: Side) -> Iterator[Counted]:
    """Give the sum over each unit's strongest pictures of what they leave visible."""
    layer, unit = "top_image__unit__layer", "top_image__unit__channel"
    shown = Segment.objects.filter(top_image__run=_run(side), top_image__end=TopImage.End.TOP)
    found = (
        shown.order_by(f"{layer}__position", unit, "field")
        .values_list(f"{layer}__name", unit, "field", f"{layer}__position")
        .annotate(Sum("visible"), Count("pk"))
    )
    units: dict[tuple[str, int], dict[str, tuple[float, ...]]] = {}
    for name, channel, kind, _, total, pictures in found:
        units.setdefault((name, channel), {})[kind] = (total, float(pictures))
    for (name, channel), values in units.items():
        yield Counted(name, (name, channel), values)


def masks(side: Side) -> Iterator[Counted]:
    """Give the IoU of each unit's masks with the class that they fit best."""
    for unit in mask_findings.by_unit(_run(side)):
        values = {"iou": (unit.disc, unit.own, unit.own - unit.disc, 1.0)}
        yield Counted(unit.layer, (unit.layer, unit.channel), values)


# ---- Of classes --------------------------------------------------------------------------------
def detectors(side: Side) -> Iterator[Counted]:
    """Give whether each unit detects a class, and how well; units that cover none have 0."""
    run = _run(side)
    best = {(one.layer, one.channel): one for one in _best(run)}
    for row in detector_findings.by_layer(run):
        for channel in range(row.units):
            one = best.get((row.layer, channel))
            values: dict[str, tuple[float, ...]] = {"detects": (0.0, 0.0, 1.0)}
            if one is not None:
                values["detects"] = (float(one.iou > DETECTS), one.iou, 1.0)
                values["precision"] = (one.precision, 1.0)
            yield Counted(row.layer, (row.layer, channel), values)


def classes(side: Side) -> Iterator[Counted]:
    """Give the class of each detector, in the order of the names of classes."""
    found = [one for one in _best(_run(side)) if one.iou > DETECTS]
    for one in sorted(found, key=lambda one: one.name.casefold()):
        yield Counted(one.name, (one.layer, one.channel), {"detects": (1.0, 1.0)})


def dissected_units(side: Side) -> Collection[Hashable]:
    """Return all units that could have been detectors."""
    rows = detector_findings.by_layer(_run(side))
    return {(row.layer, channel) for row in rows for channel in range(row.units)}


def _best(run: Run) -> Iterator[detector_findings.UnitClass]:
    """Give the best class of each unit that covers any."""
    return (one for one in detector_findings.by_unit(run) if one.rank == 0)


def localised(side: Side) -> Iterator[Counted]:
    """Give how well each named unit finds its class, by concept."""
    rows = Localisation.objects.filter(run=_run(side)).exclude(unit=None)
    columns = ("unit__layer__name", "unit__channel", "concept", "jaccard", "chance")
    found = rows.order_by("concept", "unit__layer__position", "unit__channel")
    for layer, channel, concept, jaccard, chance in found.values_list(*columns).iterator():
        values = {"jaccard": (jaccard, float(jaccard > chance), 1.0)}
        yield Counted(concept, (layer, channel), values)


# ---- Of images ---------------------------------------------------------------------------------
def minimal(side: Side) -> Iterator[Counted]:
    """Give of each image how little of it is enough to name its scene, by scene."""
    columns = ("scene", "image", "regions", "area", "kept", "total", "problem")
    rows = MinimalImage.objects.filter(run=_run(side)).order_by("scene", "image", "regions")
    images: dict[tuple[str, int], dict[str, tuple[float, ...]]] = {}
    for scene, image, kind, area, kept, total, problem in rows.values_list(*columns):
        values = images.setdefault((spoken(scene), image), {})
        values[f"found {kind}"] = (float(not problem), 1.0)
        if not problem:
            values[kind] = (area, kept / max(1, total), 1.0)
    for (scene, image), values in images.items():
        yield Counted(scene, image, values)


def kept_objects(side: Side) -> Iterator[Counted]:
    """Give of each minimal image which objects it keeps, by scene and object."""
    rows = MinimalImage.objects.filter(run=_run(side)).found().order_by("scene", "image")
    scenes: dict[tuple[str, str], list[tuple[int, dict[str, float]]]] = {}
    for scene, kind, image, kept in rows.values_list("scene", "regions", "image", "objects_kept"):
        if kept:
            scenes.setdefault((scene, kind), []).append((image, kept))
    found: dict[tuple[str, int], dict[str, tuple[float, ...]]] = {}
    for (scene, kind), images in scenes.items():
        for name in sorted({name for _, kept in images for name in kept}):
            for image, kept in images:
                values = found.setdefault((f"{spoken(scene)}: {name}", image), {})
                values[kind] = (float(kept.get(name, 0) >= KEPT), 1.0)
    for (place, image), values in found.items():
        yield Counted(place, image, values)
