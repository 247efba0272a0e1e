"""Answers as the methods that know workers read them: in an order of their own, and as tables."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from annotate.core.label_table import LabelTable
from annotate.core.rules import CATEGORIES

OUT, IN = "out", "in"  # an image does not fit, or fits
Known = Mapping[Hashable, Hashable]  # the truth of tasks


@dataclass(frozen=True)
class Heard:
    """One answer: by whom, about which unit, and what it says.

    ``number`` says in which order answers came. Images are places from 0 to ``shown`` - 1;
    ``controls`` are planted negatives. Where single images are not known there are none, and
    ``kept_of`` holds (kept, shown). ``truth`` is what a researcher knows of the unit, if she does.
    """

    layer: str
    channel: int
    who: str
    member: bool
    number: int
    concept: str
    category: str
    shown: int = 0
    controls: frozenset[int] = frozenset()
    rejected: frozenset[int] = frozenset()
    unseen: frozenset[int] = frozenset()
    kept_of: tuple[int, int] | None = None
    truth: "Truth | None" = None

    @property
    def unit(self) -> str:
        """Return the unit's name within the campaign; one whose truth is known is another task."""
        return f"{'known ' if self.truth else ''}{self.layer}/{self.channel}"

    @property
    def precision(self) -> float | None:
        """Return kept / shown without the planted ones and those not seen; None if not known."""
        if self.kept_of is not None:
            kept, shown = self.kept_of
        else:
            seen = set(range(self.shown)) - self.controls - self.unseen
            kept, shown = len(seen - self.rejected), len(seen)
        return kept / shown if shown else None


@dataclass(frozen=True)
class Truth:
    """What is known of a unit: its group, and the places of the images that do not fit."""

    category: str
    rejected: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Tables:
    """What a method learns from: groups by unit, images by place, and what is known of each.

    ``images`` is None where nobody's single images are known. Tasks of ``groups`` are named as
    `Heard.unit`; those of ``images`` are numbers.
    """

    groups: LabelTable
    known_groups: Known
    images: LabelTable | None = None
    known_images: Known = field(default_factory=dict)


def in_order(heard: Iterable[Heard]) -> list[Heard]:
    """Return answers in the one order in which they are counted, however they were read.

    Sums of fractions depend on their order in the last digit; keys of rows differ between
    installations, names do not.
    """
    return sorted(heard, key=lambda one: (one.truth is not None, one.layer, one.channel, one.who))


def by_unit(heard: Iterable[Heard]) -> dict[str, list[Heard]]:
    """Return the answers of each unit, in the order in which they came."""
    found: dict[str, list[Heard]] = {}
    for one in heard:
        found.setdefault(one.unit, []).append(one)
    return {unit: sorted(some, key=lambda one: one.number) for unit, some in found.items()}


def tables(heard: Iterable[Heard]) -> Tables:
    """Return the tables of these answers.

    Raises:
        ValueError: there are none.
    """
    ordered = in_order(heard)
    groups = LabelTable.of(
        ((one.unit, one.who, one.category) for one in ordered), labels=list(CATEGORIES)
    )
    known: dict[Hashable, Hashable] = {one.unit: one.truth.category for one in ordered if one.truth}
    looked = [one for one in ordered if one.shown]
    if not any(one.shown > len(one.unseen) for one in looked):
        return Tables(groups, known)
    return Tables(groups, known, *_images(looked))


def _images(looked: Sequence[Heard]) -> tuple[LabelTable, Known]:
    """Return the table of kept and rejected images, and what is known: {task: out or in}."""
    first: dict[str, int] = {}  # the number of a unit's first image
    sizes: dict[str, int] = {}
    for one in looked:
        sizes[one.unit] = max(sizes.get(one.unit, 0), one.shown)
    total = 0
    for unit, size in sizes.items():
        first[unit], total = total, total + size
    who = list(dict.fromkeys(one.who for one in looked))
    number = {name: place for place, name in enumerate(who)}
    columns = [_votes(one, first[one.unit], number[one.who]) for one in looked]
    task, worker, label = np.concatenate(columns, axis=1)
    seen, task = np.unique(task, return_inverse=True)
    table = LabelTable(task, worker, label, range(len(seen)), who, [OUT, IN])
    known = {first[one.unit] + place: said for one in looked for place, said in _known(one)}
    place_of = {int(image): place for place, image in enumerate(seen)} if known else {}
    return table, {place_of[image]: said for image, said in known.items() if image in place_of}


def _votes(one: Heard, first: int, worker: int) -> np.ndarray:
    """Return the votes of one answer as (3, images seen): task, worker, label."""
    label = np.ones(one.shown, np.int64)
    label[sorted(one.rejected)] = 0
    seen = np.setdiff1d(np.arange(one.shown), sorted(one.unseen))
    return np.stack([first + seen, np.full(len(seen), worker), label[seen]])


def _known(one: Heard) -> Iterable[tuple[int, str]]:
    """Give the places whose truth is known: planted ones, and all of a unit that is known."""
    for place in sorted(one.controls):
        yield place, OUT
    if one.truth is not None:
        for place in set(range(one.shown)) - one.controls:
            yield place, OUT if place in one.truth.rejected else IN
