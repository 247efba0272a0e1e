"""The audit log: who did what, to whom and why; a rule has no author."""

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from annotate.models import Answer, Campaign, Task, Worker
from annotate.services import audit
from annotate.services.assignments import claim
from annotate.services.audit import About
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def an_answer(campaign: Campaign) -> Answer:
    """Return the answer of a new worker."""
    lease = claim(a_worker(), campaign, now())
    assert lease
    return submit(lease, a_given(lease), now())


def test_an_act_names_its_author_what_it_was_done_to_and_why():
    campaign, boss = open_small_campaign(), User.objects.create_user("boss")
    answer = an_answer(campaign)
    about = About(answer.worker, answer.task, answer, "all of it is nonsense")
    audit.record(campaign, "rejected", now(), boss, about)
    audit.record(campaign, "appealed", now(), answer.worker, About(answer.worker))
    audit.record(campaign, "paused", now(), None, About(answer.worker))

    newest, middle, oldest = audit.log_of(campaign)
    assert (newest.by_user, newest.by_worker) == (None, None)
    assert (middle.by_user, middle.by_worker) == (None, answer.worker)
    assert (oldest.by_user, oldest.by_worker) == (boss, None)
    assert (oldest.worker, oldest.task, oldest.answer) == (answer.worker, answer.task, answer)
    assert oldest.reason == "all of it is nonsense"


def test_a_reason_that_is_too_long_is_refused_with_its_length():
    campaign = open_small_campaign()
    with pytest.raises(ValueError, match="2000 characters; it has 2001"):
        audit.record(campaign, "rejected", now(), None, About(reason="x" * 2001))
    assert not audit.log_of(campaign)


def test_answers_that_only_check_or_were_rejected_or_simulated_do_not_count():
    campaign = open_small_campaign(units=1)
    counted, rejected, simulated = (an_answer(campaign) for _ in range(3))
    Answer.objects.filter(pk=rejected.pk).update(counts=False)
    Worker.objects.filter(pk=simulated.worker_id).update(kind="simulated")
    assert list(Answer.objects.counted(campaign)) == [counted]

    Task.objects.update(purpose=Task.Purpose.GOLD)
    assert not Answer.objects.counted(campaign)
