"""The door of the worker's pages: who comes, by account or by a campaign's link, and what he holds.

A worker who came by a link is known by one signed cookie: the secret of his row (only its hash is
kept by us) and the tokens of the links he has opened. It is sent to the worker's pages only.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from annotate.models import Assignment, Campaign, Worker
from annotate.services import questions, workers

COOKIE = "unitscope_worker"
SALT = "annotate.views.door"
HALF_A_YEAR = 182 * 24 * 3600
MOST_LINKS = 50

P = ParamSpec("P")


@dataclass(frozen=True)
class Visit:
    """A worker in a campaign that he may work in."""

    campaign: Campaign
    worker: Worker

    def assignment(self, pk: int) -> Assignment:
        """Return his assignment; another's, or one of another campaign, does not exist for him."""
        found = questions.assignment_of(pk, self.worker, self.campaign)
        if found is None:
            raise Http404("No such unit of yours.")
        return found


@dataclass(frozen=True)
class Pass:
    """What the cookie of a link worker holds."""

    secret: str = ""
    links: tuple[str, ...] = ()

    def with_link(self, token: str) -> "Pass":
        """Add a link; the oldest goes when there are too many for a cookie."""
        links = [link for link in self.links if link != token]
        return Pass(self.secret, (*links, token)[-MOST_LINKS:])


def read_pass(request: HttpRequest) -> Pass:
    """Return what the cookie holds; nothing if it is absent, too old or not signed by us."""
    text = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=HALF_A_YEAR)
    try:
        held: Any = json.loads(text or "{}")
        return Pass(str(held.get("secret", "")), tuple(str(link) for link in held.get("links", [])))
    except (ValueError, AttributeError, TypeError):
        return Pass()


def write_pass(response: HttpResponse, held: Pass) -> None:
    """Hand the cookie out."""
    response.set_signed_cookie(
        COOKIE,
        json.dumps({"secret": held.secret, "links": held.links}),
        salt=SALT,
        max_age=HALF_A_YEAR,
        path=reverse("annotate:label_home"),
        httponly=True,
        samesite="Lax",
        secure=settings.BEHIND_HTTPS,
    )


def worker_of(request: HttpRequest) -> Worker | None:
    """Return who comes: the account's worker first, else the one whose cookie this is."""
    if request.user.is_authenticated:
        return workers.worker_for(request.user)
    return workers.by_secret(read_pass(request).secret)


def opens(campaign: Campaign, token: str) -> bool:
    """Tell whether this is the campaign's link, and links are its door."""
    by_link = campaign.access == Campaign.Access.LINK
    return by_link and constant_time_compare(token, campaign.link_token)


def may_enter(request: HttpRequest, campaign: Campaign, worker: Worker) -> bool:
    """Tell whether the worker may work here; one without account needs the campaign's link."""
    if not campaign.admits(worker):
        return False
    if worker.user_id is not None:
        return True
    return any(opens(campaign, link) for link in read_pass(request).links)


def visits(
    view: Callable[Concatenate[HttpRequest, Visit, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view a Visit in place of the campaign's slug, or turn the visitor away."""

    @wraps(view)
    def guarded(
        request: HttpRequest, /, slug: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        campaign = questions.campaign_of(slug)
        worker = worker_of(request)
        if campaign and worker and may_enter(request, campaign, worker):
            return view(request, Visit(campaign, worker), *args, **kwargs)
        return turn_away(request, campaign)

    return guarded


def turn_away(request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
    """Say what a visitor without a way in may do: sign in, find the link, or nothing."""
    if not request.user.is_authenticated and (
        campaign is None or campaign.access == Campaign.Access.MEMBERS
    ):
        # A campaign that is not there answers as one that is: a stranger learns nothing.
        if wants_json(request):
            sentence = _("You are signed out: sign in again, your draft is kept.")
            return JsonResponse({"error": sentence}, status=401)
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/label/")
    if campaign is None:
        raise Http404("No such campaign.")
    if campaign.simulated:
        raise PermissionDenied(_("This campaign is answered by simulated workers only."))
    raise PermissionDenied(
        _("This campaign opens by its link. Open the link you were sent again, or ask for it.")
    )


def wants_json(request: HttpRequest) -> bool:
    """Tell whether our script asks, rather than a browser for a page."""
    return request.headers.get("Accept", "").startswith("application/json")
