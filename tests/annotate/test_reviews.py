"""Accept, reject, send back, answer oneself: what each does to count, queue and label."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.core.comments import clean_comment
from annotate.models import Answer, Assignment, AuditEntry, Review, Ruling, Task, Worker
from annotate.services import assignments, campaigns, lessons, own_work, pace, reviews, rulings
from annotate.services.assignments import claim, progress_of, save_draft
from annotate.services.consensus import publish, publish_task
from annotate.services.leaving import leave
from annotate.services.lessons import CannotTeach
from annotate.services.reviews import CannotReview
from annotate.services.standing import standing
from annotate.services.submission import Refused, submit
from annotate.services.workers import new_simulated_worker, worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import a_lesson

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

LATER = timedelta(hours=5)


@pytest.fixture
def now():
    """The time that the tests pass in."""
    return timezone.now()


@pytest.fixture
def campaign(researcher):
    """Bob's campaign about one unit, of two people."""
    return open_small_campaign(units=1, answers=2, slug="rooms", user=researcher)


def said(campaign, now, worker=None, **changed):
    """Have somebody answer."""
    lease = claim(worker or a_worker(), campaign, now)
    return submit(lease, a_given(lease, **changed), now)


def counts(campaign):
    """Return given of wanted, and how many rows count: the first and the last must be equal."""
    task = campaign.tasks.get(purpose="ask")
    rows = Answer.objects.counted(campaign).count()
    return task.answers_given, task.answers_wanted, rows


def acts(campaign):
    """Return the audit log, oldest first."""
    return list(
        AuditEntry.objects.filter(campaign=campaign).order_by("pk").values_list("act", flat=True)
    )


def test_an_answer_that_checks_its_worker_is_not_reviewed(campaign, now, researcher):
    answer = said(campaign, now)
    Task.objects.filter(pk=answer.task_id).update(purpose="gold", answers_wanted=0, answers_given=0)
    for act in (
        lambda: reviews.accept(answer, now, researcher),
        lambda: reviews.reject(answer, "wrong", now, researcher),
        lambda: reviews.restore(answer, now, researcher),
        lambda: reviews.send_back(answer, "look again", now, researcher),
    ):
        with pytest.raises(CannotReview, match="checks its worker"):
            act()
    assert not Review.objects.exists()
    assert Task.objects.get(pk=answer.task_id).answers_given == 0


# ---- Accept and reject --------------------------------------------------------------------------
def test_accepted_is_marked_once_and_nothing_else_changes(campaign, researcher, now):
    answer = said(campaign, now)
    first = reviews.accept(answer, now, researcher)
    assert reviews.accept(answer, now, researcher) == first
    assert (first.verdict, first.reviewer) == ("accept", researcher)
    assert counts(campaign) == (1, 2, 1)
    assert acts(campaign) == ["accepted"]


def test_rejected_is_kept_with_its_reason_and_the_unit_goes_to_another(campaign, researcher, now):
    worker, late = a_worker(), a_worker()
    answer = said(campaign, now, worker, concept="lamp")
    said(campaign, now, concept="sofa")
    assert claim(late, campaign, now) is None
    publish(campaign)
    row = reviews.reject(answer, "  it is \u202eno lamp\x00 ", now, researcher)
    assert reviews.reject(answer, "another reason", now, researcher) == row
    assert counts(campaign) == (1, 2, 1)
    assert (row.comment, row.reviewer, Answer.objects.count()) == ("it is no lamp", researcher, 2)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.answer, entry.worker, entry.by_user) == (
        "rejected", answer, worker, researcher,
    )  # fmt: skip
    assert entry.reason == row.comment
    publish_task(answer.task)
    label = UnitSemantics.objects.get()
    assert (label.concept, label.answers) == ("sofa", 1)
    assert claim(worker, campaign, now + LATER) is None  # never to him again
    assert claim(late, campaign, now)


def test_a_label_goes_with_the_only_answer_behind_it(campaign, researcher, now):
    answer = said(campaign, now)
    publish(campaign)
    reviews.reject(answer, "wrong", now, researcher)
    assert publish(campaign) == 0  # by hand too, where no worker saw to it
    assert not UnitSemantics.objects.exists()
    assert standing(campaign, now).workers == 0


