"""The worker's pages: the campaigns open to him, one unit after another, and what he did."""

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from kombu.exceptions import OperationalError

from annotate import tasks
from annotate.forms.answer import AnswerForm, values_of
from annotate.models import Assignment, Campaign, Lesson
from annotate.services import (
    assignments,
    own_work,
    qualification,
    rest,
    reviews,
    submission,
    workers,
)
from annotate.services.guidelines import as_html
from annotate.views import appeal, door, sheet
from annotate.views.door import Visit

log = logging.getLogger(__name__)


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponseBase:
    """List the campaigns open to whoever comes, by account or by the links he has opened."""
    worker = door.worker_of(request)
    if worker is None:
        return door.turn_away(request, None)
    campaigns = Campaign.objects.filter(state=Campaign.State.OPEN, simulated=False)
    campaigns = campaigns.select_related("network")
    if worker.user_id is None:
        campaigns = campaigns.filter(
            access=Campaign.Access.LINK, link_token__in=door.read_pass(request).links
        )
    at = now()
    rows = [
        (
            campaign,
            sheet.standing(worker, campaign, at),
            qualification.standing_of(worker, campaign),
        )
        for campaign in campaigns
    ]
    page = {"rows": rows, "worker": worker, "work": own_work.work_of(worker)}
    page["news"] = reviews.news_of(worker, at)
    return render(request, "annotate/label_home.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
def next_unit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Lead to the worker's next unit; a newcomer by link is welcomed first.

    A GET may lease a unit: it leads to the one held if there is one, so asking twice is asking
    once, and a lease not used ends by itself. Whatever fetches pages ahead gets nothing.
    """
    if request.headers.get("Sec-Purpose", "").startswith("prefetch"):
        return HttpResponse(status=204)
    token = request.POST.get("k") or request.GET.get("k")
    if token and not request.user.is_authenticated:
        return _by_link(request, get_object_or_404(Campaign, slug=slug), token)
    return _lead_on(request, slug)


def _by_link(request: HttpRequest, campaign: Campaign, token: str) -> HttpResponse:
    """Let in who holds the link. A worker is made by his own click, not by a link's preview."""
    if not door.opens(campaign, token):
        raise PermissionDenied(
            _("This link does not open the campaign, or does so no longer. Ask for the new one.")
        )
    held = door.read_pass(request)
    known = workers.by_secret(held.secret) is not None
    if not known and request.method == "GET":
        page = {
            "campaign": campaign,
            "token": token,
            "guidelines": as_html(campaign.guidelines),
            "has_practice": qualification.has_practice(campaign),
        }
        return render(request, "annotate/label_welcome.html", page)
    if not known:
        held = door.Pass(workers.new_link_worker()[1], held.links)
    response = redirect("annotate:label_next", slug=campaign.slug)
    door.write_pass(response, held.with_link(token))
    return response


@door.visits
def _lead_on(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Go to the unit held or leased now, to what is to be learnt before, or say there is none.

    Our script asks for the unit's page itself (`?here`) and sets right what the browser shows as
    its address: one way to the server and back less.
    """
    at = now()
    until = rest.rest_until(visit.worker, at)
    if until and not assignments.holds(visit.worker, visit.campaign, at):
        page = {"campaign": visit.campaign, "worker": visit.worker, "until": until}
        page["minutes"] = -(-int((until - at).total_seconds()) // 60)
        return render(request, "annotate/label_rest.html", page)
    assignment = assignments.claim(visit.worker, visit.campaign, at)
    if assignment and "here" in request.GET:
        return _page(request, visit, assignment, assignment.draft)
    if assignment:
        return redirect("annotate:label_task", slug=visit.campaign.slug, pk=assignment.pk)
    stands = qualification.standing_of(visit.worker, visit.campaign)
    if stands.is_held_back:
        return appeal.ruled(request, visit, stands)
    if visit.campaign.state == Campaign.State.OPEN and not stands.may_work:
        return redirect("annotate:label_learn", slug=visit.campaign.slug)
    page = {"campaign": visit.campaign, "worker": visit.worker}
    page |= sheet.standing(visit.worker, visit.campaign, now())
    return render(request, "annotate/label_none.html", page)


@never_cache
@require_GET
@door.visits
def task_page(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Show one unit to be labelled; a lease that lapsed is taken up again if nobody else came."""
    assignment = visit.assignment(pk)
    if assignment.state == Assignment.State.SUBMITTED:
        return redirect("annotate:label_done", slug=visit.campaign.slug, pk=pk)
    if not assignment.is_his(now()):
        assignments.extend(assignment, now())
        assignment = visit.assignment(pk)
    if not assignment.is_his(now()):
        given_back = assignment.state == Assignment.State.RETURNED
        ended = _("Your time for this unit ended.")
        sentence = _("You gave this unit back.") if given_back else ended
        return _lost(request, visit, sentence)
    return _page(request, visit, assignment, assignment.draft)


@never_cache
@require_POST
@door.visits
def submit(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Take in an answer; the same one twice is one, and what is wrong is said where it is wrong."""
    assignment = visit.assignment(pk)
    form = AnswerForm(values_of(request.POST))
    errors = form.hand_in(lambda given: submission.submit(assignment, given, now()))
    if "assignment" in errors:
        return _lost(request, visit, errors["assignment"])
    if errors and door.wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    if errors:
        return _page(request, visit, assignment, form.draft(), errors)
    hand_on(assignment.task_id)
    done = reverse("annotate:label_done", args=[visit.campaign.slug, pk])
    return JsonResponse({"next": done}) if door.wants_json(request) else redirect(done)


@never_cache
@require_POST
@door.visits
def draft(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Keep what the worker has so far and extend his lease; answer with the newest draft."""
    assignment = visit.assignment(pk)
    form = AnswerForm(values_of(request.POST))
    if not form.is_valid():
        return JsonResponse({"errors": form.faults()}, status=422)
    sent = form.cleaned_data["version"]
    assignments.save_draft(assignment, form.draft(), sent, now())
    kept = visit.assignment(pk)
    reply: dict[str, Any] = {"version": kept.draft_version, "held": kept.is_his(now())}
    if kept.state == Assignment.State.SUBMITTED:
        reply["error"] = _("You have answered this unit already.")
        reply["next"] = reverse("annotate:label_done", args=[visit.campaign.slug, pk])
    elif not reply["held"]:
        reply["error"] = _("This unit is no longer yours. Your marks are kept as a draft.")
        reply["next"] = reverse("annotate:label_next", args=[visit.campaign.slug])
    elif kept.draft_version > sent:
        reply["draft"] = kept.draft  # another device was here since
    reply["seconds_left"] = max(0, int((kept.due_at - now()).total_seconds()))
    return JsonResponse(reply, status=200 if reply["held"] else 409)


@never_cache
@require_POST
@door.visits
def give_back(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Free the unit for others and lead home; a second click finds it free already."""
    if assignments.give_back(visit.assignment(pk), now()):
        messages.success(request, _("You gave the unit back. It is free for others now."))
    return redirect("annotate:label_home")


@never_cache
@require_POST
@door.visits
def keep(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Leave an answer that was sent back as it was; a second click finds it left."""
    if reviews.keep(visit.assignment(pk), now()):
        messages.success(request, _("Your answer stays as it was."))
    return redirect("annotate:label_home")


@never_cache
@require_GET
@door.visits
def done(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Thank, and say what this answer did."""
    assignment = visit.assignment(pk)
    if assignment.state != Assignment.State.SUBMITTED:
        return redirect("annotate:label_task", slug=visit.campaign.slug, pk=pk)
    page = {
        "campaign": visit.campaign,
        "worker": visit.worker,
        "answer": assignment.answer,
        **sheet.standing(visit.worker, visit.campaign, now()),
    }
    return render(request, "annotate/label_done.html", page)


@never_cache
@require_GET
@door.visits
def ahead(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Name the pictures of the unit this worker will probably get next; leases nothing."""
    task = assignments.likely_next(visit.worker, visit.campaign, now())
    return JsonResponse({"pictures": sheet.addresses(task) if task else []})


@require_GET
@door.visits
def how_to(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Show how units are labelled, as a page of its own for who has no scripts."""
    page = {
        "campaign": visit.campaign,
        "guidelines": as_html(visit.campaign.guidelines),
        "worked": Lesson.objects.of(visit.campaign).worked().exists(),
    }
    return render(request, "annotate/label_how.html", page)


def _page(
    request: HttpRequest,
    visit: Visit,
    assignment: Assignment,
    draft: dict[str, Any],
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    """Draw the labelling page with what the worker has so far, and what is wrong with it."""
    at = now()
    page = {
        **sheet.form(assignment, draft, errors or {}),
        "guidelines": as_html(visit.campaign.guidelines),
        "seconds_left": max(0, int((assignment.due_at - at).total_seconds())),
        "sent_back": reviews.sent_back(assignment),
        **sheet.standing(visit.worker, visit.campaign, at),
    }
    return render(request, "annotate/label.html", page, status=422 if errors else 200)


def _lost(request: HttpRequest, visit: Visit, sentence: str) -> HttpResponse:
    """Say that the unit is no longer this worker's, and lead on to the next."""
    if door.wants_json(request):
        onward = reverse("annotate:label_next", args=[visit.campaign.slug])
        return JsonResponse({"error": sentence, "next": onward}, status=409)
    page = {"campaign": visit.campaign, "sentence": sentence}
    return render(request, "annotate/label_lost.html", page, status=409)


def hand_on(task_pk: int) -> None:
    """Have the unit's consensus counted anew; a broken broker delays it and loses nothing."""
    try:
        tasks.aggregate.delay_on_commit(task_pk)
    except (OperationalError, OSError):
        log.exception("The consensus of task %s could not be queued.", task_pk)
