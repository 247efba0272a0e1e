"""What a worker's answers say of him: planted images, images, groups, words, pace; with intervals.

He is compared with the others who answered the same units, never with a consensus that holds his
own answer: it would agree with him because he is in it. What others said counts where they have
one majority; where they are of two minds, or nobody else answered, nothing is compared.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import mean, median

import numpy as np
from jaxtyping import Bool, Float64, Int64

from analysis.core.intervals import wilson
from annotate.core.concepts import gather
from annotate.core.consensus import TIE, Basis, Said, concepts
from annotate.core.practice import Expert, images_alike, same_concept
from annotate.core.rules import CATEGORIES, Given

SURE = 0.95
DRAWS = 2000
Table = Int64[np.ndarray, "his others"]
Parts = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Shown:
    """What a task shows: how many images, and the places of the planted negatives among them."""

    images: int
    planted: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Work:
    """One answer as a worker is judged by it; ``seconds`` is the time he looked.

    ``missed`` counts the planted negatives left in when he first handed the unit in, filled in
    wholly; None where that is not known any more.
    """

    task: int
    said: Said
    missed: int | None
    seconds: int


@dataclass(frozen=True)
class Share:
    """So many of so many, and the 95% interval of the share."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Return the share itself."""
        return self.hits / self.of


@dataclass(frozen=True)
class Pace:
    """The middle of a worker's seconds, its interval, and the same over the others' middle.

    Fewer than six answers give no interval, nobody else no ratio. The interval of the ratio takes
    the others' middle as known.
    """

    seconds: float
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


@dataclass(frozen=True)
class Standing:
    """What one worker's answers say of him; None for what they cannot tell.

    ``confusion`` counts his group (row) by the others' (column), both from simple to scene;
    ``undecided`` are the answers that it leaves out.
    """

    answers: int
    sensitivity: Share | None
    specificity: Share | None
    group: Share | None
    confusion: Table
    undecided: int
    pace: Pace | None


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95% interval; a single unit has none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Likeness:
    """How near answers come to what is known of their units: to gold, or to his own of before."""

    units: int
    images: Estimate
    words: Share
    group: Share


@dataclass(frozen=True)
class Pair:
    """An answer beside what is known of its unit; places are those of the same ``shown`` images."""

    given: Given
    known: Expert
    shown: int

    @property
    def is_comparable(self) -> bool:
        """Tell whether at least one picture had loaded."""
        return len(set(self.given.unseen) - set(self.given.rejected)) < self.shown


@dataclass
class _Tally:
    """What is gathered of one worker, unit by unit."""

    planted: list[tuple[int, int]] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)
    seconds: list[int] = field(default_factory=list)
    confusion: Table = field(default_factory=lambda: np.zeros((6, 6), np.int64))
    undecided: int = 0


# ---- Everybody at once -----------------------------------------------------------------------
def standings(
    work: Iterable[Work], tasks: Mapping[int, Shown], middles: Mapping[str, float] | None = None
) -> dict[str, Standing]:
    """Return the standing of everybody who answered, by name.

    ``middles`` are the workers' middle seconds where ``work`` holds only some of their answers;
    left out, they are counted from it. Raises KeyError for an answer to a task that is not given.
    """
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    by_task: defaultdict[int, list[Work]] = defaultdict(list)
    for one in work:
        by_task[one.task].append(one)
    for task, row in by_task.items():
        _add(tallies, row, tasks[task])
    if middles is None:
        middles = {who: median(tally.seconds) for who, tally in tallies.items()}
    return {
        who: Standing(
            answers=len(tally.seconds),
            sensitivity=share(tally.planted),
            specificity=share(tally.kept),
            group=_diagonal(tally.confusion),
            confusion=tally.confusion,
            undecided=tally.undecided,
            pace=pace(tally.seconds, [m for name, m in middles.items() if name != who]),
        )
        for who, tally in tallies.items()
    }


def _add(tallies: Mapping[str, _Tally], row: Sequence[Work], shown: Shown) -> None:
    """Add the answers to one unit to what is known of their authors."""
    kept = _kept_of_others(row, shown)
    theirs = _majorities([one.said.category for one in row])
    for one, part, group in zip(row, kept, theirs, strict=True):
        tally = tallies[one.said.who]
        tally.seconds.append(one.seconds)
        tally.kept.append(part)
        if one.missed is not None:
            loaded = len(shown.planted - (one.said.unseen - one.said.rejected))
            of = max(loaded, one.missed)
            tally.planted.append((of - one.missed, of))
        if group is None:
            tally.undecided += 1
        else:
            place = CATEGORIES.index(one.said.category), CATEGORIES.index(group)
            tally.confusion[place] += 1


def _kept_of_others(row: Sequence[Work], shown: Shown) -> list[tuple[int, int]]:
    """Return for each answer how many it kept of the images that the others keep and it saw.

    The others keep an image when more than half of those of them who saw it did; planted ones
    are left out.
    """
    kept, seen = _marks(row, shown)  # (answers, images) each
    others_kept = kept.sum(axis=0) - kept  # (answers, images): all but his own
    others_seen = seen.sum(axis=0) - seen.astype(np.int64)
    theirs = (2 * others_kept > others_seen) & seen
    theirs[:, sorted(shown.planted)] = False
    pairs = zip((theirs & kept).sum(axis=1), theirs.sum(axis=1), strict=True)
    return [(int(hits), int(of)) for hits, of in pairs]


