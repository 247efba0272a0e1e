"""From the words of several answers about one unit to the concepts that they share.

Answers are one concept when their words are the same, spelt otherwise, or synonyms. One that names
a kind of another ("poodle", "dog"), adds to it ("red wall", "wall") or lists it agrees with it on
the more general of the two, and keeps its own word. Two that add to one noun ("wooden cabinet",
"brown cabinet") agree on the noun. Nothing else is merged: siblings in WordNet stay apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from annotate.core.edits import Edits, key_of
from annotate.core.phrases import Phrase, gibberish, phrase, read, says_nothing
from annotate.core.relations import How, Meanings, Tie, strictest
from annotate.core.words import ARTICLES, LONGEST, folded, plain, singular, spelling

EQUAL = 1e-9  # weights are sums of fractions
# Nouns that two phrases may share without showing the same: vertical lines, horizontal lines.
VAGUE = frozenset(
    word
    for line in (
        "area background bar border bottom center colour corner decor design edge element end",
        "face feature form front item lettering line look middle motif outline part pattern",
        "place point region section shade shape side space spot stripe structure style surface",
        "texture tone top view work",
    )
    for word in line.split()
)


@dataclass(frozen=True)
class Concept:
    """Something that answers share: its name and key, who says it or a kind of it, and why.

    ``spelt`` is what it is called unless a researcher has named it; ``ties`` goes by the number of
    the answer; ``above`` are the numbers of the concepts of this unit that it is a kind of;
    ``said`` tells whether somebody wrote it in just this generality.
    """

    name: str
    spelt: str
    key: str
    ties: dict[int, Tie]
    weight: float
    above: frozenset[int] = frozenset()
    said: bool = True


@dataclass(frozen=True)
class Shared:
    """The concepts of one unit, and for each answer the number of its group of equal words."""

    concepts: list[Concept]
    groups: list[int]
    empty: list[bool]


@dataclass
class _Class:
    """Phrases that are one concept; the first is its head. ``why`` ties each key to the head.

    ``once`` are words that a researcher reads as this: a kind of them is a kind of it.
    """

    phrases: list[Phrase]
    why: dict[str, Tie] = field(default_factory=dict)
    said: bool = True
    once: list[Phrase] = field(default_factory=list)

    @property
    def kinds(self) -> list[Phrase]:
        """Return all that something may be a kind of."""
        return [*self.phrases, *self.once]


@dataclass(frozen=True)
class _Answer:
    """An answer as it is read: its text, the phrases in it, and what a researcher made of them."""

    text: str
    key: str  # of the whole, as it was written
    phrases: list[Phrase]
    merged: dict[str, Phrase]  # key as it is read → phrase as it was written


def gather(
    texts: Sequence[str], weights: Sequence[float], meanings: Meanings, edits: Edits
) -> Shared:
    """Return the concepts in the answers' words, in the order in which they first appear.

    Deterministic: the same texts, weights and edits give the same concepts. Raises ValueError for
    weights that are not one non-negative number for each text.
    """
    if len(weights) != len(texts) or not all(0 <= weight < float("inf") for weight in weights):
        raise ValueError(f"weights {list(weights)!r} must be {len(texts)} numbers from 0 up")
    ask = _Ask(meanings, edits)
    empty = [says_nothing(text) or _is_noise(text, meanings) for text in texts]
    if all(empty):
        empty = [False] * len(texts)  # then what they say is all there is
    answers = {number: _read(text, edits) for number, text in enumerate(texts) if not empty[number]}
    classes = _classes(list(answers.values()), ask)
    groups = _groups(texts, answers, classes)
    classes += _unsaid(list(answers.values()), classes, ask)
    return Shared(_concepts(answers, classes, weights, ask), groups, empty)


def choose(shared: Shared, weights: Sequence[float], backed: Sequence[float]) -> tuple[int, bool]:
    """Return the number of the concept that the answers agree on, and whether it is a tie.

    It is the most specific one that more than half of the weight shares; where none is, the one
    with the most weight. Between equals the one with more of ``backed`` (a number for each answer)
    wins, then the more specific, then the earlier.
    """
    concepts = shared.concepts
    total = sum(w for w, nothing in zip(weights, shared.empty, strict=True) if not nothing)
    common = {n for n, one in enumerate(concepts) if 2 * one.weight > total}
    finest = {n for n in common if not any(n in concepts[m].above for m in common - {n})}
    best = min(
        finest or common or range(len(concepts)),
        key=lambda n: (
            -round(concepts[n].weight, 9),
            -sum(backed[number] for number in concepts[n].ties),
            -len(concepts[n].above),
            n,
        ),
    )
    won = concepts[best]
    rivals = (one for n, one in enumerate(concepts) if n not in won.above and best not in one.above)
    tied = any(
        abs(one.weight - won.weight) < EQUAL and set(one.ties) != set(won.ties) for one in rivals
    )
    return best, tied


def offered(shared: Shared, chosen: int) -> list[str]:
    """Return the more specific words below the concept that was chosen, the commonest first."""
    below = [one for one in shared.concepts if chosen in one.above and one.said]
    names = [one.name for one in sorted(below, key=lambda one: -one.weight)]
    return [name for name in dict.fromkeys(names) if name != shared.concepts[chosen].name]


# ---- Reading ---------------------------------------------------------------------------------
def _is_noise(text: str, meanings: Meanings) -> bool:
    """Tell letters that are no word; what WordNet knows is one (HDTV)."""
    return gibberish(text) and not meanings.known(read(text)[0].words)


def _read(text: str, edits: Edits) -> _Answer:
    """Return the phrases of an answer, each as the researcher reads it."""
    written = read(text)
    told = [edits.reading(one) for one in written]
    pairs = zip(written, told, strict=True)
    merged = {new.key: old for old, new in pairs if new.key != old.key}
    return _Answer(text, written[0].key, list(dict.fromkeys(told)), merged)


@dataclass(frozen=True)
class _Ask:
    """Meanings, with a researcher's word above them."""

    meanings: Meanings
    edits: Edits

    def same(self, one: Phrase, other: Phrase) -> Tie | None:
        """Return why two phrases are one concept, unless they were told apart."""
        if self.edits.separates(one.key, other.key):
            return None
        return self.meanings.same(one, other)

    def below(self, one: Phrase, other: Phrase) -> Tie | None:
        """Return why the first is a kind of the second, unless they were told apart."""
        if self.edits.separates(one.key, other.key):
            return None
        return self.meanings.below(one, other)


