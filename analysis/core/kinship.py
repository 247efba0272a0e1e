"""Which concepts are the same words, and which are near to one another in meaning.

The same are words that differ in case, number, article, hyphens and blanks (Night stands, a
nightstand). Near in meaning are words that WordNet has as synonyms (couch, sofa), and words of
which one is a kind of the other, at most FARTHEST steps up (armchair, chair). Only the common
meanings that can be seen are tried; without WordNet nothing is near.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from analysis.core.matching import FARTHEST, visible
from analysis.core.wordnet import Synset, WordNet, regular, spelt

ARTICLES = re.compile(r"^(?:a|an|the|some)\s+(?=\S)")
COMMON = 3  # meanings of a word that are tried


class How(StrEnum):
    """How another concept stands to one; the nearest first."""

    SAME = "same"
    SYNONYM = "synonym"
    CLASS = "class"  # matched with the same class of masks
    KIND = "kind"  # a kind of it
    GENERAL = "general"  # what it is a kind of


@dataclass(frozen=True)
class Kin:
    """How another concept stands to one, and how many steps of WordNet lie between."""

    how: How
    steps: int = 0


@lru_cache(maxsize=16_384)
def key(concept: str) -> str:
    """Return what two concepts share that are the same words; never empty but for none."""
    folded = unicodedata.normalize("NFKC", concept).casefold()
    words = ARTICLES.sub("", spelt(folded)) or folded
    start, _, last = words.rpartition(" ")
    return start.replace(" ", "") + regular(last)[0]


def kin(one: str, other: str, wordnet: WordNet | None) -> Kin | None:
    """Return how the other concept stands to the one; None where they have nothing in common."""
    if key(one) == key(other):
        return Kin(How.SAME)
    if wordnet is None:
        return None
    ours, theirs = _common(one, wordnet), _common(other, wordnet)
    if not ours or not theirs:
        return None
    # For one of the two it is what the word means first: else almost any words share something.
    if ours[0] in theirs or theirs[0] in ours:
        return Kin(How.SYNONYM)
    kind, general = _steps(theirs, ours, wordnet), _steps(ours, theirs, wordnet)
    if kind and (general is None or kind <= general):
        return Kin(How.KIND, kind)
    return Kin(How.GENERAL, general) if general else None


def _steps(below: tuple[Synset, ...], above: tuple[Synset, ...], wordnet: WordNet) -> int | None:
    """Return in how many steps up the first meaning of some words is one of the others."""
    reached = _reached(below[0].offset, wordnet)
    steps = [reached[one.offset] for one in above if one.offset in reached]
    return min(steps) if steps else None


@lru_cache(maxsize=16_384)
def _common(concept: str, wordnet: WordNet) -> tuple[Synset, ...]:
    return visible(ARTICLES.sub("", spelt(concept)), wordnet)[:COMMON]


@lru_cache(maxsize=16_384)
def _reached(offset: int, wordnet: WordNet) -> dict[int, int]:
    return wordnet.above(wordnet.synset(offset), FARTHEST)
