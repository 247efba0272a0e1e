"""A campaign's answers as files that can be imported again: a long table, or all that is known.

Workers stand there by pseudonym; those of published answers by the name in their file. Answers are
read some units at a time and by indices only: memory stays flat, nothing large is sorted, and no
query stays open while whoever reads the file takes his time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from analysis.models import Unit
from analysis.services.spreadsheets import neutralise
from analysis.services.tables import moment
from analysis.services.top_image_names import names_by_key
from annotate.core import answer_lines, answer_table
from annotate.models import Answer, Campaign, Task
from annotate.models.answers import AnswerQuerySet

UNITS = 200  # whose answers are read together
ANSWERS = 1000  # fetched at a time, and in one piece of the file


class Given(NamedTuple):
    """What is read of an answer."""

    task: int
    worker: str
    concept: str
    category: str
    rejected: list[int]
    unseen: list[int]
    shown: int | None
    kept: int | None
    attempts: int
    controls_missed: int
    seconds: int
    focused_seconds: int
    created_at: datetime
    counts: bool


READ = tuple("worker__pseudonym" if name == "worker" else name for name in Given._fields)


@dataclass
class Asked:
    """What the answers about one unit share."""

    layer: str
    channel: int
    items: list[int]
    planted: list[int]
    # The places that count, and the images by end and rank.
    judged: frozenset[int] = frozenset()
    names: str = "[]"  # as JSON

    def __post_init__(self) -> None:
        """Count once what every answer needs."""
        self.judged = frozenset(range(len(self.items))).difference(self.planted)

    def images(self, given: Given) -> tuple[int, int]:
        """Return how many images were kept, and shown: as `Answer.images`, without its rows."""
        if given.kept is not None and given.shown is not None:
            return given.kept, given.shown
        shown = self.judged.difference(given.unseen) if given.unseen else self.judged
        return len(shown) - len(shown.intersection(given.rejected)), len(shown)


def table_of(campaign: Campaign) -> Iterator[bytes]:
    """Write a campaign's answers as the long table that `import_answers` reads, piece by piece.

    Planted images and pictures that did not load count neither as kept nor as shown.
    """
    yield (",".join(answer_table.COLUMNS) + "\r\n").encode()
    network, source, former = campaign.network.slug, campaign.source, _former(campaign)
    for page in _pages(campaign):
        found = _answers(Answer.objects.filter(counts=True), campaign, page)
        while piece := list(islice(found, ANSWERS)):
            yield answer_table.lines(
                _cells(page[given.task], given, (network, source, former)) for given in piece
            ).encode()


def lines_of(campaign: Campaign) -> Iterator[bytes]:
    """Write all that is known of a campaign's answers as ``unitscope-answers``, piece by piece.

    Answers that a review rejected come too, and say that they do not count.
    """
    same = {
        "network": campaign.network.slug,
        "run": campaign.run.key if campaign.run else "",
        "source": campaign.source,
    }
    former = _former(campaign)
    for page in _pages(campaign):
        _name(page.values())
        found = _answers(Answer.objects.all(), campaign, page)
        while piece := list(islice(found, ANSWERS)):
            yield "".join(
                answer_lines.line(
                    same | _values(page[given.task], given, former), page[given.task].names
                )
                for given in piece
            ).encode()


def _pages(campaign: Campaign) -> Iterator[dict[int, Asked]]:
    """Give what is asked about by task, in the order of the network, some units at a time."""
    for layer in campaign.network.layers.order_by("position", "pk"):
        for first in range(0, layer.channels, UNITS):
            several = {"channel__gte": first, "channel__lt": first + UNITS}
            units = dict(Unit.objects.filter(layer=layer, **several).values_list("pk", "channel"))
            tasks = Task.objects.filter(
                campaign=campaign, purpose=Task.Purpose.ASK, unit__in=list(units)
            ).order_by()  # by their own order SQLite would read all tasks of the campaign
            page = {
                task: Asked(layer.name, units[unit], items, planted)
                for task, unit, items, planted in tasks.values_list(
                    "pk", "unit", "items", "controls"
                )
            }
            if page:
                yield page


def _answers(rows: AnswerQuerySet, campaign: Campaign, page: dict[int, Asked]) -> Iterator[Given]:
    """Give the answers of a page: by channel, then as they came.

    By the keys of what the campaign asks, and not by the campaign: SQLite would begin with all of
    its tasks, for every page again.
    """
    found = rows.by_its_workers(campaign).filter(task__in=list(page))
    found = found.order_by("task__unit__channel", "task", "pk")
    return map(Given._make, found.values_list(*READ).iterator(ANSWERS))


def _name(page: Iterable[Asked]) -> None:
    """Name the images of tasks by end and rank; none of a task that lacks one of them."""
    several = list(page)
    names = names_by_key({key for one in several for key in one.items})
    for one in several:
        found = [names.get(key) for key in one.items]
        one.names = json.dumps([] if None in found else found)


def _former(campaign: Campaign) -> str:
    """Return what comes before a worker's name in pseudonyms of published answers."""
    return f"{campaign.slug}/" if campaign.published else ""


def _cells(asked: Asked, given: Given, same: Sequence[str]) -> list[str]:
    """Return one line of the long table; ``same``: network, source and what is left off names."""
    network, source, former = same
    kept, shown = asked.images(given)
    return [
        *(network, asked.layer, str(asked.channel)),
        *(neutralise(given.worker.removeprefix(former)), source),
        *(neutralise(given.concept), given.category, str(kept), str(shown)),
    ]


def _values(asked: Asked, given: Given, former: str) -> dict[str, object]:
    """Return one line of all that is known, without what is the campaign's."""
    kept, shown = asked.images(given)
    return given._asdict() | {
        "layer": asked.layer,
        "unit": asked.channel,
        "worker": given.worker.removeprefix(former),
        "kept": kept,
        "shown": shown,
        "items": [],
        "planted": asked.planted,
        "created_at": moment(given.created_at),
    }


FORMATS: dict[str, Callable[[Campaign], Iterator[bytes]]] = {
    "unitscope": table_of,
    "unitscope-answers": lines_of,
}
