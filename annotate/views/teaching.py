"""The researcher's pages of teaching: guidelines, units that teach, the bar, who has passed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.services import access
from analysis.services.access import researcher_required
from annotate.core.practice import ATTEMPTS
from annotate.forms.answer import AnswerForm, values_of
from annotate.forms.teaching import BarForm, GuidelinesForm, WhyForm
from annotate.models import Campaign, Lesson, Task
from annotate.services import lessons
from annotate.services.guidelines import as_html
from annotate.services.lessons import CannotTeach
from annotate.services.practice import rounds_of
from annotate.views import sheet
from annotate.views.door import wants_json

ROUNDS = 50


@require_safe
@researcher_required
@never_cache
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Guidelines, worked units, practice round, bar, and who has passed."""
    campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    return _overview(
        request,
        campaign,
        BarForm(initial={"bar": campaign.practice_bar, "units": campaign.practice_units}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
@never_cache
def guidelines(request: HttpRequest, slug: str) -> HttpResponse:
    """Write the guidelines; "preview" shows them as workers will read them and keeps nothing."""
    campaign = _mine(request, slug)
    form = GuidelinesForm(_sent(request), initial={"guidelines": campaign.guidelines})
    text = campaign.guidelines
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["guidelines"]
        if "preview" not in request.POST:
            lessons.write_guidelines(campaign, text)
            messages.success(request, "The guidelines are saved.")
            return redirect("annotate:teaching", slug=slug)
    page = {"campaign": campaign, "form": form, "preview": as_html(text)}
    status = 422 if form.errors else 200
    return render(request, "annotate/teaching/guidelines.html", page, status=status)


@require_POST
@researcher_required
def bar(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the bar, and how many units a round draws."""
    campaign = _mine(request, slug)
    form = BarForm(request.POST)
    if not form.is_valid():
        return _overview(request, campaign, form, status=422)
    lessons.set_bar(campaign, form.cleaned_data["bar"])
    if form.cleaned_data["units"] is not None:
        lessons.set_units(campaign, form.cleaned_data["units"])
    messages.success(request, "The bar is set. Rounds that have ended keep theirs.")
    return redirect("annotate:teaching", slug=slug)


@require_POST
@researcher_required
def make(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a unit teach, then label it."""
    campaign = _mine(request, slug)
    number = request.POST.get("task", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    task = get_object_or_404(Task, campaign=campaign, pk=int(number) if is_number else 0)
    try:
        made = lessons.make_lesson(task, request.POST.get("kind", ""), now(), _user(request))
    except CannotTeach as reason:
        messages.error(request, str(reason))
        return redirect("annotate:teaching", slug=slug)
    where = "annotate:lesson" if made.is_ready else "annotate:lesson_label"
    return redirect(where, slug=slug, pk=made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
@never_cache
def lesson(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say why the answer is right, and which other words are as good."""
    found = _lesson(request, slug, pk)
    words = ", ".join(found.other_words)
    form = WhyForm(_sent(request), initial={"why": found.why, "other_words": words})
    why = found.why
    if request.method == "POST" and form.is_valid():
        why = form.cleaned_data["why"]
        if "preview" not in request.POST and _explained(found, form):
            messages.success(request, "Saved.")
            return redirect("annotate:teaching", slug=slug)
    page = {"campaign": found.task.campaign, "lesson": found, "form": form, "preview": as_html(why)}
    status = 422 if form.errors else 200
    return render(request, "annotate/teaching/lesson.html", page, status=status)


@require_safe
@researcher_required
@never_cache
def label(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Label a unit that teaches, on the task page."""
    found = _lesson(request, slug, pk)
    return _task_page(request, found, found.marks, {})


@require_POST
@researcher_required
def submit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take down what the expert says, and lead to the why."""
    found = _lesson(request, slug, pk)
    form = AnswerForm(values_of(request.POST))
    user = _user(request)
    errors = form.hand_in(lambda given: lessons.label(found, given, now(), by=user))
    onward = reverse("annotate:lesson", args=[slug, pk])
    if "assignment" in errors:
        messages.error(request, errors["assignment"])
    elif errors and wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    elif errors:
        return _task_page(request, found, form.draft(), errors)
    return JsonResponse({"next": onward}) if wants_json(request) else redirect(onward)


@require_POST
@researcher_required
def draft(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep what the expert has so far."""
    found = _lesson(request, slug, pk)
    form = AnswerForm(values_of(request.POST))
    if not form.is_valid():
        return JsonResponse({"errors": form.faults()}, status=422)
    sent = form.cleaned_data["version"]
    lessons.keep_draft(found, form.draft(), sent)
    found.refresh_from_db(fields=["draft", "draft_version"])
    return JsonResponse(sheet.kept(found.draft_version, found.draft, sent))


@require_POST
@researcher_required
def move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change places with the neighbour: `to` is up or down."""
    found = _lesson(request, slug, pk)
    to = request.POST.get("to", "")
    if to not in ("up", "down"):
        messages.error(request, "A unit moves up or down.")
    else:
        lessons.move(found, -1 if to == "up" else 1)
    return redirect("annotate:teaching", slug=slug)


@require_POST
@researcher_required
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Stop teaching by a unit; a second click finds it gone."""
    campaign = _mine(request, slug)
    found = Lesson.objects.of(campaign).filter(pk=pk).first()
    if found is None:
        messages.info(request, "That unit teaches no longer.")
    elif lessons.remove(found, now(), _user(request)):
        messages.success(request, f"{found.task.unit} is asked about again.")
    else:
        told = "is set aside: workers have seen its answer, so it is asked of nobody."
        if found.kind in (Lesson.Kind.GOLD, Lesson.Kind.RETIRED):
            told = "is retired: nobody is given it any more, and its answers count for nothing."
        messages.success(request, f"{found.task.unit} {told}")
    return redirect("annotate:teaching", slug=slug)


def _overview(
    request: HttpRequest, campaign: Campaign, form: BarForm, status: int = 200
) -> HttpResponse:
    """Draw the page that everything here leads back to."""
    rows = list(Lesson.objects.of(campaign))
    of_kind = {kind: [row for row in rows if row.kind == kind] for kind in Lesson.Kind}
    rounds = Paginator(rounds_of(campaign), ROUNDS).get_page(request.GET.get("page"))
    passed = campaign.practice_rounds.filter(passed=True)
    page = {
        "campaign": campaign,
        "may_change": access.may_change(request.user, campaign),
        "guidelines": as_html(campaign.guidelines),
        "worked": of_kind[Lesson.Kind.TUTORIAL],
        "practised": of_kind[Lesson.Kind.PRACTICE],
        "aside": of_kind[Lesson.Kind.ASIDE],
        "gold": of_kind[Lesson.Kind.GOLD],
        "retired": of_kind[Lesson.Kind.RETIRED],
        "is_gate": any(row.is_ready for row in of_kind[Lesson.Kind.PRACTICE]),
        "form": form,
        "attempts": ATTEMPTS,
        "rounds": rounds,
        "passed": passed.values("worker").distinct().count(),
        "learners": campaign.practice_rounds.values("worker").distinct().count(),
    }
    return render(request, "annotate/teaching/overview.html", page, status=status)


def _task_page(
    request: HttpRequest, found: Lesson, marks: dict[str, Any], errors: dict[str, str]
) -> HttpResponse:
    """Draw the task page round a unit that teaches."""
    page = {
        **sheet.form(found, marks, errors),
        "lesson": found,
        "guidelines": as_html(found.task.campaign.guidelines),
        "seconds_left": sheet.NO_LEASE,
        "number": found.position,
    }
    return render(request, "annotate/teaching/label.html", page, status=422 if errors else 200)


def _explained(found: Lesson, form: WhyForm) -> bool:
    """Keep the why; a refusal goes beside the field it is about."""
    why, words = form.cleaned_data["why"], form.cleaned_data["other_words"]
    try:
        lessons.explain(found, why, words)
    except CannotTeach as reason:
        form.add_error("other_words", str(reason))
        return False
    return True


def _sent(request: HttpRequest) -> QueryDict | None:
    """Return the form that was sent, an empty one too; None where nothing was."""
    return request.POST if request.method == "POST" else None


def _user(request: HttpRequest) -> User:
    """Return the signed-in user; the guard in front of each view lets in nobody else."""
    if not isinstance(request.user, User):
        raise TypeError(f"{request.user!r} is not signed in")
    return request.user


def _mine(request: HttpRequest, slug: str) -> Campaign:
    """Return the campaign if the user may change it; 403 if not."""
    found = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
    access.insist_may_change(request.user, found)
    return found


def _lesson(request: HttpRequest, slug: str, pk: int) -> Lesson:
    """Return a unit that teaches in a campaign that the user may change."""
    return get_object_or_404(Lesson.objects.of(_mine(request, slug)), pk=pk)
