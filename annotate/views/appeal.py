"""A worker's appeal against what was ruled of him, and the page that tells him of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from annotate.services import assignments, rulings
from annotate.services.qualification import Standing
from annotate.views import door
from annotate.views.door import Visit


@never_cache
@require_POST
@door.visits
def submit(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Take in what the worker says to a ruling, once, and show it to him."""
    # A form gives no more than what is kept four times over; the rule counts what is left of it.
    text = request.POST.get("text", "")[: 4 * rulings.LONGEST]
    try:
        rulings.appeal(visit.worker, visit.campaign, text, now())
    except rulings.CannotRule as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, gettext("The researcher sees your appeal."))
    return redirect("annotate:label_next", slug=visit.campaign.slug)


def ruled(request: HttpRequest, visit: Visit, stands: Standing) -> HttpResponse:
    """Say what holds a worker back, why, what it means, and what he may do about it."""
    ruling = stands.ruling
    page = {
        "campaign": visit.campaign,
        "stands": stands,
        "ruling": ruling,
        "appeal": getattr(ruling, "appeal", None),
        "longest": rulings.LONGEST,
        "answered": assignments.progress_of(visit.worker, visit.campaign, now()).answered,
    }
    return render(request, "annotate/label_ruled.html", page)
