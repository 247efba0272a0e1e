"""A campaign live: its numbers, cost and alarms; more of it, and the same again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from annotate.models import Answer, Assignment, AuditEntry, Campaign, Lesson, Task, Worker
from annotate.services import campaigns, cloning, extending, pay
from annotate.services.assignments import claim, give_back
from annotate.services.campaigns import CannotOpen
from annotate.services.consensus import publish
from annotate.services.extending import Extended, More
from annotate.services.live import answers_by_hour, live
from annotate.services.live_figures import figures
from annotate.services.submission import submit
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign
from tests.annotate.lessons import a_lesson

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def work(campaign, units, worker=None, **changed):
    """Have somebody answer some units, 40 seconds each."""
    worker = worker or a_worker()
    for _ in range(units):
        lease = claim(worker, campaign, timezone.now())
        submit(lease, a_given(lease, **{"focused_seconds": 40, **changed}), timezone.now())
    return worker


def test_the_numbers_are_those_of_the_answers_that_count():
    campaign = open_small_campaign(units=4, answers=2, slug="rooms")
    pay.set_pay(campaign, pay.Terms(Decimal("0.1"), 9, "EUR", 20), None, timezone.now())
    busy = work(campaign, 4)
    other = work(campaign, 2)
    work(campaign, 1, concept="lamp", category="part")
    Answer.objects.filter(worker=busy).order_by("pk").update(created_at=timezone.now())
    rejected = Answer.objects.filter(worker=other).order_by("pk").last()
    Answer.objects.filter(pk=rejected.pk).update(counts=False)
    Task.objects.filter(pk=rejected.task_id).update(answers_given=1)
    publish(campaign)
    now = timezone.now()
    found = live(campaign, now)
    units = found.units
    assert (units.units, units.given, units.wanted, units.missing) == (4, 6, 8, 2)
    assert (units.done, units.sure, units.disputed) == (2, 1, 1)
    assert units.agreement == pytest.approx((1 + 0.5) / 2)
    assert (found.spent.answers, found.spent.hours) == (6, pytest.approx(240 / 3600))
    assert found.spent.money == pytest.approx((0.6 + 9 * 240 / 3600) * 1.2)
    assert (found.to_come.answers, found.to_come.hours) == (2, pytest.approx(80 / 3600))
    assert (found.times.middle, found.times.n) == (40, 6)
    assert found.hours_left == pytest.approx(2 / 6)  # it is open for an hour at least
    assert found.ends_at == now + timedelta(hours=found.hours_left)
    rows = {row.pseudonym: (row.answers, row.planted) for row in found.workers}
    assert rows[busy.pseudonym] == (4, 12)
    assert rows[other.pseudonym] == (1, 3)
    assert found.alarms == []


def test_hours_and_days_are_counted_in_utc():
    campaign = open_small_campaign(units=3, answers=1)
    work(campaign, 3)
    now = timezone.now().replace(hour=12, minute=30)
    for back, answer in zip((1, 30, 24 * 20), Answer.objects.order_by("pk"), strict=True):
        Answer.objects.filter(pk=answer.pk).update(created_at=now - timedelta(hours=back))
    hours = answers_by_hour(campaign, now)
    whole = now.replace(minute=0, second=0, microsecond=0)
    assert hours == {whole - timedelta(hours=1): 1, whole - timedelta(hours=30): 1}
    by_hour, by_day = figures(campaign, hours, now)
    assert "2 answers in the last 48 hours, in 2 of them" in by_hour.answer
    assert len(by_hour.spec["data"]["values"]) == 48
    assert [row["answers"] for row in by_day.rows][-3:] == [0, 1, 1]
    assert len(by_day.rows) == 14


def test_an_untouched_campaign_has_neither_pace_nor_cost_nor_end():
    found = live(open_small_campaign(units=2), timezone.now())
    assert (found.times, found.to_come, found.hours_left, found.ends_at) == (None,) * 4
    assert (found.spent.answers, found.per_day, found.workers) == (0, 0, [])


def test_alarms_ring_from_rows():
    campaign = open_small_campaign(units=24, answers=2, control_rule="record")
    careless = {"rejected": [], "all_fit": True, "unseen": [7]}
    work(campaign, 20, **careless)
    for worker in (a_worker(), a_worker()):
        work(campaign, 1, worker, **careless)
    unloved = Task.objects.filter(answers_given=0).first()
    for _ in range(3):
        lease = claim(a_worker(), campaign, timezone.now())
        Assignment.objects.filter(pk=lease.pk).update(task=unloved)
        give_back(Assignment.objects.get(pk=lease.pk), timezone.now())
    Assignment.objects.filter(answers__isnull=False).update(attempts=2)
    Answer.objects.update(attempts=2, created_at=timezone.now() - timedelta(hours=30))
    Campaign.objects.update(created_at=timezone.now() - timedelta(days=3))
    campaign.refresh_from_db()
    now = timezone.now()
    names = [alarm.name for alarm in live(campaign, now).alarms]
    assert names == ["planted", "unfinished", "pictures", "silence", "one worker", "refused"]
    campaigns.pause(campaign)
    campaigns.reopen(campaign)  # it is open for a moment only: silence is no news
    assert "silence" not in [alarm.name for alarm in live(campaign, now).alarms]


def test_simulated_workers_stay_in_their_own_campaign():
    campaign = open_small_campaign(units=2, answers=2)
    work(campaign, 1)
    robot = Worker.objects.create(kind="simulated", pseudonym="robot")
    Answer.objects.update(worker=robot)
    assert live(campaign, timezone.now()).workers == []
    campaign.simulated = True
    assert [row.pseudonym for row in live(campaign, timezone.now()).workers] == ["robot"]
    [figure, _] = figures(campaign, {}, timezone.now())
    assert figure.note == "simulated workers"


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    campaign = open_small_campaign(units=6, answers=3)
    for _ in range(3):
        work(campaign, 5)
    with django_assert_num_queries(7):
        live(campaign, timezone.now())


# ---- More of it ---------------------------------------------------------------------------------
def test_extending_asks_for_more_answers_and_units_once(researcher):
    run = a_finished_run(units=3, layers=2)
    campaign = open_small_campaign(run=run, user=researcher, layers=["conv1"], answers=1)
    work(campaign, 2)
    lesson = a_lesson(campaign, "tutorial")
    now = timezone.now()
    assert extending.extend(campaign, More(2), researcher, now) == Extended(2, 0, 0)
    assert campaign.answers_per_unit == 2
    lesson.task.refresh_from_db()
    assert lesson.task.answers_wanted == 0
    assert extending.extend(campaign, More(2), researcher, now) == Extended(0, 0, 0)
    more = More(3, layers=["conv2"], units=["conv1/0-2"])
    assert extending.extend(campaign, more, researcher, now) == Extended(2, 3, 0)
    assert extending.extend(campaign, more, researcher, now) == Extended(0, 0, 0)
    assert set(campaign.tasks.asked().values_list("answers_wanted", flat=True)) == {3}
    acts = AuditEntry.objects.filter(act="extended").order_by("pk")
    assert [(act.by_user, act.reason) for act in acts] == [
        (researcher, "1 to 2 answers per unit, 0 units added"),
        (researcher, "2 to 3 answers per unit, 3 units added"),
    ]
    assert claim(a_worker(), campaign, now) is not None


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (More(2), "2 answers per unit: give 3 .as now. to 1,000"),
        (More(1001), "1001 answers per unit"),
        (More(3, layers=["conv9"]), "no layer 'conv9'"),
        (More(3, units=["conv1/0-9"]), "units 0 to 2"),
        (More(3, units=["conv1"]), "names no units"),
    ],
)
def test_what_cannot_be_extended_is_told_and_changes_nothing(more, told):
    campaign = open_small_campaign(units=3)
    with pytest.raises(CannotOpen, match=told):
        extending.extend(campaign, more, None, timezone.now())
    assert not AuditEntry.objects.exists()


def test_units_that_teach_elsewhere_are_left_out_of_an_extension():
    run = a_finished_run(units=3, layers=2)
    teacher = open_small_campaign(run=run, slug="teacher", layers=["conv2"])
    a_lesson(teacher, "tutorial")
    campaign = open_small_campaign(run=run, layers=["conv1"])
    more = More(3, layers=["conv2"])
    assert extending.extend(campaign, more, None, timezone.now()) == Extended(0, 2, 1)
    assert extending.extend(campaign, more, None, timezone.now()) == Extended(0, 0, 1)
    assert [one["reason"][:27] for one in campaign.left_out] == ["it teaches in the campaign "]


def test_a_clone_asks_the_same_and_has_no_answers(researcher, other_researcher):
    campaign = open_small_campaign(
        units=4, slug="rooms", user=researcher, answers=2, guidelines="*Look*", lease_minutes=7
    )
    pay.set_pay(campaign, pay.Terms(Decimal("0.25"), 0, "EUR", 0), researcher, timezone.now())
    lesson = a_lesson(campaign, "tutorial")
    work(campaign, 1)
    by = {"by": other_researcher, "now": timezone.now()}
    made = cloning.clone(campaign, slug="again", lessons=True, **by)
    assert (made.state, made.created_by, made.run) == ("paused", other_researcher, campaign.run)
    same = ("title", "answers_per_unit", "guidelines", "lease_minutes", "pay_per_answer", "access")
    assert [getattr(made, name) for name in same] == [getattr(campaign, name) for name in same]
    assert made.link_token != campaign.link_token
    assert (made.tasks.asked().count(), made.tasks.count()) == (3, 4)
    copied = Lesson.objects.of(made).get()
    assert (copied.task.items, copied.concept) == (lesson.task.items, lesson.concept)
    assert (copied.seen_at, copied.made_by) == (None, other_researcher)
    assert AuditEntry.objects.get(campaign=made).reason == "from rooms"
    bare = cloning.clone(campaign, slug="bare", lessons=False, **by)
    assert (bare.tasks.count(), len(bare.left_out)) == (3, 1)  # it teaches in the other two
    with pytest.raises(CannotOpen, match="exists"):
        cloning.clone(campaign, slug="again", lessons=True, **by)


def test_a_clone_checks_by_the_same_known_units(researcher):
    campaign = open_small_campaign(units=4, slug="rooms", user=researcher, gold_first=2)
    known = a_lesson(campaign, "gold")
    by = {"by": researcher, "now": timezone.now()}
    made = cloning.clone(campaign, slug="again", lessons=True, **by)
    task = made.tasks.get(unit=known.task.unit)
    assert (task.purpose, made.gold_units, made.checks) == ("gold", 1, True)
    assert made.tasks.asked().count() == 3


@pytest.mark.parametrize("elsewhere", ["asked", "gold"])
def test_a_clone_teaches_nothing_that_is_asked_or_checked_elsewhere(researcher, elsewhere):
    campaign = open_small_campaign(units=4, slug="rooms", user=researcher)
    a_lesson(campaign, "tutorial")
    campaigns.close(campaign, researcher)
    by = {"by": researcher, "now": timezone.now()}
    other = cloning.clone(campaign, slug="other", lessons=False, **by)
    if elsewhere == "gold":
        assert a_lesson(other, "gold").task.unit == Lesson.objects.of(campaign).get().task.unit
    with pytest.raises(CannotOpen, match="would read the answer here"):
        cloning.clone(campaign, slug="again", lessons=True, **by)
    assert not Campaign.objects.filter(slug="again").exists()


def test_turns_and_pay_are_written_down_once(researcher):
    campaign = open_small_campaign(units=1, user=researcher)
    for turn in (campaigns.pause, campaigns.pause, campaigns.reopen, campaigns.close):
        turn(campaign, researcher)
    terms = pay.Terms(Decimal("0.1"), 0, "USD", 20)
    assert pay.set_pay(campaign, terms, researcher, timezone.now())
    assert not pay.set_pay(campaign, terms, researcher, timezone.now())
    acts = AuditEntry.objects.order_by("pk").values_list("act", "by_user__username", "reason")
    assert list(acts) == [
        ("paused", "bob", ""),
        ("reopened", "bob", ""),
        ("closed", "bob", ""),
        ("pay changed", "bob", "unpaid → 0.1 USD an answer, and a fee of 20%"),
    ]
    for wrong in ({"pay_per_hour": -1}, {"currency": "euro"}, {"fee": 301}):
        bad = pay.Terms(**{**vars(terms), **wrong})
        with pytest.raises(pay.PayRefused):
            pay.set_pay(campaign, bad, researcher, timezone.now())
