"""The comparison of two networks as a report shows it: asked for at one place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from analysis.models import Network
from analysis.services import figure_pages, findings
from analysis.services.figures import Column, Figure, Missing


@dataclass(frozen=True)
class Part:
    """One section of a comparison: what it is about, and its figures."""

    name: str
    title: str
    about: str
    figures: list[Figure | Missing]


def sections(network: Network, other: Network, asked: Mapping[str, str]) -> list[Part]:
    """Return the comparison of two networks, page of findings by page of findings."""
    about = "The figures of both networks have the same axes; their tables stand together here."
    parts = []
    for tab in findings.TABS.values():
        pairs = zip_longest(
            figure_pages.figures(tab.name, network, asked),
            figure_pages.figures(tab.name, other, asked),
        )
        both = [one for mine, its in pairs for one in _beside(network, other, mine, its)]
        if both:
            parts.append(Part(tab.name, tab.title, about, both))
    return parts


def _beside(
    network: Network, other: Network, mine: Figure | Missing | None, its: Figure | Missing | None
) -> Iterator[Figure | Missing]:
    """Give the rows of both networks in one table, or say whose are missing."""
    if isinstance(mine, Figure) and isinstance(its, Figure):
        rows = [
            {**row, "of_network": str(net)}
            for net, figure in ((network, mine), (other, its))
            for row in figure.rows
        ]
        columns = [Column("of_network", "Network"), *mine.columns]
        answer = f"{network}: {mine.answer} {other}: {its.answer}"
        spec = _spec_of_both(mine, its, network, other)
        note = " · ".join(dict.fromkeys(one for one in (mine.note, its.note) if one))
        both = replace(mine, answer=answer, rows=rows, columns=columns)
        yield replace(both, spec=spec, download="", note=note)
    else:
        for net, one in ((network, mine), (other, its)):
            if one is None or isinstance(one, Missing):
                question = next(some.question for some in (mine, its) if some)
                why = one.why if isinstance(one, Missing) else f"There is no such figure of {net}."
                yield Missing(question, f"{net}: {why}")


def _spec_of_both(mine: Figure, its: Figure, network: Network, other: Network) -> dict[str, object]:
    """Return both drawings over one another, each under the name of its network."""
    parts = []
    for net, figure in ((network, mine), (other, its)):
        part = {name: value for name, value in figure.spec.items() if name != "$schema"}
        parts.append({**part, "width": 640, "title": {"text": str(net), "anchor": "start"}})
    return {"$schema": mine.spec.get("$schema"), "vconcat": parts}
