"""Concepts across networks: who is called so where, what is near in meaning, and the figure of it.

Units are counted once for each concept, whatever number of sources says so; which label stands for
a unit follows the atlas: people before published, machine and simulated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from analysis.core.kinship import How, Kin, key, kin
from analysis.core.wordnet import installed
from analysis.models import (
    ClassScore,
    ConceptMatch,
    Layer,
    Network,
    Segment,
    Source,
    TopImage,
    Unit,
    UnitSemantics,
)
from analysis.services.atlas import BEST_SEGMENTS, TRUST, runs_to_show
from analysis.services.figure_links import concept_page
from analysis.services.figures import Column, Figure, channel, drawing, mark, ordered, whole_numbers
from analysis.services.kept import once

Networks = QuerySet[Network]
MOST_COMPARED = 3000  # concepts that are looked at in WordNet, the most frequent ones
NEAR = 12  # units beside one
DRAWN = 40  # layers in the drawing; the table has all


@dataclass
class Named:
    """A concept in all its spellings."""

    spellings: Counter[str] = field(default_factory=Counter)
    networks: set[str] = field(default_factory=set)
    again: int = 0  # times that a unit has another spelling of it besides its first

    @property
    def name(self) -> str:
        """Return the spelling that most units have; of equals the shortest, first by letter."""
        return min(self.spellings, key=lambda name: (-self.spellings[name], len(name), name))

    @property
    def spelt(self) -> list[tuple[str, int]]:
        """Return every spelling with its units, for templates: they cannot read a Counter."""
        return sorted(self.spellings.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def also(self) -> list[str]:
        """Return every spelling but the one that names it."""
        return [spelling for spelling, _ in self.spelt if spelling != self.name]

    @property
    def units(self) -> int:
        """Return how many units are called so, each once in whatever spellings."""
        return self.spellings.total() - self.again

    @property
    def address(self) -> str:
        """Return the address of its page."""
        return concept_page(self.name)


class Related(NamedTuple):
    """A concept near in meaning to another."""

    named: Named
    kin: Kin


@dataclass
class Entry:
    """A unit that is called by a concept, with what it is known by."""

    unit: Unit
    label: UnitSemantics
    sources: list[str]
    best: ClassScore | None = None
    segments: list[Segment] = field(default_factory=list)
    how: How = How.SAME


def spoken(networks: Networks) -> dict[str, Named]:
    """Return every concept of these networks by its key, in all its spellings."""
    labels = UnitSemantics.objects.filter(unit__layer__network__in=networks).order_by()
    counted = labels.values_list("concept", "unit__layer__network__slug").annotate(
        units=Count("unit", distinct=True)
    )
    found: dict[str, Named] = defaultdict(Named)
    for concept, network, units in counted:
        named = found[key(concept)]
        named.spellings[concept] += units
        named.networks.add(network)
    if any(len(named.spellings) > 1 for named in found.values()):
        _count_once(labels, found)
    return dict(found)


def _count_once(labels: QuerySet[UnitSemantics], found: dict[str, Named]) -> None:
    """Take out units that have a concept in several spellings: only units of two words are read."""
    words = labels.values("unit").annotate(words=Count("concept", distinct=True))
    several = words.filter(words__gt=1).values("unit")
    pairs = labels.filter(unit__in=several).values_list("unit", "concept").distinct()
    for (_, name), times in Counter((unit, key(concept)) for unit, concept in pairs).items():
        found[name].again += times - 1


def related(concept: str, said: dict[str, Named]) -> list[Related]:
    """Return the concepts near in meaning to one, the nearest first, itself left out."""
    own = key(concept)
    others = sorted((name for name in said if name != own), key=lambda name: -said[name].units)
    compared = [(name, said[name].name, said[name].units) for name in others[:MOST_COMPARED]]
    near = once("related", [concept, compared], lambda: _kindred(concept, compared))
    return [Related(said[name], how) for name, how in near]


def _kindred(concept: str, others: Sequence[tuple[str, str, int]]) -> list[tuple[str, Kin]]:
    """Return the key of each concept near in meaning, nearest first; a millisecond for each."""
    wordnet, order = installed(), list(How)
    near = [(name, units, kin(concept, spelt, wordnet)) for name, spelt, units in others]
    found = [(name, units, how) for name, units, how in near if how is not None]
    found.sort(key=lambda one: (order.index(one[2].how), one[2].steps, -one[1]))
    return [(name, how) for name, _, how in found]


def entries(networks: Networks, spellings: Iterable[str]) -> list[Entry]:
    """Return the units that are called so, each once, in the order of networks and layers."""
    return _entries(_called(networks, spellings))


def _called(networks: Networks, spellings: Iterable[str]) -> QuerySet[UnitSemantics]:
    """Return the labels with these words, unit by unit, the one that stands for it first."""
    return UnitSemantics.objects.filter(
        unit__layer__network__in=networks, concept__in=list(spellings)
    ).order_by(
        "unit__layer__network__slug", "unit__layer__position", "unit__channel", TRUST, "-updated_at"
    )


def _entries(labels: QuerySet[UnitSemantics]) -> list[Entry]:
    units: dict[int, Entry] = {}
    for label in labels.select_related("unit__layer__network").defer("details"):
        entry = units.setdefault(label.unit_id, Entry(label.unit, label, []))
        if label.source not in entry.sources:
            entry.sources.append(label.source)
    return list(units.values())


def scored(found: Sequence[Entry]) -> None:
    """Give units their best class by masks, as the newest run found it."""
    units = {entry.unit.pk: entry for entry in found}
    scores = ClassScore.objects.filter(unit__in=units, rank=0)
    for score in scores.order_by("run__finished_at", "run"):  # the newest stands last
        units[score.unit_id].best = score


def pictured(found: Sequence[Entry]) -> None:
    """Give units their best segments: two queries a layer."""
    by_layer: dict[Layer, dict[int, Entry]] = defaultdict(dict)
    for entry in found:
        by_layer[entry.unit.layer][entry.unit.pk] = entry
    for layer, shown in by_layer.items():
        if run := runs_to_show(layer).first():
            best = TopImage.objects.filter(
                run=run, unit__in=shown, end=TopImage.End.TOP, rank__lt=BEST_SEGMENTS
            )
            for top in best.select_related("segment").order_by("unit_id", "rank"):
                if hasattr(top, "segment"):
                    shown[top.unit_id].segments.append(top.segment)


def nearest(unit: Unit, label: UnitSemantics, networks: Networks) -> list[Entry]:
    """Return units like one: of the same name, the same class of masks, names near in meaning.

    The nearest names first, then the most precise; units called by simulated workers only are left
    out, unless the unit itself is. Of each name no more rows are read than are shown.
    """
    said, counts = spoken(networks), _counting(label, networks)
    wanted = {key(label.concept): How.SAME}
    for concept in _of_same_class(label.concept):
        wanted.setdefault(key(concept), How.CLASS)
    for one in related(label.concept, said):
        wanted.setdefault(key(one.named.name), one.kin.how)
    found: list[Entry] = []
    there = {unit.pk}
    for name, how in sorted(wanted.items(), key=lambda pair: list(How).index(pair[1])):
        if name in counts and len(found) < NEAR:
            called = _called(networks, said[name].spellings)
            best = [pk for pk in _most_precise(called, label) if pk not in there]
            best = best[: NEAR - len(found)]
            some = {entry.unit.pk: entry for entry in _entries(called.filter(unit__in=best))}
            for pk in best:
                some[pk].how = how
                found.append(some[pk])
            there.update(best)
    scored(found)
    pictured(found)
    return found


def _counting(beside: UnitSemantics, networks: Networks) -> set[str]:
    """Return the keys of the concepts that some unit beside this label may be shown for."""
    labels = UnitSemantics.objects.filter(unit__layer__network__in=networks).order_by()
    if beside.source != Source.SIMULATED:
        labels = labels.exclude(source=Source.SIMULATED)
    return {key(concept) for concept in labels.values_list("concept", flat=True).distinct()}


def _most_precise(labels: QuerySet[UnitSemantics], beside: UnitSemantics) -> list[int]:
    """Return the keys of the units of these labels, by the precision of the one that stands."""
    stands: dict[int, float] = {}
    sources: dict[int, set[str]] = defaultdict(set)
    for pk, source, precision in labels.values_list("unit", "source", "precision"):
        stands.setdefault(pk, precision or 0.0)
        sources[pk].add(source)
    alone = set() if beside.source == Source.SIMULATED else {str(Source.SIMULATED)}
    return sorted((pk for pk in stands if sources[pk] != alone), key=lambda pk: -stands[pk])


def _of_same_class(concept: str) -> list[str]:
    """Return the names that are matched with the same class of some masks."""
    own = ConceptMatch.objects.filter(concept=concept, label__isnull=False)
    found: list[str] = []
    for match in own:
        same = ConceptMatch.objects.filter(image_set=match.image_set_id, label=match.label)
        found += same.exclude(concept=concept).order_by("concept").values_list("concept", flat=True)
    return found


COLUMNS = (
    Column("network", "Network"),
    Column("layer", "Layer"),
    Column("units", "Units"),
    Column("of", "of units"),
    Column("precision", "Precision, mean", 2),
    Column("precisions", "n"),
    Column("agreement", "Agreement, mean", 2),
    Column("agreements", "n"),
    Column("iou", "Best IoU", 4),
)


def figure(name: str, found: Sequence[Entry]) -> Figure | None:
    """Return how many units of each network and layer are called so; None where there is none."""
    if not found:
        return None
    rows = _rows(found)
    networks = {row["network"]: None for row in rows}
    most = max(rows, key=lambda row: row["units"])
    drawn = [{**row, "where": f"{row['network']} {row['layer']}"} for row in rows[:DRAWN]]
    place = {
        "y": ordered("where", "", [row["where"] for row in drawn]),
        "x": whole_numbers("units", "units", most["units"]),
        "tooltip": [channel("where", "", "nominal"), channel("units", "units")],
    }
    simulated = any(entry.sources == ["simulated"] for entry in found)
    synthetic = any(entry.unit.layer.network.synthetic for entry in found)
    notes = ["synthetic"] * synthetic + ["some named by simulated workers"] * simulated
    total, nets = sum(row["units"] for row in rows), len(networks)
    return Figure(
        name="concept",
        question=f"Where are units called “{name}”?",
        answer=(
            f"{total} unit{'s' if total > 1 else ''} in {nets} network{'s' if nets > 1 else ''};"
            f" most in {most['layer']} of {most['network']}: {most['units']} of {most['of']}."
        ),
        spec=drawing(drawn, mark("bar", place), height=40 + 26 * len(drawn)),
        columns=COLUMNS,
        rows=rows,
        method=(
            "A unit counts once, whoever named it; the label that stands for it is by people"
            " before published, machine and simulated. Means are over the units that have the"
            " number, n of them: a machine’s label has neither. Best IoU: highest of"
            " the units with any class of the masks."
        ),
        note=", ".join(notes),
    )


def _rows(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return a row for each layer, in the order of networks and layers."""
    layers: dict[Layer, list[Entry]] = defaultdict(list)
    for entry in found:
        layers[entry.unit.layer].append(entry)
    return [
        {
            "network": layer.network.slug,
            "layer": layer.name,
            "units": len(some),
            "of": layer.channels,
            **_averaged("precision", [one.label.precision for one in some]),
            **_averaged("agreement", [one.label.agreement for one in some]),
            "iou": max((one.best.iou for one in some if one.best), default=None),
        }
        for layer, some in layers.items()
    ]


def _averaged(name: str, values: Iterable[float | None]) -> dict[str, float | int | None]:
    """Return the mean of the values that are known, and how many these are."""
    known = [value for value in values if value is not None]
    return {name: sum(known) / len(known) if known else None, f"{name}s": len(known)}