# ---- Concepts --------------------------------------------------------------------------------
def _classes(answers: Sequence[_Answer], ask: _Ask) -> list[_Class]:
    """Return the phrases in classes of one concept each, in the order of first appearance.

    Each phrase joins the first class with whose head, the commonest of its phrases, it is one: no
    chain of synonyms joins two words that are none.
    """
    found = [one for answer in answers for one in answer.phrases]
    keys = [one.key for one in found]
    first = {one.key: one for one in reversed(found)}
    classes: list[_Class] = []
    for key in sorted(first, key=lambda key: (-keys.count(key), keys.index(key))):
        one = first[key]
        for there in classes:
            if tie := ask.same(one, there.phrases[0]):
                there.phrases.append(one)
                there.why[key] = tie
                break
        else:
            classes.append(_Class([one], {key: Tie(How.SAME, "the same word")}))
    for there in classes:
        there.once = [
            was
            for answer in answers
            for key, was in answer.merged.items()
            if key in there.why and was.key not in there.why
        ]
    return sorted(classes, key=lambda one: min(keys.index(p.key) for p in one.phrases))


def _unsaid(answers: Sequence[_Answer], classes: Sequence[_Class], ask: _Ask) -> list[_Class]:
    """Return the nouns that phrases are headed by, where nobody wrote them alone.

    A noun that a researcher reads as something else joins that, if it is there.
    """
    there = {key: known for known in classes for key in known.why}
    found: dict[str, _Class] = {}
    phrases = [part for answer in answers for part in answer.phrases]
    # What WordNet knows goes by WordNet: a kitchen and a living room share no "room".
    for part in (part for part in phrases if not ask.meanings.known(part.words)):
        for head in map(phrase, ask.meanings.generals(part.words)):
            told = ask.edits.reading(head)
            known = there.get(told.key) or found.get(told.key)
            if known and head.key not in {kind.key for kind in known.kinds}:
                known.once.append(head)
            elif not known and singular(head.words.split()[-1]) not in VAGUE:
                once = [head] if told.key != head.key else []
                why = {told.key: Tie(How.HEAD, f"head noun: {head.words}")}
                found[told.key] = _Class([told], why, said=False, once=once)
    return list(found.values())


