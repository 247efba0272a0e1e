"""What a researcher decided about words: merged, split, renamed; folded into one reading.

Decisions are kept as they were made, one after another; what holds now is always folded anew from
those that were not undone. They speak of keys (`annotate.core.words.key`), so they hold for every
spelling of a word, in answers still to come too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from annotate.core.phrases import Phrase, read

MERGE, SPLIT, RENAME = "merge", "split", "rename"


@dataclass(frozen=True)
class Act:
    """One decision: these words are the concept, are not it, or it is shown as ``name``."""

    kind: str
    concept: str
    words: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Edits:
    """What holds after all acts.

    ``read_as`` gives for the key of a word the words of the concept that it is read as, ``apart``
    pairs of keys that are not one concept whatever their form and meaning, ``names`` for the key
    of a concept the name to show.
    """

    read_as: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[frozenset[str]] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def reading(self, phrase: Phrase) -> Phrase:
        """Return the phrase that stands for this one: itself, unless it was merged."""
        instead = self.read_as.get(phrase.key)
        return phrase if instead is None else read(instead)[0]

    def separates(self, one: str, other: str) -> bool:
        """Tell whether two keys were told apart."""
        return frozenset((one, other)) in self.apart


def key_of(text: str) -> str:
    """Return the key that decisions about a text go by."""
    return read(text)[0].key


def standing(rows: Iterable[tuple[int, int | None]]) -> set[int]:
    """Return the keys of the decisions that hold, of all in their order: (key, what it undoes).

    What undid a decision may be undone in its turn.
    """
    gone: set[int] = set()
    holds: set[int] = set()
    for key, undoes in reversed(list(rows)):
        if key in gone:
            continue
        holds.add(key)
        if undoes is not None:
            gone.add(undoes)
    return holds


def fold(acts: Iterable[Act]) -> Edits:
    """Return what holds after these acts, in their order; a later one outdoes an earlier."""
    read_as: dict[str, str] = {}
    apart: set[frozenset[str]] = set()
    names: dict[str, str] = {}
    for act in acts:
        concept = key_of(act.concept)
        keys = [key_of(word) for word in act.words]
        if act.kind == MERGE:
            _merge(read_as, keys, act.concept)
            merged = [key for key, instead in read_as.items() if key_of(instead) == concept]
            apart -= {frozenset((key, concept)) for key in merged}
        elif act.kind == SPLIT:
            for key in keys[:1]:  # the first word leaves; the others are what it leaves
                read_as.pop(key, None)
                apart |= {frozenset((key, other)) for other in (concept, *keys[1:])}
        elif act.kind == RENAME:
            names[concept] = act.name
    return Edits(read_as, frozenset(pair for pair in apart if len(pair) == 2), names)


def _merge(read_as: dict[str, str], keys: Iterable[str], concept: str) -> None:
    """Read all keys as the concept, and what was read as one of them too."""
    target = key_of(concept)
    read_as.pop(target, None)  # merged the other way round before: the later act counts
    for key in keys:
        if key != target:
            read_as[key] = concept
    for key, instead in list(read_as.items()):
        if key_of(instead) in keys and key != target:
            read_as[key] = concept
