"""The form that says how a network is to be cited."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from analysis.models import Network
from analysis.services import access, citations
from analysis.services.access import researcher_required
from analysis.services.citations import CitationRefused


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the fields of the citation, or store them and lead to the atlas."""
    network = get_object_or_404(Network, slug=slug)
    access.insist_may_change(request.user, network)
    stored = {name: getattr(network, name) for name in citations.LONGEST}
    page = {"network": network, "fields": stored, "longest": citations.LONGEST}
    if request.method != "POST":
        return render(request, "analysis/citing.html", page)
    given = {name: request.POST.get(name, "") for name in citations.LONGEST}
    try:
        citations.change(network=network, given=given)
    except CitationRefused as refused:
        page |= {"fields": given, "wrong": refused.field, "refused": str(refused)}
        return render(request, "analysis/citing.html", page, status=422)
    messages.success(request, f"How to cite {slug} is stored.")
    return redirect("analysis:atlas", slug=slug)
