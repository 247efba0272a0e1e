"""The findings page about people and machine: how far they agree, and where they do not."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from analysis.models import Run, Unit
from analysis.services import access, class_pictures, figure_pages, people_machine
from analysis.services.people_machine import DIFFERENT, RELATIONS, UnitPair
from analysis.views.atlas import readable_network
from analysis.views.findings import finding
from analysis.views.findings_detectors import pictures_of

PAGE = 24


@finding("people")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """The units of one kind, different things unless asked: those both are surest of first."""
    every = list(people_machine.by_unit(run))
    source, sources = figure_pages.people_of(every, request.GET.dict())
    of = people_machine.of_source(every, source)
    layers = list(dict.fromkeys(pair.layer for pair in of))
    layer = next((one for one in layers if one == request.GET.get("layer")), "")
    here = [pair for pair in of if layer in ("", pair.layer)]
    relation = request.GET.get("relation", DIFFERENT)
    relation = relation if relation in RELATIONS else DIFFERENT
    listed = people_machine.surest([pair for pair in here if pair.relation == relation])
    number = request.GET.get("page", "1")
    at = Paginator(listed, PAGE).get_page(number if number.isascii() and len(number) < 10 else 1)
    rows = _with_pictures(run, list(at.object_list))
    return {
        "figures": figure_pages.people_machine_of(run, every, source),
        "source": source,
        "sources": sources,
        "layers": layers,
        "layer": layer,
        "relation": relation,
        "relations": [
            (one, words, sum(pair.relation == one for pair in here))
            for one, words in RELATIONS.items()
        ],
        "at": at,
        "rows": rows,
        "drawn": any(segment for _, segment in rows),
        "units_csv": figure_pages.table_of_run(run, "people-machine"),
    }


def _with_pictures(run: Run, pairs: list[UnitPair]) -> list[tuple[UnitPair, Any]]:
    """Return each unit with its strongest segmented image, where the run has drawn it."""
    units = Unit.objects.filter(
        layer__network=run.network,
        layer__name__in={pair.layer for pair in pairs},
        channel__in={pair.channel for pair in pairs},
    )
    places = {(layer, channel): pk for pk, layer, channel in units.values_list(*PLACE)}
    found = pictures_of(run, list(places.values()))
    return [(pair, found.get(places[pair.layer, pair.channel])) for pair in pairs]


PLACE = ("pk", "layer__name", "channel")


@require_safe
@cache_control(private=True, max_age=86_400)
def picture(request: HttpRequest, slug: str, name: str, channel: int) -> HttpResponse:
    """Answer a strong image of a unit with the class lit that the masks say it covers."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    run, _ = figure_pages.run_of(network, "dissect", request.GET.dict())
    if run is None or "\0" in name:
        raise Http404("No such picture.")
    unit = get_object_or_404(Unit, layer__network=network, layer__name=name, channel=channel)
    data = class_pictures.lit(run, unit)
    if data is None:
        raise Http404("None of the unit's strongest images holds its class, or can be read.")
    return HttpResponse(data, content_type="image/webp")
