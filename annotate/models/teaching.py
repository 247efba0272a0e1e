"""Units that teach, and what workers answered when they practised on them."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from analysis.models import Category, Unit
from annotate.core.practice import ATTEMPTS, Difference, Expert, Score, differences
from annotate.core.rules import Given
from annotate.models.campaigns import Campaign, Task, Worker
from annotate.models.rulings import Ruling


class LessonQuerySet(models.QuerySet["Lesson"]):
    """Named ways to read lessons."""

    def of(self, campaign: Campaign) -> "LessonQuerySet":
        """Keep a campaign's, with all that their pages show."""
        rows = self.within(campaign.pk)
        return rows.select_related("task__campaign", "task__unit__layer__network")

    def within(self, campaign: int) -> "LessonQuerySet":
        """Keep a campaign's, found from the lessons' side.

        A campaign has a handful of lessons and may have a million tasks. SQLite keeps no counts
        by itself and would begin at the tasks: behind `Coalesce` it does not see their index, and
        with all kinds named it expects few lessons.
        """
        rows = self.filter(kind__in=Lesson.Kind.values)
        return rows.alias(asked_in=Coalesce("task__campaign", 0)).filter(asked_in=campaign)

    def told_about(self, units: Sequence[Unit]) -> dict[int, str]:
        """Return unit → campaign where its answer is, or was, shown to workers."""
        open_ones = ~Q(task__campaign__state=Campaign.State.CLOSED) & ~Q(
            kind__in=[Lesson.Kind.GOLD, Lesson.Kind.RETIRED]
        )
        rows = self.filter(open_ones | Q(seen_at__isnull=False), task__unit__in=units)
        return dict(rows.values_list("task__unit", "task__campaign__slug"))

    def worked(self) -> "LessonQuerySet":
        """Keep the tutorial's worked units that are ready to be shown."""
        return self.filter(kind=Lesson.Kind.TUTORIAL, labelled_at__isnull=False)

    def practised(self) -> "LessonQuerySet":
        """Keep the units of the practice round that are ready to be asked."""
        return self.filter(kind=Lesson.Kind.PRACTICE, labelled_at__isnull=False)

    def known(self) -> "LessonQuerySet":
        """Keep the known units that workers may be checked by."""
        return self.filter(kind=Lesson.Kind.GOLD, labelled_at__isnull=False)


class Lesson(models.Model):
    """A unit that the researcher has labelled, and that is asked for no longer.

    It teaches, or it is gold: mixed in to check workers, who are never shown what she said.
    """

    class Kind(models.TextChoices):
        """What workers do with it."""

        TUTORIAL = "tutorial", "worked unit of the tutorial"
        PRACTICE = "practice", "unit of the practice round"
        ASIDE = "aside", "set aside: workers have seen its answer"
        GOLD = "gold", "gold: mixed in to check workers"
        RETIRED = "retired", "retired gold: workers were given it"

    task = models.OneToOneField(Task, models.CASCADE, related_name="lesson")
    kind = models.CharField(max_length=10, choices=Kind)
    position = models.PositiveIntegerField(default=0)
    # What the expert said; empty until she has.
    concept = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=10, choices=Category, blank=True)
    rejected = models.JSONField(default=list, help_text="places in the task's items")
    other_words = models.JSONField(default=list, help_text="concepts that are accepted as well")
    why = models.TextField(blank=True, help_text="Markdown")
    machine_made = models.BooleanField(default=False, help_text="the answer is a program's")
    labelled_at = models.DateTimeField(null=True, blank=True)
    # Whoever has seen the expert's answer must not be asked for his own.
    seen_at = models.DateTimeField(null=True, blank=True, help_text="answer first shown to workers")
    draft = models.JSONField(default=dict, blank=True)
    draft_version = models.PositiveBigIntegerField(default=0)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="lessons"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.task}"

    @property
    def seed(self) -> int:
        """The order in which everybody sees the images of a worked unit."""
        return self.pk

    @property
    def is_ready(self) -> bool:
        """Tell whether the expert has labelled it."""
        return self.labelled_at is not None

    @property
    def expert(self) -> Expert:
        """What the expert said, as the core reads it."""
        return Expert(
            self.concept, self.category, frozenset(self.rejected), tuple(self.other_words)
        )

    @property
    def judged_by(self) -> Expert:
        """What workers are checked by: what the expert said, and that no planted image fits.

        She need not have found the planted ones; workers have to.
        """
        rejected = frozenset(self.rejected) | frozenset(self.task.controls)
        return Expert(self.concept, self.category, rejected, tuple(self.other_words))

    @property
    def marks(self) -> dict[str, object]:
        """What stands in the task page's form: the draft if there is one, else what was said."""
        said = {"concept": self.concept, "category": self.category, "rejected": self.rejected}
        said["all_fit"] = self.is_ready and not self.rejected
        return self.draft or said


