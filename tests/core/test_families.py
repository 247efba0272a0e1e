"""Kinds of a concept by WordNet: compared with a slow walk along its pointers."""

import pytest

from analysis.core import wordnet

CONCEPTS = [
    "bed", "chair", "sofa", "desk", "bookcase", "car", "bus", "wheel", "dog", "poodle", "cat",
    "horse", "wall", "sky", "grass", "tree", "red", "blue", "stripes", "kitchen",
]  # fmt: skip


@pytest.fixture(scope="module")
def words():
    found = wordnet.installed()
    assert found is not None
    return found


def is_kind(words, concept, name):
    """Walk up every way from the concept's two meanings, one step after another."""
    known = {sense.offset for sense in words.senses(name)}
    senses = words.senses(concept)
    seen = [sense for sense in senses if sense.file in wordnet.VISIBLE]
    edge = senses[:1] + seen[:1]
    while edge:
        if known & {sense.offset for sense in edge}:
            return True
        edge = [words.synset(kind) for sense in edge for kind in sense.kinds]
    return False


@pytest.mark.parametrize("name", ["furniture", "animal", "colour", "vehicle", "artifact", "dog"])
def test_kinds_are_those_of_a_slow_walk(words, name):
    slow = [concept for concept in CONCEPTS if is_kind(words, concept, name)]
    assert wordnet.kinds_among(name, CONCEPTS, words) == slow


def test_hand_picked_kinds(words):
    among = [*CONCEPTS, "bedside bed", "Pool-Table", "blorp", ""]
    assert wordnet.kinds_among("furniture", among, words) == [
        "bed", "chair", "sofa", "desk", "bookcase", "bedside bed", "Pool-Table",
    ]  # fmt: skip
    assert wordnet.kinds_among("dogs", among, words) == ["dog", "poodle"]
    assert wordnet.kinds_among("poodle", among, words) == ["poodle"]  # not the other way round
    assert wordnet.kinds_among("plant", among, words) == ["grass", "tree"]


def test_a_name_that_is_no_noun_is_not_known(words):
    assert wordnet.kinds_among("blorp", CONCEPTS, words) is None
    assert wordnet.kinds_among("", CONCEPTS, words) is None
    assert wordnet.kinds_among("möbel", CONCEPTS, words) is None


def test_families_have_several_members_and_are_neither_all_nor_one(words):
    found = dict(wordnet.families(CONCEPTS, words, 20))
    assert found["furniture"] == 5
    for name, count in found.items():
        assert 2 < count <= len(CONCEPTS) / 2
        assert len(wordnet.kinds_among(name, CONCEPTS, words)) >= count
    assert wordnet.families([], words, 5) == []
    assert wordnet.families(["bed"], words, 5) == []
    assert len(wordnet.families(CONCEPTS, words, 2)) == 2
