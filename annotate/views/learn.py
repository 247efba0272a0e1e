"""What a worker learns before the first unit: guidelines, worked units, a practice round."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotate.forms.answer import AnswerForm, values_of
from annotate.models import Lesson, PracticeAnswer
from annotate.services import practice as rounds
from annotate.services import qualification
from annotate.services.guidelines import as_html
from annotate.views import compared, door, sheet
from annotate.views.door import Visit


@never_cache
@require_GET
@door.visits
def home(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Show the guidelines, and the next step to the first unit."""
    lessons = Lesson.objects.of(visit.campaign)
    page = {
        "campaign": visit.campaign,
        "guidelines": as_html(visit.campaign.guidelines),
        "worked": lessons.worked().count(),
        "practised": rounds.units_of_a_round(visit.campaign),
        "stands": qualification.standing_of(visit.worker, visit.campaign),
    }
    return render(request, "annotate/learn/home.html", page)


@never_cache
@require_GET
@door.visits
def tutorial(request: HttpRequest, visit: Visit, number: int) -> HttpResponseBase:
    """Show one worked unit: its images as the expert marked them, her words, and why."""
    worked = list(Lesson.objects.of(visit.campaign).worked())
    if not 1 <= number <= len(worked):
        raise Http404(f"The tutorial has {len(worked)} worked units.")
    lesson = worked[number - 1]
    # Its maker looks at her own page; whoever else comes has seen the answer from now on.
    if visit.worker.user_id is None or visit.worker.user_id != visit.campaign.created_by_id:
        rounds.note_seen(lesson, now())
    page = {
        **sheet.form(lesson, compared.marks_of(lesson), {}),
        "lesson": lesson,
        "why": as_html(lesson.why),
        "number": number,
        "total": len(worked),
        "stands": qualification.standing_of(visit.worker, visit.campaign),
    }
    return render(request, "annotate/learn/tutorial.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
@door.visits
def practice(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Lead to the practice unit that waits, or show how the round ended; a POST begins one."""
    if request.method == "POST":
        try:
            rounds.begin(visit.worker, visit.campaign, now())
        except rounds.CannotPractise as reason:
            messages.info(request, str(reason))
            return redirect("annotate:label_learn", slug=visit.campaign.slug)
    stands = qualification.standing_of(visit.worker, visit.campaign)
    if stands.round is None:
        return redirect("annotate:label_learn", slug=visit.campaign.slug)
    mine = PracticeAnswer.objects.of(visit.worker, visit.campaign).filter(round=stands.round)
    if waiting := mine.waiting().first():
        return redirect("annotate:practice_unit", slug=visit.campaign.slug, pk=waiting.pk)
    page = {"campaign": visit.campaign, "stands": stands, "answers": list(mine)}
    page["others"] = rounds.asks_others(visit.campaign)
    return render(request, "annotate/learn/result.html", page)


@never_cache
@require_GET
@door.visits
def unit(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Show a practice unit on the task page; one that is answered leads to its feedback."""
    answer = _mine(visit, pk)
    if answer.answered_at:
        return redirect("annotate:practice_feedback", slug=visit.campaign.slug, pk=pk)
    return _page(request, answer, answer.draft)


@never_cache
@require_POST
@door.visits
def submit(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Take in a practice answer, once, and lead to its feedback."""
    answer = _mine(visit, pk)
    form = AnswerForm(values_of(request.POST))
    errors = form.hand_in(
        lambda given: None if answer.answered_at else rounds.submit(answer, given, now())
    )
    if "assignment" in errors:
        messages.info(request, errors["assignment"])
        return redirect("annotate:label_practice", slug=visit.campaign.slug)
    if errors and door.wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    if errors:
        return _page(request, answer, form.draft(), errors)
    onward = reverse("annotate:practice_feedback", args=[visit.campaign.slug, pk])
    return JsonResponse({"next": onward}) if door.wants_json(request) else redirect(onward)


@never_cache
@require_POST
@door.visits
def draft(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Keep what the worker has so far, as the task page does."""
    answer = _mine(visit, pk)
    form = AnswerForm(values_of(request.POST))
    if not form.is_valid():
        return JsonResponse({"errors": form.faults()}, status=422)
    if answer.answered_at:
        onward = reverse("annotate:practice_feedback", args=[visit.campaign.slug, pk])
        said = {"error": _("You have answered this practice unit already."), "next": onward}
        return JsonResponse(said | {"held": False}, status=409)
    sent = form.cleaned_data["version"]
    mine = PracticeAnswer.objects.filter(pk=pk)
    rounds.keep_draft(mine, form.draft(), sent, len(answer.task.items))
    version, newest = mine.values_list("draft_version", "draft").get()
    return JsonResponse(sheet.kept(version, newest, sent))


@never_cache
@require_GET
@door.visits
def feedback(request: HttpRequest, visit: Visit, pk: int) -> HttpResponseBase:
    """Say what the expert said, which clicks differ, and how near the answer came."""
    answer = _mine(visit, pk)
    if answer.answered_at is None:
        return redirect("annotate:practice_unit", slug=visit.campaign.slug, pk=pk)
    waiting = PracticeAnswer.objects.filter(round=answer.round).waiting()
    page = {
        **compared.page(answer),
        "waiting": waiting.count(),
        "stands": qualification.standing_of(visit.worker, visit.campaign),
    }
    return render(request, "annotate/learn/feedback.html", page)


def _mine(visit: Visit, pk: int) -> PracticeAnswer:
    """Return his practice answer; another's does not exist for him."""
    return get_object_or_404(PracticeAnswer.objects.of(visit.worker, visit.campaign), pk=pk)


def _page(
    request: HttpRequest,
    answer: PracticeAnswer,
    so_far: dict[str, object],
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    """Draw the task page round a practice unit."""
    row = list(answer.round.answers.values_list("pk", flat=True))
    page = {
        **sheet.form(answer, so_far, errors or {}),
        "guidelines": as_html(answer.task.campaign.guidelines),
        "seconds_left": sheet.NO_LEASE,
        "number": row.index(answer.pk) + 1,
        "total": len(row),
    }
    return render(request, "annotate/learn/practice.html", page, status=422 if errors else 200)
