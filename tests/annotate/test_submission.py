"""Submitting: the rules, the count, the same answer twice, and coming late."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.models import Answer, Assignment, Campaign, Task
from annotate.services import campaigns
from annotate.services.assignments import claim, give_back
from annotate.services.submission import Refused, submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def lease(now):
    """A unit held by a worker."""
    return claim(a_worker(), open_small_campaign(), now)


def test_an_answer_is_taken_and_counted(lease, now):
    given = a_given(lease, concept="  Billiard\u202e  table ", focused_seconds=25)
    answer = submit(lease, given, now + timedelta(seconds=40))
    assert (answer.concept, answer.category) == ("Billiard table", "object")
    assert (answer.seconds, answer.focused_seconds) == (40, 25)
    assert (answer.attempts, answer.controls_missed) == (1, 0)
    assert answer.rejected == sorted(lease.task.controls)
    lease.refresh_from_db()
    assert lease.state == Assignment.State.SUBMITTED
    assert lease.task.answers_given == 1


def test_the_same_answer_twice_is_one_answer(lease, now):
    first = submit(lease, a_given(lease), now)
    again = submit(lease, a_given(lease, focused_seconds=99), now + timedelta(hours=9))
    assert again == first
    assert Task.objects.get(pk=lease.task_id).answers_given == 1


def test_another_answer_afterwards_is_refused(lease, now):
    submit(lease, a_given(lease), now)
    with pytest.raises(Refused) as refused:
        submit(lease, a_given(lease, concept="lamp"), now)
    assert set(refused.value.errors) == {"assignment"}
    assert Answer.objects.get().concept == "billiard table"


def test_each_broken_rule_is_told_at_its_place_and_the_draft_kept(lease, now):
    given = a_given(lease, concept=" 12 ", category="thing", rejected=[61])
    with pytest.raises(Refused) as refused:
        submit(lease, given, now)
    assert set(refused.value.errors) == {"concept", "category", "images"}
    lease.refresh_from_db()
    assert lease.attempts == 1
    assert lease.draft["concept"] == " 12 "
    assert not Answer.objects.exists()


@pytest.mark.parametrize("rule", ["enforce", "lenient", "record"])
def test_planted_negatives_left_in_follow_the_rule_of_the_campaign(now, rule):
    campaign = open_small_campaign(control_rule=rule, control_attempts=3)
    lease = claim(a_worker(), campaign, now)
    other = next(i for i in range(60) if i not in lease.task.controls)
    careless = a_given(lease, rejected=[other])
    for _ in range({"enforce": 6, "lenient": 3, "record": 0}[rule]):
        with pytest.raises(Refused) as refused:
            submit(lease, careless, now)
        assert set(refused.value.errors) == {"images"}
        assert not any(char.isdigit() for char in refused.value.errors["images"])
    if rule == "enforce":
        assert submit(lease, a_given(lease), now).attempts == 7
        return
    answer = submit(lease, careless, now)
    assert answer.controls_missed == 3
    assert answer.attempts == (4 if rule == "lenient" else 1)


def test_a_planted_negative_that_failed_to_load_is_not_held_against_the_worker(lease, now):
    hidden, *others = lease.task.controls
    answer = submit(lease, a_given(lease, rejected=others, unseen=[hidden, others[0]]), now)
    assert answer.controls_missed == 0
    assert answer.unseen == [hidden]


def test_a_late_answer_is_taken_while_there_is_room(lease, now):
    assert submit(lease, a_given(lease), now + timedelta(days=2))


def test_a_late_answer_never_takes_the_place_of_somebody_who_holds_it(now):
    campaign = open_small_campaign(units=1, answers=1)
    late = claim(a_worker(), campaign, now)
    later = now + timedelta(hours=1)
    quick = claim(a_worker(), campaign, later)
    with pytest.raises(Refused) as refused:
        submit(late, a_given(late), later)
    assert "kept as a draft" in refused.value.errors["assignment"]
    late.refresh_from_db()
    assert late.draft["concept"] == "billiard table"
    assert late.attempts == 0
    assert submit(quick, a_given(quick), later)
    with pytest.raises(Refused):
        submit(late, a_given(late), later)


def test_a_unit_given_back_can_still_be_answered_while_there_is_room(lease, now):
    give_back(lease, now)
    assert submit(lease, a_given(lease), now)


@pytest.mark.parametrize("end", [campaigns.pause, campaigns.close])
def test_who_holds_a_unit_when_the_campaign_stops_may_submit_until_the_deadline(now, end):
    campaign = open_small_campaign()
    in_time, late = claim(a_worker(), campaign, now), claim(a_worker(), campaign, now)
    end(campaign)
    assert submit(in_time, a_given(in_time), now + timedelta(minutes=19))
    with pytest.raises(Refused) as refused:
        submit(late, a_given(late), now + timedelta(minutes=21))
    assert campaign.state in refused.value.errors["assignment"]


def test_the_database_itself_refuses_one_answer_too_many():
    task = open_small_campaign(units=1).tasks.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(answers_given=task.answers_wanted + 1)


def test_all_fit_is_an_answer_where_nothing_is_planted(now):
    campaign = open_small_campaign(controls=0, control_rule=Campaign.ControlRule.ENFORCE)
    lease = claim(a_worker(), campaign, now)
    assert submit(lease, a_given(lease), now).rejected == []
