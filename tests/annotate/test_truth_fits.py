"""A campaign's answers looked at all at once: fits, labels by them, when they are counted."""

from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate import tasks
from annotate.core.label_table import LabelTable
from annotate.core.practice import Expert
from annotate.core.rules import CATEGORIES
from annotate.core.truth import METHODS, learn
from annotate.core.words import key
from annotate.models import Answer, AuditEntry, Campaign, Task, TruthFit, Worker
from annotate.services import hearing, leaving, truth
from annotate.services.assignments import claim
from annotate.services.campaigns import CannotOpen
from annotate.services.consensus import publish, publish_task
from annotate.services.hearing import KnownAnswer, heard_of
from annotate.services.submission import submit
from annotate.services.trust import trust_of
from annotate.services.workers import new_simulated_worker, worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

UNITS = 6
# What four workers say of six units, group by group; d has a favourite.
SAID = {
    "heron-a": "object part scene simple region object",
    "heron-b": "object part scene simple region texture",
    "heron-c": "object part scene texture region object",
    "heron-d": "scene scene scene scene scene scene",
}


def all_answered(campaign, said=SAID, workers=None):
    """Have everybody answer every unit, and publish nothing."""
    for number, (name, line) in enumerate(said.items()):
        worker = (workers or {}).get(name) or a_worker(pseudonym=name)
        while lease := claim(worker, campaign, timezone.now()):
            place = lease.task.unit.channel
            rejected = sorted({*lease.task.controls, number}) if number < 3 else []
            fields = {"category": line.split()[place], "concept": f"thing {place}"}
            given = a_given(lease, **fields, rejected=rejected, all_fit=not rejected)
            submit(lease, given, timezone.now())


@pytest.fixture
def campaign():
    """Six units, four answers each; planted negatives are only recorded."""
    made = open_small_campaign(units=UNITS, slug="rooms", answers=4, control_rule="record")
    all_answered(made)
    return made


def choose(campaign, method, tied=False):
    """Choose a method, and count and publish by it."""
    truth.choose(campaign=campaign, method=method, tied=tied, user=None, now=timezone.now())
    return truth.renew(campaign, timezone.now(), everything=True)


def label(channel):
    return UnitSemantics.objects.get(unit__channel=channel)


def test_by_majority_nothing_is_as_it_was_before_there_were_fits(campaign):
    publish(campaign)
    before = list(UnitSemantics.objects.values())
    assert truth.renew(campaign, timezone.now(), everything=True) == UNITS
    assert list(UnitSemantics.objects.values()) == before
    assert label(0).details["truth"] == {"method": "majority", "version": 1}
    assert truth.renew(campaign, timezone.now()) == 0


@pytest.mark.parametrize("method", [name for name in METHODS if name != "majority"])
def test_each_method_makes_the_labels_and_says_so(campaign, method):
    assert choose(campaign, method) == UNITS
    rows = Answer.objects.order_by("task__unit__channel", "worker__pseudonym")
    table = LabelTable.of(
        rows.values_list("task__unit__channel", "worker__pseudonym", "category"),
        labels=list(CATEGORIES),
    )
    fit = learn(table, None, method)
    for channel in range(UNITS):
        details = label(channel).details
        rule = details["truth"]
        assert (rule["method"], rule["version"], rule["tied"]) == (method, 1, False)
        assert rule["fit"] == campaign.truth_fit.fingerprint[:16]
        assert sum(rule["groups"].values()) == pytest.approx(1)
        if method != "mace":  # which puts expected logarithms in its last step
            assert [rule["groups"][name] for name in CATEGORIES] == pytest.approx(
                fit.probabilities_[channel].tolist(), abs=2e-3
            )
        likeliest = max(rule["groups"], key=rule["groups"].get)
        assert (label(channel).category, details["category"]) == (likeliest, "likeliest")
        assert len(details["fits"]) == 57
        assert len(details["words"]) == 4


def test_who_always_says_the_same_weighs_less_and_planted_negatives_tell(campaign):
    choose(campaign, "one-coin")
    rows = {row["worker"]: row for row in campaign.truth_fit.learnt["workers"]}
    assert rows["heron-d"]["weight"] < 0.5 < 1 < rows["heron-a"]["weight"]
    for row in rows.values():
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    trust = trust_of(campaign)
    assert trust.images.matrices["heron-d"][0, 0] < trust.images.matrices["heron-a"][0, 0]
    assert label(0).details["weighted"] is True
    publish_task(Task.objects.first(), weights={"heron-d": 9.0})  # given ones go before
    assert set(label(0).details["fits"]) == set(label(0).details["votes"])


