"""How two phrases stand to each other: one concept, or one a kind of the other; and why.

Meaning comes from the nouns of WordNet 3.0. All meanings of a word that can be seen are tried, not
the first alone ("television" leads with the broadcasting): that both were said of the same images
rules most others out. Without WordNet, and for words that it does not know, only form speaks.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from analysis.core.wordnet import VISIBLE, Synset, WordNet, installed
from annotate.core.phrases import Phrase, heads, phrase
from annotate.core.words import IRREGULAR, alike

# Steps up in WordNet: a skyscraper is a building in one, a shirt clothing in two.
FARTHEST = 2
# Meanings that are tried: the first three have both "arch" and "archway", the fourth of "blue" is
# the sky, and the fourteenth of "line" a road.
COMMON = 3
COLOR = "07"
# Beyond the things that a mask can show: colours (07), groups (14: forest, people), places (15),
# phenomena (19: light, cloud) and shapes (25) are what units answer to, and people name them.
SEEN = VISIBLE | {"07", "14", "15", "19", "25"}
# True of almost anything: that a word is a kind of these says nothing.
TOO_GENERAL = frozenset(
    word
    for line in (
        "abstraction amount area artifact attribute color creation entity group instrumentality",
        "instrumentation location matter object part property region structure substance thing",
        "unit visual_property whole",
    )
    for word in line.split()
)
# "Fire engine" may be called an engine; a sea horse is no horse, a hot dog no dog.
MISNAMED = {"05", "13", "20"}
REMEMBERED = 20_000


class How(StrEnum):
    """What makes two phrases one concept, or one a kind of the other; the strictest first."""

    SAME = "same word"
    PERSON = "researcher"
    SPELLING = "spelling"
    SYNONYM = "synonyms"
    LISTED = "listed"
    HEAD = "head noun"
    KIND = "kind of"


@dataclass(frozen=True)
class Tie:
    """That two phrases belong together, and why in words."""

    how: How
    why: str


class Meanings:
    """WordNet, or None, asked about phrases; what was asked before is remembered."""

    def __init__(self, wordnet: WordNet | None) -> None:
        """Take WordNet as it is read."""
        self.wordnet = wordnet
        self.known = lru_cache(REMEMBERED)(self._known)
        self.senses = lru_cache(REMEMBERED)(self._senses)
        self.generals = lru_cache(REMEMBERED)(self._generals)
        self.above = lru_cache(REMEMBERED)(self._above)

    # ---- One phrase --------------------------------------------------------------------------
    def _known(self, words: str) -> bool:
        """Tell whether WordNet has these words as a noun, whatever they mean."""
        return self.wordnet is not None and bool(words) and bool(self.wordnet.senses(words))

    def _senses(self, words: str) -> tuple[Synset, ...]:
        """Return the common meanings that can be seen and say something, the most frequent first.

        What is first of all a colour is nothing else (pink, the flower).
        """
        if self.wordnet is None or not words:
            return ()
        *before, last = words.split()
        # To WordNet "people" are a group of its own: here they are persons.
        found = self.wordnet.senses(" ".join([*before, IRREGULAR.get(last, last)]))[:COMMON]
        if found and found[0].file == COLOR:
            found = [one for one in found if one.file == COLOR]
        return tuple(one for one in found if one.file in SEEN and not _too_general(one))

    def _generals(self, words: str) -> tuple[str, ...]:
        """Return what a phrase is headed by, the nearest first, down to a noun of WordNet.

        A phrase that is itself a noun of WordNet is a word of its own: its last word says what it
        is only if both are things of one sort (a water tower is a tower, a hot dog no dog).
        """
        found = heads(words)
        if not found or not self.known(found[-1]):
            return ()
        if self.known(words):
            files = {one.file for one in self.senses(words)}
            if files & MISNAMED:
                return ()
            return tuple(h for h in found if files & {one.file for one in self.senses(h)})
        end = next(n for n, head in enumerate(found, 1) if self.known(head))
        rest = [head for head in self.generals(found[end - 1]) if head not in found[:end]]
        return (*found[:end], *rest)

    def _above(self, words: str) -> dict[int, int]:
        """Return the meanings of the nearest noun and of what it is a kind of: offset → steps."""
        if self.wordnet is None:
            return {}
        noun = self._noun(words)
        found: dict[int, int] = {}
        for sense in self.senses(noun):
            for offset, steps in self.wordnet.above(sense, FARTHEST).items():
                if not _too_general(self.wordnet.synset(offset)):
                    found[offset] = min(steps, found.get(offset, steps))
        return found

    def _noun(self, words: str) -> str:
        """Return a phrase, or the nearest of its heads, that WordNet knows; nothing if none."""
        return next((one for one in (words, *self.generals(words)) if self.known(one)), "")

    def _singular(self, words: str) -> str:
        """Return the words of a noun as WordNet has them."""
        if self.wordnet is None:
            return words
        forms = (form for form in self.wordnet.forms(words) if self.wordnet.has(form))
        return next(forms, words).replace("_", " ")

    # ---- Two phrases -------------------------------------------------------------------------
    def same(self, one: Phrase, other: Phrase) -> Tie | None:
        """Return why two phrases are one concept, or None if they are not."""
        if one.key == other.key:
            return Tie(How.SAME, "the same word")
        pair = ", ".join(sorted((one.words or one.key, other.words or other.key)))
        if _slip(one.key, other.key) and not self._two_nouns(one, other):
            return Tie(How.SPELLING, f"spelling or ending: {pair}")
        ours, theirs = self.senses(one.words), self.senses(other.words)
        # For one of the two it is what the word means first: a tower and a pillar may both be
        # a column, but hardly ever are.
        if ours and theirs and (ours[0] in theirs or theirs[0] in ours):
            return Tie(How.SYNONYM, f"synonyms in WordNet: {pair}")
        return None

    def below(self, one: Phrase, other: Phrase) -> Tie | None:
        """Return why the first phrase is a kind of the second, or None if it is not."""
        if not (one.words and other.words) or one.key == other.key:
            return None
        for head in self.generals(one.words):
            if phrase(head).key == other.key:
                return Tie(How.HEAD, f"head noun: {one.words}, {other.words}")
        above = self.above(one.words)
        steps = [above[one.offset] for one in self.senses(other.words) if one.offset in above]
        if steps:
            noun, kind = self._singular(self._noun(one.words)), self._singular(other.words)
            if min(steps) == 0:
                why = f"head noun: {one.words}" if noun == kind else f"synonyms in WordNet: {noun}"
                return Tie(How.HEAD, f"{why}, {kind}")
            return Tie(How.KIND, f"{_a(noun)} is a kind of {kind}")
        return None

    def _two_nouns(self, one: Phrase, other: Phrase) -> bool:
        """Tell two real words from one word and its misspelling (stable is no slip for staple)."""
        if one.key.replace(" ", "") == other.key.replace(" ", ""):
            return False
        ours, theirs = one.words.split(), other.words.split()
        if len(ours) != len(theirs):
            return self.known(one.words) and self.known(other.words)
        differ = [(a, b) for a, b in zip(ours, theirs, strict=True) if phrase(a) != phrase(b)]
        return any(self.known(a) and self.known(b) and not self._shared(a, b) for a, b in differ)

    def _shared(self, one: str, other: str) -> bool:
        """Tell whether WordNet has two words as spellings of one meaning (theatre, theater)."""
        if self.wordnet is None:
            return False
        ours = {sense.offset for sense in self.wordnet.senses(one)}
        return bool(ours.intersection(sense.offset for sense in self.wordnet.senses(other)))


def _slip(one: str, other: str) -> bool:
    """Tell whether two keys differ by blanks or, in Latin letters, by accents or a slip."""
    one, other = _without_accents(one), _without_accents(other)
    if one.isascii() and other.isascii():
        return alike(one, other)
    return one.replace(" ", "") == other.replace(" ", "")


def _without_accents(key: str) -> str:
    """Return a key in Latin letters without its accents; any other as it is."""
    bare = "".join(c for c in unicodedata.normalize("NFD", key) if not unicodedata.combining(c))
    return bare if bare.isascii() else key


def _too_general(synset: Synset) -> bool:
    return bool(TOO_GENERAL.intersection(word.replace(" ", "_") for word in synset.words))


def _a(words: str) -> str:
    """Return words with an article."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def strictest(ties: Iterable[Tie | None]) -> Tie | None:
    """Return the strictest of several reasons; None if there is none."""
    order = list(How)
    found = [tie for tie in ties if tie is not None]
    return min(found, key=lambda tie: order.index(tie.how)) if found else None


@cache
def english() -> Meanings:
    """Return what the installed WordNet knows; only forms where there is none."""
    return Meanings(installed())
