"""Rules and rulings: who is caught, what follows, appeals, and every step twice."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate import tasks
from annotate.models import (
    Answer,
    Appeal,
    Assignment,
    AuditEntry,
    Campaign,
    CampaignRules,
    Lesson,
    PracticeRound,
    Ruling,
    Task,
)
from annotate.services import own_work, practice, rulings, worker_rules, worker_standings
from annotate.services.assignments import claim, extend
from annotate.services.leaving import leave
from annotate.services.practice import CannotPractise
from annotate.services.qualification import Stage, standing_of
from annotate.services.rulings import CannotRule, Order
from annotate.services.submission import Refused, submit
from annotate.services.workers import new_simulated_worker
from tests.annotate.crew import BAD, a_crew, answer
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import WRONG, a_lesson, practise

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

STRICT = {
    "missed_above": 50,
    "missed_then": "pause",
    "minimum_answers": 2,
    "window": 20,
    "when_sure": False,
}


@pytest.fixture
def boss(db):
    """The maker of the campaign."""
    return User.objects.create_user("boss")


@pytest.fixture
def campaign(boss):
    """Six units; planted negatives are only recorded."""
    return open_small_campaign(units=6, user=boss, control_rule="record", slug="six")


def by(boss, state, why="I have my reasons"):
    """Return an order of the researcher."""
    return Order(Ruling.State(state), why, by=boss)


def rule(worker, campaign, boss, state, why="I have my reasons"):
    """Rule by hand."""
    return rulings.rule_by_hand(worker, campaign, by(boss, state, why), timezone.now())


def judged(campaign):
    """Look at everybody, as after an answer to each unit."""
    for task in campaign.tasks.asked():
        tasks.aggregate(task.pk)
    return list(Ruling.objects.order_by("pk").values_list("worker__pseudonym", "state", "rule"))


# ---- Ruling.State, from rows ---------------------------------------------------------------------
def test_the_table_is_read_in_as_many_queries_however_many_there_are(
    campaign, django_assert_num_queries
):
    bad, (good, calm) = a_crew(campaign, units=2)
    with django_assert_num_queries(5):  # answers, tasks, rejected, rulings, workers
        rows = {row.worker: row for row in worker_standings.table(campaign)}
    assert (rows[bad].standing.sensitivity.hits, rows[bad].standing.sensitivity.of) == (0, 6)
    assert rows[good].standing.sensitivity.value == 1
    assert rows[bad].standing.group.value == 0
    assert rows[bad].standing.confusion[5, 4] == 2
    assert rows[good].standing.undecided == 2  # the bad one and the calm one differ
    assert rows[bad].standing.pace.ratio == pytest.approx(2 / 30)
    assert rows[calm].state == Ruling.State.ACTIVE
    a_crew_too = [a_worker() for _ in range(3)]
    Task.objects.update(answers_wanted=9)
    for worker in a_crew_too:
        answer(worker, campaign)
    Answer.objects.filter(worker=bad).update(counts=False)
    with django_assert_num_queries(5):
        rows = {row.worker: row for row in worker_standings.table(campaign)}
    assert (rows[bad].standing, rows[bad].rejected) == (None, 2)
    assert rows[good].standing.group.value == 1  # the bad answers speak no longer
    detail = worker_standings.detail(good, campaign)
    assert (detail.words.value, detail.gold, detail.repeated) == (1, None, None)


def test_the_first_look_counts_and_an_early_enter_does_not(boss):
    campaign = open_small_campaign(units=2, control_rule="enforce", slug="strict")
    worker, now = a_worker(), timezone.now()
    lease = claim(worker, campaign, now)
    for said in ({"concept": ""}, {"rejected": [], "all_fit": False}):
        with pytest.raises(Refused):
            submit(lease, a_given(lease, **said), now)
        assert Assignment.objects.get().first_missed is None
    for missing in (2, 1):
        with pytest.raises(Refused):
            submit(lease, a_given(lease, rejected=lease.task.controls[:-missing] or [5]), now)
        assert Assignment.objects.get().first_missed == 2
    assert submit(lease, a_given(lease), now).controls_missed == 0
    answer(worker, campaign)
    found = worker_standings.table(campaign)[0].standing.sensitivity
    assert (found.hits, found.of) == (1 + 3, 6)
    # Of an older answer that took several attempts nothing is known.
    Assignment.objects.filter(pk=lease.pk).update(first_missed=None)
    assert worker_standings.table(campaign)[0].standing.sensitivity.of == 3


def test_gold_and_repeated_units_are_compared_where_there_are_some(campaign):
    worker = a_worker()
    first = answer(worker, campaign)
    for purpose, other in (("gold", 1), ("repeat", 0)):
        task = Task.objects.create(
            campaign=campaign,
            unit=campaign.tasks.asked()[other].unit if other else first.task.unit,
            purpose=purpose,
            items=list(reversed(first.task.items)),
            controls=[],
            answers_wanted=0,
        )
        lease = Assignment.objects.create(
            task=task, worker=worker, state="submitted", seed=1,
            leased_at=timezone.now(), due_at=timezone.now(),
        )  # fmt: skip
        last = len(task.items) - 1
        Answer.objects.create(
            assignment=lease, task=task, worker=worker, concept="billiard tables",
            category="part", rejected=[last - place for place in first.rejected], seconds=9,
        )  # fmt: skip
    Lesson.objects.create(
        task=Task.objects.get(purpose="gold"), kind="gold", concept="sofa", category="part",
        rejected=[], labelled_at=timezone.now(),
    )  # fmt: skip
    found = worker_standings.detail(worker, campaign)
    assert (found.gold.words.hits, found.gold.group.hits, found.gold.units) == (0, 1, 1)
    assert found.gold.images.value == pytest.approx(57 / 60)
    assert (found.repeated.words.hits, found.repeated.group.hits) == (1, 0)
    assert found.repeated.images.value == 1  # the same images, in other places
    assert found.row.standing.answers == 1  # they are no labels


# ---- Rules -----------------------------------------------------------------------------------
def test_no_rule_is_on_unless_chosen(campaign):
    a_crew(campaign, units=3)
    assert judged(campaign) == []
    CampaignRules.objects.create(campaign=campaign)
    assert judged(campaign) == []


def test_a_rule_pauses_whom_it_catches_once_however_often_it_is_looked_at(campaign, boss):
    worker_rules.set_rules(campaign, STRICT, boss, timezone.now())
    bad, _ = a_crew(campaign, units=2)
    assert judged(campaign) == judged(campaign) == [(bad.pseudonym, "paused", "missed")]
    ruling = Ruling.objects.get()
    assert "100% of the images that clearly do not fit were left in" in ruling.why
    assert "6" not in ruling.why  # how many were planted is not told
    entry = AuditEntry.objects.get(act="paused")
    assert (entry.worker, entry.author, entry.reason) == (bad, "rule", ruling.sentence)
    assert claim(bad, campaign, timezone.now()) is None


def test_fewer_answers_than_the_least_and_doubt_catch_nobody(campaign, boss):
    for changed in ({"minimum_answers": 3}, {"when_sure": True, "missed_above": 90}):
        worker_rules.set_rules(campaign, STRICT | changed, boss, timezone.now())
        if not Answer.objects.exists():
            a_crew(campaign, units=2)
        assert judged(campaign) == []


def test_rules_changed_while_people_work_hold_from_the_next_answer_on(campaign, boss):
    bad, _ = a_crew(campaign, units=2)
    worker_rules.set_rules(campaign, STRICT | {"missed_above": None}, boss, timezone.now())
    assert judged(campaign) == []
    worker_rules.set_rules(campaign, STRICT | {"missed_then": "end"}, boss, timezone.now())
    assert judged(campaign) == [(bad.pseudonym, "ended", "missed")]
    worker_rules.set_rules(campaign, {"missed_above": None}, boss, timezone.now())
    assert Ruling.objects.newest(bad, campaign).state == "ended"  # what was ruled stays
    reasons = AuditEntry.objects.filter(act="rules changed").values_list("reason", flat=True)
    assert "More than 50% of planted negatives missed: end" in reasons[1]
    assert reasons[0] == "No rule is on."
    # Set again to the same, nothing is written down.
    worker_rules.set_rules(campaign, {"missed_above": None}, boss, timezone.now())
    assert AuditEntry.objects.filter(act="rules changed").count() == len(reasons) == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignRules.objects.update(minimum_answers=30, window=20)


def test_who_was_let_go_on_is_judged_by_what_he_does_since(campaign, boss):
    worker_rules.set_rules(campaign, STRICT, boss, timezone.now())
    bad, _ = a_crew(campaign, units=2)
    judged(campaign)
    rule(bad, campaign, boss, "active")
    assert len(judged(campaign)) == 2
    for count in (2, 3):
        answer(bad, campaign, **BAD)
        assert len(judged(campaign)) == count


def test_a_worker_who_left_and_simulated_ones_are_never_ruled_on(campaign, boss):
    worker_rules.set_rules(campaign, STRICT, boss, timezone.now())
    bad, _ = a_crew(campaign, units=2)
    leave(bad, timezone.now())
    machine = new_simulated_worker()
    for task in campaign.tasks.asked().filter(answers__isnull=True)[:2]:
        lease = Assignment.objects.create(
            task=task, worker=machine, seed=1, leased_at=timezone.now(),
            due_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
        submit(lease, a_given(lease, **BAD), timezone.now())
    assert judged(campaign) == []
    bad.refresh_from_db()
    with pytest.raises(CannotRule, match="has left"):
        rule(bad, campaign, boss, "paused")
    Campaign.objects.update(simulated=True)
    assert judged(campaign) == [(machine.pseudonym, "paused", "missed")]


# ---- Effect ----------------------------------------------------------------------------------
def test_the_unit_in_hand_may_be_submitted_and_a_lapsed_one_not(campaign, boss):
    worker, now = a_worker(), timezone.now()
    held = claim(worker, campaign, now)
    rule(worker, campaign, boss, "paused")
    assert claim(worker, campaign, now) == held  # his tab leads him to it
    assert extend(held, now)
    assert submit(held, a_given(held), now).counts
    assert claim(worker, campaign, now) is None
    assert standing_of(worker, campaign).stage is Stage.STOPPED
    rule(worker, campaign, boss, "active")
    held = claim(worker, campaign, now)
    rule(worker, campaign, boss, "ended")
    late = now + timedelta(hours=2)
    assert not extend(held, late)
    with pytest.raises(Refused, match="no new ones are given to you"):
        submit(held, a_given(held), late)
    assert claim(worker, open_small_campaign(slug="other"), now)  # others stay open


def test_a_unit_is_given_out_with_one_query_more_than_before(campaign, django_assert_num_queries):
    worker = a_worker()
    with django_assert_num_queries(2):  # the newest ruling, whether there is a practice round
        assert standing_of(worker, campaign).may_work


def test_practise_again_is_one_more_round_and_passing_it_is_going_on(campaign, boss):
    a_lesson(campaign)
    worker, now = a_worker(), timezone.now()
    with pytest.raises(CannotRule, match="has not passed"):
        rule(worker, campaign, boss, "practise")
    practise(campaign, worker)
    rule(worker, campaign, boss, "practise")
    assert standing_of(worker, campaign).stage is Stage.ASKED
    assert claim(worker, campaign, now) is None
    begun = practice.begin(worker, campaign, now)
    assert (begun.attempt, practice.begin(worker, campaign, now)) == (2, begun)
    assert standing_of(worker, campaign).stage is Stage.PRACTISING
    practise(campaign, worker)
    newest = Ruling.objects.newest(worker, campaign)
    assert (newest.state, newest.rule, newest.facts["points"]) == ("active", "passed", 100)
    assert claim(worker, campaign, now)
    rule(worker, campaign, boss, "practise")
    assert practise(campaign, worker, **WRONG).attempt == 3
    newest = Ruling.objects.newest(worker, campaign)
    assert (newest.state, newest.rule) == ("paused", "failed")
    with pytest.raises(CannotPractise, match="none to practise on"):
        practice.begin(worker, campaign, now)
    assert PracticeRound.objects.filter(worker=worker).count() == 3
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))
    assert acts == ["asked to practise again", "let go on", "asked to practise again", "paused"]
    with pytest.raises(IntegrityError), transaction.atomic():  # nobody asked for a fourth
        PracticeRound.objects.create(campaign=campaign, worker=worker, attempt=4, started_at=now)


def test_a_rule_that_asks_for_practice_pauses_where_there_is_none(campaign, boss):
    fields = STRICT | {"missed_then": "practise"}
    worker_rules.set_rules(campaign, fields, boss, timezone.now())
    bad, _ = a_crew(campaign, units=2)
    assert judged(campaign) == [(bad.pseudonym, "paused", "missed")]
    with pytest.raises(CannotRule, match="no practice round"):
        rule(bad, campaign, boss, "practise")


def test_a_rule_asks_whom_has_passed_to_practise_again(campaign, boss):
    a_lesson(campaign)
    fields = STRICT | {"missed_then": "practise"}
    worker_rules.set_rules(campaign, fields, boss, timezone.now())
    worker = a_worker()
    practise(campaign, worker)
    for _ in range(2):
        answer(worker, campaign, **BAD)
    assert judged(campaign) == [(worker.pseudonym, "practise", "missed")]
    # The practice round is taken out meanwhile: he waits for the researcher.
    Lesson.objects.update(labelled_at=None)
    assert standing_of(worker, campaign).stage is Stage.STOPPED


# ---- By hand, and appeals --------------------------------------------------------------------
def test_an_appeal_is_one_and_its_answer_is_the_researchers(campaign, boss):
    worker, now = a_worker(), timezone.now()
    with pytest.raises(CannotRule, match="Nothing holds you back"):
        rulings.appeal(worker, campaign, "why?", now)
    rule(worker, campaign, boss, "paused")
    with pytest.raises(CannotRule, match=r"^Write what"):
        rulings.appeal(worker, campaign, "\u202e \n", now)
    one = rulings.appeal(worker, campaign, "My screen\x07 was broken.", now)
    assert one.text == "My screen was broken."
    assert rulings.appeal(worker, campaign, "My screen was broken.", now) == one
    with pytest.raises(CannotRule, match="appealed already"):
        rulings.appeal(worker, campaign, "And the mouse.", now)
    rulings.uphold(worker, campaign, "It was not.", boss, now)
    with pytest.raises(CannotRule, match="No appeal of"):
        rulings.uphold(worker, campaign, "It was not.", boss, now)
    one.refresh_from_db()
    assert (one.answer, one.upheld, one.answered_by) == ("It was not.", True, boss)
    assert claim(worker, campaign, now) is None
    rule(worker, campaign, boss, "ended")
    rulings.appeal(worker, campaign, "Please.", now)
    rule(worker, campaign, boss, "active", "All right.")
    newest = Appeal.objects.latest("pk")
    assert (newest.answer, newest.upheld) == ("All right.", False)
    assert claim(worker, campaign, now)
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", "reason"))
    assert acts == [
        ("paused", "I have my reasons"), ("appealed", ""), ("appeal refused", "It was not."),
        ("ended", "I have my reasons"), ("appealed", ""), ("let go on", "All right."),
    ]  # fmt: skip
    told = own_work.everything(worker)["rulings"]
    assert [row["state"] for row in told] == ["active", "ended", "paused"]
    assert told[1]["appeal"] == "Please."


def test_what_cannot_be_ruled_is_said_and_changes_nothing(campaign, boss):
    worker = a_worker(pseudonym="quiet-owl-1")
    rule(worker, campaign, boss, "paused")
    for state, why, words in (
        ("paused", "again", "quiet-owl-1 is paused already"),
        ("active", " ", "^Write the reason"),
        ("active", "x" * 1001, "to 1000 characters; it has 1001"),
    ):
        with pytest.raises(CannotRule, match=words):
            rule(worker, campaign, boss, state, why)
    with pytest.raises(CannotRule, match="may work already"):
        rule(a_worker(), campaign, boss, "active")
    assert Ruling.objects.count() == AuditEntry.objects.count() == 1


def test_who_leaves_takes_his_words_with_him(campaign, boss):
    worker, now = a_worker(), timezone.now()
    for state in ("paused", "ended"):
        rule(worker, campaign, boss, state)
        rulings.appeal(worker, campaign, f"I, Alice Smith, object to {state}.", now)
    leave(worker, now)
    assert list(Appeal.objects.values_list("text", "upheld")) == [("", True)]
    worker.refresh_from_db()
    kept = [*Ruling.objects.values(), *Appeal.objects.values(), *AuditEntry.objects.values()]
    assert "Alice" not in json.dumps(kept, default=str)
    assert not [row for row in worker_standings.table(campaign) if row.ruling.open_appeal]
