"""From several answers about one unit to one label.

A method takes the answers, what was shown and what else it rests on, and returns a `Consensus`.
``concepts`` knows synonyms and kinds of things (`annotate.core.concepts`); ``majority`` compares
spellings only. Another one registers itself in `METHODS`, with its version, under its own name.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from annotate.core import agreement
from annotate.core.concepts import EQUAL, choose, gather, offered
from annotate.core.edits import Edits, key_of
from annotate.core.relations import How, Meanings, Tie, english
from annotate.core.rules import CATEGORIES
from annotate.core.words import merge, spelling

MAJORITY, TIE, SINGLE = "majority", "tie", "single"
LIKELIEST = "likeliest"  # by a method that knows workers


@dataclass(frozen=True)
class Said:
    """One answer: indexes are places in the task's items."""

    who: str
    concept: str
    category: str
    rejected: frozenset[int]
    unseen: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Basis:
    """What a consensus rests on besides the answers.

    ``weights`` say how far each worker is trusted, from 0 up; who is not in it counts 1. They
    weigh words and categories; precision and agreement are counted by head. ``edits`` are a
    researcher's decisions about words. Where a method that knows workers has judged the unit,
    ``category`` is the likeliest group, ``odds`` are those of all groups, and ``fits`` says by
    place how likely each image fits; else groups go by weight and images by head.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    edits: Edits = field(default_factory=Edits)
    meanings: Meanings = field(default_factory=english)
    category: str = ""
    odds: Sequence[float] = ()
    fits: Mapping[int, float] | None = None


@dataclass(frozen=True)
class Consensus:
    """One label out of several answers.

    ``how_concept`` and ``how_category`` say how it came about: majority (more answers than any
    other), tie (several had equally many), single (one answer) or likeliest (by what workers are
    worth). ``votes`` gives for each place shown how many kept the image and how many saw it;
    ``tied`` are the places where it is as likely to fit as not. ``groups`` numbers the answers by
    words of one meaning; ``ties`` says for each answer why it stands behind the concept, None where
    it does not; ``offered`` are more specific words for it; ``key`` is what the concept is compared
    by, ``spelt`` its name unless a researcher gave one.
    """

    concept: str
    category: str
    how_concept: str
    how_category: str
    precision: float
    precision_low: float
    precision_high: float
    agreement: float
    answers: int
    kept: list[int]
    tied: list[int]
    votes: dict[int, tuple[int, int]]
    groups: list[int]
    shares: list[float]
    ties: list[Tie | None] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    spelt: str = ""
    key: str = ""


@dataclass(frozen=True)
class Words:
    """What a method makes of the answers' words and categories."""

    concept: str
    category: str
    how_concept: str
    groups: list[int]
    ties: list[Tie | None]
    offered: list[str] = field(default_factory=list)
    spelt: str = ""
    key: str = ""


Method = Callable[[Sequence[Said], Basis], Words]


def concepts(said: Sequence[Said], basis: Basis) -> Words:
    """Agree on the most specific concept that more than half of the workers' weight shares.

    Synonyms are one; who names a kind of it, or adds to it, stands behind it too; where no concept
    has half, the one with the most weight wins. Between equals the one whose answers have the
    commonest category wins, and the other way round; then the earliest answer.
    """
    weights = _weights(said, basis)
    shared = gather([one.concept for one in said], weights, basis.meanings, basis.edits)
    common = _commonest(said, weights, basis.category)
    backed = [w * (one.category in common) for one, w in zip(said, weights, strict=True)]
    chosen, tied = choose(shared, weights, backed)
    behind = shared.concepts[chosen].ties
    return Words(
        concept=shared.concepts[chosen].name,
        category=basis.category or _category(said, weights, set(behind)),
        how_concept=SINGLE if len(said) == 1 else TIE if tied else MAJORITY,
        groups=shared.groups,
        ties=[behind.get(number) for number in range(len(said))],
        offered=offered(shared, chosen),
        spelt=shared.concepts[chosen].spelt,
        key=shared.concepts[chosen].key,
    )


def majority(said: Sequence[Said], basis: Basis) -> Words:
    """Agree on the words that most answers have, compared by their spelling alone.

    Words are one concept when they differ by case, article, plural or a slip of the pen. Between
    concepts with equally many answers the one whose answers have the commonest category wins, and
    the other way round. What researchers merged, split off or renamed holds here too.
    """
    weights = _weights(said, basis)
    texts = [_as_read(one.concept, basis.edits) for one in said]
    groups = _told_apart(merge(texts), texts, basis.edits)
    held: defaultdict[int, float] = defaultdict(float)
    backed: defaultdict[int, float] = defaultdict(float)
    common = _commonest(said, weights, basis.category)
    for group, one, weight in zip(groups, said, weights, strict=True):
        held[group] += weight
        backed[group] += weight * (one.category in common)
    best = min(held, key=lambda group: (-held[group], -backed[group], groups.index(group)))
    behind = {number for number, group in enumerate(groups) if group == best}
    name = spelling([texts[number] for number in sorted(behind)])
    pairs = enumerate(zip(said, texts, strict=True))
    return Words(
        concept=basis.edits.names.get(key_of(name), name),
        category=basis.category or _category(said, weights, behind),
        how_concept=_how(list(held.values()), len(said)),
        groups=groups,
        ties=[_same(one.concept, text) if n in behind else None for n, (one, text) in pairs],
        spelt=name,
        key=key_of(name),
    )


def _as_read(text: str, edits: Edits) -> str:
    """Return the words that a researcher reads a text as."""
    return edits.read_as.get(key_of(text), text) if edits.read_as else text


