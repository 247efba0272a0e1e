"""Leases: who holds which unit until when."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotate.models import Assignment, Campaign, Task, Worker
from annotate.services import campaigns
from annotate.services.assignments import (
    claim,
    expire,
    extend,
    give_back,
    likely_next,
    progress_of,
    save_draft,
)
from annotate.services.submission import submit
from annotate.services.workers import new_simulated_worker, worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


def answer(worker, campaign, now):
    """Claim and submit one unit."""
    lease = claim(worker, campaign, now)
    submit(lease, a_given(lease), now)
    return lease.task


def test_a_worker_keeps_the_unit_he_holds(now):
    campaign, worker = open_small_campaign(), a_worker()
    first = claim(worker, campaign, now)
    assert claim(worker, campaign, now + timedelta(minutes=5)) == first
    assert first.due_at == now + timedelta(minutes=20)


def test_nobody_gets_a_unit_twice_and_everybody_gets_all(now):
    campaign, worker = open_small_campaign(units=5), a_worker()
    seen = [answer(worker, campaign, now).pk for _ in range(5)]
    assert len(set(seen)) == 5
    assert claim(worker, campaign, now) is None


def test_places_are_answers_and_live_leases(now):
    campaign = open_small_campaign(units=1, answers=2)
    held, other = claim(a_worker(), campaign, now), claim(a_worker(), campaign, now)
    assert held.task == other.task
    assert claim(a_worker(), campaign, now) is None
    later = other.due_at + timedelta(seconds=1)
    extend(held, now + timedelta(minutes=10))
    assert claim(a_worker(), campaign, later) is not None
    assert claim(a_worker(), campaign, later) is None


def test_units_nearest_to_completion_come_first(now):
    campaign = open_small_campaign(units=8)
    started = answer(a_worker(), campaign, now)
    for _ in range(2):
        assert claim(a_worker(), campaign, now).task == started


def test_workers_spread_over_units_with_equally_many_answers(now):
    campaign = open_small_campaign(units=20)
    tasks = {claim(a_worker(), campaign, now).task_id for _ in range(10)}
    assert len(tasks) > 4


def test_the_likely_next_unit_is_the_one_that_comes(now):
    campaign, worker = open_small_campaign(units=6), a_worker()
    for _ in range(5):
        lease = claim(worker, campaign, now)
        guess = likely_next(worker, campaign, now)
        submit(lease, a_given(lease), now)
        assert claim(worker, campaign, now).task == guess


def test_a_lapsed_lease_comes_back_to_its_worker_with_its_draft(now):
    campaign, worker = open_small_campaign(), a_worker()
    lease = claim(worker, campaign, now)
    save_draft(lease, {"concept": "lamp"}, 1, now)
    later = now + timedelta(hours=3)
    assert expire(later) == 1
    again = claim(worker, campaign, later)
    assert again == lease
    assert again.draft["concept"] == "lamp"
    assert again.seed == lease.seed
    assert again.due_at == later + timedelta(minutes=20)


def test_a_lapsed_lease_whose_place_is_taken_is_not_offered(now):
    campaign = open_small_campaign(units=1, answers=1)
    slow, quick = a_worker(), a_worker()
    claim(slow, campaign, now)
    later = now + timedelta(hours=1)
    assert claim(quick, campaign, later)
    assert claim(slow, campaign, later) is None


def test_a_unit_given_back_is_free_for_others_at_once(now):
    campaign = open_small_campaign(units=1, answers=1)
    worker = a_worker()
    lease = claim(worker, campaign, now)
    assert give_back(lease, now)
    assert not give_back(lease, now)
    assert claim(worker, campaign, now) is None
    assert claim(a_worker(), campaign, now).task == lease.task


def test_a_unit_given_back_returns_to_the_same_worker_later_when_nothing_else_is_left(now):
    campaign, worker = open_small_campaign(units=2), a_worker()
    lease = claim(worker, campaign, now)
    give_back(lease, now)
    other = answer(worker, campaign, now)
    assert other != lease.task
    assert claim(worker, campaign, now + timedelta(minutes=5)) is None
    assert claim(worker, campaign, now + timedelta(minutes=30)) == lease


def test_work_puts_the_deadline_off(now):
    lease = claim(a_worker(), open_small_campaign(), now)
    later = now + timedelta(minutes=19)
    save_draft(lease, {"concept": "bed"}, 1, later)
    lease.refresh_from_db()
    assert lease.due_at == later + timedelta(minutes=20)


def test_extending_takes_a_lapsed_place_up_again_only_while_it_is_free(now):
    campaign = open_small_campaign(units=1, answers=1)
    lease = claim(a_worker(), campaign, now)
    later = now + timedelta(hours=1)
    assert extend(lease, later)
    much_later = later + timedelta(hours=1)
    assert claim(a_worker(), campaign, much_later)
    assert not extend(lease, much_later)


def test_the_newest_draft_wins(now):
    lease = claim(a_worker(), open_small_campaign(), now)
    assert save_draft(lease, {"concept": "second"}, 2, now) == 2
    assert save_draft(lease, {"concept": "first"}, 1, now) == 2
    lease.refresh_from_db()
    assert lease.draft["concept"] == "second"


def test_a_draft_keeps_known_parts_only(now):
    lease = claim(a_worker(), open_small_campaign(), now)
    wild = {"concept": "x" * 9999, "rejected": [1, 1, "2", -1, 999, True, None], "junk": "y" * 99}
    save_draft(lease, wild, 2**80, now)
    lease.refresh_from_db()
    assert lease.draft == {
        "concept": "x" * 200,
        "category": "",
        "rejected": [1],
        "unseen": [],
        "all_fit": False,
    }


def test_a_draft_after_the_answer_changes_nothing(now):
    lease = claim(a_worker(), open_small_campaign(), now)
    submit(lease, a_given(lease), now)
    save_draft(lease, {"concept": "late"}, 5, now)
    lease.refresh_from_db()
    assert lease.draft == {}
    assert lease.state == Assignment.State.SUBMITTED


@pytest.mark.parametrize("end", [campaigns.pause, campaigns.close])
def test_a_campaign_that_stops_gives_no_units_and_extends_no_lease(now, end):
    campaign, worker = open_small_campaign(), a_worker()
    lease = claim(worker, campaign, now)
    assert end(campaign)
    lease.task.campaign.refresh_from_db()
    assert claim(a_worker(), campaign, now) is None
    assert likely_next(a_worker(), campaign, now) is None
    assert claim(worker, campaign, now) == lease
    assert extend(lease, now + timedelta(minutes=5))
    lease.refresh_from_db()
    assert lease.due_at == now + timedelta(minutes=20)
    assert claim(worker, campaign, now + timedelta(minutes=21)) is None
    assert campaigns.reopen(campaign)
    assert claim(a_worker(), campaign, now)


def test_a_members_campaign_is_closed_to_workers_of_a_link(now, worker_user):
    campaign = open_small_campaign(access=Campaign.Access.MEMBERS)
    assert claim(a_worker(), campaign, now) is None
    assert claim(worker_for(worker_user), campaign, now)


def test_people_and_simulated_workers_never_meet(now, worker_user):
    people = open_small_campaign(slug="people")
    simulated = open_small_campaign(slug="pretended", simulated=True)
    assert claim(new_simulated_worker(), people, now) is None
    assert claim(new_simulated_worker(), simulated, now)
    assert claim(worker_for(worker_user), simulated, now) is None


def test_progress_counts_answered_and_left(now):
    campaign, worker = open_small_campaign(units=4), a_worker()
    answer(worker, campaign, now)
    claim(worker, campaign, now)
    progress = progress_of(worker, campaign, now)
    assert (progress.answered, progress.left, progress.more) == (1, 3, False)


def test_the_next_unit_is_found_through_the_index(now):
    campaign = open_small_campaign(units=4)
    free = Task.objects.filter(campaign=campaign).new_to(a_worker()).with_room(now)
    if connection.vendor == "postgresql":  # small tables are read whole unless told otherwise
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = free.nearest_completion().values("pk")[:32].explain()
    assert "task_next" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_pseudonyms_tell_nothing_of_the_person(worker_user):
    worker = worker_for(worker_user)
    assert worker == worker_for(worker_user)
    assert "alice" not in worker.pseudonym
    assert Worker.objects.count() == 1