def _marks(
    row: Sequence[Work], shown: Shown
) -> tuple[Bool[np.ndarray, "answers images"], Bool[np.ndarray, "answers images"]]:
    """Return which images each answer kept, and which it saw."""
    kept = np.ones((len(row), shown.images), bool)
    seen = np.ones((len(row), shown.images), bool)
    for number, one in enumerate(row):
        lost = one.said.unseen - one.said.rejected
        kept[number, sorted(one.said.rejected | lost)] = False
        seen[number, sorted(lost)] = False
    return kept, seen


def _majorities(groups: Sequence[str]) -> list[str | None]:
    """Return for each answer the group that most of the others chose; None if none has most."""
    return [majority([*groups[:n], *groups[n + 1 :]]) for n in range(len(groups))]


def majority(groups: Sequence[str]) -> str | None:
    """Return the group chosen more often than any other; None if there is none."""
    ranked = Counter(groups).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _diagonal(confusion: Table) -> Share | None:
    """Return the share of answers whose group is the others'; one answer is one observation."""
    hits, of = int(np.trace(confusion)), int(confusion.sum())
    return Share(hits, of, *wilson(hits / of, of)) if of else None


# ---- Shares and their intervals --------------------------------------------------------------
def share(parts: Parts) -> Share | None:
    """Return the share over all units, with Wilson's interval; None where nothing was asked.

    Images of one unit hang together, so they are fewer observations than images. The variance of
    the share is that of a ratio over units, T / (T - 1) × Σ (hits_t - p n_t)² / (Σ n_t)² (Cochran
    1977, Sampling Techniques, section 6.3); the effective number is p (1 - p) over it, at most the
    images and at least one. A single unit is one observation; where all units have the same
    share nothing tells them apart, and images count.
    """
    asked = [(hits, of) for hits, of in parts if of]
    hits, of = sum(hit for hit, _ in asked), sum(n for _, n in asked)
    if not of:
        return None
    p, units = hits / of, len(asked)
    if units < 2:
        return Share(hits, of, *wilson(p, 1))
    rest = sum((hit - p * n) ** 2 for hit, n in asked)
    variance = units / (units - 1) * rest / of**2
    effective = of if variance < 1e-12 else min(max(p * (1 - p) / variance, 1.0), of)
    return Share(hits, of, *wilson(p, effective))


def pace(seconds: Sequence[int], others: Sequence[float]) -> Pace | None:
    """Return how fast a worker is; ``others`` are the middle seconds of everybody else.

    The interval of the middle lies between two of his own times: the r-th shortest and the r-th
    longest, with the largest r for which a median lies outside in less than 5% of all cases,
    2 P(Binomial(n, 1/2) < r) (David and Nagaraja 2003, Order Statistics, section 7.1).
    """
    if not seconds:
        return None
    middle, row = median(seconds), sorted(seconds)
    rank = order_rank(len(row))
    low, high = (row[rank - 1], row[-rank]) if rank else (None, None)
    crowd = median(others) if others else 0.0
    if not crowd:
        return Pace(middle, low, high)
    ends = (None if end is None else end / crowd for end in (middle, low, high))
    return Pace(middle, low, high, *ends)


@cache
def order_rank(n: int) -> int:
    """Return r of `pace` for ``n`` times; 0 below six, for which no interval of 95% exists."""
    below = ways = 1  # of all 2^n: no more than 1 in 40 may lie below on one side
    rank = 0
    while 40 * below <= 2**n:
        rank += 1
        ways = ways * (n - rank + 1) // rank  # n over rank
        below += ways
    return rank


# ---- Words -----------------------------------------------------------------------------------
def stands_behind(said: Said, others: Sequence[Said], basis: Basis) -> bool | None:
    """Tell whether an answer's words stand behind the concept of the others, by their own merging.

    As in the consensus whoever names a kind of it stands behind it. None where there are no others
    or their concept is a tie.
    """
    if not others:
        return None
    found = concepts(others, basis)
    if found.how_concept == TIE:
        return None
    shared = gather([found.spelt, said.concept], [1.0, 1.0], basis.meanings, basis.edits)
    return not shared.empty[1] and 1 in shared.concepts[0].ties


def words_alike(rows: Iterable[tuple[Said, Sequence[Said]]], basis: Basis) -> Share | None:
    """Return the share of answers, each beside the others' to its unit, that have their concept."""
    told = [stands_behind(said, others, basis) for said, others in rows]
    known = [one for one in told if one is not None]
    return _counted(known) if known else None


# ---- Against what is known -------------------------------------------------------------------
def likeness(pairs: Sequence[Pair], rng: np.random.Generator) -> Likeness | None:
    """Compare answers with what is known of their units; None where nothing is known.

    ``images`` is the mean over units of the share judged alike, as practice counts it: averaged
    over those kept and those marked. Its interval is the middle 95% of 2,000 draws of as many
    units, with replacement.
    """
    pairs = [one for one in pairs if one.is_comparable]
    if not pairs:
        return None
    alike = [images_alike(one.given, one.known, one.shown) for one in pairs]
    words = [
        same_concept(one.given.concept, (one.known.concept, *one.known.other_words))
        for one in pairs
    ]
    groups = [one.given.category == one.known.category for one in pairs]
    return Likeness(len(pairs), _estimate(np.array(alike), rng), _counted(words), _counted(groups))


def _counted(told: Sequence[bool]) -> Share:
    """Return the share of those told alike; one unit is one observation."""
    return Share(sum(told), len(told), *wilson(mean(map(float, told)), len(told)))


def _estimate(values: Float64[np.ndarray, " units"], rng: np.random.Generator) -> Estimate:
    """Return the mean, with an interval from two units on."""
    if len(values) < 2:
        return Estimate(float(values.mean()))
    drawn = rng.choice(values, (DRAWS, len(values))).mean(axis=1)  # (draws,)
    low, high = np.quantile(drawn, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Estimate(float(values.mean()), float(low), float(high))
