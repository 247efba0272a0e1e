"""Which units of a network have a name for what they see, by whom, and in which run's numbers.

A unit's name is the label that the atlas shows for it: by people before published, machine and
simulated, the newest among equals. Left out are labels of simple elements, textures and scenes,
which name no object, and labels with a precision that does not count (Zhou et al. 2015, section
3.3: above 0.75).
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Q

from analysis.models import Category, Layer, Network, Run, Source, State, UnitSemantics
from analysis.services.atlas import TRUST, runs_to_show

OBJECTS = (Category.REGION, Category.PART, Category.OBJECT)
LEAST_PRECISION = 0.75


@dataclass(frozen=True)
class NamedUnit:
    """A unit and its name: ``concept``, said by ``source``."""

    channel: int
    concept: str
    source: str
    origin: str


@dataclass(frozen=True)
class NamedLayer:
    """The named units of a layer, and the run whose scan says when they are on."""

    layer: Layer
    run: Run
    units: tuple[NamedUnit, ...]


def names(network: Network, run: Run | None = None) -> list[NamedLayer]:
    """Return the layers with named units, in the forward order.

    The thresholds come from ``run``, else from the newest finished run over each layer; a layer
    without one, or that ``run`` did not look at, is left out.
    """
    found = []
    labels = labels_of(network)
    for layer in network.layers.order_by("position"):
        if not (units := labels.get(layer.pk)):
            continue
        of = runs_to_show(layer).first() if run is None else run
        if of is not None and of.layers.contains(layer):
            found.append(NamedLayer(layer, of, tuple(units)))
    return found


def labels_of(network: Network) -> dict[int, list[NamedUnit]]:
    """Return the named units of each layer, by the layer's primary key, in order of channel."""
    counts = Q(precision=None) | Q(precision__gt=LEAST_PRECISION)
    what = Q(category="") | Q(category__in=OBJECTS)
    rows = UnitSemantics.objects.filter(counts & what, unit__layer__network=network)
    found: dict[int, list[NamedUnit]] = defaultdict(list)
    taken = set()
    columns = ("unit__layer", "unit", "unit__channel", "concept", "source", "origin")
    order = ("unit__layer__position", "unit__channel", TRUST, F("updated_at").desc(), "pk")
    for layer, unit, channel, concept, source, origin in rows.order_by(*order).values_list(
        *columns
    ):
        if unit not in taken:
            taken.add(unit)
            found[layer].append(NamedUnit(channel, concept, source, origin))
    return dict(found)


def stamp(network: Network) -> tuple[Any, ...]:
    """Return what changes whenever `names` would answer otherwise: two short queries."""
    labels = UnitSemantics.objects.filter(unit__layer__network=network)
    runs = Run.objects.filter(network=network, state=State.DONE)
    return (
        *labels.aggregate(count=Count("pk"), newest=Max("updated_at"), last=Max("pk")).values(),
        *runs.aggregate(count=Count("pk"), newest=Max("finished_at"), last=Max("pk")).values(),
    )


def sources_in_words(found: list[NamedLayer]) -> str:
    """Return who named how many units, e.g. ``38 by people, 12 by a machine``."""
    spoken = {
        Source.PEOPLE: "by people",
        Source.PUBLISHED: "by a publication",
        Source.MACHINE: "by a machine",
        Source.SIMULATED: "by simulated workers",
    }
    counts: dict[str, int] = defaultdict(int)
    for layer in found:
        for unit in layer.units:
            counts[unit.source] += 1
    return ", ".join(
        f"{counts[source]} {words}" for source, words in spoken.items() if counts[source]
    )
