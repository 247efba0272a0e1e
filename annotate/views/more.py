"""More of a campaign: extended by answers and units, or cloned."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from analysis.services.access import researcher_required
from annotate.forms.running import CloneForm, ExtendForm
from annotate.models import Campaign, Lesson
from annotate.services import cloning, extending
from annotate.services.campaigns import CannotOpen
from annotate.services.extending import Extended
from annotate.views.campaigns import mine, user_of


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def extend(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for more answers, or about more units of the run; by whoever opened it."""
    campaign = mine(request, slug)
    form = ExtendForm(campaign, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = extending.extend(campaign, form.more(), user_of(request), now())
        except CannotOpen as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _told(done))
            return redirect("annotate:campaign", slug=slug)
    page = {"campaign": campaign, "form": form, "has": campaign.tasks.asked().count()}
    status = 422 if request.method == "POST" else 200
    return render(request, "annotate/campaign_extend.html", page, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def clone(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the same campaign anew under another name; it is the cloner's own, and paused."""
    campaign = get_object_or_404(Campaign.objects.select_related("run", "network"), slug=slug)
    form = CloneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            made = cloning.clone(
                campaign,
                slug=asked["slug"],
                lessons=asked["lessons"],
                by=user_of(request),
                now=now(),
            )
        except CannotOpen as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{made.slug} is made, and paused: look at it, then reopen.")
            return redirect("annotate:campaign", slug=made.slug)
    page = {"campaign": campaign, "form": form, "lessons": Lesson.objects.of(campaign).count()}
    status = 422 if request.method == "POST" else 200
    return render(request, "annotate/campaign_clone.html", page, status=status)


def _told(done: Extended) -> str:
    """Say what extending came to."""
    if not (done.raised or done.added or done.left_out):
        return "Nothing was asked for that is not asked already."
    left = f", {done.left_out} left out (the reasons stand below)" if done.left_out else ""
    return f"{done.raised:,} units want more answers now; {done.added:,} units added{left}."
