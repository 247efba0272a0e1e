"""Known and repeated units among those asked about: when they come, and that they count nowhere."""

from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from unittest.mock import patch

import pytest
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate import tasks
from annotate.models import Answer, Assignment, AuditEntry, Campaign, Lesson, Task
from annotate.services import campaigns, consensus, lessons, mixing
from annotate.services.answer_exports import table_of
from annotate.services.assignments import (
    claim,
    extend,
    give_back,
    likely_next,
    progress_of,
    save_draft,
)
from annotate.services.campaigns import CannotOpen
from annotate.services.checks import checks_in, checks_of, hurried_answers, known_answers
from annotate.services.console import console
from annotate.services.lessons import CannotTeach
from annotate.services.own_work import history, with_use
from annotate.services.standing import standing, tasks_to_show
from annotate.services.submission import Refused, submit
from annotate.services.workers import new_simulated_worker
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign
from tests.annotate.lessons import MARKED, a_lesson, expert_says

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


def with_gold(known=2, **plan):
    """Return a campaign with known units, read anew as every request reads it."""
    campaign = open_small_campaign(gold_first=2, gold_least=2, **plan)
    for _ in range(known):
        a_lesson(campaign, "gold")
    campaign.refresh_from_db()
    return campaign


def drawing(kind):
    """Have the next step drawn as this kind, whatever the rates are."""
    share = {"gold": 0.0, "repeat": 0.5 - 1e-9, "ask": 0.999}[kind]
    return patch.object(mixing, "_draw", lambda campaign, about: share)


def by_step(campaign, about):
    """Draw as the service does, but the same whatever the rows' keys are."""
    return int(sha256(about.split("/", 2)[2].encode()).hexdigest()[:8], 16) / 2**32


def answer(lease, now, **said):
    """Submit a lease, and have done what follows an answer."""
    given = expert_says(rejected=sorted({*MARKED, *lease.task.controls}), **said)
    submit(lease, given, now)
    # What a queue does; a label for each would take long.
    mixing.prepare_repeat(lease.task) if lease.task.is_asked else tasks.aggregate(lease.task_id)
    return lease.task


def work(worker, campaign, now, steps):
    """Answer so many units; return the tasks, checking what was foretold and how many were left."""
    done, told = [], []
    for _ in range(steps):
        lease = claim(worker, campaign, now)
        if lease is None:
            break
        foretold = likely_next(worker, campaign, now)
        done.append(answer(lease, now))
        told.append(progress_of(worker, campaign, now))
        following = likely_next(worker, campaign, now)
        assert following == foretold, f"foretold {foretold}, then {following}, after {done[-1]}"
    return done, told


def test_who_has_the_key_alone_can_tell_what_comes_next(settings):
    campaign, step = Campaign(pk=1), "1/2/3"
    drawn = mixing._draw(campaign, step)
    assert drawn == mixing._draw(campaign, step)
    programs = Campaign(pk=1, simulated=True)
    computed = mixing._draw(programs, step)
    settings.SECRET_KEY = "another installation's key, of more than fifty characters"
    assert mixing._draw(campaign, step) not in (drawn, computed)
    assert mixing._draw(programs, step) == computed
    assert all(0 <= mixing._draw(campaign, str(n)) < 1 for n in range(99))


def _assert_each_once_and_one_less(done, told):
    """Whatever is answered, a worker is told that one more is done and one less is left."""
    assert len({task.pk for task in done}) == len(done)
    left = [progress.left for progress in told]
    assert [a - b for a, b in pairwise(left) if a > 5] == [1] * sum(a > 5 for a in left[:-1])
    assert [progress.answered for progress in told] == list(range(1, len(done) + 1))
    assert all(one.few for one in told[-5:-1])


