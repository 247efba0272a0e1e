"""The findings page about meanings: whose labels, how counted, and the three figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.services import (
    access,
    figure_pages,
    findings,
    group_examples,
    label_choices,
    labelled,
    meaning_figures,
)
from analysis.views.atlas import SOURCE_NAMES, readable_network
from analysis.views.figure_answers import files_of


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Groups, precision and agreement of one source's labels; what is missing says how to get it.

    What makes no sense in the address asks for what is shown without it.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    shown = {"network": network, "tab": findings.TABS["meanings"], "tabs": findings.TABS.values()}
    choice = label_choices.answers_chosen(network, request.GET.dict())
    if choice:
        shown |= {
            "files": files_of(request),
            "wanted": choice.wanted,
            "by": choice.by,
            "sources": [(one, SOURCE_NAMES[one]) for one in choice.sources],
            "campaigns": choice.campaigns,
            "labelled": labelled.told(choice),
            "figures": figure_pages.meanings_of(choice),
            "groups": group_examples.groups(choice.wanted),
            "note": meaning_figures.note_of(choice.wanted.source, network.synthetic),
        }
    return render(request, "analysis/findings/meanings.html", shown)
