"""Where a mark or a row of a figure leads: the pages of units, layers, concepts.

The only place that makes such addresses. All of them are paths of this site: a concept is
whatever somebody wrote, and must never become an address of its own.
"""

from collections.abc import Sequence
from urllib.parse import quote

from django.urls import reverse

CONCEPTS = "/atlas/concepts/"
FIRST = 6  # units that are named of many


def unit_page(network: str, layer: str, channel: int, run: str = "") -> str:
    """Return the page of a unit, with the pictures of a run where one is named."""
    page = reverse("analysis:unit", args=[network, layer, channel])
    return f"{page}?run={run}" if run else page


def layer_page(network: str, layer: str) -> str:
    """Return the page of a layer's units."""
    return reverse("analysis:atlas_layer", args=[network, layer])


def concept_page(concept: str) -> str:
    """Return the page of a concept; none for a name that is a way through folders."""
    if concept.strip() in ("", ".", ".."):
        return ""
    return f"{CONCEPTS}{quote(concept, safe='')}/"


def of_this_site(address: object) -> str:
    """Return an address if it is a path of this site, else nothing.

    ``//host`` and ``/\\host`` are other sites to a browser, and it drops tabs and line ends.
    """
    if not isinstance(address, str) or not address.startswith("/"):
        return ""
    odd = address[1:2] in ("/", "\\") or any(ord(letter) < 32 for letter in address)
    return "" if odd else address


def named(units: Sequence[int]) -> str:
    """Name the first of many units of a layer: "3, 7, 12 and 40 more"."""
    first = ", ".join(str(channel) for channel in units[:FIRST])
    return f"{first} and {len(units) - FIRST:,} more" if len(units) > FIRST else first
