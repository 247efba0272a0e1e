"""What the labelling page shows: tiles in this worker's order, groups, progress, his draft."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from analysis.models import Category
from analysis.models.units import PictureSize, picture_address
from annotate.core.assembly import shown_order
from annotate.models import Campaign, Task, Worker
from annotate.services import questions
from annotate.services.assignments import progress_of
from annotate.services.guidelines import as_html
from annotate.services.pace import seconds_each

# Pictures of the first rows are fetched at once, on the widest grid and on a phone.
EAGER = 24
# Stands for a picture that was lost: it shows as failed to load, the rest can be judged.
NO_TOKEN = "0" * 32
# Where somebody practises or teaches there is no lease: nothing is counted down.
NO_LEASE = 86_400  # seconds
EXAMPLES = {
    Category.SIMPLE: gettext_lazy("blue, lines"),
    Category.TEXTURE: gettext_lazy("wood, grid"),
    Category.REGION: gettext_lazy("road, grass"),
    Category.PART: gettext_lazy("head, leg"),
    Category.OBJECT: gettext_lazy("bed, car"),
    Category.SCENE: gettext_lazy("kitchen, street"),
}

# One tile: a real toggle button, and a checkbox for who has no scripts. Filled in by `str.format`,
# for sixty of them drawn with template tags took longer than all the rest of the page.
TILE = """
    <div class="cell"><button type="button" class="shot" data-place="{place}"\
 aria-pressed="{pressed}" aria-label="{label}" tabindex="{tab}">\
<img src="{address}" srcset="{address} 112w, {sharp} 224w"\
 sizes="(min-width: 1480px) 152px, 112px" width="112" height="112" alt="" draggable="false"\
 loading="{loading}" decoding="async"></button>\
<noscript><label class="plain-mark"><input type="checkbox" name="reject" value="{place}"{checked}>\
 {number} <span aria-hidden="true">✕</span><span class="visually-hidden">{words}</span>\
</label></noscript></div>"""


class Shown(Protocol):
    """A unit as somebody sees it: leased, practised on, or labelled by the researcher."""

    @property
    def task(self) -> Task:
        """Whose images these are."""

    @property
    def seed(self) -> int:
        """In which order they are seen."""


@dataclass(frozen=True)
class Tile:
    """One picture of the grid; all its addresses look alike, whatever the picture is."""

    place: int
    number: int
    address: str
    sharp: str
    rejected: bool
    unseen: bool

    def markup(self, label: str, words: str) -> str:
        """Return the tile as HTML; the label holds its number as %(number)s."""
        return TILE.format(
            label=label % {"number": self.number},
            words=words,
            place=self.place,
            number=self.number,
            address=escape(self.address),
            sharp=escape(self.sharp),
            pressed="true" if self.rejected else "false",
            checked=" checked" if self.rejected else "",
            loading="eager" if self.number <= EAGER else "lazy",
            tab=0 if self.number == 1 else -1,
        )


@dataclass(frozen=True)
class Group:
    """One of the six semantic groups, as the form offers it."""

    value: str
    name: str
    meaning: str
    examples: str
    chosen: bool


def tiles(shown: Shown, draft: dict[str, Any]) -> list[Tile]:
    """Return the pictures in the order in which this worker sees them."""
    items = shown.task.items
    tokens = _tokens(items)
    rejected, unseen = set(draft.get("rejected", [])), set(draft.get("unseen", []))
    return [
        Tile(
            place=place,
            number=number,
            address=picture_address(tokens[items[place]], "segmented", "tile"),
            sharp=picture_address(tokens[items[place]], "segmented", "tile2x"),
            rejected=place in rejected,
            unseen=place in unseen,
        )
        for number, place in enumerate(shown_order(len(items), shown.seed), start=1)
    ]


def grid(drawn: Sequence[Tile]) -> SafeString:
    """Return all tiles as HTML: numbers, our own words and escaped addresses."""
    # Looked up once, not for each of the sixty.
    label, words = escape(_("Image %(number)s does not fit")), escape(_("does not fit"))
    return mark_safe("".join(tile.markup(label, words) for tile in drawn))


def form(shown: Shown, draft: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """Return what the labelling page's form shows: what was said so far, and what is wrong."""
    row = tiles(shown, draft)
    return {
        "campaign": shown.task.campaign,
        "assignment": shown,
        "draft": draft,
        "tiles": row,
        "grid": grid(row),
        "kept": sum(not (tile.rejected or tile.unseen) for tile in row),
        "rejected": [tile.place for tile in row if tile.rejected],
        "groups": groups(draft.get("category", "")),
        "how": how(shown.task.campaign),
        "errors": errors,
    }


def how(campaign: Campaign) -> SafeString:
    """Return how a unit of this campaign is labelled, as HTML in the active language."""
    return _how(get_language() or "en", campaign.controls > 0, as_html(campaign.guidelines))


@lru_cache(maxsize=64)  # thirty sentences to look up, the same on every page of a campaign
def _how(language: str, has_controls: bool, guidelines: SafeString) -> SafeString:
    page = {"campaign": {"controls": has_controls}, "guidelines": guidelines}
    return render_to_string("annotate/label/how.html", page)


def kept(version: int, draft: dict[str, Any], sent: int) -> dict[str, Any]:
    """Return what the page's script is told when it saved a draft where there is no lease."""
    reply: dict[str, Any] = {"version": version, "held": True, "seconds_left": NO_LEASE}
    return reply | {"draft": draft} if version > sent else reply  # another device was here since


def groups(chosen: str) -> Iterator[Group]:
    """Give the six groups, low to high."""
    for category in Category:
        name = capfirst(pgettext("group", category.value))
        yield Group(
            category.value, name, str(category.label), str(EXAMPLES[category]), category == chosen
        )


def addresses(task: Task) -> list[list[str]]:
    """Return both sizes of every tile of a task, for fetching them ahead."""
    sizes: tuple[PictureSize, ...] = ("tile", "tile2x")
    return [
        [picture_address(token, "segmented", size) for size in sizes]
        for token in _tokens(task.items).values()
    ]


def standing(worker: Worker, campaign: Campaign, now: datetime) -> dict[str, Any]:
    """Return where the worker stands: which unit this is, of how many, at what pace."""
    progress = progress_of(worker, campaign, now)
    return {
        "answered": progress.answered,
        "left": progress.left,
        "number": progress.answered + 1,
        "total": progress.answered + progress.left,
        "more": progress.more,
        "few": progress.few,
        "pace": seconds_each(worker, campaign),
    }


def _tokens(items: Sequence[int]) -> dict[int, str]:
    """Return the token of the pictures of each top image, in one query."""
    found = questions.tokens_of(items)
    return {item: found.get(item, NO_TOKEN) for item in items}