def test_all_three_kinds_come_as_foretold_and_only_those_asked_about_count(now):
    campaign = open_small_campaign(
        units=40, gold_first=4, gold_least=4, repeat_rate=4, repeat_after=15
    )
    for _ in range(4):
        a_lesson(campaign, "gold")
    campaign.refresh_from_db()
    worker = a_worker()
    with patch.object(mixing, "_draw", by_step):
        done, told = work(worker, campaign, now, 200)
    kinds = [task.purpose for task in done]
    assert (kinds.count("gold"), kinds.count("ask")) == (4, 36)
    assert kinds.count("repeat") >= 3
    assert kinds.index("repeat") >= 15
    assert kinds[-1] == "ask"  # who has nothing to do is not checked
    _assert_each_once_and_one_less(done, told)
    assert (told[-1].left, claim(worker, campaign, now)) == (0, None)
    at = standing(campaign, now)
    assert (at.units, at.given, at.wanted, at.workers) == (36, 36, 108, 1)
    assert (console().campaigns[0].units, console().campaigns[0].wanted) == (36, 108)
    assert tasks_to_show(campaign).count() == 40
    lines = b"".join(table_of(campaign)).splitlines()
    assert Answer.objects.counted(campaign).count() == len(lines) - 1 == 36
    assert consensus.publish(campaign) == UnitSemantics.objects.count() == 36
    for twin in Task.objects.filter(purpose="repeat"):
        asked = Task.objects.get(campaign=campaign, unit=twin.unit, purpose="ask")
        assert (twin.items, twin.controls, twin.answers_given) == (asked.items, asked.controls, 0)
    checks = checks_of(worker, campaign)
    assert (len(checks.gold), len(checks.repeats)) == (4, kinds.count("repeat"))
    assert checks.repeats_agreeing == len(checks.repeats)
    assert checks.images_alike == 1
    known = mixing._known(worker, campaign)
    assert (known.right, known.answered, known.leases) == (checks.gold_right, 4, len(done))
    assert all(one.first.assignment_id < one.again.assignment_id for one in checks.repeats)
    assert not any(row.label for row in with_use(list(history(worker))))


def test_a_known_unit_is_given_once_to_everybody_and_judged(now):
    campaign = with_gold(1, units=6)
    (known,) = known_answers(campaign)
    assert known.expert.concept == "sofa"
    good, bad, simulated = a_worker(), a_worker(), new_simulated_worker()
    with drawing("gold"):
        for worker, said in ((good, {}), (bad, {"concept": "nothing", "category": "simple"})):
            lease = claim(worker, campaign, now)
            assert (lease.task_id, lease.task.purpose) == (known.task, "gold")
            assert claim(worker, campaign, now) == lease
            answer(lease, now, **said)
            following = claim(worker, campaign, now)
            assert following.task.purpose == "ask"
            give_back(following, now)
        assert claim(simulated, campaign, now) is None
    found = checks_in(campaign)
    assert (found[good.pk].gold_right, found[bad.pk].gold_right) == (1, 0)
    assert found[good.pk].gold[0].score.words == 1
    assert found[good.pk].gold[0].score.images == 1  # the planted ones she did not mark
    assert Task.objects.get(pk=known.task).answers_given == 0
    # She corrects herself: everybody is judged by that, and it is written down.
    lesson = Lesson.objects.get(task=known.task)
    lessons.label(lesson, expert_says(concept="nothing", category="simple"), now)
    found = checks_in(campaign)
    assert (found[good.pk].gold_right, found[bad.pk].gold_right) == (0, 1)
    assert [entry.act for entry in AuditEntry.objects.all()] == ["gold corrected", "gold made"]


