"""Decisions on words: rows of their own, labels made anew at once, undone by another row."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.models import Answer, ConceptDecision
from annotate.services import concepts
from annotate.services.assignments import claim
from annotate.services.concepts import DecisionRefused
from annotate.services.consensus import edits_of, publish, publish_task
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

SAID = (
    ("couch", "Sofas", "couch"),
    ("sofa", "sofa", "davenport"),
    ("poodle", "dog", "dog"),
    ("wooden cabinets", "brown cabinet", "lamp"),
)


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of four units, all answered by the same three people."""
    made = open_small_campaign(units=4, slug="rooms", user=researcher)
    for number in range(3):
        worker = a_worker(pseudonym=f"heron-{number}")
        while lease := claim(worker, made, timezone.now()):
            concept = SAID[lease.task.unit.channel][number]
            submit(lease, a_given(lease, concept=concept), timezone.now())
    publish(made)
    return made


def labels():
    """Return the concept of each unit, in order."""
    rows = UnitSemantics.objects.order_by("unit__channel")
    return list(rows.values_list("concept", flat=True))


def decided(act, **given):
    """Do one act, and return what it changed as (channel, before, after)."""
    row = getattr(concepts, act)(user=None, **given)
    return [(one["channel"], one["before"], one["after"]) for one in row.changed]


def test_the_words_behind_each_concept_and_who_said_them(campaign):
    rows = {row.name: row for row in concepts.concepts(campaign)}
    assert list(rows) == ["cabinets", "couch", "dog", "sofa"]
    couch = rows["couch"]
    assert [(word.text, word.who) for word in couch.words.values()] == [
        ("couch", [("heron-0", 1), ("heron-2", 1)]),
        ("Sofas", [("heron-1", 1)]),
    ]
    assert [word.text for word in couch.removable] == ["Sofas"]
    assert (couch.answers, len(couch.labels)) == (3, 1)
    assert rows["dog"].words["poodle"].why == "a poodle is a kind of dog"
    assert not rows["dog"].words["poodle"].is_same


def test_synonyms_in_different_units_are_suggested(campaign):
    rows = concepts.concepts(campaign)
    pairs = concepts.suggestions(rows, edits_of(campaign))
    assert [(a.name, b.name) for a, b in pairs] == [("sofa", "couch")]
    concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    assert concepts.suggestions(concepts.concepts(campaign), edits_of(campaign)) == []


def test_merging_makes_the_labels_anew_and_says_which_changed(campaign, researcher):
    assert labels() == ["couch", "sofa", "dog", "cabinets"]
    assert decided("merge", campaign=campaign, word="sofa", into="couch") == [(1, "sofa", "couch")]
    assert labels() == ["couch", "couch", "dog", "cabinets"]
    row = concepts.merge(campaign=campaign, word="davenport", into="couch", user=researcher)
    assert (row.changed, row.decided_by, row.words) == ([], researcher, ["davenport"])
    assert UnitSemantics.objects.get(unit__channel=1).agreement == 1.0
    assert row.sentence == "davenport merged into couch"


def test_merged_words_hold_for_answers_still_to_come(campaign):
    concepts.merge(campaign=campaign, word="lamp", into="cabinet", user=None)
    assert labels()[3] == "cabinet"
    assert UnitSemantics.objects.get(unit__channel=3).agreement == 1.0
    Answer.objects.filter(concept="lamp").update(concept="The Lamps")
    publish(campaign)
    assert UnitSemantics.objects.get(unit__channel=3).agreement == 1.0


def test_a_noun_that_nobody_wrote_can_be_merged_too(campaign):
    changed = decided("merge", campaign=campaign, word="cabinets", into="cupboard")
    assert changed == [(3, "cabinets", "cupboard")]
    assert UnitSemantics.objects.get(unit__channel=3).agreement == pytest.approx(2 / 3)


def test_splitting_a_word_off(campaign):
    assert decided("split", campaign=campaign, word="Sofas", concept="couch") == []
    assert UnitSemantics.objects.get(unit__channel=0).agreement == pytest.approx(2 / 3)
    concepts.split(campaign=campaign, word="wooden cabinets", concept="cabinets", user=None)
    assert labels()[3] == "wooden cabinets"
    concepts.split(campaign=campaign, word="poodle", concept="dog", user=None)
    assert UnitSemantics.objects.get(unit__channel=2).agreement == pytest.approx(2 / 3)


def test_renaming_shows_the_name_and_keeps_the_words(campaign):
    changed = decided("rename", campaign=campaign, concept="dog", name="Dog (any breed)")
    assert changed == [(2, "dog", "Dog (any breed)")]
    [row] = [row for row in concepts.concepts(campaign) if row.spelt == "dog"]
    assert (row.name, row.key) == ("Dog (any breed)", "dog")
    # It goes by its new name from here on.
    concepts.rename(campaign=campaign, concept="Dog (any breed)", name="hound", user=None)
    assert labels()[2] == "hound"
    concepts.merge(campaign=campaign, word="hound", into="sofa", user=None)
    assert labels()[2] == "sofa"


