"""The page that tries a network on one image: drop it, see the scene and the objects."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from rest_framework.throttling import BaseThrottle

from analysis import tasks
from analysis.models import Network
from analysis.services import access, detections, rates, trying
from analysis.services.detections import Busy, DetectionRefused
from analysis.services.reading import Taken
from analysis.views.atlas import readable_network

MEGABYTE = 1_000_000
# What a form holds beside its file.
ROOM = 100_000
Answer = tuple[int, dict[str, Any]]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for an image, or answer what it shows: as a page, or as a part of it to htmx."""
    network = readable_network(request, slug, by_link=False)  # a link is for reading
    if network is None:
        return access.ask_to_sign_in(request)
    status, found = _answer(request, network) if request.method == "POST" else (200, {})
    largest = detections.LARGEST_FILE
    shown = {"network": network, "largest": largest, "most": largest // MEGABYTE, **found}
    if request.method == "POST" and request.headers.get("HX-Request") == "true":
        response = render(request, "analysis/try_answer.html", shown, status=status)
    else:
        shown["samples"] = trying.samples(network)
        response = render(request, "analysis/try.html", shown, status=status)
    if "wait" in found:
        response["Retry-After"] = str(found["wait"])
    return response


def _answer(request: HttpRequest, network: Network) -> Answer:
    """Return the status, and what the image shows or why nobody can say."""
    if not _within_limits(request):
        wait = rates.seconds_left()
        return 429, {"refused": f"Too many images in this minute: wait {wait} s.", "wait": wait}
    if int(request.META.get("CONTENT_LENGTH") or 0) > detections.LARGEST_FILE + ROOM:
        most = detections.LARGEST_FILE // MEGABYTE
        return 413, {"refused": f"The file is larger than {most} MB: send a smaller copy."}
    try:
        image = _image(request, network)
        answer = tasks.look_at(network, image)
    except DetectionRefused as refused:
        return 422, {"refused": str(refused)}
    except Busy as busy:
        return 503, {"refused": str(busy), "wait": busy.wait}
    return 200, {"seen": trying.drawn(network, image, answer)}


def _image(request: HttpRequest, network: Network) -> Taken:
    """Return the image that was sent, or the sample that was chosen."""
    if token := request.POST.get("sample", ""):
        return trying.sample(network, token[:64])
    files = request.FILES.getlist("image")
    file = files[0].file if len(files) == 1 else None
    if file is None:
        raise DetectionRefused("Choose an image first, or one of the samples.")
    return detections.taken(network, file, files[0].size or 0, longest=trying.PHOTO)


def _within_limits(request: HttpRequest) -> bool:
    """Count this image, together with those sent to the API."""
    user, nobody = rates.limits_of("detections")
    if request.user.is_authenticated:
        return rates.within("detections", f"user-{request.user.pk}", user)
    address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]  # reads only META
    return rates.within("detections", f"address-{address}", nobody)
