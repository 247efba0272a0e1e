"""The atlas: networks, the layers of one, and one unit; the grid of units is in atlas_units."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from analysis.models import Category, Layer, Network, Run, Source, TopImage, Unit
from analysis.services import access, atlas, mask_findings
from analysis.services.detector_findings import classes_of
from analysis.services.dissection import DETECTS
from analysis.services.field_drawings import drawing_of

SOURCE_NAMES = {
    Source.PEOPLE: _("people"),
    Source.PUBLISHED: _("a publication"),
    Source.MACHINE: _("a machine"),
    Source.SIMULATED: _("simulated workers"),
}


def _readable(request: HttpRequest) -> Any:
    """Return the networks that whoever asks may read."""
    user: User | AnonymousUser = request.user
    return atlas.readable_networks(user)


def readable_network(request: HttpRequest, slug: str) -> Network | None:
    """Return a network that whoever asks may read; None sends a stranger to sign in.

    To a stranger a private network answers as one that is not there; somebody signed in gets the
    404 of the same kind.
    """
    found: Network | None = _readable(request).filter(slug=slug).first()
    if found is None and request.user.is_authenticated:
        raise Http404("No such network, or it is not public.")
    return found


def plain_name(name: str) -> str:
    """Return the name of a layer; no row can hold a null character, and PostgreSQL fails on one."""
    if "\0" in name:
        raise Http404("No such layer.")
    return name


def run_of(layer: Layer, query: QueryDict) -> tuple[Run | None, list[Run]]:
    """Return the run whose pictures to show, the newest unless one is named, and all there are."""
    runs = list(atlas.runs_to_show(layer)[:20])
    named = [run for run in runs if run.short_key == query.get("run")]
    return next(iter(named or runs), None), runs


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All networks that one may read."""
    networks = list(_readable(request).prefetch_related("layers"))
    page = {"rows": [(network, atlas.montage(network)) for network in networks]}
    return render(request, "analysis/atlas_home.html", page)


@require_safe
def network(request: HttpRequest, slug: str) -> HttpResponse:
    """The layers of one network, with how their labels fall into the six categories."""
    found = readable_network(request, slug)
    if found is None:
        return access.ask_to_sign_in(request)
    shares = atlas.shares(found)
    montages = atlas.montages(found, atlas.newest_runs(found))
    page = {
        "network": found,
        "rows": [(row, montages.get(row.layer.pk, [])) for row in shares],
        "units": sum(row.units for row in shares),
        "labelled": sum(row.labelled for row in shares),
        "may_change": access.may_change(request.user, found),
        "categories": Category.choices,
    }
    return render(request, "analysis/atlas_network.html", page)


@require_safe
def unit(request: HttpRequest, slug: str, name: str, channel: int) -> HttpResponse:
    """One unit: its label and where it comes from, its images, its field, its numbers."""
    of = readable_network(request, slug)
    if of is None:
        return access.ask_to_sign_in(request)
    units = Unit.objects.select_related("layer__network").filter(layer__network=of)
    found = get_object_or_404(units, layer__name=plain_name(name), channel=channel)
    run, runs = run_of(found.layer, request.GET)
    labels = list(atlas.labels(found))
    before, after = atlas.neighbours(found)
    tiles = _tiles(found, run, labels[0].details if labels else {})
    has_pairs = any(tile["segment"].disc for tile in tiles)
    asked = request.GET.get("view")
    kind = asked if asked == "plain" or (asked == "masks" and has_pairs) else "segmented"
    page = {
        "network": of,
        "layer": found.layer,
        "unit": found,
        "labels": labels,
        "label": labels[0] if labels else None,
        "words": _words(labels) if access.is_researcher(request.user) else [],
        "run": run,
        "runs": runs,
        "curve": _curve([tile["top"].activation for tile in tiles]),
        "kind": kind,
        "has_pairs": has_pairs,
        "fit": mask_findings.of_unit(run, found) if run and kind == "masks" else None,
        "tiles": tiles,
        "field": drawing_of(run, found),
        "classes": classes_of(found, run),
        "detects": DETECTS,
        # The neighbours are shown in the same way, with the images of the same run.
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "before": before,
        "after": after,
    }
    return render(request, "analysis/unit.html", page)


def _words(labels: list[Any]) -> list[dict[str, Any]]:
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
