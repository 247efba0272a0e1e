"""The researcher's pages of a campaign: open it, watch it, pause and close it, publish it."""

import re

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from analysis.views.figure_answers import Files
from annotate import tasks
from annotate.forms.campaign import CampaignForm
from annotate.models import Campaign
from annotate.services import campaigns, standing
from annotate.services.campaigns import CannotOpen
from annotate.services.guidelines import as_html

PAGE_NEW = "annotate/campaign_new.html"
ROWS = 50
# The first digits of a run's key, as its `short_key` shows them, or more.
KEY = re.compile(r"[0-9a-f]{12,64}")
LEFT_OUT_SHOWN = 50
SHOWS = {
    "": "all",
    "waiting": "waiting for answers",
    "labelled": "labelled",
    "disputed": "disputed",
}
TURNS = {"pause": campaigns.pause, "close": campaigns.close, "reopen": campaigns.reopen}
TOLD = {
    "pause": "Paused: no new units are given out. Who holds one may submit it until his time ends.",
    "close": "Closed: no new units are given out. Who holds one may submit it until his time ends.",
    "reopen": "Open again.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def new(request: HttpRequest) -> HttpResponse:
    """Choose a finished run, then say what to ask about it; told what it takes, if asked."""
    runs = campaigns.runs_to_ask_about()
    key = request.GET.get("run", "")
    if not key and request.method != "POST":
        return render(request, "annotate/campaign_runs.html", {"runs": runs[:ROWS]})
    if not KEY.fullmatch(key):
        raise Http404("That is no key of a run.")
    run = get_object_or_404(runs, key__startswith=key)
    form = CampaignForm(run, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if form.works_out:
                foreseen = campaigns.what_it_takes(run, form.plan())
                page = {"form": form, "run": run, "foreseen": foreseen}
                return render(request, PAGE_NEW, page)
            campaign = campaigns.open_campaign(
                slug=form.cleaned_data["slug"], run=run, plan=form.plan(), user=user_of(request)
            )
        except CannotOpen as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{campaign.title} is open.")
            return redirect("annotate:campaign", slug=campaign.slug)
    form.focus_first_fault()
    status = 422 if request.method == "POST" else 200
    return render(request, PAGE_NEW, {"form": form, "run": run}, status=status)


@require_safe
@researcher_required
@never_cache
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """How a campaign stands, the link to share, and its units with their labels so far."""
    found = get_object_or_404(
        Campaign.objects.select_related("network", "run__image_set"), slug=slug
    )
    at = standing.standing(found, now())
    show, layer = request.GET.get("show", ""), request.GET.get("layer", "")
    show = show if show in SHOWS else ""
    layer = layer if layer in {row.name for row in at.layers} else ""
    units = standing.tasks_to_show(found, show, layer)
    page = Paginator(units, ROWS).get_page(request.GET.get("page"))
    may_change = access.may_change(request.user, found)
    context = {
        "campaign": found,
        "standing": at,
        "link": request.build_absolute_uri(found.address),
        "guidelines": as_html(found.guidelines),
        "may_change": may_change,
        "may_teach": may_change and not found.simulated and not found.published,
        "left_out": found.left_out[:LEFT_OUT_SHOWN],
        "rows": standing.with_labels(found, list(page)),
        "page": page,
        "shows": SHOWS.items(),
        "show": show,
        "layer": layer,
    }
    return render(request, "annotate/campaign.html", context)


@require_safe
@researcher_required
@never_cache
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the page that renews itself."""
    found = get_object_or_404(Campaign, slug=slug)
    page = {"campaign": found, "standing": standing.standing(found, now())}
    return render(request, "annotate/campaign_progress.html", page)


@require_POST
@researcher_required
def turn(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause, close or reopen: `to` says which."""
    found = mine(request, slug)
    to = request.POST.get("to", "")
    try:
        if to not in TURNS:
            messages.error(request, "A campaign can be paused, closed or reopened.")
        elif TURNS[to](found, user_of(request)):
            messages.success(request, TOLD[to])
        else:
            messages.info(request, f"The campaign is {found.state} already.")
    except CannotOpen as reason:
        messages.error(request, str(reason))
    return redirect("annotate:campaign", slug=slug)


@require_POST
@researcher_required
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Have all labels written anew by a worker."""
    found = mine(request, slug)
    tasks.publish.delay_on_commit(found.pk)
    messages.success(request, "The labels are being written; the table below follows.")
    return redirect("annotate:campaign", slug=slug)


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user; the guard in front of each view lets in nobody else."""
    if not isinstance(request.user, User):
        raise TypeError(f"{request.user!r} is not signed in")
    return request.user


def figures_beside(page: str, campaign: Campaign) -> Files:
    """Return where the files lie of the figures of a campaign's page; it has nothing to choose."""
    return Files(f"{reverse(page, args=[campaign.slug])}figures/", "")


def mine(request: HttpRequest, slug: str) -> Campaign:
    """Return the campaign if the user may change it; 403 if not."""
    found = get_object_or_404(Campaign, slug=slug)
    access.insist_may_change(request.user, found)
    return found
