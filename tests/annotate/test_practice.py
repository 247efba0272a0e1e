"""The practice round: who may work, two attempts, every step twice, and what is refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.models import Assignment, Campaign, PracticeAnswer, PracticeRound
from annotate.services import lessons, practice
from annotate.services.assignments import claim, extend, likely_next
from annotate.services.practice import CannotPractise
from annotate.services.qualification import Stage, may_work, standing_of
from annotate.services.submission import Refused, submit
from annotate.services.workers import new_simulated_worker
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import WRONG, a_lesson, expert_says, practise

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def campaign():
    """A campaign of six units, two of which are practised on."""
    campaign = open_small_campaign(units=6)
    for _ in range(2):
        a_lesson(campaign)
    return campaign


def test_a_campaign_without_practice_works_as_before(now):
    campaign, worker = open_small_campaign(), a_worker()
    a_lesson(campaign, "tutorial")
    assert standing_of(worker, campaign).stage is Stage.FREE
    assert claim(worker, campaign, now)
    with pytest.raises(CannotPractise, match="no practice round"):
        practice.begin(worker, campaign, now)


def test_a_practice_unit_that_is_not_labelled_closes_nothing(now):
    campaign = open_small_campaign()
    lessons.make_lesson(campaign.tasks.first(), "practice", now)
    assert may_work(a_worker(), campaign)


def test_nobody_claims_before_passing(campaign, now):
    worker = a_worker()
    assert claim(worker, campaign, now) is None
    assert likely_next(worker, campaign, now) is None
    one = practise(campaign, worker)
    assert (one.points, one.bar, one.passed, one.attempt) == (100, 80, True, 1)
    assert standing_of(worker, campaign).stage is Stage.PASSED
    assert likely_next(worker, campaign, now) == claim(worker, campaign, now).task


def test_who_holds_a_unit_may_submit_it_but_not_take_it_up_again(now):
    campaign, worker, other = open_small_campaign(units=4), a_worker(), a_worker()
    held, lapsing = claim(worker, campaign, now), claim(other, campaign, now)
    a_lesson(campaign)
    assert claim(worker, campaign, now) == held
    submit(held, a_given(held), now)
    assert claim(worker, campaign, now) is None
    late = now + timedelta(hours=1)
    assert not extend(lapsing, late)
    practise(campaign, other)
    assert extend(lapsing, late)


def test_simulated_workers_are_exempt(campaign, now):
    Campaign.objects.update(simulated=True)
    campaign.refresh_from_db()
    worker = new_simulated_worker()
    assert standing_of(worker, campaign).stage is Stage.FREE
    assert claim(worker, campaign, now)


def test_two_attempts_and_no_third(campaign, now):
    worker = a_worker()
    first = practise(campaign, worker, **WRONG)
    assert (first.passed, standing_of(worker, campaign).stage) == (False, Stage.AGAIN)
    second = practise(campaign, worker, **WRONG)
    assert (second.attempt, second.passed) == (2, False)
    assert standing_of(worker, campaign).stage is Stage.FAILED
    with pytest.raises(CannotPractise, match="used up"):
        practice.begin(worker, campaign, now)
    assert claim(worker, campaign, now) is None
    assert not Assignment.objects.exists()


def test_the_second_attempt_passes(campaign, now):
    worker = a_worker()
    practise(campaign, worker, **WRONG)
    assert practise(campaign, worker).passed
    assert claim(worker, campaign, now)
    assert practice.begin(worker, campaign, now).attempt == 2
    assert PracticeRound.objects.count() == 2


def test_beginning_and_answering_twice_is_once(campaign, now):
    worker = a_worker()
    one = practice.begin(worker, campaign, now)
    assert practice.begin(worker, campaign, now) == one
    answer = one.answers.first()
    practice.submit(answer, expert_says(), now)
    again = practice.submit(answer, expert_says(**WRONG), now)
    assert (again.concept, again.score.points) == ("sofa", 100)
    one.refresh_from_db()
    assert one.finished_at is None
    assert one.answers.filter(answered_at__isnull=True).count() == 1


def test_a_practice_answer_breaks_no_rule_of_the_task(campaign, now):
    answer = practice.begin(a_worker(), campaign, now).answers.first()
    for changed, place in (
        ({"concept": " "}, "concept"),
        ({"category": ""}, "category"),
        ({"rejected": list(range(55))}, "images"),
        ({"rejected": [], "all_fit": False}, "images"),
    ):
        with pytest.raises(Refused) as refusal:
            practice.submit(answer, expert_says(**changed), now)
        assert set(refusal.value.errors) == {place}
    kept = PracticeAnswer.objects.get(pk=answer.pk)
    assert kept.draft["concept"] == "sofa"
    assert kept.answered_at is None


def test_a_planted_image_left_in_is_told_by_the_comparison_alone(campaign, now):
    answer = practice.begin(a_worker(), campaign, now).answers.first()
    assert answer.lesson.task.controls
    assert practice.submit(answer, expert_says(rejected=[], all_fit=True), now).score.images == 0.5


def test_an_answer_to_a_unit_taken_out_is_refused_in_a_sentence(campaign, now):
    answer = practice.begin(a_worker(), campaign, now).answers.first()
    lessons.remove(answer.lesson, now)
    with pytest.raises(Refused, match="taken out of the practice round"):
        practice.submit(answer, expert_says(), now)


def test_a_bar_set_later_leaves_what_was_passed(campaign, now):
    worker = a_worker()
    passed = practise(campaign, worker, concept="bed")
    assert (passed.points, passed.passed) == (75, False)
    lessons.set_bar(campaign, 70)
    assert practise(campaign, worker, concept="bed").passed
    lessons.set_bar(campaign, 100)
    assert list(PracticeRound.objects.values_list("bar", "passed")) == [(80, False), (70, True)]
    assert may_work(worker, campaign)


def test_a_campaign_that_rests_begins_no_round(campaign, now):
    Campaign.objects.update(state="paused")
    campaign.refresh_from_db()
    with pytest.raises(CannotPractise, match="is paused"):
        practice.begin(a_worker(), campaign, now)


def test_the_newest_draft_is_kept_and_none_after_the_answer(campaign, now):
    answer = practice.begin(a_worker(), campaign, now).answers.first()
    mine = PracticeAnswer.objects.filter(pk=answer.pk)
    practice.keep_draft(mine, {"concept": "new"}, 5, 60)
    practice.keep_draft(mine, {"concept": "old"}, 4, 60)
    assert mine.get().draft["concept"] == "new"
    practice.submit(answer, expert_says(), now)
    practice.keep_draft(mine, {"concept": "late"}, 9, 60)
    assert mine.get().draft["concept"] == "new"


def test_with_twice_as_many_units_a_second_attempt_asks_others(campaign, now):
    for _ in range(2):
        a_lesson(campaign)
    lessons.set_units(campaign, 2)
    campaign.refresh_from_db()
    assert practice.asks_others(campaign)
    assert practice.units_of_a_round(campaign) == 2
    worker = a_worker()
    asked = [
        set(practise(campaign, worker, **WRONG).answers.values_list("lesson", flat=True))
        for _ in range(2)
    ]
    assert [len(units) for units in asked] == [2, 2]
    assert not asked[0] & asked[1]
    lessons.set_units(campaign, 3)  # not twice as many: both attempts ask all
    campaign.refresh_from_db()
    assert not practice.asks_others(campaign)
    assert practise(campaign).answers.count() == practice.units_of_a_round(campaign) == 4
    with pytest.raises(lessons.CannotTeach, match="0 \\(all\\) to 100 units, not 101"):
        lessons.set_units(campaign, 101)
