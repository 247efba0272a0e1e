"""What a researcher makes of single answers: accepted, rejected, sent back, or answered by herself.

What was said is never changed. A rejected answer is kept and counts no more, and its place is free
for somebody else; a sent-back one counts until its author has given a new one. Every act is a row
and stands in the audit log; done twice, it is done once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from annotate.core.comments import clean_comment
from annotate.models import Answer, Assignment, Campaign, Review, Task, Worker
from annotate.services.audit import LONGEST_REASON, About, record
from annotate.services.qualification import may_work
from annotate.services.workers import worker_for

Verdict = Review.Verdict
ACTS = {
    Verdict.ACCEPT: "accepted",
    Verdict.REJECT: "rejected",
    Verdict.RESTORE: "restored",
    Verdict.SEND_BACK: "sent back",
}
# How long a worker's first page tells of a rejection, and of how many; his history tells for ever.
NEWS = timedelta(days=14)
MOST_NEWS = 5


class CannotReview(ValueError):
    """An act on an answer that cannot be; the sentence says why, and what to do."""


# ---- A verdict on one answer ------------------------------------------------------------------
@transaction.atomic
def accept(answer: Answer, now: datetime, user: User) -> Review:
    """Mark an answer as looked at and found good; what was sent back is asked for no longer."""
    case = _lock(answer)
    if case.last and case.last.verdict == Verdict.ACCEPT:
        return case.last
    case.insist_it_counts()
    case.withdraw(now)
    return case.write(Verdict.ACCEPT, "", now, user)


@transaction.atomic
def reject(answer: Answer, reason: str, now: datetime, user: User) -> Review:
    """Take an answer out of the count: its unit goes back to the queue, to other workers.

    Raises
    ------
    CannotReview
        no reason is given, it is too long, or the answer was revised.
    """
    case = _lock(answer)
    if case.last and case.last.verdict == Verdict.REJECT and not case.answer.counts:
        return case.last
    comment = _cleaned(reason, "Say why it is rejected: its author reads the reason.")
    case.insist_it_counts()
    case.withdraw(now)
    case.count(counts=False)
    return case.write(Verdict.REJECT, comment, now, user)


@transaction.atomic
def restore(answer: Answer, now: datetime, user: User) -> Review:
    """Undo a rejection, where the unit still has a place for the answer.

    Raises
    ------
    CannotReview
        the answer is not rejected, or its place was taken since.
    """
    case = _lock(answer)
    if case.answer.counts and case.last and case.last.verdict == Verdict.RESTORE:
        return case.last
    if case.answer.counts:
        raise CannotReview("This answer is not rejected, so there is nothing to undo.")
    case.insist_it_is_the_newest()
    case.insist_on_room(now)
    case.count(counts=True)
    return case.write(Verdict.RESTORE, "", now, user)


@transaction.atomic
def send_back(answer: Answer, comment: str, now: datetime, user: User) -> Review:
    """Ask the author to look again: he gets the unit as his next one, with the comment.

    Raises
    ------
    CannotReview
        no comment is given, it is too long, the answer does not count, or it cannot reach its
        author: he left, is a program, may not work here, or the campaign is closed.
    """
    case = _lock(answer)
    if case.last and case.last.is_waiting:
        return case.last
    cleaned = _cleaned(comment, "Say what to look at again: a comment goes with it.")
    case.insist_it_counts()
    case.insist_it_can_arrive()
    case.hand_out(Assignment.State.SENT_BACK, now)
    return case.write(Verdict.SEND_BACK, cleaned, now, user)


# ---- The author's side ------------------------------------------------------------------------
@transaction.atomic
def keep(assignment: Assignment, now: datetime) -> bool:
    """Let an author leave his sent-back answer as it was; False if there is none.

    What only checks its worker is never sent back, and must be answered here like all the others.
    """
    state = Assignment.objects.filter(pk=assignment.pk).values_list("state", flat=True).get()
    case = _lock(assignment.answer) if state == Assignment.State.SENT_BACK else None
    if case is None or not (case.last and case.last.is_waiting):
        return False
    case.end(Review.End.KEPT, now)
    campaign, worker = case.task.campaign, case.worker
    record(campaign, "kept", now, worker, About(worker, case.task, case.answer))
    return True


def sent_back(assignment: Assignment) -> Review | None:
    """Return what a reviewer said when she sent this unit back, while its author is asked."""
    if assignment.state != Assignment.State.SENT_BACK:
        return None
    return Review.objects.waiting().filter(answer__assignment=assignment).first()


def news_of(worker: Worker, now: datetime) -> list[Review]:
    """Return what a worker should hear of: sent back and waiting for him, or rejected of late."""
    rejected = Q(verdict=Verdict.REJECT, at__gt=now - NEWS, answer__counts=False)
    is_open = Q(answer__task__campaign__state=Campaign.State.OPEN)
    waiting = Q(pk__in=Review.objects.waiting().filter(is_open, answer__worker=worker))
    rows = Review.objects.filter(rejected | waiting, answer__worker=worker)
    rows = rows.select_related("answer__task__campaign").order_by("-verdict", "-pk")
    return list(rows[:MOST_NEWS])


# ---- Answering oneself ------------------------------------------------------------------------
@transaction.atomic
def begin(task: Task, now: datetime, user: User) -> Assignment:
    """Give a reviewer a unit to answer herself; what she holds of it already is that.

    It takes no place: when she submits, the unit wants one answer more.

    Raises
    ------
    CannotReview
        she answered the unit as a worker, it teaches, programs answer the campaign, or its
        answers were published.
    """
    worker = Worker.objects.select_for_update(no_key=True).get(pk=worker_for(user).pk)
    locked = Task.objects.select_for_update(no_key=True, of=("self",))
    task = locked.select_related("campaign").get(pk=task.pk)
    if task.campaign.simulated:
        raise CannotReview(
            "Simulated workers answer this campaign: an answer of a person is not counted in it."
        )
    if task.campaign.published:
        raise CannotReview(
            "Published answers stand here: an answer of yours would not be counted among them."
        )
    if not task.answers_wanted:
        raise CannotReview(f"{task.unit} teaches, and is asked of nobody.")
    mine = Assignment.objects.select_for_update(no_key=True)
    found = mine.filter(task=task, worker=worker).first() or Assignment(task=task, worker=worker)
    former = Answer.objects.filter(task=task, worker=worker).order_by("-pk").first()
    if former and not former.by_reviewer:
        raise CannotReview(
            f"You answered {task.unit} as a worker already, as {worker.pseudonym}: one answer of "
            "yours is counted, not two. Send that one back to yourself to change it."
        )
    return _begun(found, former, now)


def own(task: Task, user: User) -> Assignment | None:
    """Return what a reviewer has begun, or answered, of a unit; None if she has not."""
    mine = Assignment.objects.filter(worker__user=user, task=task).select_related(
        "task__campaign", "worker"
    )
    begun = Q(state=Assignment.State.REVIEWING) | Q(answers__by_reviewer=True)
    return mine.filter(begun).distinct().first()


def _begun(mine: Assignment, former: Answer | None, now: datetime) -> Assignment:
    """Write down that a reviewer is at a unit; a place that she held is free again."""
    if mine.pk and mine.state == Assignment.State.REVIEWING:
        return mine
    mine.state, mine.leased_at, mine.due_at = Assignment.State.REVIEWING, now, now
    mine.draft = marks_of(former) if former else mine.draft
    mine.draft_version, mine.attempts = _version(mine, now), 0
    mine.seed = mine.seed if mine.pk else mine.task_id
    mine.save()
    return mine


# ---- What is done under the lock --------------------------------------------------------------
@dataclass(frozen=True)
class _Case:
    """An answer with everything that belongs to it, locked in the order that holds everywhere."""

    worker: Worker
    task: Task
    assignment: Assignment
    answer: Answer
    last: Review | None

    def insist_it_counts(self) -> None:
        """Refuse what is rejected or revised."""
        self.insist_it_is_the_newest()
        if not self.answer.counts:
            raise CannotReview("This answer is rejected: undo the rejection first.")

    def insist_it_is_the_newest(self) -> None:
        """Refuse what its author has revised."""
        if Answer.objects.filter(supersedes=self.answer).exists():
            raise CannotReview(
                f"{self.worker} has revised this answer since: look at the new one instead."
            )

    def insist_it_can_arrive(self) -> None:
        """Refuse to send something to an author who would never see it."""
        campaign = self.task.campaign
        if self.worker.has_left:
            raise CannotReview(f"{self.worker} has left: nothing can be sent to him any more.")
        if self.worker.kind == Worker.Kind.SIMULATED:
            raise CannotReview(f"{self.worker} is a simulated worker, and answers once only.")
        if self.answer.by_reviewer:
            raise CannotReview(
                "This is a reviewer's own answer: she corrects it by “answer it yourself”."
            )
        if campaign.state == Campaign.State.CLOSED:
            raise CannotReview(
                "The campaign is closed, so that its workers get no units: reopen it first."
            )
        if not campaign.admits(self.worker) or not may_work(self.worker, campaign):
            raise CannotReview(
                f"{self.worker} may not work in this campaign now, so the unit would not reach him."
            )

    def insist_on_room(self, now: datetime) -> None:
        """Refuse to count an answer again whose place is taken."""
        mine = Answer.objects.filter(task=self.task, worker=self.worker, counts=True)
        if mine.exists():
            raise CannotReview(f"{self.worker} has another answer to this unit that counts.")
        if self.answer.by_reviewer or Task.objects.filter(pk=self.task.pk).with_room(now).exists():
            return
        given, wanted = self.task.answers_given, self.task.answers_wanted
        held = "" if given >= wanted else " and somebody is labelling it at this moment"
        raise CannotReview(
            f"The unit has no place left for this answer: {given} of {wanted} answers are "
            f"there{held}. Reject another one first, or leave it rejected."
        )

    def count(self, *, counts: bool) -> None:
        """Count the answer, or no longer; a reviewer's own brings and takes its place with it."""
        by = 1 if counts else -1
        changed: dict[str, Any] = {"answers_given": F("answers_given") + by}
        if self.answer.by_reviewer:
            # Never 0, which would say that it teaches: where hers alone had made a unit sure, it
            # wants no more than that one.
            changed["answers_wanted"] = Greatest(F("answers_wanted") + by, 1)
        Task.objects.filter(pk=self.task.pk).update(**changed)
        Answer.objects.filter(pk=self.answer.pk).update(counts=counts)

    def hand_out(self, state: str, now: datetime) -> None:
        """Put the unit before its author again, with his marks as the draft; newer than any kept.

        The deadline begins when he opens it.
        """
        Assignment.objects.filter(pk=self.assignment.pk).update(
            state=state,
            due_at=now,
            attempts=0,
            draft=marks_of(self.answer),
            draft_version=_version(self.assignment, now),
        )

    def withdraw(self, now: datetime) -> None:
        """End what was sent back, if it was, for another verdict comes first."""
        if self.last and self.last.is_waiting:
            self.end(Review.End.WITHDRAWN, now)

    def end(self, how: str, now: datetime) -> None:
        """End what was sent back without a new answer."""
        Review.objects.waiting().filter(answer=self.answer).update(end=how, ended_at=now)
        submitted = Assignment.State.SUBMITTED
        Assignment.objects.filter(pk=self.assignment.pk).update(state=submitted)

    def write(self, verdict: Verdict, comment: str, now: datetime, user: User) -> Review:
        """Add the verdict, here and in the audit log."""
        about = About(self.worker, self.task, self.answer, comment)
        record(self.task.campaign, ACTS[verdict], now, user, about)
        return Review.objects.create(
            answer=self.answer, verdict=verdict, comment=comment, reviewer=user, at=now
        )


