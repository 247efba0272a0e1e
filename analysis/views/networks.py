"""The pages of a network: register it, see its layers, inspect it again, delete it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import tasks
from analysis.core.images import Preprocessing
from analysis.models import Network, State
from analysis.services import networks
from analysis.services.access import insist_may_change, may_change, researcher_required
from analysis.services.networks import NetworkRefused
from analysis.services.registering import RegistrationRefused, allowed_path
from analysis.views import uploads
from analysis.views.network_form import NetworkForm

RUNS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@researcher_required
def add(request: HttpRequest) -> HttpResponse:
    """Register a network; a worker inspects it."""
    if sentence := uploads.too_large(request.META.get("CONTENT_LENGTH", "")):
        form = NetworkForm()
        page = {"form": form, "too_large": sentence}
        return render(request, "analysis/network_add.html", page, status=413)
    form = NetworkForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            network = _register(form, cast("User", request.user))
        except RegistrationRefused as refused:
            form.add_error(None, str(refused))
        else:
            tasks.inspect_network.delay_on_commit(network.pk)
            messages.success(request, f"{network} is registered; a worker is looking at it.")
            return redirect("analysis:network", slug=network.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/network_add.html", {"form": form}, status=status)


@require_safe
@researcher_required
@never_cache
def network(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one network: its layers and what each sees, classes, preparation, runs."""
    found = get_object_or_404(Network, slug=slug)
    runs = found.runs.select_related("image_set").order_by("-created_at")[:RUNS]
    page = {**_standing(request, found), "runs": runs}
    return render(request, "analysis/network.html", page)


@require_safe
@researcher_required
@never_cache
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the part of the page that asks for itself again until the inspection has ended."""
    found = get_object_or_404(Network, slug=slug)
    return render(request, "analysis/network_progress.html", _standing(request, found))


@require_POST
@researcher_required
def inspect_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a worker look at the network once more."""
    found = _mine(request, slug)
    if networks.inspect_again(found):
        tasks.inspect_network.delay_on_commit(found.pk)
        messages.success(request, "A worker will look at it again.")
    else:
        messages.info(request, "It was inspected already.")
    return redirect("analysis:network", slug=slug)


@require_POST
@researcher_required
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a network that nothing rests on."""
    found = _mine(request, slug)
    try:
        networks.delete(found)
    except NetworkRefused as refused:
        messages.error(request, str(refused))
        return redirect("analysis:network", slug=slug)
    messages.success(request, f"{slug} is deleted.")
    return redirect("analysis:network_add")


def _register(form: NetworkForm, user: User) -> Network:
    with _weights(form, user) as weights:
        return networks.request_network(
            slug=form.cleaned_data["slug"],
            arch=form.arch(),
            weights=weights,
            user=user,
            **form.options(),
        )


@contextmanager
def _weights(form: NetworkForm, user: User) -> Iterator[Path | str | None]:
    """Give the weights as the service takes them; an upload lies on disk meanwhile."""
    data = form.cleaned_data
    if data["weights"] == "file":
        networks.check_program(form.arch(), user)
        with uploads.on_disk(data["file"]) as path:
            yield path
    elif data["weights"] == "path":
        yield allowed_path(data["path"])
    elif data["weights"] == "untrained":
        yield f"random:{data['seed'] or 0}"
    else:
        yield None


def _standing(request: HttpRequest, found: Network) -> dict[str, Any]:
    known = found.state == State.DONE and found.arch  # others were never prepared for
    return {
        "network": found,
        "layers": found.layers.all(),
        "preparation": Preprocessing.from_json(found.preprocessing) if known else None,
        "finished": found.state in (State.DONE, State.FAILED, State.CANCELLED),
        "may_change": may_change(request.user, found),
    }


def _mine(request: HttpRequest, slug: str) -> Network:
    found = get_object_or_404(Network, slug=slug)
    insist_may_change(request.user, found)
    return found
