"""The review queue of a campaign: look at its answers, judge them, or answer a unit oneself."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from annotate.forms.answer import AnswerForm, values_of
from annotate.forms.reviews import VerdictForm
from annotate.models import Answer, Assignment, Campaign, Review, Task
from annotate.services import assignments, review_queue, reviews, submission
from annotate.services.audit import LONGEST_REASON
from annotate.services.guidelines import as_html
from annotate.views import sheet
from annotate.views.campaigns import mine, user_of
from annotate.views.door import wants_json
from annotate.views.label import hand_on

ROWS = 10
SHOWS = {
    "unreviewed": "to look at",
    "disputed": "disputed",
    "sent-back": "sent back",
    "rejected": "rejected",
    "all": "all",
}
TOLD = {
    Review.Verdict.ACCEPT: "Accepted.",
    Review.Verdict.REJECT: "Rejected: the answer is kept and counts no more.",
    Review.Verdict.RESTORE: "The rejection is undone: the answer counts again.",
    Review.Verdict.SEND_BACK: "Sent back: its author gets the unit as his next one. Until he has "
    "answered again, this answer counts.",
}


@dataclass(frozen=True)
class Refusal:
    """A verdict that could not be, to be shown again with what was typed."""

    answer: int
    verdict: str
    comment: str
    sentence: str


@require_safe
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The units with their answers side by side, those that people disagree about first."""
    campaign = get_object_or_404(Campaign.objects.select_related("network", "run"), slug=slug)
    return _page(request, campaign, request.GET)


@require_POST
@researcher_required
@never_cache
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Accept, reject, send back, or undo a rejection; what was typed is not lost by a refusal."""
    campaign = mine(request, slug)
    asked = Answer.objects.filter(task__campaign=campaign, task__purpose=Task.Purpose.ASK)
    answer = get_object_or_404(asked.select_related("worker"), pk=pk)
    form = VerdictForm(request.POST)
    try:
        row = form.decide(answer, now(), user_of(request))
    except reviews.CannotReview as reason:
        verdict, comment = request.POST.get("verdict", ""), request.POST.get("comment", "")
        refusal = Refusal(answer.pk, verdict, comment, str(reason))
        return _page(request, campaign, request.POST, refusal)
    hand_on(answer.task_id)
    messages.success(request, _told(row, campaign))
    query = urlencode(_place(request.POST))
    return redirect(f"{reverse('annotate:review', args=[slug])}?{query}#unit-{answer.task_id}")


@require_POST
@researcher_required
def begin(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Begin to answer a unit oneself; a second click leads to the same page."""
    task = _task(request, slug, pk)
    try:
        reviews.begin(task, now(), user_of(request))
    except reviews.CannotReview as reason:
        messages.error(request, str(reason))
        return redirect("annotate:review", slug=slug)
    return redirect("annotate:review_label", slug=slug, pk=pk)


@require_safe
@researcher_required
@never_cache
def label(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Answer a unit oneself, on the task page."""
    found = reviews.own(_task(request, slug, pk), user_of(request))
    if found is None or found.state != Assignment.State.REVIEWING:
        messages.info(request, "Press “Answer it yourself” beside the unit first.")
        return redirect("annotate:review", slug=slug)
    return _task_page(request, found, found.draft, {})


@require_POST
@researcher_required
def submit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take in the reviewer's own answer, and lead back to the queue."""
    found = _own(request, slug, pk)
    form = AnswerForm(values_of(request.POST))
    errors = form.hand_in(lambda given: submission.submit(found, given, now()))
    onward = f"{reverse('annotate:review', args=[slug])}?show=all#unit-{pk}"
    if "assignment" in errors:
        messages.error(request, errors["assignment"])
    elif errors and wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    elif errors:
        return _task_page(request, found, form.draft(), errors)
    else:
        hand_on(pk)
        messages.success(request, "Your answer counts, and is marked as a reviewer’s.")
    return JsonResponse({"next": onward}) if wants_json(request) else redirect(onward)


@require_POST
@researcher_required
def draft(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep what the reviewer has so far."""
    found = _own(request, slug, pk)
    form = AnswerForm(values_of(request.POST))
    if not form.is_valid():
        return JsonResponse({"errors": form.faults()}, status=422)
    sent = form.cleaned_data["version"]
    assignments.save_draft(found, form.draft(), sent, now())
    found.refresh_from_db(fields=["draft", "draft_version"])
    return JsonResponse(sheet.kept(found.draft_version, found.draft, sent))


def _page(
    request: HttpRequest, campaign: Campaign, asked: QueryDict, refusal: Refusal | None = None
) -> HttpResponse:
    """Draw the queue; where a verdict was refused, with the sentence and what was typed."""
    place = _place(asked)
    at = Paginator(review_queue.queue(campaign, place["show"]), ROWS).get_page(place["page"])
    context = {
        "campaign": campaign,
        "may_change": access.may_change(request.user, campaign),
        "units": review_queue.in_review(campaign, list(at)),
        "at": at,
        "shows": SHOWS.items(),
        "show": place["show"],
        "longest": LONGEST_REASON,
        "refusal": refusal,
    }
    status = 422 if refusal else 200
    return render(request, "annotate/review/page.html", context, status=status)


def _place(asked: QueryDict) -> dict[str, str]:
    """Return which part of the queue is looked at, whatever was sent."""
    show = asked.get("show", "")
    return {"show": show if show in SHOWS else "unreviewed", "page": asked.get("page", "")[:9]}


def _told(row: Review, campaign: Campaign) -> str:
    """Say what a verdict did."""
    told = TOLD[Review.Verdict(row.verdict)]
    if row.verdict == Review.Verdict.REJECT and campaign.state == Campaign.State.OPEN:
        return f"{told} The unit is in the queue again, for another worker."
    if row.verdict == Review.Verdict.REJECT:
        return f"{told} The campaign is {campaign.state}: reopened, it asks another worker."
    return told


def _task(request: HttpRequest, slug: str, pk: int) -> Task:
    """Return a unit of a campaign that the user may change."""
    tasks = Task.objects.filter(campaign=mine(request, slug), purpose=Task.Purpose.ASK)
    return get_object_or_404(tasks.select_related("campaign", "unit__layer__network"), pk=pk)


def _own(request: HttpRequest, slug: str, pk: int) -> Assignment:
    """Return what the reviewer has begun; it does not exist before she has."""
    found = reviews.own(_task(request, slug, pk), user_of(request))
    if found is None:
        raise Http404("This unit was not begun.")
    return found


def _task_page(
    request: HttpRequest, found: Assignment, marks: dict[str, Any], errors: dict[str, str]
) -> HttpResponse:
    """Draw the task page round a unit that a reviewer answers."""
    page = {
        **sheet.form(found, marks, errors),
        "guidelines": as_html(found.task.campaign.guidelines),
        "seconds_left": sheet.NO_LEASE,
        "number": 1,
    }
    return render(request, "annotate/review/label.html", page, status=422 if errors else 200)
