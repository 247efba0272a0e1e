"""Pages of concepts: all there are, with a search, and one with the units that are called so."""

from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.core.kinship import key
from analysis.models import Category
from analysis.services import concepts, figure_origins
from analysis.services.concepts import Entry, Named
from analysis.views.atlas import readable
from analysis.views.figure_answers import File, answer, files_of, in_file_name

PAGE = 100
UNITS = 48
LONGEST = 80  # of a concept


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List concepts, the most frequent first; ``is`` shows one that no path can name."""
    if "is" in request.GET:
        return _one(request, request.GET["is"])
    text = request.GET.get("text", "").replace("\0", "").strip()[:LONGEST]
    said = concepts.spoken(readable(request)).values()
    wanted = text.casefold()
    found = [
        one for one in said if any(wanted in spelling.casefold() for spelling in one.spellings)
    ]
    found.sort(key=lambda one: (-one.units, one.name.casefold(), one.name))
    page = {"text": text, "all": len(said), "at": _page(request, found, PAGE)}
    return render(request, "analysis/concepts.html", page)


@require_safe
def concept(request: HttpRequest, concept: str) -> HttpResponse:
    """Show the units of all readable networks that are called so."""
    return _one(request, concept)


@require_safe
def file(request: HttpRequest, name: str, form: str, concept: str = "") -> HttpResponse:
    """Answer with the figure of a concept's page; `is` names one that no path can."""
    called = _called(request, concept or request.GET.get("is", ""))
    figure = concepts.figure(called.named.name, called.found)
    wanted = File(name, form, in_file_name(called.named.name))
    return answer(
        request,
        [figure] if figure else [],
        wanted,
        lambda _: figure_origins.of_concept(called.found),
    )


class Called(NamedTuple):
    """The units that are called by a concept, of all that are named in any way."""

    said: dict[str, Named]
    named: Named
    found: list[Entry]


def _called(request: HttpRequest, concept: str) -> Called:
    """Return the units that whoever asks may see of a concept; raises Http404 without any."""
    networks = readable(request)
    said = concepts.spoken(networks)
    named = said.get(key(concept)) if 0 < len(concept) <= LONGEST else None
    if named is None:
        raise Http404("No unit that you may see is called so.")
    found = concepts.entries(networks, named.spellings)
    concepts.scored(found)
    return Called(said, named, found)


def _one(request: HttpRequest, concept: str) -> HttpResponse:
    try:
        said, named, found = _called(request, concept)
    except Http404:
        missing = {"concept": concept.strip()[:LONGEST]}
        return render(request, "analysis/concept_missing.html", missing, status=404)
    at = _page(request, found, UNITS)
    shown: list[Entry] = list(at.object_list)
    concepts.pictured(shown)
    page = {
        "named": named,
        "figure": concepts.figure(named.name, found),
        "files": files_of(request),
        "groups": _groups(found),
        "at": at,
        "entries": shown,
        "related": concepts.related(concept, said),
    }
    return render(request, "analysis/concept.html", page)


def _groups(found: list[Entry]) -> list[tuple[str, str, int]]:
    """Return how many units say it of which of the six groups, low to high."""
    counts = dict.fromkeys(Category.values, 0)
    for entry in found:
        if entry.label.category:
            counts[entry.label.category] += 1
    return [(value, str(name), counts[value]) for value, name in Category.choices if counts[value]]


def _page(request: HttpRequest, found: list[Any], size: int) -> Any:
    """Return the page of a list that the address asks for."""
    number = request.GET.get("page", "1")
    return Paginator(found, size).get_page(number if number.isascii() and len(number) < 10 else 1)
