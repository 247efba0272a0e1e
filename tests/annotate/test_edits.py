"""A researcher's decisions about words: folded in order, the later outdoing the earlier."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate.core.concepts import choose, gather
from annotate.core.edits import MERGE, RENAME, SPLIT, Act, fold
from annotate.core.relations import How, english


def merge(*words, into):
    """Return the act that reads the words as a concept."""
    return Act(MERGE, into, words)


def label(texts, *acts):
    """Return the concept of these answers after the acts, and how many stand behind it."""
    found = gather(texts, [1.0] * len(texts), english(), fold(acts))
    best = found.concepts[choose(found, [1] * len(texts), [0] * len(texts))[0]]
    return best.name, len(best.ties)


def test_merged_words_are_read_as_the_concept_in_every_spelling():
    act = merge("davenport", into="sofa")
    assert label(["Davenports", "couch", "lamp"], act) == ("sofa", 2)
    found = gather(["Davenports", "couch"], [1, 1], english(), fold([act]))
    assert found.concepts[0].ties[0].how == How.PERSON
    assert found.concepts[0].ties[0].why == "a researcher reads davenports as sofa"
    # Nobody else says it: the researcher's word is shown.
    assert label(["davenport"], act) == ("sofa", 1)


def test_a_kind_of_what_was_merged_is_a_kind_of_what_it_was_merged_into():
    act = merge("couch", into="soft thing")
    assert label(["red couch", "couch", "lamp"], act) == ("soft thing", 2)
    assert label(["red couch", "soft thing", "lamp"], act) == ("soft thing", 2)
    assert label(["red couch", "big couch", "lamp"], act) == ("soft thing", 2)


def test_a_chain_of_merges_ends_at_the_last_and_the_other_way_round_counts():
    acts = [merge("lamp", into="light"), merge("light", into="glow")]
    assert label(["lamp", "glow", "bed"], *acts) == ("glow", 2)
    turned = [merge("lamp", into="glow"), merge("glow", into="lamp")]
    assert label(["glow", "glow", "bed"], *turned) == ("lamp", 2)


def test_words_split_off_stay_apart_whatever_they_mean():
    texts = ["couch", "couch", "sofa"]
    assert label(texts) == ("couch", 3)
    assert label(texts, Act(SPLIT, "couch", ("sofa",))) == ("couch", 2)
    assert label(["poodle", "dog"], Act(SPLIT, "dog", ("poodle",)))[1] == 1
    assert label(["tower, tank", "tower"], Act(SPLIT, "tower", ("tower, tank",)))[1] == 1


def test_what_was_merged_may_be_split_off_and_merged_again():
    acts = [merge("davenport", into="sofa"), Act(SPLIT, "sofa", ("davenport",))]
    assert label(["davenport", "sofa"], *acts)[1] == 1
    assert label(["davenport", "sofa"], *acts, merge("davenport", into="sofa"))[1] == 2


def test_a_word_led_back_to_what_it_was_split_off_stands_behind_it():
    apart = Act(SPLIT, "sofa", ("couch",))
    acts = [apart, merge("couch", into="dog"), merge("dog", into="sofa")]
    assert label(["couch"], *acts) == ("sofa", 1)
    assert label(["couch", "sofa"], *acts) == ("sofa", 2)


def test_a_split_off_word_leaves_the_synonyms_it_stood_with():
    act = Act(SPLIT, "phone booth", ("telephone box", "telephone booth"))
    assert label(["telephone booth", "telephone box"])[1] == 2
    assert label(["telephone booth", "telephone box"], act)[1] == 1


def test_a_concept_is_shown_under_its_new_name_everywhere():
    act = Act(RENAME, "couch", name="Sofa (any)")
    assert label(["couches", "couch"], act) == ("Sofa (any)", 2)
    assert label(["settee", "couch", "couch"], act)[0] == "Sofa (any)"
    assert label(["lamp"], act) == ("lamp", 1)


words = st.sampled_from(["dog", "poodle", "couch", "sofa", "red wall", "wall"])
acts = st.builds(
    Act,
    st.sampled_from([MERGE, SPLIT, RENAME]),
    words,
    st.tuples(words, words),
    st.just("shown"),
)


# The first example reads WordNet, and the machine may be busy.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=6), st.lists(words, min_size=1, max_size=4))
def test_any_acts_leave_a_reading_that_ends(done, texts):
    edits = fold(done)
    assert edits == fold(done)
    for key, instead in edits.read_as.items():
        assert key != instead
    name, behind = label(texts, *done)
    assert name
    assert behind >= 1