def test_a_known_unit_taken_out_while_held_may_be_submitted_and_says_nothing(now):
    campaign, worker, late = with_gold(1, units=6), a_worker(), a_worker()
    lesson = Lesson.objects.get()
    with drawing("gold"):
        held, lapsed = claim(worker, campaign, now), claim(late, campaign, now)
        assert held.task_id == lapsed.task_id == lesson.task_id
        assert not lessons.remove(lesson, now)
        assert not lessons.remove(lesson, now)
        lesson.refresh_from_db()
        campaign.refresh_from_db()
        assert (lesson.kind, campaign.gold_units, campaign.checks) == ("retired", 0, False)
        submit(held, a_given(held), now)
        later = now + timedelta(hours=1)
        assert not extend(lapsed, later)
        with pytest.raises(Refused, match="others have taken it up"):
            submit(lapsed, a_given(lapsed), later)
        assert claim(late, campaign, later).task.purpose == "ask"
    assert not known_answers(campaign)
    assert not checks_of(worker, campaign).gold
    with pytest.raises(CannotTeach, match="unawares"):
        lessons.make_lesson(lesson.task, "practice", now)
    assert lessons.make_lesson(lesson.task, "gold", now).kind == "gold"
    assert len(checks_of(worker, campaign).gold) == 1
    acts = ["gold made", "gold removed", "gold made"]
    assert [entry.act for entry in AuditEntry.objects.all()] == acts


def test_a_known_unit_that_nobody_was_given_is_asked_about_again(now):
    campaign = with_gold(1, units=3)
    lesson = Lesson.objects.get()
    assert lessons.make_lesson(lesson.task, "practice", now).kind == "practice"
    assert Task.objects.get(pk=lesson.task_id).purpose == "ask"
    assert lessons.make_lesson(lesson.task, "gold", now).task.pk == lesson.task_id
    assert lessons.remove(Lesson.objects.get(), now)
    task = Task.objects.get(pk=lesson.task_id)
    assert (task.purpose, task.answers_wanted) == ("ask", 3)
    campaign.refresh_from_db()
    assert campaign.gold_units == 0
    unlabelled = lessons.make_lesson(task, "gold", now)
    campaign.refresh_from_db()
    assert (unlabelled.is_ready, campaign.gold_units) == (False, 0)
    with drawing("gold"):
        assert claim(a_worker(), campaign, now).task.purpose == "ask"


def test_leases_of_known_units_lapse_return_and_end_like_any_other(now):
    campaign, worker = with_gold(1, units=4), a_worker()
    with drawing("gold"):
        lease = claim(worker, campaign, now)
        save_draft(lease, {"concept": "lamp"}, 1, now)
        later = now + timedelta(hours=1)
        again = claim(worker, campaign, later)
        assert (again, again.draft["concept"]) == (lease, "lamp")
        give_back(again, later)
        asked = claim(worker, campaign, later)
        assert asked.task.purpose == "ask"
        for _ in range(3):
            answer(claim(worker, campaign, later), later)
        assert claim(worker, campaign, later) is None
        assert claim(worker, campaign, later + timedelta(hours=1)) == lease
    campaigns.close(campaign)
    lease.refresh_from_db()
    lease.task.campaign.refresh_from_db()
    assert claim(a_worker(), campaign, later) is None
    much_later = lease.due_at + timedelta(minutes=1)
    with pytest.raises(Refused, match="closed now"):
        submit(lease, a_given(lease), much_later)
    submit(lease, a_given(lease), lease.due_at - timedelta(minutes=1))
    assert Answer.objects.filter(task__purpose="gold").count() == 1


def test_no_answer_that_workers_read_checks_anybody_and_none_that_checks_is_read(now):
    run = a_finished_run(units=5)
    first, second = (open_small_campaign(run=run, slug=slug) for slug in ("first", "second"))
    gold = a_lesson(first, "gold")
    # It may be asked about elsewhere: nobody is shown what she said.
    third = open_small_campaign(run=run, slug="third")
    assert not third.left_out
    campaigns.close(second)
    campaigns.close(third)
    twin = second.tasks.get(unit=gold.task.unit)
    with pytest.raises(CannotTeach, match="The campaign first asks about"):
        lessons.make_lesson(twin, "tutorial", now)
    other = first.tasks.asked().first()
    Lesson.objects.create(task=second.tasks.get(unit=other.unit), kind="tutorial", seen_at=now)
    with pytest.raises(CannotTeach, match="teaches in the campaign second"):
        lessons.make_lesson(other, "gold", now)
    Lesson.objects.filter(task__unit=gold.task.unit).update(seen_at=now, kind="aside")
    with pytest.raises(CannotTeach, match="nobody can be checked by it"):
        lessons.make_lesson(gold.task, "gold", now)


