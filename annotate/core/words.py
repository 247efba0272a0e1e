"""Free words as people write them: made safe, and made comparable."""

import re
import unicodedata
from collections.abc import Sequence

from annotate.core.sentences import Sentence

LONGEST = 80
# Longer text is not even looked at: of a long row of marks, putting them in order takes as much
# time as its length squared.
MOST_READ = 20 * LONGEST
# Joiners are part of the spelling in Persian, Hindi and others; every other format character
# (bidi overrides, zero-width spaces, tags) can only disguise a text.
JOINERS = "\u200c\u200d"


def clean_concept(text: str) -> str:
    """Return the words as they are stored: NFC, one line, no control or disguising characters.

    Raises:
        ValueError: nothing is left, no letter of any script is in it, or it is too long.
    """
    if len(text) > MOST_READ:
        raise ValueError(_too_long(text))
    text = unicodedata.normalize("NFC", text)
    text = "".join(" " if char.isspace() else char for char in text)
    text = "".join(char for char in text if char in JOINERS or unicodedata.category(char)[0] != "C")
    text = " ".join(text.split()).strip(JOINERS)
    if not text:
        raise ValueError(Sentence("Write one or two words for what most of the images share."))
    if len(text) > LONGEST:
        raise ValueError(_too_long(text))
    if not any(unicodedata.category(char)[0] == "L" for char in text):
        raise ValueError(Sentence("“%(text)s” has no letter in it: write it in words.", text=text))
    return text


def _too_long(text: str) -> Sentence:
    """Say that it is, and by how much."""
    return Sentence(
        "Shorten it to %(most)s characters or fewer; it has %(many)s.",
        most=LONGEST,
        many=len(text),
    )


# ---- Comparing -------------------------------------------------------------------------------
ARTICLES = {"a", "an", "the", "some"}
# They say what kind of word stands beside them, and nothing when they are left out.
EMPTY = {"color", "pattern", "thing", "object", "item", "image", "photo"}
# “black and white”, “white/black” and “white, black” list the same things.
LISTED = re.compile(r"[,;/&+]|\band\b|\bor\b")
IRREGULAR = {
    "people": "person",
    "persons": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "oxen": "ox",
    "leaves": "leaf",
    "shelves": "shelf",
    "knives": "knife",
    "wolves": "wolf",
    "halves": "half",
    "loaves": "loaf",
    "calves": "calf",
    "scarves": "scarf",
    "movies": "movie",
    "cookies": "cookie",
    "shoes": "shoe",
    "toes": "toe",
    "canoes": "canoe",
    "buses": "bus",
    "gases": "gas",
    "lenses": "lens",
    "canvases": "canvas",
    "axes": "axe",
    # British and American spellings.
    "grey": "gray",
    "tyre": "tire",
    "tyres": "tire",
    "jewellery": "jewelry",
    "aeroplane": "airplane",
    "aeroplanes": "airplane",
    "aluminium": "aluminum",
    "storey": "story",
    "mould": "mold",
}
# Words that end in s and are one thing.
SINGULAR = {"gas", "bus", "lens", "canvas", "atlas", "series", "species", "christmas", "chaos"}
ENDINGS = (
    (re.compile(r"(?<=[a-z][^aeiou])ies$"), "y"),
    (re.compile(r"(?<=ss)es$|(?<=x)es$|(?<=zz)es$|(?<=ch)es$|(?<=sh)es$"), ""),
    (re.compile(r"(?<=[a-z]{2}o)es$"), ""),
    (re.compile(r"(?<=[a-z][^siu])s$"), ""),
)
DOUBLED = re.compile(r"(.)\1")
SPELLINGS = ((re.compile(r"(?<=[a-z]{3})our$"), "or"), (re.compile(r"(?<=[a-z]{3})tre$"), "ter"))


def singular(word: str) -> str:
    """Return an English word in the singular and one spelling; other words as they are.

    It is a key to compare by, not a word to show: it may be no word at all.
    """
    if word in SINGULAR:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    for ending, instead in ENDINGS:
        shorter = ending.sub(instead, word)
        if shorter != word:
            word = shorter
            break
    for ending, instead in SPELLINGS:
        word = ending.sub(instead, word)
    return word


