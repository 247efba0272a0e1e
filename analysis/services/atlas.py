"""Reading the atlas: networks, the layers of one, cards of units, each with the label shown.

A unit may have several labels; the one shown is by people before published, machine and
simulated, and the newest among equals, unless a source is asked for. Which units a grid shows is
said in `atlas_grid`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from analysis.models import (
    Category,
    Job,
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
    """What `with_label` adds to a unit: the key and the columns of the label shown."""

    label: int | None
    level: int | None
    concept: str | None
    category: str | None
    precision: float | None
    agreement: float | None
    iou: float | None
    field: float | None


ShownUnit: TypeAlias = "WithAnnotations[Unit, Shown]"

SOURCES = (Source.PEOPLE, Source.PUBLISHED, Source.MACHINE, Source.SIMULATED)
TRUST = Case(*(When(source=source, then=place) for place, source in enumerate(SOURCES)))
LEVEL = Case(*(When(category=value, then=place) for place, value in enumerate(Category.values)))
COLUMNS = ("concept", "category", "precision", "agreement")
MONTAGE = 6
BEST_SEGMENTS = 3


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
        """Return how many units have a label; a machine's has no category."""
        return sum(self.counts.values())

    @property
    def ungrouped(self) -> int:
        """Return how many units have a label that says no category."""
        return self.counts.get("", 0)

    @property
    def grouped(self) -> int:
        """Return how many units have a label with a category."""
        return self.labelled - self.ungrouped

    @property
    def bar(self) -> list[tuple[str, str, int, int]]:
        """Return (category, its name, where it begins, count), low to high, for a stacked bar."""
        begins, pieces = 0, []
        for value, name in Category.choices:
            count = self.counts.get(value, 0)
            pieces.append((value, str(name), begins, count))
            begins += count
        return pieces


def readable_networks(
    user: User | AnonymousUser, shared: Collection[int] = ()
) -> QuerySet[Network]:
    """Return the networks whose atlas the user may read: researchers all, others public ones.

    ``shared`` are the keys of those that his links open, as `sharing.shared_with` knows them. Who
    forgets to give them shows less, never more.
    """
    networks = Network.objects.all()
    if is_researcher(user):
        return networks
    return networks.filter(Q(public=True) | Q(pk__in=shared) if shared else Q(public=True))


def runs_to_show(layer: Layer) -> QuerySet[Run]:
    """Return the finished runs that looked at this layer: those with pictures first, newest first.

    A later run of other steps alone has no pictures, and must not leave a page without any.
    """
    done = Run.objects.filter(layers=layer, state=State.DONE).select_related("image_set")
    return done.order_by(~drawn("pk"), F("finished_at").desc(nulls_last=True), "-pk")


def drawn(run: str) -> Exists:
    """Tell of a run whether its pictures are drawn; ``run`` is the name of its key."""
    return Exists(Job.objects.filter(run=OuterRef(run), step="segment", state=State.DONE))


def newest_runs(network: Network) -> dict[int, Run]:
    """Return by key of a layer the first of `runs_to_show`; one query."""
    looked = Run.layers.through.objects.filter(layer__network=network, run__state=State.DONE)
    rows = looked.select_related("run__image_set").order_by(
        drawn("run"), F("run__finished_at").asc(nulls_first=True), "run"
    )
    return {row.layer_id: row.run for row in rows}


def shares(network: Network) -> list[LayerShares]:
    """Return for each layer, in the order of the forward pass, how its labels fall."""
    found = {
        layer.pk: LayerShares(layer=layer, units=layer.channels) for layer in network.layers.all()
    }
    rows = with_label(Unit.objects.filter(layer__network=network), "")
    counted = rows.exclude(label=None).order_by()
    for row in counted.values("layer", "category").annotate(count=Count("pk")):
        found[row["layer"]].counts[row["category"] or ""] = row["count"]
    return list(found.values())


