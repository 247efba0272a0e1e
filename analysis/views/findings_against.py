"""The findings of one network against those of another, section by section."""

from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page, require_safe

from analysis.models import Network
from analysis.services import (
    access,
    atlas,
    comparison_addresses,
    comparison_sides,
    comparisons,
    concept_pairs,
    figure_origins,
    figure_pages,
    findings,
    label_choices,
    object_choices,
)
from analysis.services.comparables import COMPARABLES
from analysis.services.comparing import Side
from analysis.services.figures import Figure, Missing
from analysis.services.findings import Tab
from analysis.services.objects import FREQUENCY, INFORMATIVENESS
from analysis.views.atlas import SOURCE_NAMES, readable_network
from analysis.views.figure_answers import File, answer, files_of, sentence

PAGE = 15  # concepts with their units and pictures
NO_OTHER = "There is no other network with findings that you may see: name one, other=NAME."
NOT_THERE = "There is no network called “{}” that you may see: choose another one."


class Part(NamedTuple):
    """A section with its two sides, or what they lack, and its figures."""

    section: Tab
    sides: tuple[Side, Side] | Missing
    figures: list[Figure | Missing]


@require_safe
@conditional_page
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One section of findings with both networks; what one of them lacks says how to get it.

    Another network that is not there, or may not be seen, is told alike.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    named, other = _named(request), _other(request, network)
    readable = atlas.readable_networks(request.user)
    shown: dict[str, Any] = {
        "network": network,
        "other": other,
        "named": named,
        "others": [one for one in readable if one != network],
        "tabs": findings.TABS.values(),
        "against": True,
        "sections": comparisons.sections(),
    }
    if other is not None:
        part = _part(request, network, other)
        shown |= {
            "section": part.section,
            "files": files_of(request, tab=part.section.name, other=other.slug),
            **_shown(request, part, network, other),
        }
    elif named:
        shown["not_there"] = NOT_THERE.format(named)
    status = 404 if named and other is None else 200
    return render(request, "analysis/findings/against.html", shown, status=status)


@require_safe
def file(request: HttpRequest, slug: str, name: str, form: str) -> HttpResponse:
    """Answer with one figure of the section that the page shows for the same query."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    other = _other(request, network)
    if other is None:
        named = _named(request)
        return sentence(NOT_THERE.format(named) if named else NO_OTHER, 404)
    _, sides, figures = _part(request, network, other)
    return answer(
        request,
        figures,
        File(name, form, f"{slug}-against-{other.slug}"),
        lambda _: "" if isinstance(sides, Missing) else figure_origins.of_sides(sides),
    )


def _named(request: HttpRequest) -> str:
    return request.GET.get("other", "").replace("\0", "")


def _other(request: HttpRequest, network: Network) -> Network | None:
    """Return whom to compare with: who is named, if he may be seen, else the usual one."""
    readable = atlas.readable_networks(request.user)
    if named := _named(request):
        return readable.filter(slug=named).first()
    return comparison_sides.usual_other(network, readable)


def _part(request: HttpRequest, network: Network, other: Network) -> Part:
    """Return the section that is asked for, else the first that has a figure, else the first."""
    sections, asked = comparisons.sections(), request.GET.dict()
    named = [section for section in sections if section.name == asked.get("tab")]
    found = []
    for section in named or sections:
        sides = comparison_sides.sides_of(section, network, other, asked)
        found.append(Part(section, sides, comparisons.of_sides(section, sides)))
        if any(isinstance(one, Figure) for one in found[-1].figures):
            return found[-1]
    return found[0]


def _shown(request: HttpRequest, part: Part, network: Network, other: Network) -> dict[str, Any]:
    """Return the figures of a section, and what there is to choose."""
    section, sides, figures = part
    shown: dict[str, Any] = {
        "figures": figures,
        "choices": _choices(section, network, other, sides),
    }
    if isinstance(sides, Missing):
        return shown
    shown |= {"sides": sides, "rows_csv": _rows_csv(section, sides)}
    if section is comparisons.CONCEPTS:
        shown |= _concepts(request, sides)
    if sides[0].objects:
        shown |= _objects(sides)
    return shown


def _objects(sides: tuple[Side, Side]) -> dict[str, Any]:
    """Return what can be chosen of objects, for both sides together."""
    both = [object_choices.objects_of(side.choice, side.asked) for side in sides if side.choice]
    return {
        "shown": sides[0].objects,
        "layers": [name for name in both[0].layers if name in both[1].layers],
        "sets": [one for one in both[0].sets if one in both[1].sets],
        "frequencies": FREQUENCY.items(),
        "informativenesses": INFORMATIVENESS.items(),
    }


def _rows_csv(section: Tab, sides: tuple[Side, Side]) -> list[tuple[str, str]]:
    """Return the names and addresses of the rows of both that stand behind a section."""
    return [
        (name, comparison_addresses.download(name, sides, "rows"))
        for name, one in COMPARABLES.items()
        if one.tab == section.name
    ]


def _choices(
    section: Tab, network: Network, other: Network, sides: tuple[Side, Side] | Missing
) -> list[dict[str, Any]]:
    """Return what can be chosen of each side: runs of a step, or sources and campaigns."""
    chosen: tuple[Side | None, ...] = (None, None) if isinstance(sides, Missing) else sides
    return [
        {
            "prefix": prefix,
            "network": of,
            "side": side,
            **(_runs(section, of) if section.step else _labels(of, side)),
        }
        for prefix, of, side in zip(("", "other_"), (network, other), chosen, strict=True)
    ]


def _runs(section: Tab, network: Network) -> dict[str, Any]:
    return {"runs": figure_pages.run_of(network, section.step, {})[1]}


def _labels(network: Network, side: Side | None) -> dict[str, Any]:
    choice = side.choice if side else label_choices.labels_chosen(network, {})
    if choice is None:
        return {}
    return {
        "sources": [(one, SOURCE_NAMES[one]) for one in choice.sources],
        "campaigns": choice.campaigns,
        "wanted": choice.wanted,
    }


def _concepts(request: HttpRequest, sides: tuple[Side, Side]) -> dict[str, Any]:
    """Return a page of the concepts of both with their units."""
    found = concept_pairs.pairs(*sides)
    which, text = request.GET.get("which", ""), request.GET.get("text", "").replace("\0", "")[:80]
    kept = concept_pairs.chosen(found, which, text)
    number = request.GET.get("page", "1")
    at = Paginator(kept, PAGE).get_page(number if number.isascii() and len(number) < 10 else 1)
    counts = {one: len(concept_pairs.chosen(found, one, "")) for one in concept_pairs.WHICH}
    words = ("all", "in both", f"only in {sides[0].name}", f"only in {sides[1].name}")
    return {
        "filters": [
            {"value": one, "words": word, "count": counts[one]}
            for one, word in zip(concept_pairs.WHICH, words, strict=True)
        ],
        "which": which if which in counts else "all",
        "text": text,
        "at": at,
        "pairs": concept_pairs.with_pictures(list(at.object_list), sides),
    }
