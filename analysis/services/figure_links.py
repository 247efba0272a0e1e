"""Where a mark or a row of a figure leads: the pages of units, layers, concepts, scenes.

The only place that makes such addresses. All of them are paths of this site: a concept is
whatever somebody wrote, and must never become an address of its own.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from django.urls import reverse

FIRST = 6  # units that are named of many


def unit_page(network: str, layer: str, channel: int, run: str = "") -> str:
    """Return the page of a unit, with the pictures of a run where one is named."""
    page = reverse("analysis:unit", args=[network, layer, channel])
    return f"{page}?run={run}" if run else page


def layer_page(network: str, layer: str) -> str:
    """Return the page of a layer's units."""
    return reverse("analysis:atlas_layer", args=[network, layer])


def concept_page(concept: str) -> str:
    """Return the page of a concept; none for a name of blanks."""
    if not concept.strip():
        return ""
    home = reverse("analysis:concepts")
    return _in_path(home, concept) or f"{home}?{urlencode({'is': concept})}"


def scene_page(image_set: str, scene: str) -> str:
    """Return the page of a scene of an image set."""
    home = reverse("analysis:scenes")
    beside = f"{home}?{urlencode({'images': image_set, 'is': scene})}"
    return _in_path(f"{home}{image_set}/", scene) or beside


def _in_path(home: str, words: str) -> str:
    """Return the address of words in its path; nothing where a path cannot hold them.

    Browsers take dots between slashes for steps and a line break for nothing.
    """
    if words.isprintable() and all(part.strip(".") for part in words.split("/")):
        return f"{home}{quote(words)}/"
    return ""


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