def cards(found: Sequence[ShownUnit], run: Run | None) -> list[Card]:
    """Give the units of one page their labels and best segments: two queries for any number."""
    return cards_by_layer(found, {unit.layer_id: run for unit in found} if run else {})


def cards_by_layer(found: Sequence[ShownUnit], runs: Mapping[int, Run | None]) -> list[Card]:
    """Do the same for units of several layers; `runs` by key of a layer gives the pictures."""
    shown = {unit.pk: Card(unit) for unit in found}
    for label in _labels_shown(found):
        card = shown[label.unit_id]
        card.label = card.label or label
    best = TopImage.objects.filter(
        run__in={run.pk for run in runs.values() if run},
        unit__in=shown,
        end=TopImage.End.TOP,
        rank__lt=BEST_SEGMENTS,
    )
    for top in best.select_related("segment").order_by("unit_id", "rank"):
        card = shown[top.unit_id]
        run = runs.get(card.unit.layer_id)
        if run is not None and run.pk == top.run_id and hasattr(top, "segment"):
            card.segments.append(top.segment)
    return list(shown.values())


def _labels_shown(found: Sequence[ShownUnit]) -> QuerySet[UnitSemantics]:
    """Return the labels of the units of one page, the one to be shown of each first."""
    if all("label" in vars(unit) for unit in found):  # which it is, is known: see `with_label`
        return UnitSemantics.objects.filter(pk__in=[unit.label for unit in found if unit.label])
    return UnitSemantics.objects.filter(unit__in=found).order_by(TRUST, "-updated_at", "pk")


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


def montages(network: Network, runs: Mapping[int, Run]) -> dict[int, list[Segment]]:
    """Return by key of a layer a few segments to know it by, as `montage` does; one query."""
    first = Segment.objects.filter(
        top_image__run__in={run.pk for run in runs.values()},
        top_image__end=TopImage.End.TOP,
        top_image__rank=0,
        top_image__unit__layer__network=network,
        top_image__unit__channel__lt=MONTAGE,
    ).select_related("top_image__unit")
    found: dict[int, list[Segment]] = {}
    for segment in first.order_by("top_image__unit__channel"):
        layer = segment.top_image.unit.layer_id
        if layer in runs and runs[layer].pk == segment.top_image.run_id:
            found.setdefault(layer, []).append(segment)
    return found


def neighbours(unit: Unit) -> tuple[int | None, int | None]:
    """Return the channels before and after this one in its layer."""
    siblings = Unit.objects.filter(layer=unit.layer_id).values_list("channel", flat=True)
    before = siblings.filter(channel__lt=unit.channel).order_by("-channel").first()
    after = siblings.filter(channel__gt=unit.channel).order_by("channel").first()
    return before, after


def with_label(found: QuerySet[Unit], source: str) -> "QuerySet[ShownUnit]":
    """Annotate units with the key and columns of the label shown; units without one stay.

    All labels of a unit are joined, and the one shown is kept: its columns are then there to
    filter and to sort by for one subquery a unit, however many are asked about.
    """
    known = Q(semantics__source__in=[source] if source else SOURCES)
    joined = found.annotate(shown=FilteredRelation("semantics", condition=known)).filter(
        Q(shown=None) | Q(shown=Subquery(_label_shown(source)))
    )
    columns = {name: F(f"shown__{name}") for name in COLUMNS}
    annotated = joined.annotate(label=F("shown__pk"), **columns).annotate(level=LEVEL)
    return cast("QuerySet[ShownUnit]", annotated)


def _label_shown(source: str) -> QuerySet[UnitSemantics, Any]:
    """Return the key of the label shown for the unit of the query around it."""
    rows = UnitSemantics.objects.filter(unit=OuterRef("pk"))
    if source:
        rows = rows.filter(source=source)
    return rows.order_by(TRUST, "-updated_at", "pk").values("pk")[:1]
