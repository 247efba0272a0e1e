"""The atlas: networks and the layers of one; units in a grid: atlas_units, one unit: unit."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from analysis.models import Category, Layer, Network, Run, Source
from analysis.services import access, atlas, citations, labelled, sharing

SOURCE_NAMES = {
    Source.PEOPLE: _("people"),
    Source.PUBLISHED: _("a publication"),
    Source.MACHINE: _("a machine"),
    Source.SIMULATED: _("simulated workers"),
}


def readable(request: HttpRequest, by_link: bool = True) -> QuerySet[Network]:
    """Return the networks that whoever asks may read, by his links too unless told otherwise."""
    shared = sharing.shared_with(request) if by_link else ()
    return atlas.readable_networks(request.user, shared)


def readable_network(request: HttpRequest, slug: str, by_link: bool = True) -> Network | None:
    """Return a network that whoever asks may read; None sends a stranger to sign in.

    To a stranger a private network answers as one that is not there; somebody signed in gets the
    404 of the same kind.
    """
    found = readable(request, by_link).filter(slug=slug).first()
    if found is None and request.user.is_authenticated:
        raise Http404("No such network, or it is not public.")
    return found


def plain_name(name: str) -> str:
    """Return the name of a layer; no row can hold a null character, and PostgreSQL fails on one."""
    if "\0" in name:
        raise Http404("No such layer.")
    return name


def run_shown(layer: Layer, query: QueryDict) -> tuple[Run | None, list[Run]]:
    """Return the run whose pictures to show, the newest unless one is named, and all there are."""
    runs = list(atlas.runs_to_show(layer)[:20])
    named = [run for run in runs if run.short_key == query.get("run")]
    return next(iter(named or runs), None), runs


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All networks that one may read."""
    networks = list(readable(request).prefetch_related("layers"))
    page = {"rows": [(network, atlas.montage(network)) for network in networks]}
    return render(request, "analysis/atlas_home.html", page)


@require_safe
def network(request: HttpRequest, slug: str) -> HttpResponse:
    """The layers of one network, with how their labels fall into the six categories."""
    found = readable_network(request, slug)
    if found is None:
        return access.ask_to_sign_in(request)
    shares = atlas.shares(found)
    montages = atlas.montages(found, atlas.newest_runs(found))
    page = {
        "network": found,
        "rows": [(row, montages.get(row.layer.pk, [])) for row in shares],
        "units": sum(row.units for row in shares),
        "labelled": sum(row.labelled for row in shares),
        "by_source": [(labelled.BY[one], n) for one, n in labelled.by_source(found).items()],
        "may_change": access.may_change(request.user, found),
        "by_link": not readable(request, by_link=False).filter(pk=found.pk).exists(),
        "links": sharing.open_links(timezone.now()).filter(network=found).count(),
        "citation": citations.citation(found, request.build_absolute_uri(request.path)),
        "categories": Category.choices,
    }
    return render(request, "analysis/atlas_network.html", page)
