"""The pages of a run: launch it, watch it, cancel, resume and delete it."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import tasks
from analysis.models import OPEN, Run, Segment, State, TopImage
from analysis.services import runs
from analysis.services.access import insist_may_change, may_change, researcher_required
from analysis.services.methods import in_words
from analysis.services.recipes import Recipe
from analysis.services.runs import RunRefused
from analysis.views.run_form import RunForm

THUMBNAILS = 20
EARLIER = 10


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def new(request: HttpRequest) -> HttpResponse:
    """Choose a network, images and layers; a run that exists is shown instead of made again."""
    form = RunForm(request.POST if request.method == "POST" else None, request.GET)
    if form.is_valid():
        try:
            run, made = runs.request_run(
                network=form.cleaned_data["network"],
                image_set=form.cleaned_data["image_set"],
                user=_user(request),
                **form.options(),
            )
        except RunRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            tasks.wake_run(run)
            told = "Launched." if made else "This run exists already: here it is."
            messages.success(request, told)
            return redirect("analysis:run", short_key=run.short_key)
    earlier = Run.objects.with_parents().filter(
        network=form.chosen["network"], image_set=form.chosen["image_set"]
    )
    context = {"form": form, "earlier": earlier[:EARLIER]}
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/run_new.html", context, status=status)


@require_safe
@researcher_required
@never_cache
def run(request: HttpRequest, short_key: str) -> HttpResponse:
    """Show one run: its steps, log, pictures, and its recipe for a methods section."""
    found = _run(short_key)
    recipe = Recipe.from_json(found.recipe)
    context = {
        **_standing(request, found),
        "recipe": recipe,
        "methods": in_words(recipe, found.image_set.count),
        "segments": _latest(found),
    }
    return render(request, "analysis/run.html", context)


@require_safe
@researcher_required
@never_cache
def progress(request: HttpRequest, short_key: str) -> HttpResponse:
    """Answer the part of the page that asks for itself again until the run has finished."""
    return render(request, "analysis/run_progress.html", _standing(request, _run(short_key)))


@require_safe
@researcher_required
@never_cache
def pictures(request: HttpRequest, short_key: str) -> HttpResponse:
    """Answer the latest pictures; 204, which leaves the page alone, when there is none newer."""
    found = _run(short_key)
    segments = list(_latest(found))
    newest = str(segments[0].pk) if segments else ""
    if newest == request.GET.get("newest") and found.state in OPEN:
        return HttpResponse(status=204)
    context = {"run": found, "segments": segments}
    return render(request, "analysis/run_pictures.html", context)


@require_POST
@researcher_required
def cancel(request: HttpRequest, short_key: str) -> HttpResponse:
    """Stop the run; what is finished is kept."""
    found = _own_run(request, short_key)
    if runs.cancel(found):
        messages.success(request, "Cancelled. What is finished is kept: resume goes on from there.")
    else:
        messages.warning(request, f"There was nothing to cancel: the run is {found.state}.")
    return redirect("analysis:run", short_key=found.short_key)


@require_POST
@researcher_required
def resume(request: HttpRequest, short_key: str) -> HttpResponse:
    """Go on with a cancelled or failed run, or try the failed shards of a running one again."""
    found = _own_run(request, short_key)
    freed = runs.resume(found)
    tasks.wake_run(found)
    if freed or found.state in OPEN:
        messages.success(request, f"Resumed: {freed} shard{'s'[: freed != 1]} to do.")
    else:
        messages.warning(request, f"There was nothing to resume: the run is {found.state}.")
    return redirect("analysis:run", short_key=found.short_key)


@require_POST
@researcher_required
def delete(request: HttpRequest, short_key: str) -> HttpResponse:
    """Delete the run with its pictures, if no campaign shows it and no worker is at it."""
    found = _own_run(request, short_key)
    try:
        runs.delete(found)
    except RunRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("analysis:run", short_key=short_key)
    messages.success(request, f"Run {short_key} is deleted.")
    return redirect("/")


def _run(short_key: str) -> Run:
    return get_object_or_404(Run.objects.with_parents(), key__startswith=short_key)


def _own_run(request: HttpRequest, short_key: str) -> Run:
    """Return the run, or answer 403 to who may not change it."""
    found = _run(short_key)
    insist_may_change(request.user, found)
    return found


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _standing(request: HttpRequest, found: Run) -> dict[str, object]:
    """Return what the part that renews itself shows."""
    at = runs.progress(found, now())
    failed = any(step.failed for step in at.steps)
    return {
        "run": found,
        "at": at,
        "may_change": may_change(request.user, found),
        "may_cancel": not at.finished,
        "may_resume": at.state in {State.CANCELLED, State.FAILED},
        "may_retry": failed and not at.finished,
    }


def _latest(found: Run) -> QuerySet[Segment]:
    """Return the pictures made last, each of another unit: its strongest image."""
    strongest = Segment.objects.filter(
        top_image__run=found, top_image__rank=0, top_image__end=TopImage.End.TOP
    )
    return strongest.select_related("top_image__unit__layer").order_by("-pk")[:THUMBNAILS]
