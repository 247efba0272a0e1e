"""Queries put into SQL once: the same rows as Django's own, whatever the values."""

from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.models import Assignment, Campaign, Lesson, Task
from annotate.models.prepared import Prepared, built, columns
from annotate.services import questions
from annotate.services.assignments import claim, give_back
from annotate.services.questions import COUNTED_TO, Counted
from tests.annotate.factories import a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


def test_rows_are_those_of_the_same_queryset_for_every_value(now):
    campaign, workers = open_small_campaign(units=3), [a_worker(), a_worker()]
    leases = [claim(worker, campaign, now) for worker in workers]
    asked = Prepared(
        lambda worker, now: (
            Assignment.objects.filter(worker=worker)
            .live(now)
            .values_list(*columns(Assignment), *columns(Task, "task__"))
        ),
        worker=int,
        now=type(now),
    )
    own = len(columns(Assignment))
    for worker, lease in zip(workers, leases, strict=True):
        (row,) = asked.rows(worker=worker.pk, now=now)
        found, task = built(Assignment, row[:own]), built(Task, row[own:])
        fresh = Assignment.objects.select_related("task").get(pk=lease.pk)
        for name in columns(Assignment):
            assert getattr(found, name) == getattr(fresh, name), name
        assert (task, task.items, task.controls) == (fresh.task, fresh.task.items, [*task.controls])
        assert asked.one(worker=worker.pk, now=now + timedelta(days=1)) is None
    assert asked.rows(worker=2**70, now=now) == []  # an address may name such a number


def test_a_value_that_the_query_does_not_use_is_an_error(now):
    forgetful = Prepared(lambda slug: Campaign.objects.values_list("pk"), slug=str)
    with pytest.raises(ValueError, match="does not use slug"):
        forgetful.rows(slug="rooms")


def test_a_worker_s_questions_answer_as_the_rules_say(now):
    campaign, worker = open_small_campaign(units=3), a_worker()
    assert questions.states_of(worker, campaign, now) == []
    assert questions.free(worker, campaign, now) == 3 < COUNTED_TO
    assert questions.has_unfinished(campaign, beyond=2)
    assert not questions.has_unfinished(campaign, beyond=3)
    lease = claim(worker, campaign, now)
    assert questions.held(worker, campaign, now) == lease
    assert questions.free(worker, campaign, now) == 2
    assert questions.lapsed(worker, campaign, now + timedelta(days=1)) == [lease.task_id]
    give_back(lease, now)
    assert questions.states_of(worker, campaign, now) == [Counted("returned", "ask", 1, 0)]
    assert questions.assignment_of(lease.pk, a_worker(), campaign) is None
    assert questions.tokens_of([]) == {}
    for gone in (questions.lock_worker, questions.lock_task, questions.lock_assignment):
        with pytest.raises(ObjectDoesNotExist, match="There is no"):
            gone(2**40)


def test_lessons_are_found_without_reading_the_tasks_of_the_campaign(now):
    campaign = open_small_campaign(units=2)
    with CaptureQueriesContext(connection) as asked:
        assert not questions.has_practice(campaign)
        assert not Lesson.objects.of(campaign).exists()
    if connection.vendor == "sqlite":
        for one in asked.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {one['sql']}")
                plan = " ".join(str(row) for row in cursor.fetchall())
            assert "annotate_task USING INTEGER PRIMARY KEY" in plan
