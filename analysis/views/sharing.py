"""Opening a shared link: its secret goes from the address into a cookie, and the atlas is shown."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis.services import sharing

LASTS = 365 * 24 * 3600  # the longest link; whether it still opens is asked at every request
# Neither the page behind the link nor its address is anybody else's business.
HIDDEN = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@require_safe
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Lead to the atlas that a link opens; one that opens nothing says so, whatever the reason."""
    link = sharing.link_of(request.GET.get("link", ""))
    if link is None:
        response = render(request, "analysis/link_closed.html", status=404)
    else:
        sharing.note_opened(link)
        response = redirect("analysis:atlas", slug=link.network.slug)
        response.set_cookie(
            sharing.COOKIE,
            sharing.held_with(request, request.GET["link"]),
            max_age=LASTS,
            httponly=True,
            samesite="Lax",
            secure=settings.BEHIND_HTTPS,
        )
    for name, value in HIDDEN.items():
        response[name] = value
    return response
