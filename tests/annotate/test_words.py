"""Free words: what is stored, and when two spellings are one concept."""

import unicodedata
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.core.words import alike, clean_concept, distance, key, merge, singular, spelling


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  billiard \t table\n", "billiard table"),
        ("cafe\u0301", "café"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("nul\x00l\x07", "null"),
        ("la\u200bmp\ufeff", "lamp"),
        ("स्त्री", "स्त्री"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("窓", "窓"),
        ("окно", "окно"),
        ("TV 2", "TV 2"),
        ("a" * 80, "a" * 80),
    ],
)
def test_words_of_any_script_are_stored_clean(raw, clean):
    assert clean_concept(raw) == clean


@pytest.mark.parametrize(
    "raw", ["", "   ", "\u202e\u200b", "123", "?!", "a" * 81, "\u0301", "\ud800"]
)
def test_what_is_no_word_is_refused_with_one_sentence(raw):
    with pytest.raises(ValueError, match=r"^[^.]+\.$"):
        clean_concept(raw)


def test_a_long_row_of_marks_is_refused_at_once():
    marks = "a" + "\u0301\u0316" * 60_000  # putting them in order would take a quarter of a minute
    began = perf_counter()
    with pytest.raises(ValueError, match="it has 120001"):
        clean_concept(marks)
    assert perf_counter() - began < 1


@given(st.text(max_size=120))
def test_what_is_accepted_is_short_one_line_and_stays_as_it_is(text):
    try:
        clean = clean_concept(text)
    except ValueError:
        return
    assert 1 <= len(clean) <= 80
    assert clean_concept(clean) == clean == unicodedata.normalize("NFC", clean)
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in clean)


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("tables", "table"),
        ("houses", "house"),
        ("boxes", "box"),
        ("glasses", "glass"),
        ("benches", "bench"),
        ("cities", "city"),
        ("flies", "fly"),
        ("ties", "tie"),
        ("shelves", "shelf"),
        ("people", "person"),
        ("tomatoes", "tomato"),
        ("shoes", "shoe"),
        ("buses", "bus"),
        ("lenses", "lens"),
        ("dresses", "dress"),
        ("vases", "vase"),
        ("tvs", "tv"),
    ],
)
def test_plurals_meet_their_singular(many, one):
    assert singular(many) == singular(one)


@pytest.mark.parametrize("word", ["glass", "bus", "gas", "canvas", "grass", "窓", "окна", "s"])
def test_words_that_are_no_plural_stay(word):
    assert singular(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Billiard Table", "billiard tables"),
        ("a car", "The Cars"),
        ("car wheel", "the wheels of a car"),
        ("bill board", "billboards"),
        ("T-shirt", "t shirt"),
        ("colour", "colors"),
        ("grey stripes", "gray stripe"),
        ("theatre", "theater"),
        ("billiard", "billard"),
        ("bottle", "botle"),
        ("chair", "chiar"),
        ("dog's head", "dog head"),
        ("ÉTOILE", "étoile"),
        ("black and white", "white/black"),
        ("yellow, blue", "Blue & yellow"),
        ("white", "color white"),
        ("striped pattern", "stripes"),
        ("striped", "stripped"),
    ],
)
def test_spellings_of_one_concept_are_alike(one, other):
    assert alike(key(one), key(other))
    assert alike(key(other), key(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("horse", "house"),
        ("plant", "planet"),
        ("bed", "red"),
        ("flower", "slower"),
        ("car wheel", "cat wheel"),
        ("table lamp", "table"),
        ("chair", "hair"),
        ("窓", "扉"),
        ("color", "pattern"),
        ("black", "black and white"),
        ("hand", "sand"),
    ],
)
def test_other_words_are_not(one, other):
    assert not alike(key(one), key(other))


@given(st.text(alphabet="abcd", max_size=7), st.text(alphabet="abcd", max_size=7))
def test_distance_is_that_of_the_literal_recursion(one, other):
    def slow(a, b):
        if not a or not b:
            return len(a) + len(b)
        best = min(
            slow(a[:-1], b) + 1, slow(a, b[:-1]) + 1, slow(a[:-1], b[:-1]) + (a[-1] != b[-1])
        )
        if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
            best = min(best, slow(a[:-2], b[:-2]) + 1)
        return best

    assert distance(one[:5], other[:5]) == slow(one[:5], other[:5])


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6))
def test_every_concept_has_a_group_and_the_largest_is_first(concepts):
    groups = merge(concepts)
    sizes = [groups.count(number) for number in range(max(groups) + 1)]
    assert all(sizes)
    assert sizes == sorted(sizes, reverse=True)


def test_the_commonest_spelling_is_shown():
    assert merge(["lamp", "Lamps", "bed", "the lamp"]) == [0, 0, 1, 0]
    assert spelling(["Lamp", "lamps", "lamp", "lamp"]) == "lamp"
    assert spelling(["Lamp", "lamp"]) == "lamp"
    assert spelling(["TV"]) == "TV"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("Häuser", "Ha\u0308user"),
        ("Billardtisch", "billardtisch"),
        ("طاولة", " طاولة "),
        ("שולחן-ביליארד", "שולחן ביליארד"),
        ("台球桌", "台球桌"),
        ("ОКНО", "окно"),
        ("astronaut 👩‍🚀", "Astronaut"),
    ],
)
def test_words_of_other_languages_are_compared_by_their_letters(one, other):
    assert key(clean_concept(one)) == key(clean_concept(other))
    assert merge([clean_concept(one), clean_concept(other)]) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Haus", "Häuser"), ("Tisch", "table"), ("بيت", "بنت"), ("窓", "門"), ("שולחן", "כיסא")],
)
def test_a_concept_of_another_language_stays_its_own(one, other):
    assert merge([one, other]) == [0, 1]
