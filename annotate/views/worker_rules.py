"""The page of a campaign's rules about its workers: its maker sets them, researchers look."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from analysis.services import access
from analysis.services.access import researcher_required
from annotate.forms.workers import RulesForm
from annotate.models import Campaign
from annotate.services import worker_rules
from annotate.services.qualification import has_practice
from annotate.views.campaigns import user_of


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rules, or set them."""
    campaign = get_object_or_404(Campaign, slug=slug)
    may_change = access.may_change(request.user, campaign)
    if request.method == "POST" and not may_change:
        raise PermissionDenied("Only the person who made this, or an admin, may change it.")
    rules = worker_rules.rules_of(campaign)
    told = worker_rules.sentence(rules)  # before the form writes into the row
    form = RulesForm(request.POST if request.method == "POST" else None, instance=rules)
    if request.method == "POST" and form.is_valid():
        worker_rules.set_rules(campaign, form.cleaned_data, user_of(request), now())
        messages.success(request, "The rules hold from the next answer on; what was ruled stays.")
        return redirect("annotate:worker_rules", slug=slug)
    context = {
        "campaign": campaign,
        "form": form,
        "may_change": may_change,
        "told": told,
        "has_practice": has_practice(campaign),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "annotate/workers/rules.html", context, status=status)
