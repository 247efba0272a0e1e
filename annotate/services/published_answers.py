"""Published answers become labels: read, decided like ours, written in one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from django.db import transaction

from analysis.models import Network, Source, Unit, UnitSemantics
from analysis.services import semantics
from analysis.services.networks import NetworkRefused
from analysis.services.published_networks import network_for
from analysis.services.registering import SLUG
from analysis.services.semantics import UnitLabel
from analysis.services.spreadsheets import neutralise, restore
from annotate.core import answer_table
from annotate.core.consensus import Said, decide
from annotate.core.released import Answered, AnswersRefused, Release, read_zhou2015
from annotate.models import Answer, Campaign

FORMATS: dict[str, Callable[[Path], Release]] = {
    "zhou2015": read_zhou2015,
    "unitscope": partial(answer_table.read, unmarked=restore),
}
METHOD = "majority"


@dataclass(frozen=True)
class Imported:
    """What an import did: ``changed`` labels are new or other than before."""

    network: Network
    made: bool
    source: str
    origin: str
    layers: int
    units: int
    answers: int
    changed: int
    withdrawn: int


@transaction.atomic
def import_answers(
    *, path: Path, slug: str, form: str, origin: str = "", synthetic: bool = False
) -> Imported:
    """Write the answers of a file down as labels of a network; all of them, or none.

    A network that does not exist is made without weights. ``origin`` is the name that the labels
    stand under: the format's, or the file's without its ending. What stood under this name before
    and is not in the file is withdrawn, so the same file twice changes nothing.

    Raises:
        AnswersRefused: the file is damaged, or does not fit the network; says where.
    """
    origin = _origin(origin or (form if form == "zhou2015" else path.stem))
    release = FORMATS[form](path)
    try:
        network, made = network_for(
            slug, release.channels, whole=release.whole, note=_note(path, form), synthetic=synthetic
        )
    except NetworkRefused as error:
        raise AnswersRefused(str(error)) from error
    source = Source.SIMULATED if release.simulated else Source.PUBLISHED
    if source == Source.SIMULATED and Campaign.objects.filter(slug=origin).exists():
        # Its own labels stand under that name.
        raise AnswersRefused(f"A campaign is called {origin!r}: say --origin NAME.")
    before = _labels_before(network, source, origin)
    count = changed = 0
    for unit, answers in _units(network, release):
        count += len(answers)
        changed += _write(unit, source, origin, _label(answers, form)) != before.pop(unit.pk, None)
    others = Unit.objects.filter(pk__in=before)
    withdrawn = semantics.withdraw_others(units=others, source=source, origin=origin)
    units = sum(len(units) for units in release.answers.values())
    return Imported(
        *(network, made, source, origin),
        layers=len(release.answers),
        units=units,
        answers=count,
        changed=changed,
        withdrawn=withdrawn,
    )


def _origin(name: str) -> str:
    """Return the name that labels shall stand under, if it can be one."""
    if not SLUG.fullmatch(name):
        raise AnswersRefused(
            f"The answers cannot be called {name!r}: letters, digits, dashes and underscores;"
            " say --origin NAME."
        )
    return name


def table_of(campaign: Campaign) -> Iterator[bytes]:
    """Write a campaign's answers as the long table that `import_answers` reads, line by line.

    Planted images and pictures that did not load count neither as kept nor as shown.
    """
    yield (",".join(answer_table.COLUMNS) + "\r\n").encode()
    rows = Answer.objects.counted(campaign)
    parents = ("worker", "task__unit__layer__network")
    order = ("task__unit__layer__position", "task__unit__channel", "pk")
    for answer in rows.select_related(*parents).order_by(*order).iterator(500):
        yield answer_table.line(_cells(answer, campaign.source)).encode()


def _cells(answer: Answer, source: str) -> list[str]:
    """Return one line of the long table."""
    task, layer = answer.task, answer.task.unit.layer
    shown = set(range(len(task.items))) - set(task.controls) - set(answer.unseen)
    kept = shown - set(answer.rejected)
    numbers = str(task.unit.channel), str(len(kept)), str(len(shown))
    return [
        *(layer.network.slug, layer.name, numbers[0], answer.worker.pseudonym, source),
        *(neutralise(answer.concept), answer.category, *numbers[1:]),
    ]


def _labels_before(network: Network, source: str, origin: str) -> dict[int, Any]:
    """Return when each unit's label under this name last changed, by unit."""
    rows = UnitSemantics.objects.filter(
        unit__layer__network=network, source=source, origin=origin
    ).select_for_update()
    return dict(rows.values_list("unit", "updated_at"))


def _units(network: Network, release: Release) -> Iterator[tuple[Unit, list[Answered]]]:
    """Give every unit of the release with its answers."""
    for layer in network.layers.filter(name__in=release.answers):
        by_channel = {unit.channel: unit for unit in layer.units.all()}
        for channel, answers in release.answers[layer.name].items():
            yield by_channel[channel], answers


def _write(unit: Unit, source: str, origin: str, label: UnitLabel) -> Any:
    """Write a label, and return when it last changed."""
    row = semantics.record(unit=unit, source=source, origin=origin, run=None, label=label)
    return row.updated_at


def _label(answers: list[Answered], form: str) -> UnitLabel:
    """Return what several published answers make of a unit.

    Words and group are decided by our rule. Which images were rejected is not published, so one
    image that all kept stands for them and what the rule says of images is not used: precision is
    the mean of the released values, without an interval.
    """
    said = [Said(one.who, one.concept, one.category, frozenset()) for one in answers]
    found = decide(said, 1, frozenset(), METHOD)
    words = [
        {
            "worker": one.who,
            "concept": one.concept,
            "category": one.category,
            "same_concept_as": group,
            "precision": one.precision,
            **({"kept": one.kept, "shown": one.shown} if one.shown else {}),
        }
        for one, group in zip(answers, found.groups, strict=True)
    ]
    return UnitLabel(
        concept=found.concept,
        category=found.category,
        precision=fmean(one.precision for one in answers),
        answers=len(answers),
        agreement=found.agreement,
        details={
            "method": METHOD,
            "format": form,
            "concept": found.how_concept,
            "category": found.how_category,
            "words": words,
        },
    )


def _note(path: Path, form: str) -> str:
    """Say beside a network made by an import what is known of it."""
    return (
        f"Known from published answers only ({path.name}, format {form}). It has no weights here,"
        " so it cannot be run and has no images."
    )