def test_a_rejection_is_undone_while_there_is_a_place(campaign, researcher, now):
    first, _ = said(campaign, now), said(campaign, now)
    reviews.reject(first, "wrong", now, researcher)
    held = claim(a_worker(), campaign, now)
    with pytest.raises(CannotReview, match="1 of 2 answers are there and somebody is labelling"):
        reviews.restore(first, now, researcher)
    assignments.give_back(held, now)
    row = reviews.restore(first, now, researcher)
    assert reviews.restore(first, now, researcher) == row
    assert counts(campaign) == (2, 2, 2)
    with pytest.raises(CannotReview, match="nothing to undo"):
        reviews.restore(Answer.objects.last(), now, researcher)
    reviews.reject(first, "wrong after all", now, researcher)
    said(campaign, now)
    with pytest.raises(CannotReview, match="2 of 2 answers are there"):
        reviews.restore(first, now, researcher)
    assert counts(campaign) == (2, 2, 2)
    assert acts(campaign) == ["rejected", "restored", "rejected"]


@pytest.mark.parametrize("comment", ["", "  \n ", "\x00\u200b", "x" * 2001, "\u0301\u0316" * 5000])
def test_a_reason_is_asked_for_and_bounded(campaign, researcher, now, comment):
    answer = said(campaign, now)
    for act in (reviews.reject, reviews.send_back):
        with pytest.raises(CannotReview, match=r"Say wh|Shorten it to 2000"):
            act(answer, comment, now, researcher)
    assert counts(campaign) == (1, 2, 1)
    assert not Review.objects.exists()


def test_a_comment_keeps_its_lines_and_loses_what_cannot_be_seen():
    assert clean_comment(" a\r\n\n\n\u202eb\tc \x07\n") == "a\n\nb c"
    assert clean_comment("<b>fett</b>") == "<b>fett</b>"  # text is text: pages escape it


# ---- Sent back ----------------------------------------------------------------------------------
@pytest.fixture
def sent(campaign, researcher, now):
    """Answer and author of what Bob sent back, in a campaign with two units."""
    worker = a_worker()
    answer = said(campaign, now, worker, concept="lamp")
    reviews.send_back(answer, "Look at the floor.", now, researcher)
    return answer, worker


def test_what_is_sent_back_comes_first_and_replaces_the_answer_once(
    sent, campaign, researcher, now
):
    answer, worker = sent
    again = reviews.send_back(answer, "twice", now, researcher)
    assert (again.comment, counts(campaign)) == ("Look at the floor.", (1, 2, 1))
    assert progress_of(worker, campaign, now).left == 1
    lease = claim(worker, campaign, now)
    assert assignments.likely_next(worker, campaign, now) == lease.task
    assert (lease.pk, lease.draft["concept"]) == (answer.assignment_id, "lamp")
    assert lease.draft["rejected"] == answer.rejected
    assert reviews.sent_back(lease).comment == "Look at the floor."
    with pytest.raises(Refused, match="sent back to you: change it"):
        submit(lease, a_given(lease, concept="lamp"), now)
    given = a_given(lease, concept="carpet")
    new = submit(lease, given, now + timedelta(seconds=9))
    assert submit(lease, given, now) == new
    assert (new.supersedes, new.seconds, counts(campaign)) == (answer, 9, (1, 2, 1))
    answer.refresh_from_db()
    assert (answer.counts, answer.concept) == (False, "lamp")
    assert answer.reviews.get().end == Review.End.REVISED
    assert acts(campaign) == ["sent back", "revised"]
    with pytest.raises(CannotReview, match="revised this answer since"):
        reviews.reject(answer, "old", now, researcher)
    with pytest.raises(Refused, match="answered this unit already"):
        submit(lease, a_given(lease, concept="third"), now)
    assert own_work.work_of(worker).answers == 1
    assert [own.review for own in own_work.with_use(list(own_work.history(worker)))] == [
        "",
        "revised",
    ]
    assert pace.seconds_each(worker, campaign) == 30


def test_it_holds_no_place_and_lapses_without_harm(sent, campaign, now):
    _, worker = sent
    lease = claim(worker, campaign, now)
    other = claim(a_worker(), campaign, now)
    submit(other, a_given(other), now)
    assert counts(campaign) == (2, 2, 2)
    late = now + LATER
    assignments.expire(late)
    assert save_draft(lease, {"concept": "rug"}, 2**52, late) == 2**52
    assert claim(worker, campaign, late) == lease
    assert submit(lease, a_given(lease, concept="rug"), late + LATER)  # no one waits for his place
    assert counts(campaign) == (2, 2, 2)


def test_who_is_held_back_meanwhile_submits_what_he_opened_and_nothing_later(
    sent, campaign, researcher, now
):
    answer, worker = sent
    order = rulings.Order(Ruling.State.ENDED, "too careless", by=researcher)
    rulings.rule_by_hand(worker, campaign, order, now)
    with pytest.raises(Refused, match="no new ones are given to you"):
        submit(answer.assignment, a_given(answer.assignment, concept="rug"), now + LATER)
    assert counts(campaign) == (1, 2, 1)
    assert Assignment.objects.get(pk=answer.assignment_id).draft["concept"] == "rug"


