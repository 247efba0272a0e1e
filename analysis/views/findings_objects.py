"""The findings page about objects: whose labels, whose masks, which measures, and the figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.services import access, findings, labelled, object_choices
from analysis.services.object_correlation_figures import figures
from analysis.services.objects import FREQUENCY, INFORMATIVENESS
from analysis.views.atlas import SOURCE_NAMES, readable_network
from analysis.views.figure_answers import files_of


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Objects that units stand for and what they go with; what is missing says how to get it.

    What makes no sense in the address asks for what is shown without it.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    page = {"network": network, "tab": findings.TABS["objects"], "tabs": findings.TABS.values()}
    choice = object_choices.objects_chosen(network, request.GET.dict())
    if choice:
        page |= {
            "files": files_of(request),
            "wanted": choice.labels.wanted,
            "sources": [(one, SOURCE_NAMES[one]) for one in choice.labels.sources],
            "campaigns": choice.labels.campaigns,
            "labelled": labelled.told(choice.labels),
            "sets": choice.sets,
            "layers": choice.layers,
            "shown": choice.shown,
            "frequencies": FREQUENCY.items(),
            "informativenesses": INFORMATIVENESS.items(),
            "figures": figures(choice.shown) if choice.shown else [],
        }
    return render(request, "analysis/findings/objects.html", page)
