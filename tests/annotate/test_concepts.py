"""Which words are one concept, which agree on a more general one, and which never do."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate.core.concepts import choose, gather, offered
from annotate.core.edits import Edits
from annotate.core.phrases import gibberish, heads, read, says_nothing
from annotate.core.relations import How, Meanings, english


def shared(*texts, weights=None, meanings=None):
    """Return the concepts of these answers."""
    return gather(texts, weights or [1.0] * len(texts), meanings or english(), Edits())


def agreed(*texts, **more):
    """Return the concept that all answers stand behind, or None."""
    both = [one for one in shared(*texts, **more).concepts if len(one.ties) == len(texts)]
    return both[0] if both else None


@pytest.mark.parametrize(
    ("one", "other", "name", "how"),
    [
        ("Dogs", "the dog", "dogs", How.SAME),
        ("wheels of a car", "car wheel", "car wheel", How.SAME),
        ("color red", "red", "red", How.SAME),
        ("a group of people", "people", "people", How.SAME),
        ("café", "cafe", "cafe", How.SPELLING),
        ("billard table", "billiard table", "billiard table", How.SPELLING),
        ("stripes", "striped pattern", "stripes", How.SPELLING),
        ("night stand", "nightstand", "night stand", How.SPELLING),
        ("sofa", "couch", "sofa", How.SYNONYM),
        ("pool table", "billiard table", "pool table", How.SYNONYM),
        ("tv", "television", "tv", How.SYNONYM),
        ("TV", "television set", "television set", How.SYNONYM),
        ("rug", "carpet", "rug", How.SYNONYM),
        ("dog", "poodle", "dog", How.KIND),
        ("person", "woman", "person", How.KIND),
        ("people", "woman", "people", How.KIND),
        ("chair", "armchair", "chair", How.KIND),
        ("wall", "red wall", "wall", How.HEAD),
        ("table", "pool table", "table", How.HEAD),
        ("tower", "water tower", "tower", How.HEAD),
        ("tree", "trees in a park", "tree", How.HEAD),
        ("phone booth", "red telephone box", "phone booth", How.HEAD),
        ("tower", "tower, tank, tall", "tower", How.LISTED),
        ("shrub", "Trees/Shrubs", "shrub", How.LISTED),
    ],
)
def test_words_of_one_concept(one, other, name, how):
    found = agreed(one, other)
    assert found is not None
    assert found.name.lower() == name.lower()
    assert found.ties[1].how == how
    again = agreed(other, one)
    assert {tie.how for tie in again.ties.values()} == {tie.how for tie in found.ties.values()}


NEVER = """
horse|house; plant|planet; bed|red; flower|slower; chair|hair; black|black and white
red|red and blue; vertical lines|horizontal lines; red stripes|blue stripes; hot dog|dog
sea horse|horse; prairie dog|dog; blue|sky; pink|flower; line|road; window|building
wheel|car; face|person; head|face; arm|person; leg|table; dog|cat; poodle|terrier
chair|table; sofa|chair; river|lake; sea|lake; mountain|hill; tree|flower; grass|tree
grass|plant; building|house front; bank|river; bat|baseball; car|train; bus|truck
kitchen|living room; street|highway bridge; wall|floor; wall|ceiling; roof|ceiling
door|window; television|monitor; picture|photo album; mirror|picture; bookcase|book
book|bookshelf; bed|bedroom; pool|pool table; pool table|swimming pool; bathtub|bathroom
bottle|glass; cup|plate; crowd|street; people|animal; animal|furniture; food|plate
water|glass; boat|water; mast|boat; text|sign; round|square; circle|square; curve|line
texture|pattern; wood|tree; railing|fence; bridge|arch; tower|church; spire|cross
clock|watch; shoe|foot; glove|hand; hat|head; shirt|tie; fire engine|fire
fire truck|truck stop; phone|telephone booth; garage door|garage; car wheel|car
dog's head|dog; top of building|building; table lamp|table; flower pot|flower
porte de garage|garage; table de billard|table; mesa de billar|mesa; 窓|扉
окно|дверь; باب|نافذة; good|nice; asdf|qwer; random objects|various things
stable|staple; statue|status; desert|dessert; letter|ladder; stone|store; shelf|self
column|volume; orange|fruit; crane|bird; palm|hand; mouse|computer; nail|finger
trunk|tree; bark|dog; spring|water; glass|window; light|window; jet|black; court|building
ring|circle; brush|bush; van|vane
"""


@pytest.mark.parametrize("pair", re.split(r"[;\n] *", NEVER.strip()))
def test_what_must_not_merge_stays_apart(pair):
    assert agreed(*pair.split("|")) is None
    assert agreed(*reversed(pair.split("|"))) is None


# ---- Reading ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("red wall", ["red wall"]),
        ("Water tower, tower; tank", ["", "water tower", "tower", "tank"]),
        ("black and white", [""]),
        ("Black/white stripes", ["black white stripes"]),
        ("lines, black and white", ["", "lines", ""]),
        ("view of a walk/street", ["", "walk", "street"]),
        ("group of", ["group of"]),
        ("lines, lines", ["lines"]),
        ("窓", ["窓"]),
        ("باب أحمر", ["باب أحمر"]),
        (",;/", [""]),
        ("a", [""]),
    ],
)
def test_a_text_is_one_thing_or_lists_several(text, parts):
    assert [one.words for one in read(text)] == parts
    assert all(one.key for one in read(text))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("big green trees in parks", ["big green trees", "green trees", "trees"]),
        ("red wall", ["wall"]),
        ("wall", []),
        ("", []),
        ("in", []),
        ("table de billard", []),
        ("красная стена", []),
        ("باب أحمر", []),
    ],
)
def test_an_english_phrase_has_a_head(words, found):
    assert heads(words) == found


@pytest.mark.parametrize("text", ["Various objects", "don't know", "n/a", "ok"])
def test_some_words_say_nothing(text):
    assert says_nothing(text)
    assert not gibberish("lamp")


@pytest.mark.parametrize("text", ["asdf", "xxxx", "Qwerty", "bcdfg", "jjj"])
def test_some_letters_are_no_word(text):
    assert gibberish(text)


@pytest.mark.parametrize("text", ["lamp", "tv", "窓窓窓", "sky", "HDTV screen", "окно"])
def test_others_are(text):
    assert not gibberish(text)


# ---- Nonsense --------------------------------------------------------------------------------
def test_an_answer_that_names_nothing_is_kept_and_counts_for_nothing():
    found = shared("asdf", "asdf", "lamp")
    assert found.empty == [True, True, False]
    assert [one.name for one in found.concepts] == ["lamp"]
    assert len(set(found.groups)) == 3


def test_where_everybody_names_nothing_what_they_say_is_the_concept():
    found = shared("various", "nice", "various")
    assert found.concepts[choose(found, [1] * 3, [0] * 3)[0]].name == "various"


def test_letters_that_wordnet_knows_are_a_word():
    assert shared("HDTV", "lamp").empty == [False, False]


# ---- Without WordNet -------------------------------------------------------------------------
def test_without_wordnet_only_forms_speak():
    blind = Meanings(None)
    assert agreed("Dogs", "dog", meanings=blind).name == "Dogs"
    assert agreed("billard", "billiard", meanings=blind)
    assert agreed("tower, tank", "tower", meanings=blind).name == "tower"
    assert agreed("couch", "sofa", meanings=blind) is None
    assert agreed("red wall", "wall", meanings=blind) is None


# ---- Several answers -------------------------------------------------------------------------
def test_two_that_add_to_one_noun_agree_on_the_noun_that_nobody_wrote():
    found = agreed("wooden cabinets", "brown cabinet")
    assert (found.name, found.said) == ("cabinets", False)
    assert agreed("large dog", "poodle").name == "dog"


def test_synonyms_join_the_commonest_word_and_make_no_chain():
    found = shared("arch", "archway", "arch", "lamp")
    assert found.groups == [0, 0, 0, 1]
    assert found.concepts[0].name == "arch"


def test_the_more_specific_words_are_offered_the_commonest_first():
    found = shared("dog", "poodle", "terrier", "poodle", "dog")
    chosen, tied = choose(found, [1] * 5, [0] * 5)
    assert (found.concepts[chosen].name, tied) == ("dog", False)
    assert offered(found, chosen) == ["poodle", "terrier"]


def test_two_things_that_the_same_answers_share_are_no_tie():
    found = shared("crops, plants", "crops, plants")
    assert choose(found, [1] * 2, [0] * 2)[1] is False
    apart = shared("lamp", "window")
    assert choose(apart, [1] * 2, [0] * 2) == (0, True)
    assert choose(apart, [1] * 2, [0, 1])[0] == 1


def test_weights_must_be_numbers_from_zero_up():
    for weights in ([1.0], [1.0, -1.0], [1.0, float("nan")], [1.0, float("inf")]):
        with pytest.raises(ValueError, match="weights"):
            shared("a", "b", weights=weights)


texts = st.one_of(
    st.sampled_from(
        ["dog", "poodle", "red wall", "wall", "couch", "sofa", "black and white", "ok"]
    ),
    st.text(min_size=1, max_size=20),
)


# The first example reads WordNet, and the machine may be busy.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, min_size=1, max_size=5))
def test_any_answers_have_concepts_and_the_same_ones_again(answers):
    found = shared(*answers)
    weights = [1.0] * len(answers)
    chosen, _ = choose(found, weights, weights)
    assert 0 < len(found.concepts[chosen].name) <= 80
    assert found.concepts[chosen].ties
    assert len(found.groups) == len(answers)
    assert found == shared(*answers)
