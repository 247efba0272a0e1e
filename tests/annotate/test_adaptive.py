"""Units asked about until they are sure: judged as answers come, late, twice or not at all."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate import tasks
from annotate.core import stopping as core
from annotate.core.agreement import precision_interval
from annotate.core.rules import CATEGORIES
from annotate.core.stopping import Targets
from annotate.core.trust import read
from annotate.models import Assignment, AuditEntry, Reliability, Task
from annotate.services import adaptive, assignments, lessons, reviews, stopping, truth
from annotate.services.assignments import claim, likely_next
from annotate.services.campaigns import CannotOpen
from annotate.services.extending import More, extend
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import a_lesson

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    """Counts are asked for and never made, unless a test makes one."""
    monkeypatch.setattr(tasks.refit, "apply_async", lambda *_, **__: None)


def open_adaptive(units=1, **plan):
    """Open a campaign that asks until sure; planted negatives are only recorded."""
    fields = {"adaptive": True, "control_rule": "record", "gold_first": 0} | plan
    return open_small_campaign(units=units, **fields)


def say(task, category, worker=None, **changed):
    """Have somebody answer this unit, whichever would be his next; nobody judges it yet."""
    lease = assignments._lease(task.pk, worker or a_worker(), task.campaign, timezone.now())
    return submit(lease, a_given(lease, category=category, **changed), timezone.now())


def at(task):
    """Return answers given, wanted, and why."""
    task = Task.objects.get(pk=task.pk)
    return task.answers_given, task.answers_wanted, task.verdict.get("why", "")


def literal(said, targets, groups=CATEGORIES):
    """Judge by the stated crowd, written out: right in .7, the other .3 spread over five groups."""
    matrix = np.full((6, 6), 0.3 / 5)
    np.fill_diagonal(matrix, 0.7)
    numbers = [groups.index(one) for one in said]
    so_far = core.SoFar(numbers, np.stack([matrix] * len(said)), np.full(6, 1 / 6))
    return core.judge(so_far, targets)


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("object object", "sure"),
        ("object scene object object", "sure"),
        ("object scene object scene part", "maximum"),
    ],
)
def test_a_unit_wants_one_answer_more_until_the_core_says_enough(said, ends):
    [task] = open_adaptive().tasks.all()
    assert at(task) == (0, 2, "")
    so_far = []
    for category in said.split():
        assert task.campaign.tasks.unsettled().exists()
        so_far.append(category)
        say(task, category)
        verdict = literal(so_far, task.campaign.targets)
        wanted = max(2, len(so_far) + (not verdict.enough))
        for _ in range(2):  # delivered twice
            tasks.aggregate(task.pk)
            assert at(task) == (len(so_far), wanted, verdict.why)
            kept = Task.objects.get(pk=task.pk).verdict
            assert kept["reached"]["group"] == pytest.approx(verdict.reached["group"], abs=1e-4)
            assert (kept["answers"], tuple(kept["open"])) == (len(so_far), verdict.open)
    assert verdict.why == ends
    assert claim(a_worker(), task.campaign, timezone.now()) is None
    found = task.campaign.tasks
    assert (found.sure().count(), found.at_maximum().count()) == (ends == "sure", ends != "sure")
    assert not found.unsettled().exists()


def test_a_unit_that_a_reviewer_alone_answered_is_asked_about_when_that_is_rejected(researcher):
    campaign = open_adaptive(answers_least=1, target_group=0.6, user=researcher)
    [task] = campaign.tasks.all()
    lease = reviews.begin(task, timezone.now(), researcher)
    answer = submit(lease, a_given(lease), timezone.now())
    tasks.aggregate(task.pk)
    assert at(task) == (1, 1, "sure")
    reviews.reject(answer, "my mistake", timezone.now(), researcher)
    tasks.aggregate(task.pk)
    assert at(task) == (0, 1, "")
    assert claim(a_worker(), task.campaign, timezone.now())
    reviews.restore(answer, timezone.now(), researcher)
    tasks.aggregate(task.pk)
    assert at(task)[0] == 1


def test_never_more_than_the_most_whatever_is_done():
    [task] = open_adaptive(answers_least=1, answers_most=2).tasks.all()
    for category in ("object", "scene"):
        say(task, category)
        tasks.aggregate(task.pk)
    tasks.publish(task.campaign_id)
    assert at(task) == (2, 2, "maximum")
    assert claim(a_worker(), task.campaign, timezone.now()) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(answers_given=3)


def test_who_holds_a_unit_keeps_his_place_and_a_lapsed_one_is_not_asked_for():
    [task] = open_adaptive().tasks.all()
    say(task, "object")
    say(task, "scene")
    tasks.aggregate(task.pk)
    holder = a_worker()
    lease = claim(holder, task.campaign, timezone.now())
    stopping.set_targets(task.campaign, Targets(2, 5, group=0.4), None, timezone.now())
    tasks.judge(task.campaign_id)
    assert at(task) == (2, 3, "sure")
    later = timezone.now() + task.campaign.lease
    stopping.judge_all(task.campaign, later)  # it ended a moment ago: clocks differ
    assert at(task) == (2, 3, "sure")
    stopping.judge_all(task.campaign, later + timedelta(minutes=5))
    assert at(task) == (2, 2, "sure")
    Task.objects.update(answers_wanted=3)
    submit(lease, a_given(lease, category="object"), timezone.now())
    tasks.aggregate(task.pk)
    assert at(task) == (3, 3, "sure")


def test_a_rejected_answer_is_asked_for_again(researcher):
    [task] = open_adaptive().tasks.all()
    first = say(task, "object")
    say(task, "object")
    tasks.aggregate(task.pk)
    assert at(task) == (2, 2, "sure")
    reviews.reject(first, "a photograph of the floor", timezone.now(), researcher)
    tasks.aggregate(task.pk)
    assert at(task) == (1, 2, "unsure")
    say(task, "scene")
    tasks.aggregate(task.pk)
    assert at(task) == (2, 3, "unsure")
    reviews.restore(first, timezone.now(), researcher)
    tasks.aggregate(task.pk)
    assert at(task) == (3, 4, "unsure")


def test_what_no_message_told_of_is_found_by_the_next_count():
    campaign = open_adaptive(units=3)
    one, other, fresh = campaign.tasks.order_by("pk")
    for category in ("object", "scene"):
        say(one, category)
    for category in ("part", "part"):
        say(other, category)
    assert campaign.tasks.unsettled().count() == 3
    assert not campaign.tasks.sure().exists()
    tasks.refit(campaign.pk)
    assert [at(task) for task in (one, other, fresh)] == [
        (2, 3, "unsure"), (2, 2, "sure"), (0, 2, "")
    ]  # fmt: skip
    assert stopping.judge_all(campaign, timezone.now()) == 0
    for name in ("aggregate", "refit", "publish", "judge"):
        getattr(tasks, name)(10**6)  # deleted since
    standing = adaptive.asked(campaign)
    assert (standing.sure, standing.at_maximum, standing.waiting) == (1, 0, 2)
    assert (standing.given, standing.mean, dict(standing.by_answers)) == (4, 2.0, {2: 1})


def test_the_last_fit_judges_and_strangers_count_as_its_crowd():
    campaign = open_adaptive(units=12, answers_least=3, answers_most=5, method="dawid-skene")
    crew = [a_worker(pseudonym=f"heron-{name}") for name in "abc"]
    for number, task in enumerate(campaign.tasks.order_by("pk")):
        group = CATEGORIES[number % 3]
        for worker, category in zip(crew, (group, group, "texture"), strict=True):
            say(task, category, worker)
    truth.renew(campaign, timezone.now())
    last = campaign.tasks.order_by("pk").last()
    kept = read(campaign.truth_fit.learnt["groups"])
    who = ["heron-a", "heron-b", "heron-c"]
    said = [CATEGORIES.index(one) for one in ("scene", "scene", "texture")]
    said = [CATEGORIES.index(CATEGORIES[11 % 3])] * 2 + [CATEGORIES.index("texture")]
    expected = core.group_posterior(said, kept.of(who), kept.priors).max()
    verdict = Task.objects.get(pk=last.pk).verdict
    assert verdict["reached"]["group"] == pytest.approx(float(expected), abs=1e-4)
    rows = {row.worker.pseudonym: row for row in Reliability.objects.select_related("worker")}
    assert {name: row.better_half for name, row in rows.items()} == {
        "heron-a": True, "heron-b": True, "heron-c": False
    }  # fmt: skip
    Task.objects.filter(pk=last.pk).update(answers_wanted=4)
    say(last, "texture", a_worker(pseudonym="stranger"))
    tasks.aggregate(last.pk)
    said.append(CATEGORIES.index("texture"))
    expected = core.group_posterior(said, kept.of([*who, "stranger"]), kept.priors).max()
    verdict = Task.objects.get(pk=last.pk).verdict
    assert verdict["reached"]["group"] == pytest.approx(float(expected), abs=1e-4)


def test_concepts_and_the_width_of_the_interval_are_targets_too():
    campaign = open_adaptive(target_group=None, target_concept_share=0.6, target_width=0.2)
    [task] = campaign.tasks.all()
    shown = [place for place in range(60) if place not in task.controls]
    say(task, "object", concept="sofas", rejected=shown[:5], all_fit=False)
    say(task, "object", concept="lamp", rejected=shown[:9], all_fit=False)
    tasks.aggregate(task.pk)
    assert at(task) == (2, 3, "unsure")
    kept = Task.objects.get(pk=task.pk).verdict
    votes = np.ones((2, 57))
    votes[0, :5] = votes[1, :9] = 0
    low, high = precision_interval(votes)
    assert kept["reached"] == {"concept_share": 0.5, "width": round(high - low, 4)}
    say(task, "scene", concept="couch", rejected=shown[:7], all_fit=False)  # a sofa by WordNet
    tasks.aggregate(task.pk)
    kept = Task.objects.get(pk=task.pk).verdict
    assert kept["reached"]["concept_share"] == pytest.approx(2 / 3, abs=1e-4)
    assert "concept_share" not in kept["open"]


def test_what_checks_or_teaches_and_who_asks_everybody_alike_are_left_alone():
    campaign = open_adaptive(units=3, repeat_rate=2)
    lesson = a_lesson(campaign, "gold").task
    tutorial = a_lesson(campaign, "tutorial")
    other = tutorial.task
    [task] = campaign.tasks.asked()
    say(task, "object")
    tasks.aggregate(task.pk)
    repeat = Task.objects.get(purpose="repeat")
    for one in (lesson, other, repeat):
        assert stopping.judge_task(Task.objects.get(pk=one.pk), timezone.now()) is None
        assert stopping._settle(one.pk, stopping.grounds_of(campaign), timezone.now()) is None
        assert at(one) == (0, 0, "")
    tasks.judge(campaign.pk)
    assert at(repeat) == (0, 0, "")
    assert lessons.remove(tutorial, timezone.now(), None)
    assert at(other) == (0, 2, "")
    fixed = open_small_campaign(units=1)
    [task] = fixed.tasks.all()
    say(task, "object")
    tasks.aggregate(task.pk)
    tasks.judge(fixed.pk)
    tasks.refit(fixed.pk)
    assert at(task) == (1, 3, "")
    assert not Reliability.objects.filter(campaign=fixed).exists()


def test_unsure_units_go_first_to_who_is_right_more_often(django_assert_num_queries):
    campaign = open_adaptive(units=4)
    unsure, *fresh = campaign.tasks.order_by("pk")
    for category in ("object", "scene"):
        say(unsure, category)
    tasks.aggregate(unsure.pk)
    better, worse, unknown = a_worker(), a_worker(), a_worker()
    for worker, is_better in ((better, True), (worse, False)):
        Reliability.objects.create(
            campaign=campaign, worker=worker, accuracy=0.5, better_half=is_better
        )
    now = timezone.now()
    assert claim(better, campaign, now).task == unsure
    Assignment.objects.filter(worker=better).delete()
    for worker in (worse, unknown):
        assert likely_next(worker, campaign, now) in fresh
        for _ in fresh:
            lease = claim(worker, campaign, now)
            assert lease.task in fresh
            submit(lease, a_given(lease, category="object"), now)
        # Nothing else is there: nobody is left without.
        assert claim(worker, campaign, now).task == unsure
        Assignment.objects.filter(worker=worker, task=unsure).delete()
    with django_assert_num_queries(1):
        assignments._shall_leave_unsure(worse, campaign, [(unsure.pk, 2)])
    with django_assert_num_queries(0):
        assignments._shall_leave_unsure(worse, campaign, [(unsure.pk, 1)])


def test_targets_are_changed_once_audited_and_judged_by(researcher):
    campaign = open_small_campaign(units=1)
    now = timezone.now()
    for changed in (True, False):
        targets = Targets(2, 4, group=0.95)
        assert stopping.set_targets(campaign, targets, researcher, now) == changed
    [entry] = AuditEntry.objects.filter(act="targets changed")
    assert entry.by_user == researcher
    assert entry.reason == "3 answers each → 2 to 4 answers each, until group 0.95 probable"
    tasks.judge(campaign.pk)
    [task] = campaign.tasks.all()
    assert at(task) == (0, 2, "")
    assert campaign.answers_per_unit == 2
    for targets, sentence in (
        (Targets(2, 4, group=None), "no target is set"),
        (Targets(2, 10**4, group=0.9), "less than or equal to 1000"),
    ):
        with pytest.raises(stopping.CannotAsk, match=sentence):
            stopping.set_targets(campaign, targets, researcher, now)
    with pytest.raises(CannotOpen, match="until it is sure enough"):
        extend(campaign, More(answers=4), researcher, now)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"answers_least": 5, "answers_most": 2}, "between 5 and 2 answers"),
        ({"answers_least": 0}, "between 0 and 5 answers"),
        ({"target_group": 1.2}, "the target for group is 1.2"),
        ({"target_width": float("nan")}, "the target for width is nan"),
        ({"target_group": None}, "set one, or ask for a fixed number"),
    ],
)
def test_targets_that_cannot_be_open_nothing(plan, sentence):
    with pytest.raises(CannotOpen, match=sentence):
        open_adaptive(**plan)
