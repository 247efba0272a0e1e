"""The grid of the atlas: which units of one layer or of all, and in which order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import OrderBy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.models import ClassScore, Layer, ReceptiveField, Run, State, Unit
from analysis.services import atlas_search
from analysis.services.atlas import SOURCES, ShownUnit, with_label

PAGE = 48  # full rows of 1, 2, 3, 4 and 6 cards
LABELS = ("precision", "agreement")
RANGES = (*LABELS, "iou", "field")
BY_LABEL = ("precision", "agreement", "level", "concept")


@dataclass(frozen=True)
class Range:
    """From the least to the most, both included; None is no bound."""

    least: float | None = None
    most: float | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is asked for."""
        return self.least is not None or self.most is not None

    def of(self, name: str) -> Q:
        """Return the condition on a column; what is not known lies in no range."""
        found = Q()
        if self.least is not None:
            found &= Q(**{f"{name}__gte": self.least})
        if self.most is not None:
            found &= Q(**{f"{name}__lte": self.most})
        return found


@dataclass(frozen=True)
class Wanted:
    """Which units to show; an empty field asks for no restriction."""

    categories: Sequence[str] = ()
    source: str = ""
    labelled: str = ""  # yes, no
    text: str = ""
    concept: str = ""
    kinds: bool = False  # with the concept what WordNet calls a kind of it
    ranges: Mapping[str, Range] = field(default_factory=dict)  # by a name of RANGES
    sort: str = "unit"

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything but the order is asked for."""
        return self.asks_of_labels or bool(self.text or any(self.ranges.values()))

    @property
    def asks_of_labels(self) -> bool:
        """Tell whether a condition speaks of the label shown."""
        ranged = any(self.range(name) for name in LABELS)
        return ranged or bool(self.categories or self.source or self.labelled or self.concept)

    def range(self, name: str) -> Range:
        """Return what is asked of a number."""
        return self.ranges.get(name, Range())

    def reads(self, name: str) -> bool:
        """Tell whether a measured number is needed, to filter or to sort by."""
        return bool(self.range(name)) or self.sort == name


SORTS: dict[str, tuple[Promise, tuple[OrderBy, ...]]] = {
    "unit": (_("unit number"), ()),
    "precision": (_("precision, highest first"), (F("precision").desc(nulls_last=True),)),
    "agreement": (_("agreement, highest first"), (F("agreement").desc(nulls_last=True),)),
    "level": (_("level, low to high"), (F("level").asc(nulls_last=True),)),
    "concept": (_("concept, A to Z"), (F("concept").asc(nulls_last=True),)),
    "iou": (_("IoU with its best class, highest first"), (F("iou").desc(nulls_last=True),)),
    "field": (_("field, largest first"), (F("field").desc(nulls_last=True),)),
}


def units(
    layers: Sequence[Layer],
    wanted: Wanted,
    *,
    concepts: Collection[str] = (),
    run: Run | None = None,
    reads_words: bool = False,
) -> "QuerySet[ShownUnit]":
    """Return the units asked for; those that a label was asked of have its key with them.

    `concepts` are those that `wanted.concept` means, `run` is the one whose measures count before
    those of newer ones, `reads_words` tells whether the asker may read what workers wrote.
    """
    rows = Unit.objects.filter(layer__in=layers)
    if wanted.text:
        sources = [wanted.source] if wanted.source else SOURCES
        condition = atlas_search.has(rows, wanted.text, sources=sources, reads_words=reads_words)
        rows = rows.filter(condition)
    if wanted.asks_of_labels or wanted.sort in BY_LABEL:
        found = _by_label(with_label(rows, wanted.source), wanted, concepts)
    else:  # labels are looked for on the page alone, not on all those before it
        found = cast("QuerySet[ShownUnit]", rows)
    for name in ("iou", "field"):
        if wanted.reads(name):
            measured = cast("QuerySet[ShownUnit]", with_measure(found, name, run))
            found = measured.filter(wanted.range(name).of(name))
    first = SORTS[wanted.sort][1]
    return found.select_related("layer").order_by(*first, "layer__position", "channel")


def _by_label(
    found: "QuerySet[ShownUnit]", wanted: Wanted, concepts: Collection[str]
) -> "QuerySet[ShownUnit]":
    """Keep the units whose label shown is as asked for."""
    if wanted.categories:
        found = found.filter(category__in=wanted.categories)
    if wanted.labelled == "no":
        found = found.filter(label=None)
    elif wanted.labelled == "yes" or wanted.source:
        found = found.filter(label__isnull=False)
    if wanted.concept:
        found = found.filter(Q(concept__iexact=wanted.concept) | Q(concept__in=concepts))
    for name in LABELS:
        found = found.filter(wanted.range(name).of(name))
    return found


def with_measure(found: QuerySet[Unit], name: str, run: Run | None = None) -> QuerySet[Unit]:
    """Annotate units with `iou` of the class that fits best, or with `field`, its size in pixels.

    The number is that of the run named, else of the newest finished run that has one.
    """
    if name == "iou":
        rows: QuerySet[ClassScore] | QuerySet[ReceptiveField] = ClassScore.objects.filter(rank=0)
        column = "iou"
    else:
        rows, column = ReceptiveField.objects.filter(size__isnull=False), "size"
    rows = rows.filter(unit=OuterRef("pk"), run__state=State.DONE)
    newest = [F("run__finished_at").desc(nulls_last=True), F("run").desc()]
    if run is not None:
        newest.insert(0, Case(When(run=run, then=0), default=1).asc())
    return found.annotate(**{name: Subquery(rows.order_by(*newest).values(column)[:1])})
