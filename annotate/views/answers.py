"""The page of how often a campaign asks about each unit, and of what that was to take and took."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from analysis.services import access
from analysis.services.access import researcher_required
from annotate import tasks
from annotate.forms.asking import TargetsForm
from annotate.models import Campaign
from annotate.services import adaptive, stopping
from annotate.views.campaigns import user_of

FIELDS = tuple(TargetsForm.base_fields)
HOLD = "These targets hold from now on; units are being judged anew."


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how the units stand and what was foreseen, or change the targets."""
    campaign = get_object_or_404(Campaign.objects.select_related("run"), slug=slug)
    may_change = access.may_change(request.user, campaign)
    if request.method == "POST" and not may_change:
        raise PermissionDenied("Only the person who made this, or an admin, may change it.")
    now_so = {name: getattr(campaign, name) for name in FIELDS} if campaign.adaptive else None
    form = TargetsForm(request.POST if request.method == "POST" else None, initial=now_so)
    if request.method == "POST" and form.is_valid() and _set(request, campaign, form):
        return redirect("annotate:answers", slug=slug)
    context = {
        "campaign": campaign,
        "form": form,
        "may_change": may_change,
        "told": stopping.told(campaign),
        "asked": adaptive.asked(campaign) if campaign.adaptive else None,
        "forecast": adaptive.forecasted(campaign),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "annotate/answers.html", context, status=status)


def _set(request: HttpRequest, campaign: Campaign, form: TargetsForm) -> bool:
    """Change the targets and have all units judged; False if they cannot be so."""
    try:
        changed = stopping.set_targets(campaign, form.targets(), user_of(request), now())
    except ValueError as error:
        form.add_error("target_group", f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.")
        return False
    if changed:
        tasks.judge.delay_on_commit(campaign.pk)
        messages.success(request, HOLD)
    else:
        messages.info(request, "These targets hold already.")
    return True