def test_it_may_be_kept_as_it_was(sent, campaign, researcher, now):
    answer, worker = sent
    lease = claim(worker, campaign, now)
    assert not assignments.give_back(lease, now)
    assert reviews.keep(lease, now)
    assert not reviews.keep(lease, now)
    assert answer.reviews.get().end == Review.End.KEPT
    assert (acts(campaign), counts(campaign)) == (["sent back", "kept"], (1, 2, 1))
    assert claim(worker, campaign, now) is None
    assert not reviews.keep(claim(a_worker(), campaign, now), now)
    reviews.send_back(answer, "really", now, researcher)
    assert claim(worker, campaign, now) == lease


@pytest.mark.parametrize("end", [campaigns.pause, campaigns.close])
def test_a_campaign_that_stops_takes_what_is_in_time_and_the_old_answer_counts_else(
    sent, campaign, now, end
):
    answer, worker = sent
    lease = claim(worker, campaign, now)
    end(campaign)
    with pytest.raises(Refused, match=f"campaign is {campaign.state} now"):
        submit(lease, a_given(lease, concept="late"), now + LATER)
    assert claim(worker, campaign, now + LATER) is None
    assert counts(campaign) == (1, 2, 1)
    assert Answer.objects.counted(campaign).get() == answer
    assert submit(lease, a_given(lease, concept="in time"), now + timedelta(minutes=19))
    assert counts(campaign) == (1, 2, 1)


def test_rejecting_or_accepting_it_ends_it(sent, campaign, researcher, now):
    answer, worker = sent
    lease = claim(worker, campaign, now)
    reviews.accept(answer, now, researcher)
    with pytest.raises(Refused, match="answered this unit already"):
        submit(lease, a_given(lease, concept="rug"), now)
    reviews.send_back(answer, "again", now, researcher)
    reviews.reject(answer, "no", now, researcher)
    assert {row.end for row in answer.reviews.filter(verdict="send back")} == {"withdrawn"}
    assert claim(worker, campaign, now + LATER) is None
    with pytest.raises(Refused, match="answered this unit already"):
        submit(lease, a_given(lease, concept="rug"), now)
    for act in (reviews.accept, lambda *args: reviews.send_back(args[0], "x", *args[1:])):
        with pytest.raises(CannotReview, match="undo the rejection first"):
            act(answer, now, researcher)
    assert counts(campaign) == (0, 2, 0)


def test_nothing_is_sent_to_whom_it_cannot_reach(campaign, researcher, now):
    answer = said(campaign, now)
    worker = Worker.objects.get(pk=answer.worker_id)
    campaigns.close(campaign)
    with pytest.raises(CannotReview, match="closed, so that its workers get no units"):
        reviews.send_back(answer, "look", now, researcher)
    campaigns.reopen(campaign)
    a_lesson(open_small_campaign(units=2), "practice")  # another campaign's bar is none here
    type(campaign).objects.update(access="members")
    with pytest.raises(CannotReview, match="may not work in this campaign now"):
        reviews.send_back(answer, "look", now, researcher)
    type(campaign).objects.update(access="link")
    reviews.send_back(answer, "look", now, researcher)
    leave(worker, now)
    assert answer.reviews.get().end == Review.End.LEFT
    assert Assignment.objects.get().state == Assignment.State.SUBMITTED
    with pytest.raises(CannotReview, match="has left: nothing can be sent"):
        reviews.send_back(answer, "look", now, researcher)
    assert counts(campaign) == (1, 2, 1)


def test_who_has_not_passed_the_practice_gets_nothing_sent(researcher, now):
    campaign = open_small_campaign(units=3, answers=2, user=researcher)
    worker = a_worker()
    answer = said(campaign, now, worker)
    reviews.send_back(answer, "look", now, researcher)
    a_lesson(campaign, "practice")
    assert claim(worker, campaign, now) is None  # not before he has passed
    assert not assignments.extend(Assignment.objects.get(pk=answer.assignment_id), now)
    reviews.accept(answer, now, researcher)
    with pytest.raises(CannotReview, match="may not work"):
        reviews.send_back(answer, "look", now, researcher)


def test_programs_are_judged_and_sent_nothing(researcher, now):
    campaign = open_small_campaign(units=1, simulated=True, user=researcher)
    answer = said(campaign, now, new_simulated_worker())
    with pytest.raises(CannotReview, match="simulated worker"):
        reviews.send_back(answer, "look", now, researcher)
    with pytest.raises(CannotReview, match="Simulated workers answer"):
        reviews.begin(answer.task, now, researcher)
    reviews.reject(answer, "nonsense", now, researcher)
    assert counts(campaign)[::2] == (0, 0)


