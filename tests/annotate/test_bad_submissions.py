"""Submissions gone wrong: forged, replayed, late, out of order, with odd clocks, under changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import Segment
from annotate.models import Answer, Assignment, Campaign, Task
from annotate.services import campaigns
from annotate.services.assignments import claim, give_back, save_draft
from annotate.services.submission import Refused, submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def worker(db):
    """Who submits."""
    return a_worker()


@pytest.fixture
def campaign(db):
    """Where he works."""
    return open_small_campaign()


@pytest.fixture
def lease(worker, campaign, now):
    """What he holds."""
    return claim(worker, campaign, now)


# ---- Forged -------------------------------------------------------------------------------------
@pytest.mark.parametrize("forged", [[60], [-1], [True], ["3"], [2.0], [5, 5], [10**30]])
@pytest.mark.parametrize("name", ["rejected", "unseen"])
def test_an_index_that_is_none_is_refused_with_its_value(lease, now, forged, name):
    given = a_given(lease, **{name: [*lease.task.controls, *forged]})
    with pytest.raises(Refused) as refused:
        submit(lease, given, now)
    assert name in refused.value.errors["images"]
    assert not Answer.objects.exists()
    assert Task.objects.get(pk=lease.task_id).answers_given == 0


# ---- Replayed, late, out of order ---------------------------------------------------------------
def test_a_replayed_answer_after_everybody_answered_is_still_the_first(lease, campaign, now):
    given = a_given(lease)
    first = submit(lease, given, now)
    Task.objects.filter(pk=lease.task_id).update(answers_given=3)
    campaigns.close(campaign)
    assert submit(lease, given, now + timedelta(days=400)) == first


def test_answers_that_arrive_in_another_order_are_all_taken(worker, campaign, now):
    first = claim(worker, campaign, now)
    give_back(first, now)
    second = claim(worker, campaign, now)
    assert second.task_id != first.task_id
    submit(second, a_given(second), now + timedelta(minutes=2))
    submit(first, a_given(first), now + timedelta(minutes=3))
    assert Answer.objects.filter(worker=worker).count() == 2


def test_a_draft_that_comes_after_the_answer_is_dropped(lease, now):
    submit(lease, a_given(lease), now)
    save_draft(lease, {"concept": "late"}, 2**50, now)
    assert Answer.objects.get().concept == "billiard table"
    assert Assignment.objects.get().draft == {}


def test_a_late_answer_to_a_unit_that_is_complete_is_kept_as_a_draft(lease, now):
    Task.objects.filter(pk=lease.task_id).update(answers_given=3)
    with pytest.raises(Refused, match="kept as a draft"):
        submit(lease, a_given(lease), now + timedelta(hours=5))
    assert Assignment.objects.get().draft["concept"] == "billiard table"


# ---- Clocks -------------------------------------------------------------------------------------
@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(days=3000)])
def test_a_server_clock_that_jumps_costs_no_answer(lease, now, skew):
    answer = submit(lease, a_given(lease), now + skew)
    assert 0 <= answer.seconds <= 86_400


@pytest.mark.parametrize("seconds", [-5, 10**9])
def test_a_browser_clock_that_lies_is_bounded(lease, now, seconds):
    assert (
        0 <= submit(lease, a_given(lease, focused_seconds=seconds), now).focused_seconds <= 86_400
    )


def test_a_draft_from_a_clock_ahead_does_not_lock_out_the_answer(lease, now):
    save_draft(lease, {"concept": "from tomorrow"}, 2**60, now)
    assert submit(lease, a_given(lease), now).concept == "billiard table"


# ---- The campaign changes meanwhile -------------------------------------------------------------
def test_an_edited_campaign_binds_who_is_at_work(lease, now):
    Campaign.objects.update(minimum_kept=58)
    with pytest.raises(Refused, match="keep at least 58"):
        submit(lease, a_given(lease), now)
    Campaign.objects.update(minimum_kept=10, images_per_task=12, answers_per_unit=1, controls=0)
    assert submit(lease, a_given(lease), now)  # what the unit shows was fixed when it was made


def test_a_shorter_lease_does_not_end_one_that_runs(lease, now):
    Campaign.objects.update(lease_minutes=1)
    assert submit(lease, a_given(lease), now + timedelta(minutes=15))


def test_a_campaign_closed_meanwhile_takes_what_is_held_and_says_when_it_is_too_late(
    lease, worker, campaign, now
):
    other = claim(a_worker(), campaign, now)
    campaigns.close(campaign)
    assert submit(lease, a_given(lease), now + timedelta(minutes=19))
    assert claim(worker, campaign, now) is None
    with pytest.raises(Refused, match="campaign is closed now"):
        submit(other, a_given(other), now + timedelta(minutes=30))


# ---- Pictures that vanished ---------------------------------------------------------------------
def test_a_few_vanished_pictures_are_not_scored_and_many_are_too_many(lease, now):
    free = [place for place in range(60) if place not in lease.task.controls]
    Segment.objects.filter(top_image__in=lease.task.items).delete()
    with pytest.raises(Refused, match="40 of 60 pictures failed to load"):
        submit(lease, a_given(lease, unseen=free[:40]), now)
    assert submit(lease, a_given(lease, unseen=free[:5]), now).unseen == free[:5]
