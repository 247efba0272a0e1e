"""The pace of a worker: the middle of his latest answers."""

import pytest
from django.utils import timezone

from annotate.services.assignments import claim
from annotate.services.pace import LATEST, seconds_each
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def test_before_the_first_answer_there_is_no_pace():
    assert seconds_each(a_worker(), open_small_campaign(units=1)) is None


def test_one_long_answer_does_not_spoil_the_pace():
    campaign, worker = open_small_campaign(units=3), a_worker()
    for seconds in (40, 3000, 44):
        held = claim(worker, campaign, timezone.now())
        submit(held, a_given(held, focused_seconds=seconds), timezone.now())
    assert seconds_each(worker, campaign) == 44


def test_only_the_latest_answers_count():
    campaign, worker = open_small_campaign(units=LATEST + 3), a_worker()
    for seconds in [500] * 3 + [20] * LATEST:
        held = claim(worker, campaign, timezone.now())
        submit(held, a_given(held, focused_seconds=seconds), timezone.now())
    assert seconds_each(worker, campaign) == 20