def test_the_same_answers_give_the_same_bytes_in_any_order(campaign):
    Campaign.objects.update(method="dawid-skene")
    first = truth.count(campaign, timezone.now())
    kept = (first.fingerprint, str(first.learnt), str(first.units), str(first.figures))
    rows = list(Answer.objects.order_by("pk").values())
    Answer.objects.all().delete()
    rng = np.random.default_rng(0)
    # Within a unit the order in which answers came is kept; units come in any order.
    places = sorted(range(len(rows)), key=lambda at: (rng.permutation(UNITS)[0], at))
    order = {task: rng.random() for task in {row["task_id"] for row in rows}}
    places.sort(key=lambda at: (order[rows[at]["task_id"]], at))
    for at in places:
        Answer.objects.create(**{**rows[at], "id": None})
    again = truth.count(campaign, timezone.now())
    assert (again.fingerprint, str(again.learnt), str(again.units), str(again.figures)) == kept
    TruthFit.objects.all().delete()
    anew = truth.count(campaign, timezone.now())
    assert (anew.fingerprint, str(anew.learnt), str(anew.units), str(anew.figures)) == kept


def test_a_rejected_answer_and_a_simulated_worker_count_nowhere(campaign):
    fit = truth.count(campaign, timezone.now())
    assert fit.answers == 24
    Answer.objects.filter(worker__pseudonym="heron-d").update(counts=False)
    assert not truth.is_current(campaign, fit)
    fit = truth.count(campaign, timezone.now())
    assert (fit.answers, truth.is_current(campaign, fit)) == (18, True)
    assert "heron-d" not in str(fit.learnt)
    Worker.objects.filter(pseudonym="heron-c").update(kind="simulated")
    assert truth.count(campaign, timezone.now()).answers == 12
    simulated = open_small_campaign(units=1, simulated=True)
    worker = new_simulated_worker()
    lease = claim(worker, simulated, timezone.now())
    submit(lease, a_given(lease), timezone.now())
    assert truth.count(simulated, timezone.now()).answers == 1


def test_an_answer_is_judged_by_the_last_fit_until_the_next(campaign):
    choose(campaign, "dawid-skene")
    fit = campaign.truth_fit
    Task.objects.update(answers_wanted=5)
    lease = claim(a_worker(pseudonym="heron-e"), campaign, timezone.now())
    given = submit(lease, a_given(lease, category="simple"), timezone.now())
    row = publish_task(given.task)
    assert row.answers == 5
    assert row.details["truth"]["fit"] == fit.fingerprint[:16]
    assert row.details["truth"]["answers"] == 24
    truth.renew(campaign, timezone.now())
    renewed = UnitSemantics.objects.get(pk=row.pk).details["truth"]
    assert (renewed["answers"], renewed["fit"]) != (24, fit.fingerprint[:16])
    truth.choose(campaign=campaign, method="mace", tied=False, user=None, now=timezone.now())
    assert trust_of(campaign) is None  # not counted by it yet: by head, and the label says so
    assert publish_task(given.task).details["truth"]["method"] == "majority"


def test_many_answers_ask_for_one_count(campaign, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.refit, "apply_async", lambda args, countdown: sent.append(countdown))
    for task in campaign.tasks.all():
        tasks.aggregate(task.pk)
    assert sent == [30.0]
    tasks.refit(campaign.pk)
    tasks.refit(campaign.pk)
    fit = TruthFit.objects.get()
    assert (fit.answers, fit.due_at) == (24, None)
    TruthFit.objects.update(seconds=60)  # a long one is asked for less often
    tasks.ask(campaign)
    assert sent == [30.0, 600.0]
    later = timezone.now() + timedelta(hours=1)
    assert truth.ask(campaign, timezone.now()) is None
    assert truth.ask(campaign, later) == 600.0  # the first message was lost
    tasks.refit(campaign.pk + 99)
    tasks.publish(campaign.pk + 99)


def test_a_broker_that_is_away_is_no_reason_to_fail(campaign, monkeypatch):
    def away(*_, **__):
        raise OSError("no broker")

    monkeypatch.setattr(tasks.refit, "apply_async", away)
    tasks.aggregate(campaign.tasks.first().pk)
    assert UnitSemantics.objects.count() == 1


