"""Labelled units as a table: which rows, in which order, under which column names."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser

from analysis.models import Source, UnitSemantics
from analysis.services.atlas import readable_networks

# One page of the database's cursor, and one piece of the answer.
PAGE = 1000
# Simulated workers are never mixed into anybody's results: their labels come when asked for.
SOURCES_BY_DEFAULT = (Source.PEOPLE, Source.MACHINE, Source.PUBLISHED)


class Row(NamedTuple):
    """One labelled unit. The names and their order are those of the exported columns."""

    network: str
    layer: str
    unit: int
    concept: str
    category: str | None
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    answers: int
    agreement: float | None
    images_shown: int
    images_kept: int
    source: str
    run: str | None
    updated_at: datetime


COLUMNS = Row._fields
FIELDS = (
    "unit__layer__network__slug",
    "unit__layer__name",
    "unit__channel",
    "concept",
    "category",
    "precision",
    "precision_low",
    "precision_high",
    "answers",
    "agreement",
    "images_shown",
    "images_kept",
    "source",
    "run__key",
    "updated_at",
)
# The order of the atlas; the last two make it total.
ORDER = (
    "unit__layer__network__slug",
    "unit__layer__position",
    "unit__channel",
    "source",
    "origin",
)


@dataclass(frozen=True)
class Wanted:
    """Which labels to export; an empty field asks for no restriction, save for the source.

    Without a source everything but simulated labels comes: those only when asked for by name.
    """

    network: str = ""
    campaign: str = ""
    source: str = ""
    public_only: bool = False
    shared: frozenset[int] = frozenset()  # and these networks, which a link opens

    def __post_init__(self) -> None:
        """Refuse a source that does not exist."""
        if self.source and self.source not in Source.values:
            raise ValueError(f"source {self.source!r} is none of {', '.join(Source.values)}")


def others(wanted: Wanted) -> list[str]:
    """Return what labels come from, of any source; nothing where the campaign wanted is there."""
    found = UnitSemantics.objects.order_by("origin").values_list("origin", flat=True).distinct()
    return [] if wanted.campaign in found else list(found)


def rows(wanted: Wanted) -> Iterator[Row]:
    """Give the labels one by one, in the order of the atlas, never all at once in memory."""
    found = UnitSemantics.objects.filter(
        source__in=[wanted.source] if wanted.source else SOURCES_BY_DEFAULT
    )
    if wanted.network:
        found = found.filter(unit__layer__network__slug=wanted.network)
    if wanted.campaign:
        found = found.filter(origin=wanted.campaign)
    if wanted.public_only:
        networks = readable_networks(AnonymousUser(), wanted.shared)
        found = found.filter(unit__layer__network__in=networks)
    for values in found.order_by(*ORDER).values_list(*FIELDS).iterator(chunk_size=PAGE):
        row = Row(*values)
        # An address shows twelve digits of a run's key, and so does the table.
        yield row._replace(category=row.category or None, run=row.run[:12] if row.run else None)


def simulated_left_out(wanted: Wanted) -> int:
    """Count the simulated labels that would come if they were asked for, to say so."""
    if wanted.source:
        return 0
    found = UnitSemantics.objects.filter(source=Source.SIMULATED)
    if wanted.network:
        found = found.filter(unit__layer__network__slug=wanted.network)
    return found.filter(origin=wanted.campaign).count() if wanted.campaign else found.count()


def pages(found: Iterator[Row], size: int = PAGE) -> Iterator[list[Row]]:
    """Cut the rows into lists of ``size``, the last one shorter."""
    while page := list(itertools.islice(found, size)):
        yield page
