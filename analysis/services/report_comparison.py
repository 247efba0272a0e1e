"""The comparison of two networks as a report shows it: asked for where the pages ask."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.models import Network
from analysis.services import comparisons
from analysis.services.figures import Figure, Missing

ABOUT = "Both networks in the same axes, with the differences, first less second."


@dataclass(frozen=True)
class Part:
    """One section of a comparison: what it is about, and its figures."""

    name: str
    title: str
    about: str
    figures: list[Figure | Missing]


def sections(network: Network, other: Network, asked: Mapping[str, str]) -> list[Part]:
    """Return the comparison of two networks, page of findings by page of findings."""
    return [
        Part(tab.name, tab.title, ABOUT, found)
        for tab in comparisons.sections()
        if (found := comparisons.of_tab(tab, network, other, asked))
    ]
