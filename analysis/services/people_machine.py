"""What people and masks say about the same units: whether they mean the same, unit by unit.

The machine's word is the class that a unit covers best in a dissection, where it detects it; the
people's is the newest label of each source. Which class a concept means stands in the table of
matches, which people may change; what is a kind of what is WordNet's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from django.db.models import F

from analysis.core.matching import steps_up
from analysis.core.wordnet import WordNet, installed
from analysis.models import ClassScore, ConceptMatch, Layer, Run, Source, UnitSemantics
from analysis.services.atlas import SOURCES
from analysis.services.dissection import DETECTS, class_names
from analysis.services.matching import How, matches
from analysis.services.measures import Statistic

SAME, KIND, DIFFERENT, UNMATCHED = "same", "kind", "different", "unmatched"
UNDETECTED, UNNAMED = "undetected", "unnamed"
# What can be said of a unit, in words; the first four are said where both name it.
RELATIONS: dict[str, str] = {
    DIFFERENT: "different things",
    KIND: "one a kind of the other",
    SAME: "the same class",
    UNMATCHED: "no class for the people’s word",
    UNDETECTED: "only people name it",
    UNNAMED: "only the machine names it",
}
BOTH = (SAME, KIND, DIFFERENT, UNMATCHED)
PEOPLE = tuple(source for source in SOURCES if source != Source.MACHINE)
UNKNOWN = 0.5  # how sure people are taken to be where precision or agreement is not known


class UnitPair(NamedTuple):
    """One unit as people and as the masks have it."""

    layer: str
    channel: int
    source: str  # whose word stands for people's: people, published, simulated; empty: nobody's
    origin: str
    concept: str
    precision: float | None  # share of the images that people kept
    agreement: float | None
    people_class: str  # the class that the concept means; empty: none
    matched_by: str
    machine_class: str  # the class that the unit covers best; empty: it is nowhere on
    detects: bool  # IoU > 0.04: only then the machine names the unit
    iou: float | None
    cap: float | None
    pixel_precision: float | None  # share of the pixels where it is on that are of the class
    relation: str
    why: str
    sureness: float | None  # of both: precision x agreement x IoU / cap


@dataclass(frozen=True)
class Said:
    """A label of a unit by people."""

    source: str
    origin: str
    concept: str
    precision: float | None
    agreement: float | None


@dataclass(frozen=True)
class Words:
    """What a run's classes are called, and which class each concept means."""

    classes: Mapping[int, str]
    means: Mapping[str, ConceptMatch]
    wordnet: WordNet | None

    def relation(self, concept: str, label: int, machine: str) -> tuple[str, str]:
        """Return how a concept stands to the machine's class, and why in words.

        What a person said about the concept's class stands for the concept itself.
        """
        match = self.means[concept]
        own = self.classes.get(match.label, "") if match.label is not None else ""
        by_person = match.how == How.PERSON
        if match.label == label:
            steps = None if match.how != How.WORDNET else steps_up(concept, machine, self.wordnet)
            is_kind = match.how == How.WORDNET and steps != 0
            return (KIND if is_kind else SAME), match.why or f"{concept} means {machine}"
        if by_person and not own:
            return UNMATCHED, "a person said that it means no class"
        for word in dict.fromkeys([own] if by_person else [concept, own] if own else [concept]):
            if told := self._kin(word, machine):
                return KIND, told
        return (DIFFERENT, match.why) if own else (UNMATCHED, "no class of the masks has this name")

    def _kin(self, word: str, machine: str) -> str:
        """Return in words which of two is a kind of the other; empty where neither is."""
        for narrow, broad in ((word, machine), (machine, word)):
            steps = steps_up(narrow, broad, self.wordnet)
            if steps is not None:
                return f"{narrow} is a kind of {broad}" if steps else f"{narrow} may mean {broad}"
        return ""


def by_unit(run: Run) -> Iterator[UnitPair]:
    """Give the units that people or the machine name, in the network's order, source by source."""
    layers = list(run.layers.order_by("position"))
    best = _best(run)
    said = _said(layers)
    classes = dict(class_names(run.image_set))
    concepts = {one.concept for some in said.values() for one in some}
    words = Words(classes, matches(run.image_set, concepts), installed())
    for layer in layers:
        for unit, channel in layer.units.order_by("channel").values_list("pk", "channel"):
            score, labels = best.get(unit), said.get(unit, [])
            named = score is not None and score.iou > DETECTS
            for one in labels or ([Said("", "", "", None, None)] if named else []):
                yield _pair((layer.name, channel), one, score, words)


