"""Published answers become labels: read, decided like ours, written in one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction

from analysis.models import Network, Source, Unit, UnitSemantics
from analysis.services import semantics
from analysis.services.networks import NetworkRefused
from analysis.services.published_networks import network_for
from analysis.services.registering import SLUG
from analysis.services.semantics import UnitLabel
from analysis.services.spreadsheets import restore
from annotate.core import answer_lines, answer_table
from annotate.core.released import Answered, AnswersRefused, Release, read_zhou2015
from annotate.models import Campaign
from annotate.services import published_labels

FORMATS: dict[str, Callable[[Path], Release]] = {
    "zhou2015": read_zhou2015,
    "unitscope": partial(answer_table.read, unmarked=restore),
    "unitscope-answers": answer_lines.read,
}


@dataclass(frozen=True)
class AnswerFile:
    """A file of answers, its format, and the network that they are about."""

    path: Path
    network: str  # slug
    form: str
    synthetic: bool = False  # said of a network that is made

    @property
    def name(self) -> str:
        """The name that labels stand under unless another is given."""
        return self.form if self.form == "zhou2015" else self.path.stem


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
def import_answers(file: AnswerFile, origin: str = "") -> Imported:
    """Write the answers of a file down as labels of a network; all of them, or none.

    A network that does not exist is made without weights. ``origin`` is the name that the labels
    stand under: the format's, or the file's without its ending. What stood under this name before
    and is not in the file is withdrawn, so the same file twice changes nothing.

    Raises:
        AnswersRefused: the file is damaged, or does not fit the network; says where.
    """
    origin = checked(origin or file.name, "say --origin NAME")
    release, network, made = read(file)
    source = Source.SIMULATED if release.simulated else Source.PUBLISHED
    _insist_free(source, origin)
    before = labels_before(network, source, origin)
    count = changed = 0
    for unit, answers in units(network, release):
        counting = [one for one in answers if one.counts]
        count += len(counting)
        if counting:
            told = published_labels.label(counting, {"format": file.form})
            changed += _write(unit, source, origin, told) != before.pop(unit.pk, None)
    others = Unit.objects.filter(pk__in=before)
    withdrawn = semantics.withdraw_others(units=others, source=source, origin=origin)
    number = sum(len(units) for units in release.answers.values())
    return Imported(
        *(network, made, source, origin),
        layers=len(release.answers),
        units=number,
        answers=count,
        changed=changed,
        withdrawn=withdrawn,
    )


def read(file: AnswerFile) -> tuple[Release, Network, bool]:
    """Return the answers of a file, the network that they are about, and whether it was made now.

    Raises:
        AnswersRefused: the file is damaged, or does not fit the network; says where.
    """
    release = FORMATS[file.form](file.path)
    try:
        network, made = network_for(
            file.network,
            release.channels,
            whole=release.whole,
            note=_note(file),
            synthetic=file.synthetic,
        )
    except NetworkRefused as error:
        raise AnswersRefused(str(error)) from error
    return release, network, made


def checked(name: str, advice: str) -> str:
    """Return the name that labels shall stand under, if it can be one."""
    if not SLUG.fullmatch(name):
        raise AnswersRefused(
            f"The answers cannot be called {name!r}: letters, digits, dashes and underscores;"
            f" {advice}."
        )
    return name


def _insist_free(source: str, origin: str) -> None:
    """Refuse a name that a campaign's own labels of this source stand under."""
    named = Campaign.objects.filter(slug=origin).first()
    if named and named.published and named.source == source:
        raise AnswersRefused(
            f"{origin!r} is a campaign of published answers: say --as-campaign {origin} to bring it"
            " up to date, or --origin NAME."
        )
    if named and source == Source.SIMULATED:
        raise AnswersRefused(f"A campaign is called {origin!r}: say --origin NAME.")


def labels_before(network: Network, source: str, origin: str) -> dict[int, Any]:
    """Return when each unit's label under this name last changed, by unit."""
    rows = UnitSemantics.objects.filter(
        unit__layer__network=network, source=source, origin=origin
    ).select_for_update()
    return dict(rows.values_list("unit", "updated_at"))


def units(network: Network, release: Release) -> Iterator[tuple[Unit, list[Answered]]]:
    """Give every unit of the release with its answers."""
    for layer in network.layers.filter(name__in=release.answers):
        by_channel = {unit.channel: unit for unit in layer.units.all()}
        for channel, answers in release.answers[layer.name].items():
            yield by_channel[channel], answers


def _write(unit: Unit, source: str, origin: str, label: UnitLabel) -> Any:
    """Write a label, and return when it last changed."""
    row = semantics.record(unit=unit, source=source, origin=origin, run=None, label=label)
    return row.updated_at


def _note(file: AnswerFile) -> str:
    """Say beside a network made by an import what is known of it."""
    return (
        f"Known from published answers only ({file.path.name}, format {file.form}). It has no"
        " weights here, so it cannot be run and has no images."
    )
