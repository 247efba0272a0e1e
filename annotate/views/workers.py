"""The researcher's pages of a campaign's workers: how they stand, and what is ruled of them."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from annotate.core.rules import CATEGORIES
from annotate.core.worker_standing import Share
from annotate.forms.workers import AnswerForm, RulingForm
from annotate.models import Campaign, Ruling, Worker
from annotate.services import rulings, worker_rules, worker_standings
from annotate.services.qualification import has_practice
from annotate.services.rulings import CannotRule, Order
from annotate.services.worker_standings import WorkerRow
from annotate.views.campaigns import mine, user_of

ROWS = 50
TOLD = {
    Ruling.State.ACTIVE: "may go on.",
    Ruling.State.PRACTISE: "is asked to practise again.",
    Ruling.State.PAUSED: "is paused: no new units; the one held may be submitted.",
    Ruling.State.ENDED: "gets no more units here; the one held may be submitted.",
}


def _low_first(found: Share | None) -> float:
    """Return the share to sort by; what cannot be told comes last."""
    return 2.0 if found is None else found.value


# Where one looks for trouble it comes first: low shares, quick hands, those held back.
SORTS: dict[str, tuple[str, Callable[[WorkerRow], float | str]]] = {
    "": ("who came first", lambda row: row.worker.pk),
    "name": ("pseudonym", lambda row: row.worker.pseudonym),
    "answers": ("most answers", lambda row: -(row.standing.answers if row.standing else 0)),
    "sensitivity": (
        "lowest sensitivity",
        lambda row: _low_first(row.standing.sensitivity if row.standing else None),
    ),
    "specificity": (
        "lowest specificity",
        lambda row: _low_first(row.standing.specificity if row.standing else None),
    ),
    "agreement": (
        "lowest agreement",
        lambda row: _low_first(row.standing.group if row.standing else None),
    ),
    "pace": ("fastest", lambda row: _seconds(row)),
    "state": ("held back first", lambda row: -list(Ruling.State).index(row.state)),
}


@require_safe
@researcher_required
@never_cache
def table(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody who works in a campaign by pseudonym; open appeals first."""
    campaign = get_object_or_404(Campaign.objects.select_related("network", "run"), slug=slug)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else ""
    rows = sorted(worker_standings.table(campaign), key=SORTS[sort][1])  # stable
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "may_change": access.may_change(request.user, campaign),
        "appeals": [row for row in rows if row.ruling and row.ruling.open_appeal],
        "rows": page.object_list,
        "page": page,
        "held_back": sum(row.state != Ruling.State.ACTIVE for row in rows),
        "sorts": [(name, told) for name, (told, _) in SORTS.items()],
        "sort": sort,
        "rules": worker_rules.sentence(worker_rules.rules_of(campaign)),
    }
    return render(request, "annotate/workers/table.html", context)


@require_safe
@researcher_required
@never_cache
def worker(request: HttpRequest, slug: str, pseudonym: str) -> HttpResponse:
    """One worker: figures, confusion of groups, what was ruled, his answers."""
    campaign = get_object_or_404(Campaign.objects.select_related("network", "run"), slug=slug)
    found = _worker(campaign, pseudonym)
    answers = worker_standings.answers_of(found, campaign)
    detail = worker_standings.detail(found, campaign)
    standing = detail.row.standing
    context = {
        "campaign": campaign,
        "worker": found,
        "may_change": access.may_change(request.user, campaign) and not found.has_left,
        "detail": detail,
        "standing": standing,
        "categories": CATEGORIES,
        "confusion": zip(CATEGORIES, standing.confusion.tolist(), strict=True) if standing else [],
        "history": worker_standings.history(found, campaign),
        "appeal": detail.row.ruling.open_appeal if detail.row.ruling else None,
        "has_practice": has_practice(campaign),
        "page": Paginator(answers, ROWS).get_page(request.GET.get("page")),
    }
    return render(request, "annotate/workers/worker.html", context)


@require_POST
@researcher_required
def rule(request: HttpRequest, slug: str, pseudonym: str) -> HttpResponse:
    """Pause, end, ask to practise again or let go on, with a reason that the worker reads."""
    campaign = mine(request, slug)
    found, form = _worker(campaign, pseudonym), RulingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_fault(form))
    else:
        state = Ruling.State(form.cleaned_data["state"])
        _rule(request, found, campaign, Order(state, form.cleaned_data["reason"]))
    return redirect("annotate:worker", slug=slug, pseudonym=pseudonym)


@require_POST
@researcher_required
def answer(request: HttpRequest, slug: str, pseudonym: str) -> HttpResponse:
    """Answer an appeal: the ruling stays, or the worker may go on."""
    campaign = mine(request, slug)
    found, form = _worker(campaign, pseudonym), AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_fault(form))
    elif form.cleaned_data["verdict"] == "go":
        _rule(request, found, campaign, Order(Ruling.State.ACTIVE, form.cleaned_data["reason"]))
    else:
        try:
            rulings.uphold(found, campaign, form.cleaned_data["reason"], user_of(request), now())
        except CannotRule as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, f"{pseudonym} reads your answer; the ruling stays.")
    return redirect("annotate:workers", slug=slug)


def _rule(request: HttpRequest, found: Worker, campaign: Campaign, order: Order) -> None:
    """Rule, and say what holds now or why it cannot."""
    by = Order(order.state, order.sentence, by=user_of(request))
    try:
        rulings.rule_by_hand(found, campaign, by, now())
    except CannotRule as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"{found.pseudonym} {TOLD[order.state]}")


def _worker(campaign: Campaign, pseudonym: str) -> Worker:
    """Return a worker who has a part in the campaign; another's pseudonym is not there."""
    found = get_object_or_404(Worker, pseudonym=pseudonym)
    worked = found.assignments.filter(task__campaign=campaign)
    if not worked.exists() and not found.rulings.filter(campaign=campaign).exists():
        raise Http404(f"{pseudonym} has no part in this campaign.")
    return found


def _seconds(row: WorkerRow) -> float:
    """Return the seconds to sort by; who has none comes last."""
    pace = row.standing.pace if row.standing else None
    return float("inf") if pace is None else pace.seconds


def _first_fault(form: forms.Form) -> str:
    """Return the first sentence of what is wrong."""
    return next(str(error) for errors in form.errors.values() for error in errors)
