"""What a free text names: the things it lists, and each thing's head, as far as English goes.

"Water tower, tank" lists two things; "red wall" is headed by "wall", "plants in soil" by "plants",
"group of people" by "people". Texts of other languages and scripts are one thing each, without a
head: where it stands there is not known.
"""

import re
from dataclasses import dataclass

from annotate.core.words import ARTICLES, EMPTY, LISTED, folded, key, plain, singular

# What stands before them is what is named; what stands after them says where or with what.
PREPOSITIONS = frozenset(
    word
    for line in (
        "above across against along around at behind below beneath beside between by containing",
        "for from in inside into near next on onto outside over showing through to toward",
        "towards under underneath with within without",
    )
    for word in line.split()
)
# "A group of people" shows people.
PARTITIVES = frozenset(
    word
    for line in (
        "bit bunch collection crowd group kind lot mass pair photo picture piece pile row set",
        "shot sort stack type variety view",
    )
    for word in line.split()
)
# Small words of other languages: a text with one of them is no English phrase.
FOREIGN = frozenset(
    word
    for line in (
        "auf aux das de del della den der des di du e ein eine el en et gli il la las le les",
        "los med mit och op para por sur un una und une voor von y zu",
    )
    for word in line.split()
)
# "Black and white" is a look of its own, neither black nor white.
COLORS = frozenset(
    word
    for line in (
        "aqua beige black blue brown crimson cyan gold golden gray green grey indigo ivory",
        "lavender magenta maroon navy orange pink purple red silver tan teal turquoise violet",
        "white yellow",
    )
    for word in line.split()
)
# Answers that name nothing, as keys of words.
NOTHING = frozenset(
    key(text)
    for line in (
        "anything, don't know, dont know, everything, good, idk, image, images, many things",
        "misc, miscellaneous, mixed, n/a, na, nice, nice images, no, no idea, none, not sure",
        "nothing, object, objects, ok, okay, other, random, random objects",
        "random things, same, similar, stuff, test, thing, things, unclear, unknown, unsure",
        "various, various objects, various things, yes",
    )
    for text in line.split(", ")
)
VOWELS = set("aeiouy")
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefg")


@dataclass(frozen=True)
class Phrase:
    """Words that name one thing, lower case and without articles, and the key to compare them by.

    ``words`` is empty for a text that lists several things: it is compared as a whole only.
    """

    words: str
    key: str


def phrase(words: str) -> Phrase:
    """Return the phrase of these words."""
    return Phrase(words, key(words))


def read(text: str) -> tuple[Phrase, ...]:
    """Return the text as a whole, then each of the things that it lists if there are several."""
    parts = [part for segment in re.split(r"[,;]", folded(text)) for part in _parts(segment)]
    found = list(dict.fromkeys(parts))
    if len(found) < 2:
        return tuple(found) or (Phrase("", key(text)),)
    return (Phrase("", key(text)), *found)


def _parts(segment: str) -> list[Phrase]:
    """Return what is listed between two commas; colours side by side are one thing."""
    words = list(filter(None, map(_words, LISTED.split(segment))))
    if len(words) < 2:
        return [phrase(part) for part in words]
    *before, last = words
    if COLORS.issuperset(" ".join(before).split()):
        first, *noun = last.split()
        if first in COLORS and noun:  # black and white stripes
            return [phrase(" ".join(words))]
        if first in COLORS:
            return [Phrase("", key(segment))]
    return [phrase(part) for part in words]


def _words(part: str) -> str:
    """Return a part's words, the named thing last: "wheels of a car" is car wheels."""
    told = " ".join(word for word in plain(part).split() if word not in ARTICLES)
    left, of, right = told.partition(" of ")
    if of and singular(left.split()[-1]) in PARTITIVES:
        told = right
    elif of:
        told = f"{right} {left}"
    kept = [word for word in told.split() if singular(word) not in EMPTY]
    return " ".join(kept) or told


def heads(words: str) -> list[str]:
    """Return what an English phrase is a kind of by its grammar alone, the nearest first.

    "Big green trees in a park" is big green trees, green trees, trees.
    """
    told = words.split()
    if not words.isascii() or FOREIGN.intersection(told):
        return []
    cut = next((n for n, word in enumerate(told) if n and word in PREPOSITIONS), len(told))
    first = 0 if cut < len(told) else 1
    return [" ".join(told[start:cut]) for start in range(first, cut)]


def says_nothing(text: str) -> bool:
    """Tell an answer that names nothing, in words: "various objects", "don't know"."""
    return key(text) in NOTHING


def gibberish(text: str) -> bool:
    """Tell letters that are no word: "asdf", "xxxx", consonants alone (so is HDTV: ask WordNet)."""
    letters = re.sub(r"\W|\d", "", folded(text))
    if not letters.isascii() or len(letters) < 3:
        return False
    if len(set(letters)) == 1:
        return True
    runs = any(letters in row or letters in row[::-1] for row in KEYBOARD)
    return len(letters) >= 4 and (runs or not VOWELS.intersection(letters))