def test_undoing_is_a_decision_too_and_can_be_undone(campaign):
    merged = concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    undone = concepts.undo(campaign=campaign, decision=merged.pk, user=None)
    assert labels()[1] == "sofa"
    assert [one["after"] for one in undone.changed] == ["sofa"]
    assert [holds for _, holds in concepts.history(campaign)] == [True, False]
    concepts.undo(campaign=campaign, decision=undone.pk, user=None)
    assert labels()[1] == "couch"
    assert [holds for _, holds in concepts.history(campaign)] == [True, False, True]
    assert ConceptDecision.objects.count() == 3


def test_undoing_all_gives_back_the_labels_of_the_words_alone(campaign):
    before = list(UnitSemantics.objects.order_by("pk").values("concept", "details", "agreement"))
    acts = [
        concepts.merge(campaign=campaign, word="sofa", into="couch", user=None),
        concepts.rename(campaign=campaign, concept="couch", name="seat", user=None),
        concepts.split(campaign=campaign, word="poodle", concept="dog", user=None),
    ]
    for row in acts:
        concepts.undo(campaign=campaign, decision=row.pk, user=None)
    after = UnitSemantics.objects.order_by("pk").values("concept", "details", "agreement")
    assert list(after) == before


def test_everything_recomputes_from_the_answers_and_decisions(campaign):
    concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    concepts.rename(campaign=campaign, concept="dog", name="hound", user=None)
    before = list(UnitSemantics.objects.order_by("pk").values())
    publish(campaign)
    assert list(UnitSemantics.objects.order_by("pk").values()) == before
    UnitSemantics.objects.all().delete()
    publish(campaign)
    assert labels() == ["couch", "couch", "hound", "cabinets"]


def test_only_the_units_with_these_words_are_made_anew(campaign, monkeypatch):
    seen = []

    def spied(task, **more):
        seen.append(task.unit.channel)
        return publish_task(task, **more)

    monkeypatch.setattr(concepts, "publish_task", spied)
    concepts.merge(campaign=campaign, word="dog", into="hound", user=None)
    assert seen == [2]


REFUSED = [
    ("merge", {"word": "zebra", "into": "dog"}, "Nobody in this campaign wrote “zebra”"),
    ("merge", {"word": "dogs", "into": "the dog"}, "one concept already"),
    ("merge", {"word": "dog", "into": "   "}, "Write one or two words"),
    ("merge", {"word": "dog", "into": "x" * 90}, "Shorten it"),
    ("split", {"word": "zebra", "concept": "dog"}, "does not stand behind"),
    ("split", {"word": "lamp", "concept": "zebra"}, "does not stand behind"),
    ("split", {"word": "dog", "concept": "dog"}, "is the concept itself"),
    ("rename", {"concept": "zebra", "name": "horse"}, "labelled “zebra”"),
    ("rename", {"concept": "dog", "name": "dog"}, "called “dog” already"),
    ("rename", {"concept": "dog", "name": "sofa"}, "merge the two instead"),
    ("rename", {"concept": "dog", "name": "123"}, "no letter"),
    ("undo", {"decision": 999_999}, "no such decision"),
]


def test_what_cannot_be_is_refused_in_a_sentence(campaign):
    for act, given, told in REFUSED:
        with pytest.raises(DecisionRefused, match=told):
            getattr(concepts, act)(campaign=campaign, user=None, **given)
    assert not ConceptDecision.objects.exists()


def test_twice_is_refused(campaign):
    row = concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    with pytest.raises(DecisionRefused, match="already"):
        concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    concepts.undo(campaign=campaign, decision=row.pk, user=None)
    with pytest.raises(DecisionRefused, match="undone before"):
        concepts.undo(campaign=campaign, decision=row.pk, user=None)


def test_another_campaigns_decision_is_not_undone_here(campaign):
    row = concepts.merge(campaign=campaign, word="sofa", into="couch", user=None)
    other = open_small_campaign(slug="other")
    with pytest.raises(DecisionRefused, match="no such decision"):
        concepts.undo(campaign=other, decision=row.pk, user=None)


def test_the_database_insists_that_an_undo_names_what_it_undoes(campaign):
    with pytest.raises(IntegrityError), transaction.atomic():
        ConceptDecision.objects.create(campaign=campaign, act="undo")


def test_words_of_any_script_are_merged_and_split(campaign):
    Answer.objects.filter(concept="davenport").update(concept="أريكة")
    publish(campaign)
    concepts.merge(campaign=campaign, word="أريكة", into="sofa", user=None)
    assert UnitSemantics.objects.get(unit__channel=1).agreement == 1.0
    concepts.split(campaign=campaign, word="أريكة", concept="sofa", user=None)
    assert UnitSemantics.objects.get(unit__channel=1).agreement == pytest.approx(2 / 3)