# ---- A reviewer's own answer --------------------------------------------------------------------
def test_who_is_a_researcher_no_longer_hands_in_no_reviewers_answer(campaign, researcher, now):
    first, _ = said(campaign, now), said(campaign, now)
    lease = reviews.begin(first.task, now, researcher)
    researcher.groups.clear()
    with pytest.raises(Refused, match="not review this campaign any more"):
        submit(lease, a_given(lease, concept="sofa"), now)
    assert counts(campaign) == (2, 2, 2)


def test_a_reviewers_answer_takes_no_place_and_is_marked(campaign, researcher, now):
    first, _ = said(campaign, now), said(campaign, now)
    lease = reviews.begin(first.task, now, researcher)
    assert reviews.begin(first.task, now, researcher) == lease
    assert reviews.own(first.task, researcher) == lease
    assert claim(lease.worker, campaign, now) is None  # it is no unit of hers as a worker
    given = a_given(lease, concept="sofa")
    answer = submit(lease, given, now)
    assert submit(lease, given, now) == answer
    assert (answer.by_reviewer, answer.worker.user, counts(campaign)) == (
        True,
        researcher,
        (3, 3, 3),
    )
    publish(campaign)
    words = UnitSemantics.objects.get().details["words"]
    assert [word.get("reviewer", False) for word in words] == [False, False, True]
    entry = AuditEntry.objects.get()
    assert (entry.by_user, entry.worker) == (researcher, None)  # no name beside a pseudonym
    with pytest.raises(CannotReview, match="reviewer's own answer"):
        reviews.send_back(answer, "look", now, researcher)
    reviews.begin(first.task, now, researcher)
    better = submit(lease, a_given(lease, concept="settee"), now)
    assert (better.supersedes, better.by_reviewer, counts(campaign)) == (answer, True, (3, 3, 3))
    reviews.reject(better, "no", now, researcher)
    assert counts(campaign) == (2, 2, 2)  # nobody is asked in her place
    reviews.restore(better, now, researcher)
    assert counts(campaign) == (3, 3, 3)


def test_she_who_answered_as_a_worker_does_not_answer_again(campaign, researcher, now):
    worker = worker_for(researcher)
    answer = said(campaign, now, worker)
    with pytest.raises(CannotReview, match=f"as a worker already, as {worker.pseudonym}"):
        reviews.begin(answer.task, now, researcher)
    reviews.send_back(answer, "hm", now, researcher)
    with pytest.raises(CannotReview, match="as a worker already"):
        reviews.begin(answer.task, now, researcher)


def test_what_she_held_as_a_worker_becomes_a_reviewers(campaign, researcher, now):
    said(campaign, now)
    held = claim(worker_for(researcher), campaign, now)
    assert claim(a_worker(), campaign, now) is None
    reviews.begin(held.task, now, researcher)
    assert claim(a_worker(), campaign, now)  # her place is free again
    assert submit(held, a_given(held), now).by_reviewer
    assert counts(campaign) == (2, 3, 2)


def test_an_answered_unit_does_not_teach_though_all_is_rejected(researcher, now):
    campaign = open_small_campaign(units=2, user=researcher)
    answer = said(campaign, now)
    reviews.reject(answer, "no", now, researcher)
    with pytest.raises(CannotTeach, match="rejected in review"):
        lessons.make_lesson(answer.task, "practice", now)
    lesson = a_lesson(campaign, "practice")
    with pytest.raises(CannotReview, match="teaches"):
        reviews.begin(lesson.task, now, researcher)


# ---- The database -------------------------------------------------------------------------------
def test_the_database_lets_one_answer_of_a_worker_count_and_keeps_the_others(campaign, now):
    answer = said(campaign, now)
    row = {"assignment": answer.assignment, "task": answer.task, "worker": answer.worker}
    row |= {"concept": "x", "category": "object", "rejected": [], "seconds": 1}
    Answer.objects.create(**row, counts=False)
    Answer.objects.create(**row, counts=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(**row)
    assert answer.assignment.answer != answer  # the newest
    sent = {"answer": answer, "verdict": "send back", "at": now}
    Review.objects.create(**sent)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(**sent)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(answer=answer, verdict="accept", at=now, end="kept", ended_at=now)


def test_a_reviewer_who_is_removed_leaves_the_verdict(campaign, now):
    user = User.objects.create_user("eve")
    row = reviews.accept(said(campaign, now), now, user)
    user.delete()
    row.refresh_from_db()
    assert row.reviewer is None
    assert Task.objects.get().answers_given == 1