def test_choosing_is_audited_once_and_nonsense_is_refused(campaign, researcher):
    at = timezone.now()
    for changed in (True, False):
        assert changed == truth.choose(
            campaign=campaign, method="dawid-skene", tied=True, user=researcher, now=at
        )
    [entry] = AuditEntry.objects.all()
    assert (entry.act, entry.by_user) == ("method chosen", researcher)
    assert entry.reason == "majority → dawid-skene, kinds of workers tied"
    for method, tied in (("oracle", False), ("mace", True)):
        with pytest.raises(truth.CannotChoose, match=method):
            truth.choose(campaign=campaign, method=method, tied=tied, user=None, now=at)
    assert Campaign.objects.get().method == "dawid-skene"


def test_members_and_link_workers_may_be_tied(db):
    campaign = open_small_campaign(
        units=UNITS, answers=4, control_rule="record", method="dawid-skene", tied=True
    )
    members = {
        name: worker_for(User.objects.create(username=name)) for name in ("heron-a", "heron-b")
    }
    all_answered(campaign, workers=members)
    fit = truth.count(campaign, timezone.now())
    names = {worker.pseudonym: number for number, worker in enumerate(members.values())}
    kept = fit.learnt["groups"]
    matrices = dict(zip(kept["workers"], kept["matrices"], strict=True))
    tied = [matrices[name] for name in names]
    assert tied[0] == tied[1] != matrices["heron-c"]
    assert matrices["heron-c"] == matrices["heron-d"]
    methods = {(row["method"], row["tied"]): row for row in fit.figures["methods"]}
    assert len(methods) == len(METHODS) + 2
    assert methods["dawid-skene", True]["chosen"]
    assert methods["dawid-skene", True]["changed"] == 0
    for row in fit.figures["methods"]:
        listed = [
            one
            for one in fit.figures["changes"]
            if (one["method"], one["tied"]) == (row["method"], row["tied"])
        ]
        assert len(listed) == row["changed"]


def test_known_units_teach_what_workers_are_worth_and_get_no_label(campaign, monkeypatch):
    Campaign.objects.update(method="one-coin")
    campaign.refresh_from_db()
    before = truth.count(campaign, timezone.now())
    task = Task.objects.get(unit__channel=0)
    Task.objects.filter(pk=task.pk).update(purpose="gold")
    known = [KnownAnswer(task.pk, task.unit_id, Expert("sea", "scene", frozenset(task.controls)))]
    monkeypatch.setattr(hearing, "known_answers", lambda _: known)
    fit = truth.count(campaign, timezone.now())
    assert (fit.answers, before.answers) == (20, 24)
    assert set(fit.units) == {f"conv1/{channel}" for channel in range(1, UNITS)}
    assert len(heard_of(campaign)) == 24
    worth = [
        {row["worker"]: row["accuracy"] for row in one.learnt["workers"]} for one in (before, fit)
    ]
    assert worth[1]["heron-d"] > worth[0]["heron-d"]  # he was right about it
    assert truth.is_current(campaign, fit)
    known[0] = KnownAnswer(task.pk, task.unit_id, Expert("lamp", "object", frozenset()))
    assert not truth.is_current(campaign, fit)  # she has corrected herself


def test_who_leaves_takes_his_name_out_of_the_fit(campaign):
    fit = truth.count(campaign, timezone.now())
    assert "heron-a" in str(fit.learnt)
    leaving.leave(Worker.objects.get(pseudonym="heron-a"), timezone.now())
    stands = TruthFit.objects.get()
    assert "heron-a" not in str(stands.learnt)
    assert "left-" in str(stands.learnt)
    truth._keep(fit, {"heron-a"})  # a count that began before he left
    assert "heron-a" not in str(TruthFit.objects.get().learnt)


@pytest.mark.parametrize("answers", [0, 1])
def test_a_campaign_with_next_to_nothing_is_counted_too(db, answers):
    campaign = open_small_campaign(units=2, method="dawid-skene")
    if answers:
        lease = claim(a_worker(), campaign, timezone.now())
        submit(lease, a_given(lease), timezone.now())
    assert truth.renew(campaign, timezone.now(), everything=True) == answers
    fit = TruthFit.objects.get()
    assert (fit.is_counted, fit.answers) == (bool(answers), answers)
    if answers:
        assert key(UnitSemantics.objects.get().concept) == key("billiard table")
        assert (
            fit.figures["agreement"][0]["missing"] == "no task has two answers, so nobody can agree"
        )


def test_a_campaign_is_opened_with_a_method_that_can_be(db):
    assert open_small_campaign(units=1, method="mace").method == "mace"
    with pytest.raises(CannotOpen, match="mace does not tie kinds of workers"):
        open_small_campaign(units=1, method="mace", tied=True)
    with pytest.raises(CannotOpen, match="no method 'oracle'"):
        open_small_campaign(units=1, method="oracle")
