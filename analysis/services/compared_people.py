"""What is compared of people and machine: how often both say the same about a unit."""

from collections.abc import Iterator

from analysis.core.meanings import cohen
from analysis.models import Source
from analysis.services import figure_pages, people_machine
from analysis.services.comparing import Block, Comparable, Counted, Measure, Side
from analysis.services.dissection import DETECTS, class_names
from analysis.services.people_machine import (
    BOTH,
    DIFFERENT,
    KIND,
    RELATIONS,
    SAME,
    UnitPair,
)
from analysis.services.people_machine_figures import SPOKEN

SHARE = "share of the units that both name"


def pairs_of(side: Side) -> tuple[list[UnitPair], str]:
    """Return the units of a side as people and masks have them, and whose words are people's."""
    if side.run is None:
        raise ValueError(f"{side.name} has no run to compare")
    pairs = list(people_machine.by_unit(side.run))
    return pairs, figure_pages.people_of(pairs, side.asked)[0]


def said(side: Side) -> Iterator[Counted]:
    """Give of each unit that both name what they say: the same, a kind, different, no class."""
    pairs, source = pairs_of(side)
    classes = _classes(side)
    for pair in pairs:
        if pair.source != source or pair.relation not in BOTH:
            continue
        values = {"relation": (*(float(pair.relation == one) for one in BOTH), 1.0)}
        if pair.relation in (SAME, KIND, DIFFERENT):
            values["agree"] = (float(pair.relation != DIFFERENT), 1.0)
        if pair.people_class:
            one, two = pair.people_class, pair.machine_class
            by_class = [float(name == word) for word in (one, two) for name in classes]
            values["kappa"] = (*by_class, float(one == two), 1.0)
        yield Counted(pair.layer, (pair.layer, pair.channel), values)


def _classes(side: Side) -> list[str]:
    """Return the classes of both sides' masks: kappa is reckoned of the same ones."""
    runs = [one.run for one in (side, side.beside) if one and one.run]
    return sorted({name for run in runs for _, name in class_names(run.image_set)})


def not_both_named(sides: tuple[Side, Side]) -> str:
    """Say of which side no unit is named by people and by masks; nothing where there are some."""
    told = []
    for side in sides:
        pairs, source = pairs_of(side)
        if not any(pair.source == source and pair.relation in BOTH for pair in pairs):
            who = SPOKEN[Source(source or Source.PEOPLE)]
            told.append(
                f"No unit of {side.name} is named both by {who} and by masks (IoU above {DETECTS}):"
                " ask people about it, or dissect the layers that have labels."
            )
    return " ".join(told)


PEOPLE_MACHINE = Comparable(
    statistic="people-machine-layers",
    tab="people",
    question="Do people and masks agree more about the units of {first} or of {second}?",
    place="layer",
    blocks=[
        Block(
            "relation",
            [Measure(f"{one}_share", RELATIONS[one], SHARE, True) for one in BOTH],
        ),
        Block(
            "agree",
            [
                Measure(
                    "agree_share", "same or a kind, of those with a class", "share, or kappa", True
                )
            ],
        ),
        Block(
            "kappa", [Measure("kappa", "Cohen’s kappa of the classes", "share, or kappa")], cohen
        ),
    ],
    units=said,
    method="Of the units that people, or who stands for them, name and that cover a class of the"
    f" masks with an IoU above {DETECTS}. Kappa (Cohen 1960): of the class that people’s word means"
    " and the class that masks say.",
    overall="all layers",
    lacking=not_both_named,
)
