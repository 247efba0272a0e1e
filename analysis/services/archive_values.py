"""Rows of an archive's tables: what a column holds as JSON, and back, checked value by value.

A table has the columns of its model, save those that say who did something here, and names of
other rows instead of their keys: a unit is ``layer`` and ``channel``, a run its ``run``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.db.models.expressions import OrderBy

from analysis.core.archives import ArchiveRefused
from analysis.models import ImageSet, Network, Run, TopImage
from analysis.services.archive_shapes import ADDRESSED, Shape, insist_on, is_name

if TYPE_CHECKING:
    Column = models.Field[Any, Any]  # at run time it takes no parameters

T = TypeVar("T")
BATCH = 1000
UNIT = {"layer": "unit__layer__name", "channel": "unit__channel"}
# Columns with one of these in their name open something, and never go into an archive.
SECRET = ("token", "secret", "digest", "password")


@dataclass(frozen=True)
class Table:
    """One table: its name in the archive, its model, and the other rows that its rows name."""

    name: str
    model: type[models.Model]
    # Key in the archive → way from the model: {"run": "run__key"}.
    names: Mapping[str, str] = field(default_factory=dict)
    order: Sequence[str | OrderBy] = ()
    left_out: frozenset[str] = frozenset()
    shapes: Mapping[str, Shape] = field(default_factory=dict)  # of columns that hold JSON

    @property
    def columns(self) -> dict[str, "Column"]:
        """The model's own columns that go into the archive, by name."""
        return {
            one.name: one
            for one in self.model._meta.concrete_fields
            if not (one.is_relation or one.primary_key or one.name in self.left_out)
            and not any(word in one.name for word in SECRET)
        }

    def rows(self, found: QuerySet[Any], **more: str) -> Iterator[dict[str, Any]]:
        """Give rows as they stand in the archive; ``more``: key → way from the model."""
        ways = {name: name for name in self.columns} | dict(self.names) | more
        values = found.order_by(*self.order).values_list(*ways.values()).iterator(BATCH)
        for row in values:
            yield {key: _told(value) for key, value in zip(ways, row, strict=True)}

    def row(self, told: dict[str, Any], where: str, *more: str) -> models.Model:
        """Return a row that is not stored from what an archive says; ``more`` are other keys.

        Raises:
            ArchiveRefused: a column that this version does not know, or a value that cannot be.
        """
        columns = self.columns
        if unknown := told.keys() - columns.keys() - self.names.keys() - set(more):
            raise ArchiveRefused(
                f"{where}: there is no column {min(unknown)[:80]!r}: a newer Unitscope wrote it."
            )
        for name in self.shapes.keys() & told.keys():
            insist_on(self.shapes[name], told[name], f"{where}: {name}")
        for name in ADDRESSED:
            if name in columns and told.get(name):
                insist_on(is_name, told[name], f"{where}: {name}")
        given = columns.keys() & told.keys()
        return self.model(**{name: value_of(columns[name], told[name], where) for name in given})


@dataclass
class Places:
    """Where the rows of an archive come to stand: what its names mean here."""

    network: Network
    units: dict[tuple[str, int], int] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    image_sets: dict[str, ImageSet] = field(default_factory=dict)
    images: dict[tuple[int, int], int] = field(default_factory=dict)  # set and number → key
    matches: dict[tuple[int, str], int] = field(default_factory=dict)  # set and concept → key
    # Name of a campaign in the archive → name here: labels carry it too.
    renamed: dict[str, str] = field(default_factory=dict)

    def unit(self, told: Mapping[str, Any], where: str) -> int:
        """Return the key of the unit that a row names."""
        return known(self.units, (told.get("layer"), told.get("channel")), "unit", where)

    def run(self, told: Mapping[str, Any], where: str) -> Run:
        """Return the run that a row names."""
        return known(self.runs, told.get("run"), "run", where)

    def image_set(self, told: Mapping[str, Any], where: str) -> ImageSet:
        """Return the image set that a row names."""
        return known(self.image_sets, told.get("image_set"), "image set", where)

    def image(self, run: Run, told: Mapping[str, Any], where: str) -> int:
        """Return the key of the image of a run's set that a row names."""
        return known(self.images, (run.image_set_id, told.get("image")), "image", where)


def store(rows: Iterator[models.Model]) -> None:
    """Write rows of one model, some at a time, with the moments at which they were made."""
    while some := list(islice(rows, BATCH)):
        model = type(some[0])
        made = [
            one.name
            for one in model._meta.concrete_fields
            if isinstance(one, models.DateTimeField) and one.auto_now_add
        ]
        moments = [{name: getattr(row, name) for name in made} for row in some]
        model._default_manager.bulk_create(some)
        for row, then in zip(some, moments, strict=True):
            vars(row).update({name: moment for name, moment in then.items() if moment})
        if made:
            model._default_manager.bulk_update(some, made, BATCH)


def value_of(column: "Column", told: Any, where: str) -> Any:
    """Return a column's value from what an archive says.

    Raises:
        ArchiveRefused: it is of another kind, too long, or none of the column's choices.
    """
    if told is None and column.null:
        return None
    try:
        value = _of_kind(column, told)
        column.run_validators(value)
        choices = [choice for choice, _ in column.flatchoices]
        if choices and value not in (*choices, ""):
            raise ValueError("it is none of the choices")
    except (ValueError, TypeError, InvalidOperation, ValidationError) as error:
        why = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        raise ArchiveRefused(
            f"{where}: {column.name} cannot be {str(told)[:80]!r} ({why})."
        ) from error
    return value


def names_of_images(run: Run, units: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return for each unit the keys of its images in a run by their names, like ``top/3``."""
    found: dict[int, dict[str, int]] = {unit: {} for unit in units}
    rows = TopImage.objects.filter(run=run, unit__in=units).order_by()
    for unit, end, rank, key in rows.values_list("unit", "end", "rank", "pk"):
        found[unit][f"{end}/{rank}"] = key
    return found


def _of_kind(column: "Column", told: Any) -> Any:
    """Return a value of the column's kind; raises ValueError for another."""
    if isinstance(column, models.JSONField):
        return told
    if isinstance(column, models.DateTimeField):
        return _moment(told)
    if isinstance(column, models.DecimalField):
        return Decimal(_insist(told, str))
    if isinstance(column, models.BooleanField):
        return _insist(told, bool)
    if isinstance(column, models.FloatField):
        return float(_insist(told, int, float))
    if isinstance(column, models.IntegerField):
        return _insist(told, int)
    text = _insist(told, str)
    if "\0" in text:
        raise ValueError("it holds a null character")
    return text


def _insist(told: Any, *kinds: type) -> Any:
    if not isinstance(told, kinds) or (isinstance(told, bool) and bool not in kinds):
        raise ValueError("it is of another kind")
    return told


def _moment(told: Any) -> datetime:
    found = datetime.fromisoformat(_insist(told, str))
    if found.tzinfo is None:
        raise ValueError("it has no time zone")
    return found


def _told(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, Decimal) else value


def known(found: Mapping[Any, T], name: Any, what: str, where: str) -> T:
    """Return what an archive calls by a name; raise ArchiveRefused where there is none."""
    try:
        return found[name]
    except (KeyError, TypeError) as error:
        raise ArchiveRefused(f"{where}: the archive has no {what} {str(name)[:80]}.") from error