def _lock(answer: Answer) -> _Case:
    """Lock what belongs to an answer: worker, task, assignment; and read it under the lock.

    Raises CannotReview for an answer that only checks its worker: it is counted nowhere.
    """
    worker = Worker.objects.select_for_update(no_key=True).get(pk=answer.worker_id)
    locked = Task.objects.select_for_update(no_key=True, of=("self",))
    task = locked.select_related("campaign").get(pk=answer.task_id)
    if not task.is_asked:
        raise CannotReview("This answer checks its worker and counts nowhere: it is not reviewed.")
    mine = Assignment.objects.select_for_update(no_key=True).get(pk=answer.assignment_id)
    reviews: QuerySet[Review] = Review.objects.filter(answer=answer.pk).order_by("-pk")
    return _Case(worker, task, mine, Answer.objects.get(pk=answer.pk), reviews.first())


def marks_of(answer: Answer) -> dict[str, object]:
    """Return an answer as a draft, so that its author goes on from it."""
    return {
        "concept": answer.concept,
        "category": answer.category,
        "rejected": answer.rejected,
        "unseen": [],
        "all_fit": not answer.rejected,
    }


def _version(assignment: Assignment, now: datetime) -> int:
    """Return a version of a draft that is newer than what any browser kept of it."""
    return max(assignment.draft_version + 1, int(now.timestamp() * 1000))


def _cleaned(comment: str, missing: str) -> str:
    """Return a comment as it is kept; refuse one that is missing or too long."""
    # Very long text is not even cleaned: that may take as much time as its length squared.
    text = comment if len(comment) > 4 * LONGEST_REASON else clean_comment(comment)
    if not text:
        raise CannotReview(missing)
    if len(text) > LONGEST_REASON:
        raise CannotReview(f"Shorten it to {LONGEST_REASON} characters; it has {len(text)}.")
    return text
