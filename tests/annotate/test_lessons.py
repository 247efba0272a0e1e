"""Units that teach: made, labelled, explained, moved, removed; and counted nowhere."""

import pytest
from django.utils import timezone

from annotate.models import Lesson, Task
from annotate.services import consensus, lessons, practice
from annotate.services.assignments import claim, progress_of
from annotate.services.campaigns import close
from annotate.services.console import console
from annotate.services.lessons import CannotTeach
from annotate.services.standing import standing
from annotate.services.submission import Refused, submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import MARKED, a_lesson, expert_says, practise

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def campaign():
    """A campaign of five units."""
    return open_small_campaign(units=5)


def test_a_unit_that_teaches_is_asked_of_nobody_and_counted_nowhere(campaign, now):
    lesson = a_lesson(campaign, "tutorial")
    worker = a_worker()
    seen = set()
    while lease := claim(worker, campaign, now):
        seen.add(lease.task_id)
        submit(lease, a_given(lease), now)
    assert len(seen) == 4
    assert lesson.task_id not in seen
    at = standing(campaign, now)
    assert (at.units, at.wanted, at.given) == (4, 12, 4)
    card = console().campaigns[0]
    assert (card.units, card.wanted) == (4, 12)
    assert progress_of(worker, campaign, now).answered == 4
    assert consensus.publish(campaign) == 4


def test_making_a_lesson_twice_makes_one(campaign, now):
    task = campaign.tasks.first()
    first = lessons.make_lesson(task, "tutorial", now)
    assert lessons.make_lesson(task, "tutorial", now) == first
    assert Lesson.objects.count() == 1
    turned = lessons.make_lesson(task, "practice", now)
    assert (turned.pk, turned.kind) == (first.pk, "practice")


def test_what_cannot_teach_says_why(campaign, now):
    held = claim(a_worker(), campaign, now)
    with pytest.raises(CannotTeach, match="Somebody is labelling"):
        lessons.make_lesson(held.task, "practice", now)
    submit(held, a_given(held), now)
    with pytest.raises(CannotTeach, match="1 of 3 answers already"):
        lessons.make_lesson(held.task, "practice", now)
    with pytest.raises(CannotTeach, match="not as 'exam'"):
        lessons.make_lesson(held.task, "exam", now)
    single = open_small_campaign(units=1)
    with pytest.raises(CannotTeach, match="last unit"):
        lessons.make_lesson(single.tasks.first(), "practice", now)
    programs = open_small_campaign(units=3, simulated=True)
    with pytest.raises(CannotTeach, match="nobody to teach"):
        lessons.make_lesson(programs.tasks.first(), "practice", now)
    assert not Lesson.objects.exists()
    assert not Task.objects.filter(answers_wanted=0).exists()


def test_nobody_reads_the_answer_in_one_campaign_and_is_asked_in_another(campaign, now):
    other = open_small_campaign(run=campaign.run)
    task = campaign.tasks.first()
    with pytest.raises(CannotTeach, match=f"The campaign {other} asks about"):
        lessons.make_lesson(task, "tutorial", now)
    close(other)
    assert lessons.make_lesson(task, "tutorial", now).task == task
    third = open_small_campaign(run=campaign.run)
    reason = f"it teaches in the campaign {campaign}, where its answer is read"
    assert third.left_out == [{"unit": str(task.unit), "reason": reason}]
    assert not third.tasks.filter(unit=task.unit).exists()
    programs = open_small_campaign(run=campaign.run, simulated=True)
    assert programs.tasks.filter(unit=task.unit).exists()


def test_an_answer_that_was_read_stays_read_when_its_campaign_is_closed(campaign, now):
    unread, read = a_lesson(campaign), a_lesson(campaign)
    Lesson.objects.filter(pk=read.pk).update(seen_at=now)
    close(campaign)
    later = open_small_campaign(run=campaign.run)
    assert [one["unit"] for one in later.left_out] == [str(read.task.unit)]
    assert later.tasks.filter(unit=unread.task.unit).exists()


