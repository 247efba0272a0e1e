"""The address of a grid: read strictly but kindly, and written anew without one of its filters.

What makes no sense asks for nothing, and the page says so in a sentence beside the field.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analysis.models import Category, Source
from analysis.services.atlas_grid import RANGES, SORTS, Range, Wanted
from analysis.views.atlas import SOURCE_NAMES

LONGEST = 80
MOST = {"precision": 1, "agreement": 1, "iou": 1, "field": 10_000}
NAMES = {
    "precision": gettext_lazy("precision"),
    "agreement": gettext_lazy("agreement"),
    "iou": gettext_lazy("IoU with its best class"),
    "field": gettext_lazy("field size in pixels"),
}
# The API says true and false; so may an address of the page.
LABELLED = {"yes": "yes", "no": "no", "true": "yes", "false": "no"}
YES = {"yes", "true", "on"}


@dataclass
class Asked:
    """What an address asks for, and what of it made no sense: field → sentence."""

    wanted: Wanted
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> list[tuple[str, str | Promise, Range, int, str]]:
        """Return (name, words, range, the most there can be, problem) of each range."""
        return [
            (name, NAMES[name], self.wanted.range(name), MOST[name], self.problems.get(name, ""))
            for name in RANGES
        ]


class Chip(NamedTuple):
    """A filter in use: its words, and the address without it."""

    words: str
    address: str


def read(query: QueryDict) -> Asked:
    """Read filters and order from an address."""
    problems: dict[str, str] = {}
    given = query.getlist("category")
    if unknown := [value for value in given if value and value not in Category.values]:
        problems["category"] = _no_choice(unknown[0])
    wanted = Wanted(
        categories=[value for value in Category.values if value in given],
        source=_choice(query, "source", {name: name for name in Source.values}, problems),
        labelled=_choice(query, "labelled", LABELLED, problems),
        text=_text(query, "text", problems),
        concept=_text(query, "concept", problems),
        kinds=query.get("kinds", "") in YES,
        ranges={name: _range(query, name, problems) for name in RANGES},
        sort=_choice(query, "sort", {name: name for name in SORTS}, problems) or "unit",
    )
    return Asked(wanted, problems)


def _choice(query: QueryDict, name: str, known: dict[str, str], problems: dict[str, str]) -> str:
    """Return one of the known words, or nothing."""
    given = query.get(name, "")
    if given and given not in known:
        problems[name] = _no_choice(given)
    return known.get(given, "")


def _no_choice(given: str) -> str:
    return _("“%(value)s” is none of these, so it asks for nothing.") % {"value": given[:LONGEST]}


def _text(query: QueryDict, name: str, problems: dict[str, str]) -> str:
    """Return the words of a search; of more than there can be the beginning."""
    given = " ".join(query.get(name, "").replace("\0", "").split())
    if len(given) > LONGEST:
        problems[name] = _("Only the first %(most)s characters are looked for.") % {"most": LONGEST}
    return given[:LONGEST].strip()


def _range(query: QueryDict, name: str, problems: dict[str, str]) -> Range:
    """Return a range, of which what is no number, or none that there can be, asks for nothing."""
    bounds: list[float | None] = []
    for end in ("min", "max"):
        given = query.get(f"{end}_{name}", "").strip()
        value = _number(given)
        if given and (value is None or not 0 <= value <= MOST[name]):
            problems[name] = _(
                "“%(value)s” is no number from 0 to %(most)s, so it asks for nothing."
            ) % {"value": given[:LONGEST], "most": number_format(MOST[name], force_grouping=True)}
            value = None
        bounds.append(value)
    least, most = bounds
    if least is not None and most is not None and least > most:
        problems[name] = _(
            "Nothing is at least %(least)s and at most %(most)s, so this asks for nothing."
        ) % {"least": number_format(least), "most": number_format(most)}
        return Range()
    return Range(least, most)


def _number(given: str) -> float | None:
    """Return a number written with a point or, as in German, with a comma."""
    try:
        value = float(given.replace(",", ".")) if given.isascii() and len(given) < 20 else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def chips(query: QueryDict, wanted: Wanted, path: str) -> list[Chip]:
    """Return the filters in use, each with the address that leaves it out."""
    in_use = _in_use(wanted)
    return [Chip(words, without(query, path, names, value)) for words, names, value in in_use]


def _in_use(wanted: Wanted) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Give (words, names in the address, value of one choice among several)."""
    if wanted.text:
        yield _("has “%(text)s”") % {"text": wanted.text}, ("text",), ""
    if wanted.concept:
        words = _("“%(concept)s” and its kinds") if wanted.kinds else _("“%(concept)s”")
        yield words % {"concept": wanted.concept}, ("concept", "kinds"), ""
    for value in wanted.categories:
        yield pgettext("group", value), ("category",), value
    if wanted.labelled:
        words = _("labelled") if wanted.labelled == "yes" else _("not labelled")
        yield words, ("labelled",), ""
    if wanted.source:
        yield (
            _("labelled by %(who)s") % {"who": SOURCE_NAMES[Source(wanted.source)]},
            ("source",),
            "",
        )
    for name in RANGES:
        if asked := wanted.range(name):
            yield f"{NAMES[name]} {in_words(asked)}", (f"min_{name}", f"max_{name}"), ""


def in_words(asked: Range) -> str:
    """Return a range as one would say it."""
    least, most = (None if end is None else number_format(end) for end in (asked.least, asked.most))
    if most is None:
        return _("≥ %(least)s") % {"least": least}
    if least is None:
        return _("≤ %(most)s") % {"most": most}
    return _("%(least)s to %(most)s") % {"least": least, "most": most}


def without(query: QueryDict, path: str, names: tuple[str, ...], value: str = "") -> str:
    """Return the address without these names, or without one value of the first of them."""
    left = query.copy()
    for name in (*names, "page", "part"):
        kept = [one for one in left.getlist(name) if value and one != value and name in names]
        if kept:
            left.setlist(name, kept)
        else:
            left.pop(name, None)
    return f"{path}?{left.urlencode()}" if left else path
