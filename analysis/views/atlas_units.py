"""The grid of the atlas: the units of one layer, or of all layers of a network."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.models import Category, Layer, Network, Run
from analysis.services import access, atlas, atlas_grid, atlas_search
from analysis.services.atlas_empty import why_empty
from analysis.services.atlas_grid import Wanted
from analysis.views import atlas_query
from analysis.views.atlas import SOURCE_NAMES, plain_name, readable_network, run_shown

NAMED = 12  # kinds of a concept that are named; the others are counted


@require_safe
def layer(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The units of one layer as a grid of cards; the filters stand in the address."""
    of = readable_network(request, slug)
    if of is None:
        return access.ask_to_sign_in(request)
    found = get_object_or_404(of.layers.select_related("network"), name=plain_name(name))
    run, runs = run_shown(found, request.GET)
    page = {"layer": found, "run": run, "runs": runs}
    return _grid(request, of, [found], {found.pk: run}, page)


@require_safe
def every_layer(request: HttpRequest, slug: str) -> HttpResponse:
    """The units of all layers of a network as one grid, in the order of the forward pass."""
    of = readable_network(request, slug)
    if of is None:
        return access.ask_to_sign_in(request)
    layers = list(of.layers.all())
    newest = atlas.newest_runs(of)
    return _grid(request, of, layers, newest, {"layer": None, "run": None, "runs": []})


def _grid(
    request: HttpRequest,
    of: Network,
    layers: Sequence[Layer],
    runs: dict[int, Run] | dict[int, Run | None],
    page: dict[str, Any],
) -> HttpResponse:
    """Answer with a page of the grid, or with its cards alone."""
    asked = atlas_query.read(request.GET)
    wanted, query = asked.wanted, request.GET
    part = query.get("part") == "units"
    concepts = [] if part and not wanted.kinds else atlas_search.concepts_of(layers)
    kinds = _kinds(asked, concepts)
    reads_words = access.is_researcher(request.user)
    found = atlas_grid.units(
        layers, wanted, concepts=kinds, run=page["run"], reads_words=reads_words
    )
    at = _page(found, query)
    shown = list(at.object_list)
    page |= {
        "network": of,
        "wanted": wanted,
        "at": at,
        "cards": atlas.cards_by_layer(shown, runs),
        "named_run": _named(page["run"], page["runs"]),
    }
    if part:
        return render(request, "analysis/atlas_cards.html", page)
    page |= _around(request, of, asked, concepts) | {
        "reads_words": reads_words,
        "page_numbers": at.paginator.get_elided_page_range(at.number, on_each_side=1, on_ends=1),
    }
    if kinds:
        page |= {"kinds": kinds[:NAMED], "more_kinds": len(kinds[NAMED:])}
    if not shown:
        page["missing"] = why_empty(layers, wanted)
    return render(request, "analysis/atlas_layer.html", page)


def _kinds(asked: atlas_query.Asked, concepts: Sequence[str]) -> list[str]:
    """Return the kinds of the concept, if they are asked for; a noun nobody knows is a problem."""
    wanted = asked.wanted
    found = atlas_search.kinds_of(wanted.concept, concepts) if wanted.kinds else []
    if wanted.concept and found is None:
        asked.problems["concept"] = _(
            "WordNet knows no noun “%(concept)s”: only labels of just this name are shown."
        ) % {"concept": wanted.concept}
    return found or []


def _named(run: Run | None, runs: Sequence[Run]) -> str:
    """Return the run that the units' own pages must be told of: one that is not the newest."""
    return run.short_key if run and run != runs[0] else ""


def _page(found: Any, query: QueryDict) -> Page[Any]:
    """Return the page asked for, the last one beyond it, the first where it makes no sense."""
    number = query.get("page", "1")
    paginator = Paginator(found, atlas_grid.PAGE)
    return paginator.get_page(number if number.isascii() and len(number) < 10 else 1)


def _around(
    request: HttpRequest, of: Network, asked: atlas_query.Asked, concepts: list[str]
) -> dict[str, Any]:
    """Return what stands around the cards: layers, filters, what is in use of them."""
    wanted: Wanted = asked.wanted
    shares = atlas.shares(of)
    kept = atlas_query.without(request.GET, "", ("run",))
    return {
        "shares": shares,
        "all_units": sum(row.units for row in shares),
        "all_labelled": sum(row.labelled for row in shares),
        "asked": asked,
        "problems": asked.problems,
        "chips": atlas_query.chips(request.GET, wanted, request.path),
        "kept": kept,
        "sorts": [(key, words) for key, (words, _) in atlas_grid.SORTS.items()],
        "categories": Category.choices,
        "sources": SOURCE_NAMES.items(),
        "concepts": concepts[: atlas_search.CHOICES],
        "families": atlas_search.families_of(concepts),
    }