def test_the_expert_is_held_to_the_task_s_rules(campaign, now):
    lesson = lessons.make_lesson(campaign.tasks.first(), "practice", now)
    for changed, place in (
        ({"concept": ""}, "concept"),
        ({"category": "animal"}, "category"),
        ({"rejected": []}, "images"),
        ({"rejected": [60]}, "images"),
        ({"unseen": [1]}, "images"),
    ):
        with pytest.raises(Refused) as refusal:
            lessons.label(lesson, expert_says(**changed), now)
        assert set(refusal.value.errors) == {place}
    said = lessons.label(lesson, expert_says(), now)
    assert (said.concept, said.rejected, said.is_ready) == ("sofa", MARKED, True)


def test_what_workers_were_compared_with_stays(campaign, now):
    lesson = a_lesson(campaign)
    practise(campaign)
    with pytest.raises(Refused, match="compared with what you said"):
        lessons.label(lesson, expert_says(concept="bed"), now)
    assert lessons.label(lesson, expert_says(), now).concept == "sofa"


def test_the_why_and_other_words_are_kept_within_bounds(campaign, now):
    lesson = a_lesson(campaign)
    lessons.explain(lesson, "🛋 because\n" * 100, ["couch", " couch ", "settee"])
    lesson.refresh_from_db()
    assert lesson.other_words == ["couch", "settee"]
    for why, words, told in (
        ("x" * 10_001, [], "Shorten the why to 10000"),
        ("", ["x"] * 21, "at most 20"),
        ("", ["123"], "no letter"),
    ):
        with pytest.raises(CannotTeach, match=told):
            lessons.explain(lesson, why, words)


def test_lessons_change_places_and_stop_at_the_ends(campaign):
    first, second, third = (a_lesson(campaign, "tutorial") for _ in range(3))
    assert lessons.move(third, -1)
    assert lessons.move(first, 1)
    row = list(Lesson.objects.worked().values_list("pk", flat=True))
    assert row == [third.pk, first.pk, second.pk]
    assert not lessons.move(third, -1)
    assert not lessons.move(second, 1)


def test_a_removed_lesson_is_asked_about_again(campaign, now):
    lesson = a_lesson(campaign)
    assert lessons.remove(lesson, now)
    assert lessons.remove(lesson, now)
    assert campaign.tasks.asked().count() == 5
    assert Task.objects.get(pk=lesson.task_id).answers_wanted == 3


def test_a_lesson_whose_answer_was_seen_is_set_aside(campaign, now):
    lesson, other = a_lesson(campaign), a_lesson(campaign, "tutorial")
    practise(campaign)
    practice.note_seen(other, now)
    for one in (lesson, other):
        assert not lessons.remove(one, now)
        assert not lessons.remove(one, now)
        one.refresh_from_db()
        assert one.kind == "aside"
        assert Task.objects.get(pk=one.task_id).answers_wanted == 0
        with pytest.raises(CannotTeach, match="have seen the answer"):
            lessons.make_lesson(one.task, "practice", now)
    assert lessons.make_lesson(other.task, "tutorial", now).kind == "tutorial"


def test_removing_a_unit_ends_the_rounds_that_waited_for_it_alone(campaign, now):
    first, second = a_lesson(campaign), a_lesson(campaign)
    worker, late = a_worker(), a_worker()
    one = practice.begin(worker, campaign, now)
    practice.submit(one.answers.get(lesson=first), expert_says(), now)
    other = practice.begin(late, campaign, now)
    assert lessons.remove(second, now)
    one.refresh_from_db()
    assert (one.points, one.passed) == (100, True)
    assert other.answers.count() == 1
    lessons.remove(first, now)
    assert not late.practice_rounds.exists()


@pytest.mark.parametrize("bar", [0, 101, -5])
def test_the_bar_lies_between_1_and_100(campaign, bar):
    with pytest.raises(CannotTeach, match="from 1 to 100"):
        lessons.set_bar(campaign, bar)


def test_guidelines_have_a_length(campaign):
    lessons.write_guidelines(campaign, "🛋" * 10_000)
    with pytest.raises(CannotTeach, match="they have 20001"):
        lessons.write_guidelines(campaign, "x" * 20_001)
    campaign.refresh_from_db()
    assert len(campaign.guidelines) == 10_000