def key(concept: str) -> str:
    """Return what a concept is compared by: words without case, article, plural or hyphen.

    “The wheels of a car”, “car wheel” and “Car-Wheels” have one key; so have “black and white”
    and “white/black”, and “white”, “white color” and “color white”.
    """
    words = [word for part in sorted(_parts(concept)) for word in part.split()]
    told = [word for word in words if word not in EMPTY] or words
    return " ".join(told) or folded(concept).strip() or concept


def folded(concept: str) -> str:
    """Return a text without capitals, compatibility forms, the English possessive and “(s)”."""
    text = unicodedata.normalize("NFKC", concept).casefold()
    return re.sub(r"[’']s\b|\(e?s\)", "", text)


def plain(part: str) -> str:
    """Return a text with blanks for whatever is no letter, mark, digit or joiner."""
    told = "".join(char if _in_word(char) else " " for char in part)
    if told.isascii():
        return told
    # What is left of a picture character, its joiners and variation marks, is no word.
    words = (word.strip(JOINERS) for word in told.split(" "))
    return " ".join(word if any(map(_spelt, word)) else "" for word in words)


def _parts(text: str) -> list[str]:
    """Return the things that a text lists, each as words in the singular."""
    parts = []
    for part in LISTED.split(folded(text)):
        told = plain(part)
        left, of, right = told.partition(" of ")
        words = (f"{right} {left}" if of else told).split()
        parts.append(" ".join(singular(w) for w in words if w not in ARTICLES) or " ".join(words))
    return [part for part in parts if part]


def _in_word(char: str) -> bool:
    """Tell letters, marks, digits and joiners from what stands between words."""
    return unicodedata.category(char)[0] in "LMN" or char in JOINERS


def _spelt(char: str) -> bool:
    """Tell letters and digits from marks, which make no word alone."""
    return unicodedata.category(char)[0] in "LN"


def distance(one: str, other: str) -> int:
    """Count the edits between two words: insert, delete, replace, swap of two neighbours.

    The optimal string alignment distance, by rows of the usual table.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def participle(word: str, other: str) -> bool:
    """Tell whether the other is made of the word by -ed: stripe and striped, tile and tiled."""
    doubled = word + word[-1] + "ed"
    return other in {f"{word}ed", doubled} or (word[-1] == "e" and other == f"{word}d")


def slip(one: str, other: str) -> bool:
    """Tell whether two words differ only by -ed or as a slip of the pen would make them.

    A doubled letter or a swap from five letters on, one edit from six, two from nine. Shorter
    words are left alone (horse is not house, plant not planet), and so are words that begin
    differently: slips at the first letter are rare, other words there are many (flower, slower).
    """
    short = min(len(one), len(other))
    if short < 5 or one[0] != other[0]:
        return False
    if participle(one, other) or participle(other, one):
        return True
    if DOUBLED.sub(r"\1", one) == DOUBLED.sub(r"\1", other):
        return True
    edits = distance(one, other)
    swapped = sorted(one) == sorted(other)
    return (swapped and edits == 1) or edits <= (short >= 6) + (short >= 9)


def alike(one: str, other: str) -> bool:
    """Tell whether two keys mean one concept: the same but for blanks, or slips of the pen."""
    joined = one.replace(" ", ""), other.replace(" ", "")
    if joined[0] == joined[1]:
        return True
    words = one.split(), other.split()
    if len(words[0]) != len(words[1]):
        return slip(*joined)
    return all(a == b or slip(a, b) for a, b in zip(*words, strict=True))


def merge(concepts: Sequence[str]) -> list[int]:
    """Return for each concept the number of its group: groups are one concept, written variously.

    Groups are numbered by size, then by first appearance. Each spelling joins the first larger
    group that it may be a slip of, so that no chain of slips joins two real words.
    """
    keys = [key(concept) for concept in concepts]
    heads: list[str] = []
    belongs: dict[str, str] = {}
    for word in sorted(set(keys), key=lambda word: (-keys.count(word), keys.index(word))):
        head = next((head for head in heads if alike(word, head)), None)
        if head is None:
            heads.append(word)
        belongs[word] = head or word
    groups = [belongs[word] for word in keys]
    heads.sort(key=lambda head: (-groups.count(head), groups.index(head)))
    return [heads.index(group) for group in groups]


def spelling(concepts: Sequence[str]) -> str:
    """Return the form to show for concepts of one group: the commonest, plain before capitals."""
    first = list(concepts)
    return min(
        first, key=lambda text: (-first.count(text), text != text.casefold(), first.index(text))
    )
