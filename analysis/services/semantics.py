"""What a unit means, written down in one call: the only door through which labels come in."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis.models import Category, LabelChange, Run, Source, Unit, UnitSemantics

LONGEST_CONCEPT = 80
ACT = LabelChange.Act
# A label with other words, another category or precision is another label: it has a history.
TOLD = {"concept", "category", "precision"}


@dataclass(frozen=True)
class UnitLabel:
    """What one source says about one unit.

    ``precision`` is the mean over answers of kept / shown without the planted negatives (Zhou et
    al. 2015, section 3.3), ``precision_low`` and ``precision_high`` bound it; ``images_shown`` and
    ``images_kept`` count images by consensus; ``agreement`` is the share of answers that agree
    with the concept and category given here. Shares lie between 0 and 1, None means not known.
    ``details`` is whatever else the source wants kept, as JSON.
    """

    concept: str
    category: str = ""
    precision: float | None = None
    precision_low: float | None = None
    precision_high: float | None = None
    answers: int = 0
    agreement: float | None = None
    images_shown: int = 0
    images_kept: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no table should hold; raises ValueError with the value."""
        if not 0 < len(self.concept) <= LONGEST_CONCEPT:
            raise ValueError(f"concept {self.concept!r} must have 1 to {LONGEST_CONCEPT} letters")
        if self.category and self.category not in Category.values:
            raise ValueError(f"category {self.category!r} is none of {', '.join(Category.values)}")
        for name in ("precision", "precision_low", "precision_high", "agreement"):
            share = getattr(self, name)
            if share is not None and not (math.isfinite(share) and 0 <= share <= 1):
                raise ValueError(f"{name} {share!r} must lie between 0 and 1")
        for name in ("answers", "images_shown", "images_kept"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)!r} must not be negative")


@transaction.atomic
def record(
    *, unit: Unit, source: str, origin: str, run: Run | None, label: UnitLabel
) -> UnitSemantics:
    """Write what ``source`` says about ``unit``, once for each ``origin``, and return the row.

    ``origin`` is a campaign's slug or a method's name. Saying the same again changes nothing, not
    even ``updated_at``, so that a table exported twice is the same twice. What is given, and what
    changes in ``TOLD``, is written into the unit's history too.

    Raises
    ------
    ValueError
        for an unknown source or an empty origin.
    """
    if source not in Source.values:
        raise ValueError(f"source {source!r} is none of {', '.join(Source.values)}")
    if not origin:
        raise ValueError("origin must name the campaign or the method that says so")
    fields = {**asdict(label), "run_id": run.pk if run else None}
    # As the database will give it back: tuples become lists, keys become strings.
    fields["details"] = json.loads(json.dumps(label.details, allow_nan=False))
    # The row is locked between reading and writing, where the database can do so.
    row, made = UnitSemantics.objects.select_for_update().get_or_create(
        unit=unit,
        source=source,
        origin=origin,
        defaults={**fields, "updated_at": timezone.now()},
    )
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if not made and changed:
        for name in changed:
            setattr(row, name, fields[name])
        row.updated_at = timezone.now()
        row.save(update_fields=[*changed, "updated_at"])
    if made or TOLD.intersection(changed):
        _write_down([row], ACT.GIVEN if made else ACT.CHANGED, row.updated_at)
    return row


def history(unit: Unit, most: int = 50) -> list[LabelChange]:
    """Return what was said of a unit and taken back, the newest first, no more than ``most``."""
    return list(unit.label_changes.order_by("-at", "-pk")[:most])


@transaction.atomic
def rename_author(*, units: Sequence[int], former: str, name: str) -> int:
    """Replace a pseudonym in the words behind labels of these units; return how many labels.

    Nothing else changes, not even ``updated_at``: the label is the same.
    """
    renamed = 0
    for label in UnitSemantics.objects.select_for_update().filter(unit__in=units).order_by("pk"):
        words = [word for word in label.details.get("words", []) if isinstance(word, dict)]
        his = [word for word in words if word.get("worker") == former]
        for word in his:
            word["worker"] = name
        if his:
            label.save(update_fields=["details"])
            renamed += 1
    return renamed


def withdraw(*, unit: Unit, source: str, origin: str) -> bool:
    """Take back what ``record`` wrote for this unit, source and origin; False if nothing was."""
    return _take_back(UnitSemantics.objects.filter(unit=unit, source=source, origin=origin)) > 0


def withdraw_others(*, units: QuerySet[Unit], source: str, origin: str) -> int:
    """Take back what ``record`` wrote for these units, source and origin; return how much was."""
    return _take_back(
        UnitSemantics.objects.filter(unit__in=units, source=source, origin=origin).order_by("unit")
    )


@transaction.atomic
def _take_back(labels: QuerySet[UnitSemantics]) -> int:
    """Delete labels and write down that they are withdrawn; return how many there were."""
    rows = list(labels.select_for_update())
    _write_down(rows, ACT.WITHDRAWN, timezone.now())
    UnitSemantics.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _write_down(rows: Iterable[UnitSemantics], act: str, at: datetime) -> None:
    """Add a line to the history of each label's unit."""
    LabelChange.objects.bulk_create(
        [
            LabelChange(
                unit_id=row.unit_id,
                source=row.source,
                origin=row.origin,
                act=act,
                concept=row.concept,
                category=row.category,
                precision=row.precision,
                answers=row.answers,
                at=at,
            )
            for row in rows
        ],
        batch_size=500,
    )
