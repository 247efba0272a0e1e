"""Matches of concepts and classes: kept, decided about by people, undone; and runs they outdate."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.models import ConceptMatch, MatchDecision, Run, State
from analysis.services import localisation, match_decisions
from analysis.services.match_decisions import MatchChanged, Wish, change
from analysis.services.matching import MatchRefused, match_of, matches
from analysis.services.outdated import newest, outdated
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
BED, SOFA, VOID = 3, 5, 9
LABELS = {
    "void_index": VOID,
    "classes": [
        {"index": BED, "name": "bed"},
        {"index": SOFA, "name": "sofa"},
        {"index": VOID, "name": "void"},
    ],
}


@pytest.fixture
def images(db):
    """An image set with masks of beds and sofas."""
    return rows.image_set("rooms", labels=LABELS)


def decided(images, concept, act, label=None, seen=None):
    """Decide about a concept and return what the match is then."""
    wish = Wish(act, label, seen)
    match = change(match=match_of(images, concept), wish=wish, user=None)
    return match.label, match.how


def history(images, concept):
    """Return the history of a match: number, act, from, to."""
    found = MatchDecision.objects.filter(match__image_set=images, match__concept=concept)
    columns = ("number", "act", "before_label", "before_how", "after_label", "after_how")
    return list(found.order_by("number").values_list(*columns))


def test_a_person_decides_and_machines_do_not_change_it(images, researcher):
    found = matches(images, ["beds", "furniture"])
    assert (found["beds"].label, found["beds"].how) == (BED, "name")
    assert (found["furniture"].label, found["furniture"].how) == (None, "none")
    said = change(match=match_of(images, " furniture "), wish=Wish("class", SOFA), user=researcher)
    assert (said.label, said.how) == (SOFA, "person")
    assert decided(images, "beds", "none") == (None, "person")
    again = matches(images, ["beds", "furniture"])
    assert (again["beds"].label, again["beds"].how) == (None, "person")
    assert (again["furniture"].label, again["furniture"].version) == (SOFA, 1)
    assert MatchDecision.objects.get(match__concept="furniture").user == researcher
    assert decided(images, "beds", "machine") == (BED, "name")
    assert history(images, "beds") == [
        (1, "none", BED, "name", None, "person"),
        (2, "machine", None, "person", BED, "name"),
    ]
    assert ConceptMatch.objects.count() == 2


def test_what_stands_already_is_no_decision(images):
    assert decided(images, "beds", "machine", seen=77) == (BED, "name")
    for _ in range(2):
        # Said of the version that was seen first: the second press finds it done.
        assert decided(images, "beds", "class", SOFA, seen=0) == (SOFA, "person")
    assert len(history(images, "beds")) == 1
    # A person who says what the machine says makes it a person's.
    assert decided(images, "furniture", "none") == (None, "person")
    assert len(history(images, "furniture")) == 1


def test_undoing_goes_back_step_by_step_and_each_step_is_an_entry(images):
    decided(images, "beds", "class", SOFA)
    decided(images, "beds", "none")
    assert decided(images, "beds", "undo", seen=2) == (SOFA, "person")
    assert decided(images, "beds", "undo", seen=3) == (BED, "name")
    with pytest.raises(MatchRefused, match="nothing to undo"):
        decided(images, "beds", "undo")
    assert decided(images, "beds", "none") == (None, "person")
    assert decided(images, "beds", "undo") == (BED, "name")
    with pytest.raises(MatchRefused, match="nothing to undo"):
        decided(images, "beds", "undo")
    assert [(number, act) for number, act, *_ in history(images, "beds")] == [
        *((1, "class"), (2, "none"), (3, "undo")),
        *((4, "undo"), (5, "none"), (6, "undo")),
    ]
    undone = MatchDecision.objects.filter(act="undo").values_list("number", "undoes__number")
    assert list(undone) == [(3, 2), (4, 1), (6, 5)]


def test_a_stale_version_is_refused_and_undoes_nothing(images):
    decided(images, "beds", "class", SOFA)
    decided(images, "beds", "none")
    for act, label in (("undo", None), ("class", SOFA), ("machine", None)):
        with pytest.raises(MatchChanged, match="has been changed meanwhile"):
            decided(images, "beds", act, label, seen=1)
    assert len(history(images, "beds")) == 2


def test_of_two_at_the_same_moment_one_is_told(images, monkeypatch):
    match = match_of(images, "beds")
    found = match_decisions._wanted

    def meanwhile(*given):
        ConceptMatch.objects.filter(pk=match.pk).update(version=1)
        return found(*given)

    monkeypatch.setattr(match_decisions, "_wanted", meanwhile)
    with pytest.raises(MatchChanged):
        change(match=match, wish=Wish("none"), user=None)
    assert not MatchDecision.objects.exists()


@pytest.mark.parametrize(
    ("concept", "act", "label", "words"),
    [
        ("", "none", None, "1 to 80 letters"),
        ("x" * 81, "none", None, "1 to 80 letters"),
        ("bed", "class", 77, "have no class 77"),
        ("bed", "class", VOID, "have no class 9"),
        ("bed", "class", None, "Give its index"),
        ("bed", "none", BED, "goes with the decision for a class only"),
        ("bed", "undo", None, "nothing to undo"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(images, concept, act, label, words):
    with pytest.raises(MatchRefused, match=words):
        decided(images, concept, act, label)
    assert not MatchDecision.objects.exists()


def test_without_masks_there_is_nothing_to_decide(db):
    with pytest.raises(MatchRefused, match="photos has no masks"):
        match_of(rows.image_set(), "bed")


def test_an_undo_names_what_it_undoes(images):
    match = match_of(images, "beds")
    for act in ("undo", "class"):
        decision = MatchDecision(
            match=match, number=1, act=act, before_how="name", after_how="none"
        )
        if act == "class":
            decided(images, "beds", "none")
            decision.number, decision.undoes = 2, MatchDecision.objects.get()
        with pytest.raises(IntegrityError), transaction.atomic():
            decision.save()


def test_a_deleted_account_leaves_its_decisions(images, researcher):
    change(match=match_of(images, "beds"), wish=Wish("none"), user=researcher)
    researcher.delete()
    assert MatchDecision.objects.get().user is None


@pytest.fixture
def run(images, settings, tmp_path):
    """A run of localise asked for an hour ago: one unit is a bed, one a couch, one furniture."""
    settings.MEDIA_ROOT = tmp_path
    made = rows.run(rows.network("net"), images)
    for channel, concept in enumerate(("beds", "couch", "furniture")):
        rows.label(rows.unit(made.network, "conv1", channel), concept, run=made)
    made.jobs.create(step="localise", position=5, queue="gpu", state=State.DONE)
    return asked(made, timezone.now() - timedelta(hours=1))


def asked(run, when):
    """Write the names and matches as they stand into a run's recipe."""
    layers = list(run.network.layers.all())
    options = localisation.kept_options(run.network, run.image_set, layers, {})
    recipe = {**run.recipe, "options": {"localise": options}}
    Run.objects.filter(pk=run.pk).update(recipe=recipe, created_at=when)
    run.refresh_from_db()
    return run


