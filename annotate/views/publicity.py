"""The switch that opens a network's atlas to everybody."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from analysis.models import Network
from analysis.services import access
from analysis.services.access import researcher_required
from annotate.services import publicity


@require_POST
@researcher_required
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the atlas public with public=yes, else the researchers' own."""
    network = get_object_or_404(Network, slug=slug)
    access.insist_may_change(request.user, network)
    if request.POST.get("public") != "yes":
        publicity.make_private(network)
        messages.success(request, f"Only researchers may read the atlas of {slug} now.")
    else:
        try:
            publicity.make_public(network)
            messages.success(request, f"Anyone may read the atlas of {slug} now.")
        except publicity.CannotPublish as reason:
            messages.error(request, str(reason))
    return redirect("analysis:atlas", slug=slug)
