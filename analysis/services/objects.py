"""Which objects units stand for, as an image set's masks have them; how that goes with how frequent
and how informative each object is.

A unit's name is the newest label of one source, as on the page Meanings. It counts when its
precision is above the threshold (a label without one, as a machine's, counts) and its group is one
that names things: regions, parts, objects, or none said. Which class a name means says the table of
matches (services/matching).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Q, QuerySet

from analysis.core.correlations import COEFFICIENTS, PARTIAL, Correlation, Correlations
from analysis.core.differences import holm
from analysis.models import ImageSet, Network, UnitSemantics
from analysis.services.counting import counted_by, read_summary
from analysis.services.dissected import dissection_called, labels_by
from analysis.services.dissection import class_names
from analysis.services.match_table import with_masks
from analysis.services.matching import matches
from analysis.services.meanings import THRESHOLD
from analysis.services.measures import ObjectStatistic
from analysis.services.naming import OBJECTS
from analysis.services.sharing import is_shared

FREQUENCY = {
    "instances": "instances in the masks",
    "images": "images that hold it",
    "pixels": "pixels in the masks",
}
INFORMATIVENESS = {
    "information": "information on the scene, bits",
    "weight": "weight in the model of scenes",
    "among": "share of scenes it tells most of",
}
MEASURES = FREQUENCY | INFORMATIVENESS
# Which objects are correlated: those that the images hold, or of these those that a unit names.
ALL, NAMED = "all", "named"
COUNTED = (ALL, NAMED)


@dataclass(frozen=True)
class Wanted:
    """Whose labels of which network and layers (none: all), and whose masks say what is there."""

    network: Network
    source: str
    image_set: ImageSet
    campaign: str = ""
    threshold: float = THRESHOLD
    layers: tuple[str, ...] = ()


class UnitObject(NamedTuple):
    """A unit that counts: its name, and the class that this means; none where it means none."""

    layer: str
    channel: int
    concept: str
    precision: float | None
    object: str | None
    label: int | None  # index of the class in the masks
    matched_by: str


class ObjectCount(NamedTuple):
    """One class of the masks: the units that stand for it, in a layer or (no layer) in all asked.

    What its image set says of it is the same in each of its rows; none before a run has counted.
    """

    layer: str | None
    object: str
    label: int
    units: int
    instances: int | None
    images: int | None  # that hold a pixel of it
    pixels: int | None
    information: float | None  # bits of presence and scene, less what chance would give
    information_raw: float | None
    information_chance: float | None
    weight: float | None  # mean over scenes of its absolute weight in the L1 logistic model
    among: float | None  # share of scenes where it is among the objects that tell most


class ObjectCorrelation(NamedTuple):
    """How units per object go with one measure of the objects."""

    counted: str  # all: every object in the images; named: those that at least one unit names
    measure: str
    coefficient: str
    given: str | None  # a partial correlation: what is held fixed
    objects: int
    value: float | None
    low: float | None
    high: float | None
    p: float | None  # of permutations; none of partial correlations
    p_holm: float | None  # corrected for all correlations over the same objects that have a p


def sets_for(network: Network) -> list[ImageSet]:
    """Return the image sets with masks whose objects a network's readers may see, its own first.

    Where the network is public, sets that a public network was shown; where a link shows it, those
    and its own; else all, as only researchers read it.
    """
    sets: QuerySet[ImageSet] = with_masks()
    of_public = Q(runs__network__public=True)
    if network.public:
        sets = sets.filter(of_public).distinct()
    elif is_shared(network):
        sets = sets.filter(of_public | Q(runs__network=network)).distinct()
    shown = set(network.runs.values_list("image_set", flat=True))
    return sorted(sets, key=lambda one: (one.pk not in shown, one.slug))


def sets_for_report(network: Network) -> tuple[list[ImageSet], list[ImageSet]]:
    """Return the image sets with masks that the network was run over, and those that may be named.

    A report outlasts the moment: whoever may read the network later reads it. So it takes no set
    of others by itself, and of those only one that a public network was shown, where it is named.
    """
    masked = with_masks()
    own = masked.filter(runs__network=network).distinct().order_by("slug")
    public = masked.filter(runs__network__public=True).distinct().order_by("slug")
    return list(own), list(dict.fromkeys([*own, *public]))


def unit_objects(wanted: Wanted) -> list[UnitObject]:
    """Return the units that count, in the order of the network."""
    named = list(_named(wanted))
    means = matches(wanted.image_set, (concept for _, _, concept, _ in named))
    names = dict(class_names(wanted.image_set))
    found = []
    for layer, channel, concept, precision in named:
        match = means[concept]
        name = None if match.label is None else names.get(match.label)
        label = None if name is None else match.label
        found.append(UnitObject(layer, channel, concept, precision, name, label, match.how))
    return found


def object_counts(wanted: Wanted) -> Iterator[ObjectCount]:
    """Give every class with its units in all layers asked, then those of each layer."""
    units = unit_objects(wanted)
    told = summary_of(wanted.image_set)
    yield from counts_of(units, wanted.image_set, told)
    for layer in dict.fromkeys(unit.layer for unit in units):
        some = [unit for unit in units if unit.layer == layer]
        for row in counts_of(some, wanted.image_set, told):
            if row.units:
                yield row._replace(layer=layer)


def object_correlations(wanted: Wanted) -> Iterator[ObjectCorrelation]:
    """Give the correlations of units per object with every measure; none before a count."""
    units, told = unit_objects(wanted), summary_of(wanted.image_set)
    rows = list(counts_of(units, wanted.image_set, told))
    for counted in COUNTED:
        yield from correlations_of(rows, counted)


def counts_of(
    units: Iterable[UnitObject], image_set: ImageSet, told: Mapping[str, Any] | None
) -> Iterator[ObjectCount]:
    """Give every class of an image set with its units, in the order of the masks."""
    counted = Counter(unit.label for unit in units)
    known = {one["label"]: one for one in told["classes"]} if told else {}
    for label, name in class_names(image_set):
        one = known.get(label, {})
        raw, chance = one.get("information"), one.get("expected")
        yield ObjectCount(
            layer=None,
            object=name,
            label=label,
            units=counted[label],
            instances=one.get("instances"),
            images=one.get("images"),
            pixels=one.get("pixels"),
            information=None if raw is None else raw - chance,
            information_raw=raw,
            information_chance=chance,
            weight=one.get("weight"),
            among=one.get("among"),
        )


def correlations_of(rows: Iterable[ObjectCount], counted: str) -> Iterator[ObjectCorrelation]:
    """Give the correlations over all objects in the images, or over those that units name."""
    found = list(_uncorrected(rows, counted))
    for row, p in zip(found, holm([row.p for row in found]), strict=True):
        yield row._replace(p_holm=p)


def _uncorrected(rows: Iterable[ObjectCount], counted: str) -> Iterator[ObjectCorrelation]:
    some = correlated(rows, counted)
    known = [name for name in MEASURES if any(getattr(row, name) is not None for row in some)]
    columns = [tuple(row.units for row in some)]
    columns += [tuple(getattr(row, name) for row in some) for name in known]
    if not known:
        return
    for (name, coefficient, given), found in _reckoned(tuple(columns)):
        fixed = None if given is None else known[given - 1]
        if fixed is None or (fixed in FREQUENCY) != (known[name - 1] in FREQUENCY):
            yield ObjectCorrelation(
                counted,
                known[name - 1],
                coefficient,
                fixed,
                len(some),
                *(found.value, found.low, found.high, found.p, None),
            )


def correlated(rows: Iterable[ObjectCount], counted: str) -> list[ObjectCount]:
    """Return the objects that a correlation is over."""
    return [row for row in rows if row.images and (counted == ALL or row.units)]


def summary_of(image_set: ImageSet) -> dict[str, Any] | None:
    """Return what a run has counted of a set; None where none has."""
    run = counted_by(image_set)
    return read_summary(run) if run else None


@lru_cache(maxsize=32)  # a page, its table and its downloads ask for the same
def _reckoned(
    columns: tuple[tuple[float, ...], ...],
) -> list[tuple[tuple[int, str, int | None], Correlation]]:
    """Return the correlations of the first column with the others, alone and each given another."""
    table = np.array(columns, np.float64).T.reshape(-1, len(columns))
    found = Correlations(table)
    others = range(1, len(columns))
    told: list[tuple[tuple[int, str, int | None], Correlation]] = [
        ((place, name, None), found.of(name, place)) for place in others for name in COEFFICIENTS
    ]
    return told + [
        ((place, name, given), found.partial(name, place, given))
        for place in others
        for given in others
        for name in PARTIAL
        if place != given
    ]


def _named(wanted: Wanted) -> Iterator[tuple[str, int, str, float | None]]:
    """Give layer, channel, name and precision of the units that count."""
    run = dissection_called(wanted.network, wanted.source, wanted.campaign)
    if run is None:
        yield from _named_last(wanted)
        return
    for one in labels_by(run):
        if not wanted.layers or one.unit.layer.name in wanted.layers:
            yield one.unit.layer.name, one.unit.channel, one.concept, None


def _named_last(wanted: Wanted) -> Iterator[tuple[str, int, str, float | None]]:
    """Give the same of the units whose newest label counts."""
    rows = UnitSemantics.objects.filter(
        unit__layer__network=wanted.network, source=wanted.source
    ).order_by("unit__layer__position", "unit__channel", "-updated_at", "pk")
    if wanted.campaign:
        rows = rows.filter(origin=wanted.campaign)
    if wanted.layers:
        rows = rows.filter(unit__layer__name__in=wanted.layers)
    columns = ("unit__layer__name", "unit__channel", "concept", "precision", "category")
    taken = set()
    for layer, channel, concept, precision, category in rows.values_list(*columns).iterator():
        if (layer, channel) in taken:
            continue
        taken.add((layer, channel))
        sure = precision is None or precision > wanted.threshold
        if sure and category in ("", *OBJECTS):
            yield layer, channel, concept, precision


UNITS = ObjectStatistic(
    name="unit-objects",
    summary="Units that count, and the class of the masks that each one's name means",
    row=UnitObject,
    rows=unit_objects,
)
COUNTS = ObjectStatistic(
    name="objects",
    summary="Units for each object, in all layers (layer empty) and in each, beside how frequent"
    " and how informative the object is in the image set",
    row=ObjectCount,
    rows=object_counts,
)
CORRELATIONS = ObjectStatistic(
    name="correlations",
    summary="Correlations of units per object with each measure of frequency and informativeness,"
    " and partial ones of each given the other; over all objects in the images, and over those"
    " that units name",
    row=ObjectCorrelation,
    rows=object_correlations,
    needs_counts=True,
)
