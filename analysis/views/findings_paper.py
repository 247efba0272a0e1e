"""The page that lists the paper's figures, each with its counterpart for a network."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.services import access, findings, paper_figures
from analysis.views.atlas import readable_network


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead from each figure of the paper to what there is here, or say what is missing."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    shown = {
        "network": network,
        "tab": {"title": "The paper’s figures"},
        "tabs": findings.TABS.values(),
        "counterparts": paper_figures.counterparts(network),
    }
    return render(request, "analysis/findings/paper.html", shown)