def test_a_run_is_outdated_by_a_changed_match_and_by_nothing_else(run, images):
    assert outdated(run) is None
    decided(images, "beds", "class", BED)  # a person confirms the machine
    decided(images, "nobody's concept", "class", SOFA)
    rows.label(rows.unit(run.network, "conv2", 0), "sofa", run=run)  # another name, no match
    assert outdated(run) is None
    decided(images, "couch", "class", BED)
    decided(images, "furniture", "class", SOFA)
    told = outdated(run)
    assert (told.concepts, told.instead, told.is_done) == (["couch", "furniture"], None, False)
    decided(images, "couch", "undo")
    decided(images, "furniture", "undo")
    assert outdated(run) is None


def test_a_run_that_has_the_present_matches_is_named(run, images):
    decided(images, "couch", "none")
    later = rows.run(run.network, images, state=State.RUNNING)
    later.jobs.create(step="localise", position=5, queue="gpu", state=State.WAITING)
    asked(later, timezone.now())
    assert newest(run.network, images) == later
    told = outdated(run)
    assert (told.instead, told.is_done) == (later, False)
    Run.objects.filter(pk=later.pk).update(state=State.DONE)
    assert outdated(run).is_done
    assert outdated(later) is None
    Run.objects.filter(pk=later.pk).update(state=State.CANCELLED)
    assert outdated(run).instead is None
    assert newest(run.network, images) == run


def test_a_run_whose_names_are_gone_tells_nothing(run, images):
    decided(images, "couch", "none")
    run.recipe["options"]["localise"]["names"] = "0" * 64
    assert outdated(run) is None
    run.recipe = {}
    assert outdated(run) is None


def test_a_set_that_no_run_localised_on_has_no_newest(run):
    assert newest(run.network, rows.image_set("others")) is None
