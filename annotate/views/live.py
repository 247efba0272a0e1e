"""A campaign live: how it goes, what it pays, its answers as files."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from analysis.services.figures import Figure, Missing
from analysis.views.figure_answers import File, answer
from annotate.forms.running import PayForm
from annotate.models import Campaign
from annotate.services import answer_exports, campaign_figures, live, live_figures, pay
from annotate.views.campaigns import figures_beside, mine, user_of

NO_PACE = "Its answers were published: nobody is asked here, so there is no pace."
ENDINGS = {"csv": ("unitscope", "text/csv"), "jsonl": ("unitscope-answers", "application/jsonl")}


@require_safe
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """How the campaign goes: numbers and alarms that renew themselves, figures, money, files."""
    campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    return _page(request, campaign, PayForm.of(campaign))


@require_safe
@researcher_required
@never_cache
def numbers(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the page that renews itself."""
    campaign = get_object_or_404(Campaign, slug=slug)
    return render(request, "annotate/live_numbers.html", _numbers(campaign))


@require_POST
@researcher_required
def pay_terms(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep what the campaign pays."""
    campaign = mine(request, slug)
    form = PayForm.of(campaign, request.POST)
    if form.is_valid():
        try:
            changed = pay.set_pay(campaign, form.terms(), user_of(request), now())
        except pay.PayRefused as error:
            form.add_error(None, str(error))
        else:
            said = f"Kept: {pay.told(campaign)}." if changed else "It is so already."
            messages.success(request, said)
            return redirect("annotate:live", slug=slug)
    return _page(request, campaign, form, status=422)


@require_safe
@researcher_required
def figure(request: HttpRequest, slug: str, name: str, form: str) -> HttpResponse:
    """One of the page's figures as a file, of the answers that are there now."""
    campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    at = now()
    found: list[Figure | Missing] = [*_figures(campaign, at)]
    found = found or [Missing("When do answers come?", NO_PACE)]
    wanted = File(name, form, f"{slug}-live")
    return answer(request, found, wanted, lambda _: campaign_figures.of_now(campaign, at))


@require_safe
@researcher_required
def answers(request: HttpRequest, slug: str, form: str) -> StreamingHttpResponse:
    """Hand out the answers, workers by pseudonym, as `export_answers` does."""
    campaign = get_object_or_404(Campaign.objects.select_related("run"), slug=slug)
    name, kind = ENDINGS[form]
    pieces: Iterator[bytes] = answer_exports.FORMATS[name](campaign)
    told = {"Content-Disposition": f'attachment; filename="{slug}-answers.{form}"'}
    return StreamingHttpResponse(pieces, content_type=kind, headers=told)


def _numbers(campaign: Campaign) -> dict[str, Any]:
    """Return what the renewed part shows."""
    return {
        "campaign": campaign,
        "live": live.live(campaign, now()),
        "is_paid": pay.is_paid(campaign),
        "pay": pay.told(campaign),
    }


def _page(
    request: HttpRequest, campaign: Campaign, form: PayForm, status: int = 200
) -> HttpResponse:
    """Show the whole page."""
    shown = _numbers(campaign) | {
        "figures": _figures(campaign, now()),
        "files": figures_beside("annotate:live", campaign),
        "form": form,
        "may_change": access.may_change(request.user, campaign),
    }
    return render(request, "annotate/live.html", shown, status=status)


def _figures(campaign: Campaign, at: datetime) -> list[Figure]:
    """Return the figures of the page; none where nobody is asked."""
    if campaign.published:
        return []
    return live_figures.figures(campaign, live.answers_by_hour(campaign, at), at)
