"""Assignments (leases) and answers (what was said is immutable)."""

from datetime import datetime

from django.db import models
from django.db.models import Case, F, Q, When

from analysis.models import Category
from annotate.models.campaigns import Campaign, Task, Worker


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Named ways to read assignments."""

    def live(self, now: datetime) -> "AssignmentQuerySet":
        """Keep leases that hold a place: a deadline passed is a place given up."""
        return self.filter(state=Assignment.State.HELD, due_at__gt=now)

    def lapsed(self, now: datetime) -> "AssignmentQuerySet":
        """Keep leases that ended without an answer or a giving back."""
        overdue = Q(state=Assignment.State.HELD, due_at__lte=now)
        return self.filter(overdue | Q(state=Assignment.State.EXPIRED))

    def sent_back(self, worker: Worker, campaign: Campaign) -> "AssignmentQuerySet":
        """Keep what a review sent back to this worker and he has not answered since."""
        rows = self.of(worker).filter(task__campaign=campaign)
        return rows.filter(state=Assignment.State.SENT_BACK)

    def of(self, worker: Worker) -> "AssignmentQuerySet":
        """Keep this worker's: the only way to fetch one for somebody."""
        return self.filter(worker=worker).select_related("task__campaign", "worker")


class Assignment(models.Model):
    """A lease: this worker holds this task until the deadline."""

    class State(models.TextChoices):
        """How the lease stands."""

        HELD = "held"
        SUBMITTED = "submitted"
        RETURNED = "returned"
        EXPIRED = "expired"
        # His answer goes on counting in its place, so that these two hold none of their own.
        SENT_BACK = "sent back"
        REVIEWING = "reviewing"

    task = models.ForeignKey(Task, models.CASCADE, related_name="assignments")
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="assignments")
    state = models.CharField(max_length=10, choices=State, default=State.HELD)
    seed = models.PositiveBigIntegerField(help_text="order in which this worker sees the images")
    leased_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0, help_text="submissions refused so far")
    # What the worker is judged by: later attempts knew that something was still in.
    first_missed = models.PositiveIntegerField(
        null=True, blank=True, help_text="planted negatives left in at first"
    )
    # {"concept": ..., "category": ..., "rejected": [...], "all_fit": ...}, newest version wins.
    draft = models.JSONField(default=dict, blank=True)
    draft_version = models.PositiveBigIntegerField(default=0)
    focused_seconds = models.PositiveIntegerField(default=0)
    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            # Nobody gets a unit twice; a returned or expired lease is taken up again in place.
            models.UniqueConstraint(fields=["task", "worker"], name="task_once_per_worker"),
        ]
        indexes = [
            # "What does this worker hold?" and "how many hold this task?"
            models.Index(fields=["worker", "state", "due_at"], name="held_by_worker"),
            models.Index(fields=["task", "state", "due_at"], name="held_of_task"),
        ]

    def __str__(self) -> str:
        return f"{self.worker} on {self.task}"

    def is_live(self, now: datetime) -> bool:
        """Tell whether this lease still holds its place."""
        return self.state == self.State.HELD and self.due_at > now

    def is_his(self, now: datetime) -> bool:
        """Tell whether its worker may go on with it: he holds it, or it was sent back to him."""
        working = (self.State.HELD, self.State.SENT_BACK)
        return self.state in working and self.due_at > now

    @property
    def answer(self) -> "Answer":
        """The newest answer given to it; raises Answer.DoesNotExist before the first."""
        return self.answers.latest("pk")


# Seconds of an answer: without scripts it has no focused time, and its clock time stands in.
TOOK = Case(When(focused_seconds=0, then=F("seconds")), default=F("focused_seconds"))


class AnswerQuerySet(models.QuerySet["Answer"]):
    """Named ways to read answers."""

    def counted(self, campaign: Campaign) -> "AnswerQuerySet":
        """Keep the answers that a campaign's labels and figures rest on.

        Not those that a review rejected, nor those that only check a worker, nor those of the
        other kind of worker: what a simulated one said is never counted among people's.
        """
        return self.asked_by(campaign).filter(counts=True)

    def asked_by(self, campaign: Campaign) -> "AnswerQuerySet":
        """Keep the answers to what a campaign asks, those included that count no more."""
        rows = self.filter(task__campaign=campaign, task__purpose=Task.Purpose.ASK)
        return rows.by_its_workers(campaign)

    def by_its_workers(self, campaign: Campaign) -> "AnswerQuerySet":
        """Keep the answers by the kind of worker that a campaign asks."""
        # Not joined to workers: a database might begin with all answers of each of them. The other
        # kinds are few among people's campaigns, and found by the index `worker_kind`.
        kinds = [kind for kind in Worker.Kind if kind != campaign.worker_kind]
        others = Worker.objects.filter(kind__in=kinds).order_by().values("pk")
        return self.exclude(worker__in=others)


class Answer(models.Model):
    """What a worker said about a unit. What was said is never changed after it is given.

    Who corrects himself gives a new answer that supersedes the old one, which is kept and counts
    no more.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="answers")
    task = models.ForeignKey(Task, models.PROTECT, related_name="answers")
    worker = models.ForeignKey(Worker, models.PROTECT, related_name="answers")
    concept = models.CharField(max_length=80)
    category = models.CharField(max_length=10, choices=Category)
    rejected = models.JSONField(help_text="places in the task's items that do not fit")
    unseen = models.JSONField(default=list, help_text="places whose picture failed to load")
    attempts = models.PositiveIntegerField(default=1, help_text="submissions it took")
    controls_missed = models.PositiveIntegerField(default=0)
    seconds = models.PositiveIntegerField(help_text="from lease to submission")
    focused_seconds = models.PositiveIntegerField(default=0)
    # Counts of published answers, whose images are not known; null where places tell them.
    shown = models.PositiveIntegerField(null=True, blank=True)
    kept = models.PositiveIntegerField(null=True, blank=True)
    counts = models.BooleanField(default=True, help_text="false once rejected or revised")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    by_reviewer = models.BooleanField(
        default=False, help_text="by somebody who had read what others said of the unit"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        # "The latest answers", "those of the last hours" of the live page.
        indexes = [models.Index(fields=["created_at"], name="answer_by_time")]
        constraints = [
            # Earlier ones, rejected or revised, are kept beside it.
            models.UniqueConstraint(
                fields=["task", "worker"],
                condition=Q(counts=True),
                name="one_counts_per_worker",
            ),
            models.CheckConstraint(
                condition=Q(shown__isnull=True, kept__isnull=True)
                | Q(shown__gt=0, kept__lte=F("shown")),
                name="kept_of_shown",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker}: {self.concept}"

    @property
    def images(self) -> tuple[int, int]:
        """How many images were kept, and shown: no planted ones, none that failed to load."""
        if self.kept is not None and self.shown is not None:
            return self.kept, self.shown
        shown = set(range(len(self.task.items))) - set(self.task.controls) - set(self.unseen)
        return len(shown - set(self.rejected)), len(shown)