class PracticeRound(models.Model):
    """One attempt of a worker at a campaign's practice round. Passing it is the qualification."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="practice_rounds")
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="practice_rounds")
    attempt = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    # A ruling that asks to practise again gives one attempt more than everybody has.
    asked_by = models.OneToOneField(
        Ruling, models.CASCADE, null=True, blank=True, related_name="practice_round"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    points = models.PositiveSmallIntegerField(null=True, blank=True, help_text="of 100")
    bar = models.PositiveSmallIntegerField(null=True, blank=True, help_text="as it was then")
    passed = models.BooleanField(default=False)

    class Meta:
        # By nothing of another table: a row that is locked must not lock its campaign too.
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "campaign", "attempt"], name="practice_once_per_attempt"
            ),
            models.CheckConstraint(
                condition=Q(attempt__gte=1)
                & (Q(attempt__lte=ATTEMPTS) | Q(asked_by__isnull=False)),
                name="practice_attempts",
            ),
            models.CheckConstraint(
                condition=Q(passed=False) | Q(finished_at__isnull=False),
                name="practice_passed_when_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker} in {self.campaign}, attempt {self.attempt}"

    @property
    def is_last(self) -> bool:
        """Tell whether no other attempt may follow, unless a ruling asks for one."""
        return self.attempt >= ATTEMPTS


class PracticeAnswerQuerySet(models.QuerySet["PracticeAnswer"]):
    """Named ways to read practice answers."""

    def of(self, worker: Worker, campaign: Campaign) -> "PracticeAnswerQuerySet":
        """Keep this worker's in this campaign: the only way to fetch one for somebody."""
        rows = self.filter(round__worker=worker, round__campaign=campaign)
        return rows.select_related(
            "round__worker", "round__campaign", "lesson__task__campaign", "lesson__task__unit"
        )

    def waiting(self) -> "PracticeAnswerQuerySet":
        """Keep what is not answered yet, in the order of the round."""
        return self.filter(answered_at__isnull=True).order_by("lesson__position", "pk")


class PracticeAnswer(models.Model):
    """One unit of a practice round: what the worker said, once, and how near it came."""

    round = models.ForeignKey(PracticeRound, models.CASCADE, related_name="answers")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="practice_answers")
    seed = models.PositiveBigIntegerField(help_text="order in which this worker sees the images")
    draft = models.JSONField(default=dict, blank=True)
    draft_version = models.PositiveBigIntegerField(default=0)
    concept = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=10, choices=Category, blank=True)
    rejected = models.JSONField(default=list)
    unseen = models.JSONField(default=list)
    images_alike = models.FloatField(null=True, blank=True)
    words_alike = models.FloatField(null=True, blank=True)
    group_alike = models.FloatField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    objects = PracticeAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["lesson__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "lesson"], name="lesson_once_per_round"),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.lesson}"

    @property
    def task(self) -> Task:
        """The task whose images are shown."""
        return self.lesson.task

    @property
    def worker(self) -> Worker:
        """Who practises."""
        return self.round.worker

    @property
    def given(self) -> Given:
        """What was said, as the core reads it."""
        return Given(self.concept, self.category, list(self.rejected), unseen=list(self.unseen))

    @property
    def score(self) -> Score | None:
        """How near it came, or None before it is answered."""
        parts = (self.images_alike, self.words_alike, self.group_alike)
        images, words, group = parts
        if images is None or words is None or group is None:
            return None
        return Score(images, words, group)

    @property
    def differences(self) -> list[Difference]:
        """The images that only the worker or only the expert marked."""
        return differences(self.given, self.lesson.expert)

    def answer(self, given: Given, score: Score, now: datetime) -> None:
        """Fill in what was said; whoever calls it saves the row."""
        self.concept, self.category = given.concept, given.category
        self.rejected = sorted(given.rejected)
        self.unseen = sorted(set(given.unseen) - set(given.rejected))
        self.images_alike, self.words_alike = score.images, score.words
        self.group_alike, self.answered_at = score.group, now
