"""Which class of an image set's masks a free concept means: by its name, then by WordNet.

1. **name** - the same words, whatever their case, number, hyphens and blanks (night stand,
   nightstand).
2. **wordnet** - a meaning that can be seen is the class's own (couch, sofa), or a kind of it
   (fridge, refrigerator; armchair, chair), at most three steps up. All such meanings are tried,
   not the first: television and tv lead with the broadcasting. The nearest wins, then the more
   frequent meanings. A phrase that WordNet does not know goes by its last word (bedside lamp:
   lamp).

The other way round is no match: a unit named furniture is not one for chairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from analysis.core.wordnet import VISIBLE, Synset, WordNet, regular, spelt

FARTHEST = 3


@dataclass(frozen=True)
class Match:
    """The class of a concept, and how it was found: "name" or "wordnet", with the words for it."""

    index: int
    how: str
    why: str


def match(concept: str, classes: Mapping[int, str], wordnet: WordNet | None) -> Match | None:
    """Return the class (index → name) that a concept means, or None."""
    key = _key(concept)
    for index, name in classes.items():
        if name and _key(name) == key:
            return Match(index, "name", f"{concept} is the name of the class")
    if wordnet is None:
        return None
    for words in (spelt(concept), spelt(concept).rpartition(" ")[2]):
        if found := _by_meaning(words, classes, wordnet):
            by_last = words != spelt(concept)
            return replace(found, why=f"by its last word: {found.why}") if by_last else found
        if visible(words, wordnet):
            return None  # known, and of no class: its last word alone would mislead
    return None


def _by_meaning(words: str, classes: Mapping[int, str], wordnet: WordNet) -> Match | None:
    """Return the class nearest above a meaning of these words."""
    best: tuple[tuple[int, int, int], Match] | None = None
    meanings = {index: visible(name, wordnet) for index, name in classes.items() if name}
    for rank, sense in enumerate(visible(words, wordnet)):
        above = wordnet.above(sense, FARTHEST)
        for index, own in meanings.items():
            for place, meaning in enumerate(own):
                if meaning.offset not in above:
                    continue
                order = above[meaning.offset], rank + place, index
                if best is None or order < best[0]:
                    why = _why(words, classes[index], above[meaning.offset])
                    best = order, Match(index, "wordnet", why)
    return best[1] if best else None


@lru_cache(maxsize=4096)  # the classes of a set are asked about again with every concept
def visible(words: str, wordnet: WordNet) -> tuple[Synset, ...]:
    """Return the meanings of words that can be seen, the most frequent first."""
    return tuple(sense for sense in wordnet.senses(words) if sense.file in VISIBLE)


def _why(words: str, name: str, steps: int) -> str:
    if words == spelt(name):
        return f"{words} is the name of the class"
    if steps == 0:
        return f"{words} and {spelt(name)} mean the same"
    return f"{words} is a kind of {spelt(name)}, {steps} step{'s' if steps > 1 else ''} up"


def _key(name: str) -> str:
    """Return a name without blanks and its last word in the singular."""
    start, _, last = spelt(name).rpartition(" ")
    return start.replace(" ", "") + regular(last)[0]


def steps_up(narrow: str, broad: str, wordnet: WordNet | None) -> int | None:
    """Return how many steps up WordNet a thing is found to be another: 0 where both mean the same.

    All meanings that can be seen are tried, and the nearest counts; a phrase that WordNet does
    not know goes by its last word. None where it is no kind of it within three steps.
    """
    if _key(narrow) == _key(broad):
        return 0
    if wordnet is None:
        return None
    goals = {meaning.offset for meaning in _meant(broad, wordnet)}
    found = [
        steps
        for meaning in _meant(narrow, wordnet)
        for offset, steps in wordnet.above(meaning, FARTHEST).items()
        if offset in goals
    ]
    return min(found, default=None)


def _meant(words: str, wordnet: WordNet) -> tuple[Synset, ...]:
    """Return the meanings of words, or of the last of them, that can be seen."""
    return visible(spelt(words), wordnet) or visible(spelt(words).rpartition(" ")[2], wordnet)
