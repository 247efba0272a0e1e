"""The comparison of two networks, runs or sources of labels: section by section, as figures.

The page and the report ask here. Which statistics are compared, and how, stands in
services/comparables.
"""

from analysis.models import Network
from analysis.services import comparison_figures, findings
from analysis.services.comparables import COMPARABLES
from analysis.services.comparing import Comparable, Side, compare
from analysis.services.comparison_sides import sides_of
from analysis.services.figures import Figure, Missing
from analysis.services.findings import Tab
from analysis.services.label_choices import Asked

# Beside the pages of findings: what no page of one network has.
CONCEPTS = Tab(
    "concepts", "Concepts", "", "Which concepts both have units for, which one gained or lost."
)


def sections() -> list[Tab]:
    """Return the parts of a comparison: the pages of findings, and the concepts of both.

    Detectors come before objects: how many units detect anything at all is asked first.
    """
    tabs = dict(findings.TABS)
    meanings, detectors = tabs.pop("meanings"), tabs.pop("detectors")
    return [meanings, CONCEPTS, detectors, *tabs.values()]


# ---- What is asked -----------------------------------------------------------------------------
def figures(
    network: Network, other: Network, asked: Asked
) -> list[tuple[str, list[Figure | Missing]]]:
    """Return the title and the figures of each page of findings, with both networks.

    ``asked`` is what stands in an address: `run`, `source`, `campaign` of the first, with `other_`
    in front of the second, and `threshold`. What one of them lacks is said in place of the figure.
    """
    return [(tab.title, of_tab(tab, network, other, asked)) for tab in sections()]


def of_tab(tab: Tab, network: Network, other: Network, asked: Asked) -> list[Figure | Missing]:
    """Return the figures of one page of findings, with both networks."""
    return of_sides(tab, sides_of(tab, network, other, asked))


def of_sides(tab: Tab, sides: tuple[Side, Side] | Missing) -> list[Figure | Missing]:
    """Return the figures of one page of findings, with both sides; or what one of them lacks."""
    if isinstance(sides, Missing):
        return [sides]
    described = (one for one in COMPARABLES.values() if one.tab == tab.name)
    return [figure for one in described for figure in _of(one, sides)]


def _of(comparable: Comparable, sides: tuple[Side, Side]) -> list[Figure | Missing]:
    found = compare(comparable, *sides)
    return comparison_figures.figures(found, *sides)
