"""The links that show a private network: a page that makes, lists and revokes them."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from analysis.models import Network, SharedLink
from analysis.services import access, sharing
from analysis.services.access import researcher_required
from annotate.services import publicity
from annotate.services.publicity import CannotPublish

FOREVER = "0"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@researcher_required
@sensitive_variables("secret")
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a network's links; by POST make one and show it, this once."""
    network = _mine(request, slug)
    if request.method != "POST":
        return render(request, "annotate/shared_links.html", _page(network))
    name, days = request.POST.get("name", ""), request.POST.get("days", "")
    try:
        link, secret = publicity.share(
            network=network, user=cast("User", request.user), name=name, days=_days(days)
        )
    except (CannotPublish, sharing.LinkRefused) as refused:
        shown = _page(network) | {"name": name, "days": days, "refused": str(refused)}
        return render(request, "annotate/shared_links.html", shown, status=422)
    address = request.build_absolute_uri(f"{reverse('analysis:shared')}?link={secret}")
    shown = _page(network) | {"made": link, "address": address}
    return render(request, "annotate/shared_links.html", shown)


@require_POST
@researcher_required
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Close a link for good."""
    network = _mine(request, slug)
    link = get_object_or_404(SharedLink, pk=pk, network=network)
    if sharing.revoke(link=link, user=cast("User", request.user)):
        messages.success(request, f"The link for {link.name} opens nothing any more.")
    else:
        messages.info(request, f"The link for {link.name} was revoked already.")
    return redirect("annotate:shared_links", slug=slug)


def _mine(request: HttpRequest, slug: str) -> Network:
    network = get_object_or_404(Network, slug=slug)
    access.insist_may_change(request.user, network)
    return network


def _days(text: str) -> int | None:
    """Return how long the link shall last, None for until it is revoked; -1 for nonsense."""
    if text == FOREVER:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _page(network: Network) -> dict[str, Any]:
    """Return what the page shows: every link there ever was, and which are open."""
    links = network.shared_links.select_related("created_by", "revoked_by")
    return {
        "network": network,
        "links": links,
        "now": timezone.now(),
        "terms": sharing.DAYS,
        "days": str(sharing.DAYS[1]),
    }
