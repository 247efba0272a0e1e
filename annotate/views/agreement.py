"""How well a campaign's answers agree, by which method they become labels, what workers weigh."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from analysis.services.figures import Figure, Missing
from analysis.views.figure_answers import File, answer, sentence
from annotate import tasks
from annotate.forms.agreement import MethodForm
from annotate.models import Answer, Campaign, TruthFit
from annotate.services import agreement_exports, campaign_figures, truth
from annotate.services.agreement_figures import figures, glance, rows_of
from annotate.views.campaigns import figures_beside, mine, user_of

WORKERS = 50
CHANGES = 60


@require_safe
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Figures of the last count, the methods beside one another, and the workers' weights."""
    campaign = get_object_or_404(Campaign, slug=slug)
    fit = tasks.counted(campaign)
    form = MethodForm(initial={"method": campaign.method, "tied": campaign.tied})
    context = {
        "campaign": campaign,
        "fit": fit,
        "current": truth.is_current(campaign, fit),
        "may_change": access.may_change(request.user, campaign),
        "form": form,
        "answers": Answer.objects.counted(campaign).count(),
        **(_counted(campaign, fit) if fit.is_counted else {}),
    }
    return render(request, "annotate/agreement.html", context)


@require_POST
@researcher_required
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the method; the labels follow."""
    campaign = mine(request, slug)
    form = MethodForm(request.POST)
    if not form.is_valid():
        faults = (str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, next(faults))
        return redirect("annotate:agreement", slug=slug)
    try:
        changed = truth.choose(
            campaign=campaign, user=user_of(request), now=now(), **form.cleaned_data
        )
    except truth.CannotChoose as reason:
        messages.error(request, str(reason))
        return redirect("annotate:agreement", slug=slug)
    method = truth.named(campaign.method, campaign.tied)
    if changed:
        tasks.publish.delay_on_commit(campaign.pk)
        messages.success(request, f"Labels are made by {method} now; all are being written anew.")
    else:
        messages.info(request, f"Labels are made by {method} already.")
    return redirect("annotate:agreement", slug=slug)


@require_safe
@researcher_required
@never_cache
def table(request: HttpRequest, slug: str, name: str) -> StreamingHttpResponse:
    """One of the tables as CSV."""
    campaign = get_object_or_404(Campaign, slug=slug)
    if name not in agreement_exports.COLUMNS:
        raise Http404(f"There is no table {name}.")
    return StreamingHttpResponse(
        agreement_exports.as_csv(tasks.counted(campaign), name),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slug}-{name}.csv"'},
    )


@require_safe
@researcher_required
def figure(request: HttpRequest, slug: str, name: str, form: str) -> HttpResponse:
    """One of the page's figures as a file, of the last count."""
    campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    fit = tasks.counted(campaign)
    if not fit.is_counted and Answer.objects.counted(campaign).exists():
        soon = {"Retry-After": f"{truth.REST.total_seconds():.0f}"}
        return sentence("The answers are being counted: ask again in a while.", 503, soon)
    wanted = File(name, form, f"{slug}-agreement")
    return answer(
        request, _figures(campaign, fit), wanted, lambda _: campaign_figures.of_fit(campaign, fit)
    )


def _figures(campaign: Campaign, fit: TruthFit) -> list[Figure | Missing]:
    """Return the figures of a count, empty or not."""
    return figures(rows_of(fit.figures), campaign_figures.note(campaign), _downloads(campaign))


def _counted(campaign: Campaign, fit: TruthFit) -> dict[str, Any]:
    """Return what the page shows of a count."""
    rows = rows_of(fit.figures)
    layers, lines = glance(rows)
    workers = agreement_exports.table(fit, "workers")
    changes = agreement_exports.table(fit, "changes")
    network = campaign.tasks.values_list("unit__layer__network__slug", flat=True).first()
    return {
        "network": network,
        "layers": layers,
        "lines": lines,
        "figures": _figures(campaign, fit),
        "files": figures_beside("annotate:agreement", campaign),
        "methods": [
            {
                **row,
                "name": truth.named(row["method"], row["tied"]),
                "changes": [
                    one
                    for one in changes
                    if (one["method"], one["tied"]) == (row["method"], row["tied"])
                ][:CHANGES],
            }
            for row in agreement_exports.table(fit, "methods")
        ],
        "fitted_by": truth.named(fit.method, fit.tied),
        "workers": workers[:WORKERS],
        "more_workers": max(0, len(workers) - WORKERS),
    }


def _downloads(campaign: Campaign) -> dict[str, str]:
    """Return the addresses of the tables by name."""
    return {
        name: reverse("annotate:agreement_table", args=[campaign.slug, name])
        for name in agreement_exports.COLUMNS
    }
