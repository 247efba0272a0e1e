"""The start page: the researcher's console, the worker's campaigns, or what Unitscope is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analysis.services import access, atlas
from analysis.services.access import Role
from annotate.services.console import console

PUBLIC_NETWORKS = 6


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def start(request: HttpRequest) -> HttpResponse:
    """Show each role what it begins with; a fragment asked for is the console's columns."""
    role = access.role_of(request.user)
    asks_again = request.headers.get("HX-Request") == "true"
    if role is Role.NOBODY:
        return access.ask_to_sign_in(request) if asks_again else _landing(request)
    if role is Role.WORKER:
        return redirect("annotate:label_home")
    page = {"console": console()}
    template = "annotate/console_columns.html" if asks_again else "annotate/console.html"
    return render(request, template, page)


def _landing(request: HttpRequest) -> HttpResponse:
    """Say what Unitscope is, and show the atlases open to anyone."""
    newest = atlas.readable_networks(request.user).order_by("-created_at")
    networks = list(newest[:PUBLIC_NETWORKS])
    rows = [(network, atlas.montage(network)) for network in networks]
    montage = atlas.montage(networks[0], 12) if networks else []
    return render(request, "annotate/landing.html", {"rows": rows, "montage": montage})