def _told_apart(groups: Sequence[int], texts: Sequence[str], edits: Edits) -> list[int]:
    """Give a group of its own to each text that a researcher split off one of its group."""
    found = list(groups)
    for number in range(len(texts)) if edits.apart else ():
        key = key_of(texts[number])
        fellows = [other for other in range(number) if found[other] == found[number]]
        if any(edits.separates(key, key_of(texts[other])) for other in fellows):
            found[number] = max(found) + 1
    return found


def _same(written: str, read_as: str) -> Tie:
    """Say why an answer stands behind the words that most have."""
    if written == read_as:
        return Tie(How.SAME, "the same word or its spelling")
    return Tie(How.PERSON, f"read as “{read_as}” by a researcher")


# With each method the version of its rule: raise it when the same answers may get another label.
METHODS: dict[str, tuple[int, Method]] = {"concepts": (1, concepts), "majority": (2, majority)}


def version(method: str) -> int:
    """Return the version of a method's rule; raises ValueError if there is no such method."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: there are {', '.join(METHODS)}")
    return METHODS[method][0]


def decide(
    said: Sequence[Said],
    shown: int,
    controls: frozenset[int],
    method: str = "concepts",
    basis: Basis | None = None,
) -> Consensus:
    """Decide each image, the category and the concept by the method of this name.

    Parameters
    ----------
    said
        the answers, in the order in which they came: the last word in a tie is the earliest's.
    shown
        how many images the task shows; places are 0..shown-1.
    controls
        places of planted negatives: they count nowhere here.

    An image is kept when more than half of those who saw it kept it, or when it is likelier to fit
    than not where ``basis.fits`` says how likely that is. Raises ValueError without
    answers, for a method that there is not, or for a weight below zero.
    """
    version(method)
    if not said:
        raise ValueError("no answers, so no consensus")
    basis = basis or Basis()
    words = METHODS[method][1](said, basis)
    categories = list(_held(said, _weights(said, basis)).values())
    how = LIKELIEST if basis.category and len(said) > 1 else _how(categories, len(said))
    places = [place for place in range(shown) if place not in controls]
    return _put_together(said, words, (how, basis.fits), places)


def _put_together(
    said: Sequence[Said],
    words: Words,
    judged: tuple[str, Mapping[int, float] | None],
    places: Sequence[int],
) -> Consensus:
    """Return what the words came to, with the images and the numbers."""
    how_category, fits = judged
    votes = vote_table(said, places)  # (answers, places)
    low, high = agreement.precision_interval(votes)
    counts = _counts(votes, places)
    if fits is None:
        fits = {place: kept / seen if seen else 0.0 for place, (kept, seen) in counts.items()}
    pairs = [(tie is not None, one.category) for tie, one in zip(words.ties, said, strict=True)]
    return Consensus(
        concept=words.concept,
        category=words.category,
        how_concept=words.how_concept,
        how_category=how_category,
        precision=agreement.precision(votes),
        precision_low=low,
        precision_high=high,
        agreement=agreement.share_agreeing(pairs, True, words.category),
        answers=len(said),
        kept=[place for place in counts if fits[place] > 0.5],
        tied=[place for place in counts if fits[place] == 0.5],
        votes=counts,
        groups=words.groups,
        shares=[float(share) for share in np.nanmean(votes, axis=1)],
        ties=words.ties,
        offered=words.offered,
        spelt=words.spelt,
        key=words.key,
    )


def vote_table(said: Sequence[Said], places: Sequence[int]) -> agreement.Votes:
    """Return the table of votes over ``places``: 1 kept, 0 rejected, nan not seen."""
    table = np.ones((len(said), len(places)))
    for row, one in enumerate(said):
        for column, place in enumerate(places):
            if place in one.rejected:
                table[row, column] = 0.0
            elif place in one.unseen:
                table[row, column] = np.nan
    return table


def _counts(votes: agreement.Votes, places: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return for each place how many kept the image and how many saw it."""
    kept, seen = np.nansum(votes, axis=0), (~np.isnan(votes)).sum(axis=0)
    return {p: (int(k), int(s)) for p, k, s in zip(places, kept, seen, strict=True)}


def _weights(said: Sequence[Said], basis: Basis) -> list[float]:
    """Return the weight of each answer; where nobody has any, all count alike."""
    weights = [float(basis.weights.get(one.who, 1.0)) for one in said]
    if not all(0 <= weight < float("inf") for weight in weights):
        raise ValueError(f"weights {weights!r} must be numbers from 0 up")
    return weights if any(weights) else [1.0] * len(said)


def _held(said: Sequence[Said], weights: Sequence[float]) -> dict[str, float]:
    """Return the weight behind each category."""
    held: defaultdict[str, float] = defaultdict(float)
    for one, weight in zip(said, weights, strict=True):
        held[one.category] += weight
    return held


def _commonest(said: Sequence[Said], weights: Sequence[float], judged: str = "") -> set[str]:
    """Return the categories with the most weight, several if they are equal; or the one judged."""
    if judged:
        return {judged}
    held = _held(said, weights)
    return {name for name, weight in held.items() if weight == max(held.values())}


def _category(said: Sequence[Said], weights: Sequence[float], behind: set[int]) -> str:
    """Return the category with the most weight; in a tie those behind the concept have the word."""
    within = _held(
        [said[number] for number in sorted(behind)], [weights[number] for number in sorted(behind)]
    )
    order = [one.category for one in said]
    return min(
        _commonest(said, weights),
        key=lambda name: (-within.get(name, 0.0), order.index(name), CATEGORIES.index(name)),
    )


def _how(held: Sequence[float], answers: int) -> str:
    """Say how the heaviest of these came to be it."""
    if answers == 1:
        return SINGLE
    *_, second, first = [-1.0, *sorted(held)]
    return TIE if first - second < EQUAL else MAJORITY