def _concepts(
    answers: dict[int, _Answer], classes: Sequence[_Class], weights: Sequence[float], ask: _Ask
) -> list[Concept]:
    """Return the classes that answers stand behind; a noun that nobody wrote needs two."""
    names = ask.edits.names
    ties = [
        {number: tie for number, answer in answers.items() if (tie := _tie(answer, one, ask))}
        for one in classes
    ]
    kept = [n for n, one in enumerate(classes) if one.said or len(ties[n]) > 1]
    spelt = [_spelt(one, list(answers.values()), ask) for one in classes]
    keys = [key_of(text) for text in spelt]
    return [
        Concept(
            name=next((names[key] for key in classes[n].why if key in names), spelt[n]),
            spelt=spelt[n],
            # By its best spelling: who slips first must not name the concept.
            key=keys[n] if keys[n] in classes[n].why else classes[n].phrases[0].key,
            ties=ties[n],
            weight=sum(weights[number] for number in ties[n]),
            above=frozenset(
                place
                for place, m in enumerate(kept)
                if m != n and _under(classes[n], classes[m], ask)
            ),
            said=classes[n].said,
        )
        for n in kept
    ]


def _tie(answer: _Answer, one: _Class, ask: _Ask) -> Tie | None:
    """Return why an answer stands behind a concept, or None if it does not."""
    # What an answer itself is read as it always stands behind, whatever was split off before.
    own = answer.phrases[0].key in one.why
    if not own and any(ask.edits.separates(answer.key, there.key) for there in one.phrases):
        return None
    best: tuple[Phrase, Tie] | None = None
    for part in answer.phrases:
        tie = one.why.get(part.key) or strictest(ask.below(part, kind) for kind in one.kinds)
        if tie and (best is None or strictest((best[1], tie)) is not best[1]):
            best = part, tie
    if best is None:
        return None
    part, tie = best
    if part.key in answer.merged:
        was = answer.merged[part.key]
        return Tie(How.PERSON, f"a researcher reads {_told(was)} as {_told(part)}")
    if part is answer.phrases[0]:
        return tie
    more = "" if tie.how == How.SAME else f"; {tie.why}"
    return Tie(How.LISTED, f"lists {_told(part)}{more}")


def _written(answer: _Answer, part: Phrase, ask: _Ask) -> str:
    """Return how an answer, or a researcher for it, wrote one of its phrases."""
    if part.key in answer.merged:
        return ask.edits.read_as[answer.merged[part.key].key]
    if part is not answer.phrases[0]:
        return _told(part)
    article, _, rest = answer.text.partition(" ")
    return rest if rest and article.casefold() in ARTICLES else answer.text


def _told(one: Phrase) -> str:
    """Return a phrase in words."""
    return one.words or one.key


def _under(one: _Class, other: _Class, ask: _Ask) -> bool:
    """Tell whether a concept is a kind of another."""
    return any(ask.below(a, b) for a, b in product(one.phrases, other.kinds))


def _spelt(one: _Class, answers: Sequence[_Answer], ask: _Ask) -> str:
    """Return the commonest spelling of a concept, a plain and known one if there is one."""
    written = [
        _written(answer, part, ask)
        for answer in answers
        for part in answer.phrases
        if part.key in one.why
    ] or [ask.edits.read_as[one.once[0].key] if one.once else _told(one.phrases[0])]
    # "Color green" and "view of a street" are shown as they are only if nobody put it plainly.
    told = {there.words for there in one.phrases} | set(ask.edits.read_as.values())
    exact = [text for text in written if " ".join(plain(folded(text)).split()) in told]
    known = [text for text in exact or written if ask.meanings.known(folded(text))]
    return spelling(known or exact or written)[:LONGEST]


def _groups(
    texts: Sequence[str], answers: dict[int, _Answer], classes: Sequence[_Class]
) -> list[int]:
    """Return for each answer the number of its group of one concept, the largest group first.

    An answer that names nothing is alone.
    """
    heads = [
        next(n for n, one in enumerate(classes) if answers[number].phrases[0].key in one.why)
        if number in answers
        else len(classes) + number
        for number in range(len(texts))
    ]
    order = sorted(set(heads), key=lambda head: (-heads.count(head), heads.index(head)))
    return [order.index(head) for head in heads]
