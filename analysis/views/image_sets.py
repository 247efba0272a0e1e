"""The pages of an image set: register a folder, see what was found in it and what was refused."""

import json
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import tasks
from analysis.core.images import ImageRefused
from analysis.models import ImageSet, State
from analysis.services import image_sets
from analysis.services.access import insist_may_change, may_change, researcher_required
from analysis.services.image_sets import ImageSetRefused
from analysis.services.registering import RegistrationRefused, allowed_path

RUNS, THUMBNAILS, REFUSED, SCENES = 20, 12, 100, 200


class ImageSetForm(forms.Form):
    """The folder and its name."""

    slug = forms.SlugField(
        max_length=80, label="Name in addresses", help_text="Letters, digits, - and _."
    )
    folder = forms.CharField(max_length=1000, label="Folder on the server")
    note = forms.CharField(required=False, max_length=2000, help_text="What people should know.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the open folders."""
        super().__init__(*args, **kwargs)
        self.folders = [str(folder) for folder in settings.ALLOWED_FOLDERS]
        self.fields["folder"].help_text = f"Below {', '.join(self.folders)}."


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def add(request: HttpRequest) -> HttpResponse:
    """Register a folder; a worker reads every file in it."""
    form = ImageSetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data, user = form.cleaned_data, cast("User", request.user)
        try:
            folder = allowed_path(data["folder"])
            image_set = image_sets.request_image_set(
                slug=data["slug"], folder=folder, user=user, note=data["note"]
            )
        except RegistrationRefused as refused:
            form.add_error(None, str(refused))
        else:
            tasks.import_images.delay_on_commit(image_set.pk)
            messages.success(request, f"{image_set} is registered; a worker is reading it.")
            return redirect("analysis:image_set", slug=image_set.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/image_set_add.html", {"form": form}, status=status)


@require_safe
@researcher_required
@never_cache
def image_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one image set: counts, a few pictures, scenes, classes, refused files, runs."""
    found = get_object_or_404(ImageSet, slug=slug)
    runs = found.runs.select_related("network").order_by("-created_at")[:RUNS]
    return render(request, "analysis/image_set.html", {**_standing(request, found), "runs": runs})


@require_safe
@researcher_required
@never_cache
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the part of the page that asks for itself again until the import has ended."""
    found = get_object_or_404(ImageSet, slug=slug)
    return render(request, "analysis/image_set_progress.html", _standing(request, found))


@require_safe
@researcher_required
@cache_control(private=True, max_age=86_400)
def thumbnail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Answer one image of the set, small and encoded anew."""
    found = get_object_or_404(ImageSet, slug=slug, state=State.DONE)
    try:
        picture = image_sets.thumbnail(found, number)
    except (ImageRefused, IndexError, FileNotFoundError) as error:
        raise Http404("This image is not there any more.") from error
    return HttpResponse(picture, content_type="image/webp")


@require_safe
@researcher_required
def refused(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Answer every refused file with its reason, one JSON object a line."""
    found = get_object_or_404(ImageSet, slug=slug)

    def lines() -> Iterator[str]:
        for one in image_sets.refused_files(found):
            yield json.dumps({"path": one.path, "reason": one.reason}) + "\n"

    name = f"attachment; filename={found.slug}-refused.jsonl"
    return StreamingHttpResponse(
        lines(), content_type="application/jsonl", headers={"Content-Disposition": name}
    )


@require_POST
@researcher_required
def import_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a worker read the folder once more."""
    found = _mine(request, slug)
    if image_sets.import_again(found):
        tasks.import_images.delay_on_commit(found.pk)
        messages.success(request, "A worker will read the folder again.")
    else:
        messages.info(request, "It was imported already.")
    return redirect("analysis:image_set", slug=slug)


@require_POST
@researcher_required
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete an image set that no run rests on; the images stay."""
    found = _mine(request, slug)
    try:
        image_sets.delete(found)
    except ImageSetRefused as error:
        messages.error(request, str(error))
        return redirect("analysis:image_set", slug=slug)
    messages.success(request, f"{slug} is deleted; its images stay where they are.")
    return redirect("analysis:image_set_add")


def _standing(request: HttpRequest, found: ImageSet) -> dict[str, Any]:
    done = found.state == State.DONE
    scenes = sorted(found.scenes.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "image_set": found,
        "finished": found.state in (State.DONE, State.FAILED, State.CANCELLED),
        "may_change": may_change(request.user, found),
        "sample": image_sets.sample(found, THUMBNAILS) if done else [],
        "scenes": scenes[:SCENES],
        "more_scenes": len(scenes) - SCENES,
        "named": sum(found.scenes.values()),
        "refused": list(image_sets.refused_files(found, REFUSED)) if done else [],
    }


def _mine(request: HttpRequest, slug: str) -> ImageSet:
    found = get_object_or_404(ImageSet, slug=slug)
    insist_may_change(request.user, found)
    return found
