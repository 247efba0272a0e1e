"""A worker's own: standing, history, rest, and being forgotten."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.models import Answer, Assignment, Campaign, Task, Worker
from annotate.services import campaigns, own_work
from annotate.services.assignments import claim, save_draft
from annotate.services.consensus import publish, publish_task
from annotate.services.leaving import leave
from annotate.services.rest import rest_until
from annotate.services.submission import submit
from annotate.services.workers import worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def campaign(db):
    """Three units."""
    return open_small_campaign(units=3)


def answered(worker, campaign, now, **changed):
    """Answer one unit."""
    lease = claim(worker, campaign, now)
    return submit(lease, a_given(lease, **changed), now)


# ---- Being forgotten ----------------------------------------------------------------------------
def test_who_leaves_is_forgotten_and_his_answers_stay(worker_user, campaign, now):
    worker = worker_for(worker_user)
    former = worker.pseudonym
    answered(worker, campaign, now)
    held = claim(worker, campaign, now)
    save_draft(held, {"concept": "my own words"}, 5, now)
    publish(campaign)
    label = UnitSemantics.objects.get()
    assert leave(worker, now)
    assert not User.objects.filter(username="alice").exists()
    kept = Worker.objects.get(pk=worker.pk)
    assert (kept.user, kept.digest) == (None, None)
    assert Answer.objects.get().worker == kept
    assert Task.objects.get(pk=Answer.objects.get().task_id).answers_given == 1
    held.refresh_from_db()
    assert (held.state, held.draft) == (Assignment.State.RETURNED, {})
    after = UnitSemantics.objects.get()
    assert former not in json.dumps(after.details)
    assert after.details["words"][0]["worker"] == kept.pseudonym
    assert (after.concept, after.updated_at) == (label.concept, label.updated_at)
    publish_task(Task.objects.get(pk=Answer.objects.get().task_id))
    assert former not in json.dumps(UnitSemantics.objects.get().details)


def test_other_peoples_names_stay(campaign, now):
    leaving, staying = a_worker(), a_worker()
    answered(staying, campaign, now)
    answered(leaving, campaign, now)
    publish(campaign)
    leave(leaving, now)
    assert Worker.objects.filter(pseudonym=staying.pseudonym).exists()
    told = json.dumps(list(UnitSemantics.objects.values_list("details", flat=True)))
    assert staying.pseudonym in told
    assert leaving.pseudonym not in told


def test_a_researchers_account_stays(researcher, campaign, now):
    assert not leave(worker_for(researcher), now)
    assert User.objects.filter(username="bob").exists()
    assert not Worker.objects.filter(user=researcher).exists()


def test_leaving_twice_does_no_harm(campaign, now):
    worker = a_worker()
    answered(worker, campaign, now)
    leave(worker, now)
    leave(worker, now)
    assert Answer.objects.count() == 1


# ---- History ------------------------------------------------------------------------------------
def test_what_others_said_is_shown_only_when_nobody_is_asked_any_more(campaign, now):
    worker = a_worker()
    answered(worker, campaign, now)
    publish(campaign)
    answers = list(own_work.history(worker))
    assert [row.label for row in own_work.with_use(answers)] == [None]
    campaigns.close(campaign)
    other = open_small_campaign(slug="second", run=campaign.run)
    assert own_work.with_use(list(own_work.history(worker)))[0].is_secret
    campaigns.close(other)
    (row,) = own_work.with_use(list(own_work.history(worker)))
    assert row.label.concept == "billiard table"


def test_the_sums_count_only_ones_own(campaign, now):
    worker = a_worker()
    for _ in range(2):
        answered(worker, campaign, now, focused_seconds=90)
    answered(a_worker(), campaign, now)
    work = own_work.work_of(worker)
    assert (work.answers, work.campaigns, work.minutes) == (2, 1, 3)
    assert own_work.work_of(a_worker()).answers == 0


def test_everything_kept_is_handed_out_but_the_planted_images(campaign, now):
    worker = a_worker()
    answered(worker, campaign, now)
    held = claim(worker, campaign, now)
    save_draft(held, {"concept": "half"}, 5, now)
    told = own_work.everything(worker)
    assert [answer["concept"] for answer in told["answers"]] == ["billiard table"]
    assert [one["draft"]["concept"] for one in told["drafts"]] == ["half"]
    assert "control" not in json.dumps(told)


# ---- Rest ---------------------------------------------------------------------------------------
def at_minutes(worker, minutes, now, campaign):
    """Let the worker have answered so many minutes ago, each time."""
    for ago in minutes:
        answer = answered(worker, campaign, now)
        Answer.objects.filter(pk=answer.pk).update(created_at=now - timedelta(minutes=ago))


@pytest.mark.parametrize(
    ("minutes", "rests"),
    [
        ((12, 8, 4, 1), True),  # eleven minutes without a pause
        ((12, 8, 1), False),  # seven minutes apart: he rested
        ((8, 4, 1), False),
        ((20, 16, 12, 8), False),  # the rest is over
        ((), False),
    ],
)
def test_who_labelled_long_enough_rests(settings, now, minutes, rests):
    settings.SESSION_MINUTES, settings.REST_MINUTES = 10, 5
    worker, campaign = a_worker(), open_small_campaign(units=5)
    at_minutes(worker, minutes, now, campaign)
    until = rest_until(worker, now)
    assert (until is not None) == rests
    if rests:
        assert until == now + timedelta(minutes=4)
    settings.SESSION_MINUTES = 0
    assert rest_until(worker, now) is None


def test_others_work_tires_nobody_else(settings, now):
    settings.SESSION_MINUTES, settings.REST_MINUTES = 10, 5
    campaign = open_small_campaign(units=5)
    at_minutes(a_worker(), (12, 8, 4, 1), now, campaign)
    assert rest_until(a_worker(), now) is None
    assert Campaign.objects.count() == 1
