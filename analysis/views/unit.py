"""The page of one unit: its labels and their history, its images, its field, its numbers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import conditional_page, require_safe

from analysis.models import Run, TopImage, Unit, UnitSemantics
from analysis.services import (
    access,
    atlas,
    concepts,
    distributions,
    mask_findings,
    scenes,
    semantics,
)
from analysis.services.detector_findings import classes_of
from analysis.services.dissection import DETECTS
from analysis.services.field_drawings import FieldDrawing, drawing_of, on_image
from analysis.services.figure_links import concept_page, scene_page
from analysis.views.atlas import plain_name, readable, readable_network, run_shown


@require_safe
@conditional_page
def unit(request: HttpRequest, slug: str, name: str, channel: int) -> HttpResponse:
    """One unit: its label and where it comes from, its images, its field, its numbers."""
    of = readable_network(request, slug)
    if of is None:
        return access.ask_to_sign_in(request)
    units = Unit.objects.select_related("layer__network").filter(layer__network=of)
    found = get_object_or_404(units, layer__name=plain_name(name), channel=channel)
    run, runs = run_shown(found.layer, request.GET)
    labels = list(atlas.labels(found))
    before, after = atlas.neighbours(found)
    page = {
        "network": of,
        "layer": found.layer,
        "unit": found,
        "run": run,
        "runs": runs,
        # The neighbours are shown in the same way, with the images of the same run.
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "before": before,
        "after": after,
        **_said(request, found, labels),
        **_seen(found, run, labels, request.GET.get("view", "")),
    }
    return render(request, "analysis/unit.html", page)


def _said(request: HttpRequest, unit: Unit, labels: list[UnitSemantics]) -> dict[str, Any]:
    """Return what was said of a unit: labels, words, history, and who else is called so."""
    label = labels[0] if labels else None
    return {
        "labels": labels,
        "label": label,
        "concept_address": concept_page(label.concept) if label else "",
        "words": _words(labels) if access.is_researcher(request.user) else [],
        "history": semantics.history(unit),
        "nearest": concepts.nearest(unit, label, readable(request)) if label else [],
    }


def _seen(unit: Unit, run: Run | None, labels: list[UnitSemantics], asked: str) -> dict[str, Any]:
    """Return what was seen of a unit: images, field, activations, masks, scenes."""
    tiles = _tiles(unit, run, labels[0].details if labels else {})
    field = drawing_of(run, unit)
    has_pairs = any(tile["segment"].disc for tile in tiles)
    has_map = bool(tiles) and field.field is not None
    views = {"plain"} | ({"masks"} if has_pairs else set()) | ({"map"} if has_map else set())
    kind = asked if asked in views else "segmented"
    if kind == "map":
        _lay_maps(tiles, field, unit)
    activations = [tile["top"].activation for tile in tiles]
    return {
        "kind": kind,
        "has_pairs": has_pairs,
        "has_map": has_map,
        "fit": mask_findings.of_unit(run, unit) if run and kind == "masks" else None,
        "tiles": tiles,
        "field": field,
        "curve": _curve(activations),
        "spread": distributions.distribution_of(run, unit, activations),
        "classes": classes_of(unit, run),
        "detects": DETECTS,
        "scenes": _scenes(run, tiles),
        "localised": scenes.found_by(unit),
    }


def _scenes(run: Run | None, tiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return which scenes the top images come from, each with the address of its page."""
    if run is None or not tiles:
        return []
    shares = scenes.of_images([tile["top"].image.scene for tile in tiles], run.image_set)
    slug = run.image_set.slug
    return [{"share": one, "address": scene_page(slug, one.scene)} for one in shares]


def _lay_maps(tiles: list[dict[str, Any]], field: FieldDrawing, unit: Unit) -> None:
    """Give each image the box where the unit's own map lies, around the location that won."""
    for tile in tiles:
        tile["box"] = on_image(field, unit.layer, tile["top"].row, tile["top"].column)


def _words(labels: list[UnitSemantics]) -> list[dict[str, Any]]:
    """Return what each worker wrote, by pseudonym: for researchers only."""
    found: list[dict[str, Any]] = []
    for label in labels:
        words = label.details.get("words")
        if isinstance(words, list):
            found += [{**row, "origin": label.origin} for row in words if isinstance(row, dict)]
    return found


def _tiles(unit: Unit, run: Run | None, details: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the unit's top images in order, each kept, rejected or not decided upon."""
    if run is None:
        return []
    shown = {int(pk) for pk in details.get("votes", {}) if str(pk).isdecimal()}
    kept = set(details.get("kept", []))
    tops = TopImage.objects.filter(run=run, unit=unit, end=TopImage.End.TOP, segment__isnull=False)
    tiles: list[dict[str, Any]] = []
    for top in tops.select_related("segment", "image").order_by("rank"):
        verdict = ("kept" if top.pk in kept else "rejected") if top.pk in shown else ""
        tiles.append({"top": top, "segment": top.segment, "verdict": verdict})
    return tiles


def _curve(activations: list[float]) -> dict[str, Any]:
    """Return the drawing of the activations by rank, and three numbers of it."""
    if not activations:
        return {}
    strongest = max(activations) or 1.0
    points = " ".join(
        f"{x},{39 - 38 * max(0.0, y) / strongest:.1f}" for x, y in enumerate(activations)
    )
    return {
        "points": points,
        "width": max(1, len(activations) - 1),
        "strongest": activations[0],
        "middle": activations[len(activations) // 2],
        "weakest": activations[-1],
    }