def test_programs_are_checked_by_known_units_too(now):
    campaign = open_small_campaign(units=8, simulated=True, gold_first=2, gold_least=2)
    for _ in range(2):
        a_lesson(campaign, "gold")
    campaign.refresh_from_db()
    worker = new_simulated_worker()
    kinds = [task.purpose for task in work(worker, campaign, now, 20)[0]]
    assert (kinds.count("gold"), kinds.count("ask")) == (2, 6)
    assert not UnitSemantics.objects.exists()
    tasks.publish(campaign.pk)
    assert UnitSemantics.objects.filter(source="simulated").count() == 6


def test_a_repetition_comes_late_best_on_another_day_and_once(now):
    campaign = open_small_campaign(
        units=20, gold_first=0, repeat_rate=2, repeat_after=15, answers=1
    )
    worker = a_worker()
    with drawing("ask"):
        first = [answer(claim(worker, campaign, now), now) for _ in range(17)]
    with drawing("repeat"), patch.object(mixing, "WINDOW", 2):
        old = Answer.objects.get(task=first[1])
        Answer.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=1))
        again = [answer(claim(worker, campaign, now), now) for _ in range(2)]
        assert [task.unit for task in again] == [first[1].unit, first[0].unit]
        Answer.objects.filter(task=first[2]).update(counts=False)
        third = answer(claim(worker, campaign, now), now)
        assert third.unit == first[3].unit  # what a review rejected is compared with nothing
        assert claim(a_worker(), campaign, now).task.purpose == "ask"
    repeats = Assignment.objects.filter(task__purpose="repeat", worker=worker)
    assert repeats.count() == 3
    assert checks_of(a_worker(), campaign).images_alike is None


def test_hurried_answers_are_found_by_each_one_s_own_pace(now):
    campaign = open_small_campaign(units=8)
    slow, quick = a_worker(), a_worker()
    for worker, seconds in ((slow, 90), (quick, 12)):
        for step in range(8):
            lease = claim(worker, campaign, now)
            took = 13 if (worker, step) == (slow, 7) else seconds
            submit(lease, a_given(lease, focused_seconds=took), now)
    (hurried,) = hurried_answers(campaign)
    assert (hurried.worker, hurried.ratio) == (slow.pk, pytest.approx(13 / 90))
    assert hurried.z < -3
    with pytest.raises(ValueError, match="above 0"):
        hurried_answers(campaign, 0)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"gold_first": 5, "gold_least": 4}, "fewer as trust grows"),
        ({"gold_first": 1}, "more than half of the work"),
        ({"repeat_after": 3}, "greater than or equal to 15"),
        ({"control_band": "middle"}, "not a valid choice"),
    ],
)
def test_checks_that_cannot_be_are_refused(plan, told):
    with pytest.raises(CannotOpen, match=told):
        open_small_campaign(units=2, **plan)
    assert not Campaign.objects.exists()


def test_negatives_are_planted_from_the_band_that_was_chosen():
    run = a_finished_run(units=3)
    for band, ranks in (("weaker", range(6)), ("stronger", range(6, 12))):
        campaign = open_small_campaign(run=run, slug=band, control_band=band)
        rows = {row.pk: row for row in run.top_images.filter(end="low")}
        for task in campaign.tasks.all():
            assert {rows[task.items[place]].rank for place in task.controls} <= set(ranks)
    with pytest.raises(CannotOpen, match="6 images weak enough"):
        open_small_campaign(run=run, control_band="weaker", controls=7)
