"""Reading the atlas: which units of a layer to show, in which order, each with its label.

A unit may have several labels; the one shown is by people before published, machine and
simulated, and the newest among equals, unless a source is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, When
from django.utils.translation import gettext_lazy as _

from analysis.models import (
    Category,
    Layer,
    Network,
    Run,
    Segment,
    Source,
    State,
    TopImage,
    Unit,
    UnitSemantics,
)
from analysis.services.access import is_researcher

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Shown(TypedDict):
    """What `_with_label` adds to a unit: the key and the columns of the label shown."""

    label: int | None
    level: int | None
    concept: str | None
    category: str | None
    precision: float | None
    agreement: float | None


ShownUnit: TypeAlias = "WithAnnotations[Unit, Shown]"

SOURCES = (Source.PEOPLE, Source.PUBLISHED, Source.MACHINE, Source.SIMULATED)
TRUST = Case(*(When(source=source, then=place) for place, source in enumerate(SOURCES)))
LEVEL = Case(*(When(category=value, then=place) for place, value in enumerate(Category.values)))
BEST_SEGMENTS = 3
PAGE = 48


@dataclass(frozen=True)
class Wanted:
    """Which units to show; an empty field asks for no restriction."""

    categories: Sequence[str] = ()
    source: str = ""
    labelled: str = ""  # yes, no
    text: str = ""
    sort: str = "unit"

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything but the order is asked for."""
        return bool(self.categories or self.source or self.labelled or self.text)


SORTS = {
    "unit": (_("unit number"), ()),
    "precision": (_("precision, highest first"), (F("precision").desc(nulls_last=True),)),
    "agreement": (_("agreement, highest first"), (F("agreement").desc(nulls_last=True),)),
    "level": (_("level, low to high"), (F("level").asc(nulls_last=True),)),
    "concept": (_("concept, A to Z"), (F("concept").asc(nulls_last=True),)),
}


@dataclass
class Card:
    """A unit as the grid shows it."""

    unit: Unit
    label: UnitSemantics | None = None
    segments: list[Segment] = field(default_factory=list)


@dataclass
class LayerShares:
    """How the labelled units of a layer fall into the six categories."""

    layer: Layer
    units: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def labelled(self) -> int:
        """Return how many units have a label with a category."""
        return sum(self.counts.values())

    @property
    def bar(self) -> list[tuple[str, str, int, int]]:
        """Return (category, its name, where it begins, count), low to high, for a stacked bar."""
        begins, pieces = 0, []
        for value, name in Category.choices:
            count = self.counts.get(value, 0)
            pieces.append((value, str(name), begins, count))
            begins += count
        return pieces


def readable_networks(user: User | AnonymousUser) -> QuerySet[Network]:
    """Return the networks whose atlas the user may read: researchers all, others public ones."""
    networks = Network.objects.all()
    return networks if is_researcher(user) else networks.filter(public=True)


def runs_to_show(layer: Layer) -> QuerySet[Run]:
    """Return the finished runs that looked at this layer, newest first."""
    done = Run.objects.filter(layers=layer, state=State.DONE).select_related("image_set")
    return done.order_by(F("finished_at").desc(nulls_last=True), "-pk")


def units(layer: Layer, wanted: Wanted) -> "QuerySet[ShownUnit]":
    """Return the units asked for, each annotated with the key of the label shown."""
    found = _with_label(Unit.objects.filter(layer=layer), wanted.source)
    if wanted.categories:
        found = found.filter(category__in=wanted.categories)
    if wanted.labelled == "no":
        found = found.filter(label=None)
    elif wanted.labelled == "yes" or wanted.source:
        found = found.filter(label__isnull=False)
    if wanted.text:
        found = found.filter(concept__icontains=wanted.text)
    return found.order_by(*SORTS[wanted.sort][1], "channel")


def shares(network: Network) -> list[LayerShares]:
    """Return for each layer, in the order of the forward pass, how its labels fall."""
    found = {
        layer.pk: LayerShares(layer=layer, units=layer.channels) for layer in network.layers.all()
    }
    rows = _with_label(Unit.objects.filter(layer__network=network), "")
    counted = rows.exclude(category=None).exclude(category="").order_by()
    for row in counted.values("layer", "category").annotate(count=Count("pk")):
        found[row["layer"]].counts[row["category"] or ""] = row["count"]
    return list(found.values())


def cards(found: Sequence[ShownUnit], run: Run | None) -> list[Card]:
    """Give the units of one page their labels and best segments: two queries for any number."""
    shown = {unit.pk: Card(unit) for unit in found}
    for label in UnitSemantics.objects.filter(pk__in=[unit.label for unit in found if unit.label]):
        shown[label.unit_id].label = label
    if run is not None:
        best = TopImage.objects.filter(
            run=run, unit__in=shown, end=TopImage.End.TOP, rank__lt=BEST_SEGMENTS
        )
        for top in best.select_related("segment").order_by("unit", "rank"):
            if hasattr(top, "segment"):
                shown[top.unit_id].segments.append(top.segment)
    return list(shown.values())


def labels(unit: Unit) -> QuerySet[UnitSemantics]:
    """Return all labels of a unit, the one to be shown first in front."""
    return unit.semantics.select_related("run").order_by(TRUST, "-updated_at", "pk")


def montage(network: Network, count: int = 6) -> list[Segment]:
    """Return a few segments to know a network by: the strongest of the first units of a layer.

    The deepest layer that was looked at gives them; no more than its first units are read.
    """
    first = Segment.objects.filter(
        top_image__end=TopImage.End.TOP, top_image__rank=0, top_image__unit__channel__lt=count
    ).order_by("top_image__unit__channel")
    for layer in network.layers.order_by("-position"):
        if run := runs_to_show(layer).first():
            return list(first.filter(top_image__run=run, top_image__unit__layer=layer)[:count])
    return []


def neighbours(unit: Unit) -> tuple[int | None, int | None]:
    """Return the channels before and after this one in its layer."""
    siblings = Unit.objects.filter(layer=unit.layer_id).values_list("channel", flat=True)
    before = siblings.filter(channel__lt=unit.channel).order_by("-channel").first()
    after = siblings.filter(channel__gt=unit.channel).order_by("channel").first()
    return before, after


def _with_label(found: QuerySet[Unit], source: str) -> "QuerySet[ShownUnit]":
    """Annotate units with the key and columns of the label shown."""
    rows = UnitSemantics.objects.filter(unit=OuterRef("pk"))
    if source:
        rows = rows.filter(source=source)
    rows = rows.order_by(TRUST, "-updated_at", "pk")
    annotated = found.annotate(
        label=Subquery(rows.values("pk")[:1]),
        level=Subquery(rows.values(place=LEVEL)[:1]),
        concept=Subquery(rows.values("concept")[:1]),
        category=Subquery(rows.values("category")[:1]),
        precision=Subquery(rows.values("precision")[:1]),
        agreement=Subquery(rows.values("agreement")[:1]),
    )
    return cast("QuerySet[ShownUnit]", annotated)