def of_source(pairs: Iterable[UnitPair], source: str) -> list[UnitPair]:
    """Return the units as one source and the machine have them.

    A unit that only another source names is one that, of these two, only the machine does, if it
    detects anything.
    """
    every = list(pairs)
    named = {(pair.layer, pair.channel) for pair in every if pair.source == source}
    found = []
    for pair in every:
        if pair.source == source:
            found.append(pair)
        elif pair.detects and (pair.layer, pair.channel) not in named:
            named.add((pair.layer, pair.channel))
            found.append(_unnamed(pair))
    return found


def surest(pairs: Iterable[UnitPair]) -> list[UnitPair]:
    """Return units, those first of which both, or the one that names them, are surest."""

    def order(pair: UnitPair) -> tuple[float, ...]:
        alone = pair.precision if pair.relation == UNDETECTED else pair.iou
        return (-(pair.sureness or 0.0), -(alone or 0.0))

    return sorted(pairs, key=order)  # stable: else in the network's order


def _unnamed(pair: UnitPair) -> UnitPair:
    """Return a unit without the word that people have for it."""
    return pair._replace(
        source="",
        origin="",
        concept="",
        precision=None,
        agreement=None,
        people_class="",
        matched_by="",
        relation=UNNAMED,
        why="",
        sureness=None,
    )


def _best(run: Run) -> dict[int, ClassScore]:
    return {row.unit_id: row for row in ClassScore.objects.filter(run=run, rank=0)}


def _said(layers: Iterable[Layer]) -> dict[int, list[Said]]:
    """Return the newest label of each unit by each of the sources that stand for people."""
    rows = UnitSemantics.objects.filter(unit__layer__in=list(layers), source__in=PEOPLE)
    rows = rows.order_by("unit", "source", F("updated_at").desc(), "pk")
    columns = ("unit", "source", "origin", "concept", "precision", "agreement")
    found: dict[int, list[Said]] = {}
    for (unit, _), some in groupby(rows.values_list(*columns), key=lambda row: row[:2]):
        found.setdefault(unit, []).append(Said(*next(some)[1:]))
    for labels in found.values():
        labels.sort(key=lambda one: PEOPLE.index(Source(one.source)))
    return found


def _pair(where: tuple[str, int], said: Said, score: ClassScore | None, words: Words) -> UnitPair:
    """Return a unit with one label and its best class."""
    detects = score is not None and score.iou > DETECTS
    match = words.means.get(said.concept)
    own = words.classes.get(match.label, "") if match and match.label is not None else ""
    if not said.concept:
        relation, why = UNNAMED, ""
    elif score is None or not detects:
        relation, why = UNDETECTED, "" if score else "it is nowhere on"
    else:
        relation, why = words.relation(said.concept, score.label, score.name)
    return UnitPair(
        layer=where[0],
        channel=where[1],
        source=said.source,
        origin=said.origin,
        concept=said.concept,
        precision=said.precision,
        agreement=said.agreement,
        people_class=own,
        matched_by=match.how if match and own else "",
        machine_class=score.name if score else "",
        detects=detects,
        iou=score.iou if score else None,
        cap=score.cap if score else None,
        pixel_precision=score.precision if score else None,
        relation=relation,
        why=why,
        sureness=_sureness(said, score) if relation in BOTH else None,
    )


def _sureness(said: Said, score: ClassScore | None) -> float | None:
    """Return how sure both are, from 0 to 1: what people kept and agreed on, IoU below its cap."""
    if score is None or score.cap <= 0:
        return None
    known = [UNKNOWN if one is None else one for one in (said.precision, said.agreement)]
    return known[0] * known[1] * score.iou / score.cap


BY_UNIT = Statistic(
    name="people-machine",
    summary="What people and masks say about each unit that either names, and whether it is the"
    " same",
    step="dissect",
    row=UnitPair,
    rows=by_unit,
)
