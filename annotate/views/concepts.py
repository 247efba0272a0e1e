"""The concepts of a campaign, the words behind them, and what a researcher makes of them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from annotate.forms.concepts import DecisionForm
from annotate.models import Campaign
from annotate.services import concepts
from annotate.services.consensus import edits_of
from annotate.views.campaigns import mine, user_of

ROWS = 50
SUGGESTED = 10
HISTORY = 30


@require_safe
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The table of concepts, what may be merged, and every decision with what it changed."""
    campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    rows = concepts.concepts(campaign)
    asked = request.GET.get("q", "").strip()[:80]
    shown = [row for row in rows if _mentions(row, asked.casefold())] if asked else rows
    numbered = Paginator(shown, ROWS).get_page(request.GET.get("page"))
    history = concepts.history(campaign)
    context = {
        "campaign": campaign,
        "may_change": access.may_change(request.user, campaign),
        "rows": numbered.object_list,
        "page": numbered,
        "asked": asked,
        "concepts": len(rows),
        "units": sum(len(row.labels) for row in rows),
        "names": sorted({row.name for row in rows}, key=str.casefold),
        "words": sorted({word.text for row in rows for word in row.words.values()}),
        "suggestions": concepts.suggestions(rows, edits_of(campaign))[:SUGGESTED],
        "last": history[0] if history else None,
        "history": history[1 : HISTORY + 1],
        "older": max(0, len(history) - HISTORY - 1),
    }
    return render(request, "annotate/concepts.html", context)


@require_POST
@researcher_required
def decide(request: HttpRequest, slug: str) -> HttpResponse:
    """Merge, split, rename or undo, and say what it changed."""
    campaign = mine(request, slug)
    form = DecisionForm(request.POST)
    try:
        row = form.decide(campaign, user_of(request))
    except concepts.DecisionRefused as reason:
        messages.error(request, str(reason))
    else:
        units = len(row.changed)
        told = f"{units} unit{'s have' if units != 1 else ' has'} another label now"
        messages.success(request, f"{row.sentence}: {told if units else 'no label changed'}.")
    return redirect("annotate:concepts", slug=slug)


def _mentions(row: concepts.ConceptRow, asked: str) -> bool:
    """Tell whether a concept or a word behind it has these letters."""
    texts = [row.name, row.spelt, *(word.text for word in row.words.values())]
    return any(asked in text.casefold() for text in texts)
