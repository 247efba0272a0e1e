"""A campaign's answers as files that can be imported again: a long table, or all that is known.

Workers stand there by pseudonym; those of published answers by the name in their file.
"""

from collections.abc import Callable, Iterator
from itertools import groupby

from django.db.models import QuerySet

from analysis.models import TopImage
from analysis.services.spreadsheets import neutralise
from analysis.services.tables import moment
from annotate.core import answer_lines, answer_table
from annotate.models import Answer, Campaign, Task

ORDER = ("task__unit__layer__position", "task__unit__channel", "task", "pk")
PARENTS = ("worker", "task__unit__layer__network")


def table_of(campaign: Campaign) -> Iterator[bytes]:
    """Write a campaign's answers as the long table that `import_answers` reads, line by line.

    Planted images and pictures that did not load count neither as kept nor as shown.
    """
    yield (",".join(answer_table.COLUMNS) + "\r\n").encode()
    for answer in _in_order(Answer.objects.counted(campaign)):
        yield answer_table.line(_cells(answer, campaign)).encode()


def lines_of(campaign: Campaign) -> Iterator[bytes]:
    """Write all that is known of a campaign's answers as ``unitscope-answers``, line by line.

    Answers that a review rejected come too, and say that they do not count.
    """
    asked = Answer.objects.filter(
        task__campaign=campaign,
        task__purpose=Task.Purpose.ASK,
        worker__kind=campaign.worker_kind,
    )
    for task, answers in groupby(_in_order(asked), key=lambda answer: answer.task):
        items = _named(task)
        for answer in answers:
            yield answer_lines.line(_values(answer, items, campaign)).encode()


def _in_order(rows: QuerySet[Answer]) -> Iterator[Answer]:
    """Give answers in the order of the network, then as they came, in flat memory."""
    return rows.select_related(*PARENTS).order_by(*ORDER).iterator(500)


def _named(task: Task) -> list[str]:
    """Return a task's images by end and rank; nothing if one of them is gone."""
    rows = TopImage.objects.in_bulk(task.items)
    if len(rows) < len(task.items):
        return []
    return [f"{rows[pk].end}/{rows[pk].rank}" for pk in task.items]


def _who(answer: Answer, campaign: Campaign) -> str:
    """Return how a worker is called in files."""
    return answer.worker.pseudonym.removeprefix(f"{campaign.slug}/" if campaign.published else "")


def _cells(answer: Answer, campaign: Campaign) -> list[str]:
    """Return one line of the long table."""
    task, layer = answer.task, answer.task.unit.layer
    kept, shown = answer.images
    return [
        *(layer.network.slug, layer.name, str(task.unit.channel)),
        *(neutralise(_who(answer, campaign)), campaign.source),
        *(neutralise(answer.concept), answer.category, str(kept), str(shown)),
    ]


def _values(answer: Answer, items: list[str], campaign: Campaign) -> dict[str, object]:
    """Return one line of all that is known."""
    task, layer = answer.task, answer.task.unit.layer
    kept, shown = answer.images
    return {
        "network": layer.network.slug,
        "run": campaign.run.key if campaign.run else "",
        "layer": layer.name,
        "unit": task.unit.channel,
        "worker": _who(answer, campaign),
        "source": campaign.source,
        "concept": answer.concept,
        "category": answer.category,
        "kept": kept,
        "shown": shown,
        "items": items,
        "planted": task.controls,
        "rejected": answer.rejected,
        "unseen": answer.unseen,
        "attempts": answer.attempts,
        "controls_missed": answer.controls_missed,
        "seconds": answer.seconds,
        "focused_seconds": answer.focused_seconds,
        "created_at": moment(answer.created_at),
        "counts": answer.counts,
    }


FORMATS: dict[str, Callable[[Campaign], Iterator[bytes]]] = {
    "unitscope": table_of,
    "unitscope-answers": lines_of,
}
