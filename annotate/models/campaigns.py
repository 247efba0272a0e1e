"""Campaigns and their tasks: one task asks about one unit."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from analysis.models import Network, Run, Source, Unit
from annotate.core.checking import Rates
from annotate.core.practice import DEFAULT_BAR
from annotate.models.asking import Asking

if TYPE_CHECKING:
    from annotate.models.answers import Assignment


class Campaign(Asking):
    """A question put to people about the units of one run."""

    class State(models.TextChoices):
        """Whether workers are served."""

        OPEN = "open"
        PAUSED = "paused"
        CLOSED = "closed"

    class Access(models.TextChoices):
        """Who may work."""

        MEMBERS = "members", "signed-in workers"
        LINK = "link", "anyone with the link"

    class ControlRule(models.TextChoices):
        """What happens when planted negatives are left in."""

        ENFORCE = "enforce", "cannot submit until they are found"
        LENIENT = "lenient", "may submit after the number of attempts"
        RECORD = "record", "only recorded"

    class ControlBand(models.TextChoices):
        """From which of the weakest images that a run keeps negatives are planted."""

        ANY = "any", "any of the weakest images that the run keeps"
        WEAKER = "weaker", "the weaker half of the weakest images that the run keeps"
        STRONGER = "stronger", "the stronger half of the weakest images that the run keeps"

    class Method(models.TextChoices):
        """What several answers become one truth by: the names of `annotate.core.truth`."""

        MAJORITY = "majority", "majority: everybody counts alike"
        DAWID_SKENE = "dawid-skene", "Dawid–Skene: what each worker takes for what"
        ONE_COIN = "one-coin", "one coin: how often each worker is right"
        POOLED = "pooled", "pooled: what the whole crowd takes for what"
        MACE = "mace", "MACE: who knows, and who answers by habit"

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    network = models.ForeignKey(Network, models.PROTECT, related_name="campaigns")
    run = models.ForeignKey(
        Run,
        models.PROTECT,
        related_name="campaigns",
        null=True,
        blank=True,
        help_text="whose images are shown; none where answers were published without them",
    )
    guidelines = models.TextField(blank=True, help_text="Markdown")
    purpose = models.CharField(
        max_length=300, blank=True, help_text="what it pays, or why it matters; workers read it"
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    access = models.CharField(max_length=10, choices=Access, default=Access.MEMBERS)
    link_token = models.CharField(max_length=32, unique=True, help_text="secret of the link")
    answers_per_unit = models.PositiveIntegerField(default=3, validators=[MinValueValidator(1)])
    images_per_task = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(12), MaxValueValidator(120)]
    )
    controls = models.PositiveIntegerField(default=3, help_text="planted negatives in a task")
    control_rule = models.CharField(max_length=10, choices=ControlRule, default=ControlRule.LENIENT)
    control_attempts = models.PositiveIntegerField(default=3)
    control_band = models.CharField(max_length=10, choices=ControlBand, default=ControlBand.ANY)
    # How often a worker is checked by a unit that looks like any other: `annotate/core/checking`.
    gold_first = models.PositiveIntegerField(
        default=5, help_text="one unit in so many is a known one, for a new worker; 0: none is"
    )
    gold_least = models.PositiveIntegerField(
        default=25, help_text="the same for a worker who is always right about them"
    )
    repeat_rate = models.PositiveIntegerField(
        default=0, help_text="one unit in so many is one that he answered before; 0: none is"
    )
    repeat_after = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(15)],
        help_text="units between an answer and its repetition, at least",
    )
    # Counted anew by `services.lessons` whenever one is made, labelled or removed.
    gold_units = models.PositiveIntegerField(default=0, help_text="known units that are ready")
    minimum_kept = models.PositiveIntegerField(default=10)
    lease_minutes = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1)])
    # Points of 100 that a practice round takes; nothing where there is no practice unit.
    practice_bar = models.PositiveSmallIntegerField(
        default=DEFAULT_BAR, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    practice_units = models.PositiveSmallIntegerField(
        default=0, help_text="units of a practice round, drawn from all that are ready; 0: all"
    )
    seed = models.PositiveBigIntegerField(default=0)
    method = models.CharField(max_length=20, choices=Method, default=Method.MAJORITY)
    tied = models.BooleanField(
        default=False, help_text="members are one kind of worker and link workers another"
    )
    # Units of the chosen layers about which nobody can be asked: [{"unit": "net/conv5/7",
    # "reason": "it never fires on these images"}, ...]
    left_out = models.JSONField(default=list, blank=True)
    # What an answer costs. Nothing at all is paid where both are 0: then only hours are counted.
    pay_per_answer = models.DecimalField(
        max_digits=8, decimal_places=3, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    pay_per_hour = models.DecimalField(
        max_digits=8, decimal_places=3, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    currency = models.CharField(
        max_length=3, default="USD", validators=[RegexValidator("^[A-Z]{3}$", "Three capitals.")]
    )
    fee = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(300)],
        help_text="per cent of the pay that a platform asks on top",
    )
    published = models.BooleanField(
        default=False, help_text="its answers were imported from a file: nobody is asked here"
    )
    synthetic = models.BooleanField(default=False, help_text="its images or network are synthetic")
    simulated = models.BooleanField(default=False, help_text="answered by simulated workers only")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="campaigns"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published=False, run__isnull=False) | Q(published=True, state="closed"),
                name="asks_by_a_run_or_is_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def clean(self) -> None:
        """Refuse targets or rates of checks that contradict each other."""
        super().clean()
        try:
            _ = self.rates
        except ValueError as error:
            raise ValidationError({"gold_first": str(error)}) from error

    @property
    def rates(self) -> Rates:
        """How often a worker is checked."""
        return Rates(self.gold_first, self.gold_least, self.repeat_rate)

    @property
    def checks(self) -> bool:
        """Tell whether known or repeated units are mixed in."""
        return bool((self.gold_first and self.gold_units) or self.repeat_rate)

    @property
    def run_shown(self) -> Run:
        """The run whose images are shown; raises ValueError where they are not known."""
        if self.run is None:
            raise ValueError(f"the images of the campaign {self.slug} are not known")
        return self.run

    @property
    def lease(self) -> timedelta:
        """How long a worker may hold a unit without a sign of life."""
        return timedelta(minutes=self.lease_minutes)

    @property
    def source(self) -> str:
        """Whose labels these are: simulated and published answers never count as people's."""
        if self.simulated:
            return Source.SIMULATED
        return Source.PUBLISHED if self.published else Source.PEOPLE

    @property
    def worker_kind(self) -> str:
        """Which kind of worker is asked, and counted."""
        if self.published:
            return Worker.Kind.PUBLISHED
        return Worker.Kind.SIMULATED if self.simulated else Worker.Kind.PERSON

    @property
    def address(self) -> str:
        """Where workers begin; with the secret of the link where the link is the door."""
        page = reverse("annotate:label_next", args=[self.slug])
        return f"{page}?k={self.link_token}" if self.access == self.Access.LINK else page

    def admits(self, worker: "Worker") -> bool:
        """Tell whether this worker may work here; by a link only where the link is the door."""
        if worker.kind != self.worker_kind:
            return False
        known = worker.user_id is not None or worker.kind == Worker.Kind.SIMULATED
        return known or self.access == self.Access.LINK


class TaskQuerySet(models.QuerySet["Task"]):
    """Named ways to read tasks."""

    def asked(self) -> "TaskQuerySet":
        """Keep tasks whose answers make labels: not what checks workers, nor what teaches them."""
        return self.filter(purpose=Task.Purpose.ASK, answers_wanted__gt=0)

    def unfinished(self) -> "TaskQuerySet":
        """Keep tasks that lack answers; the words of the index `task_next`, so that it is used."""
        return self.filter(answers_given__lt=F("answers_wanted"))

    def with_room(self, now: datetime) -> "TaskQuerySet":
        """Keep tasks where answers given and live leases leave a place free."""
        leases = _leases().filter(state="held", due_at__gt=now).order_by().values("task")
        live = Coalesce(Subquery(leases.annotate(n=Count("pk")).values("n")), 0)
        return (
            self.unfinished()
            .alias(live=live)
            .filter(live__lt=F("answers_wanted") - F("answers_given"))
        )

    def with_place(self, now: datetime) -> "TaskQuerySet":
        """Keep tasks with room, and those that check workers: there is always room in these."""
        checks = Q(purpose=Task.Purpose.REPEAT) | Q(purpose=Task.Purpose.GOLD, lesson__kind="gold")
        return self.filter(Q(pk__in=self.with_room(now).values("pk")) | checks)

    def sure(self) -> "TaskQuerySet":
        """Keep units of an adaptive campaign that are sure enough by the answers that they have."""
        return self.asked().filter(answers_given__gte=F("answers_wanted"), verdict__why="sure")

    def at_maximum(self) -> "TaskQuerySet":
        """Keep units of an adaptive campaign that are asked about no more, and are not sure."""
        return self.asked().filter(answers_given__gte=F("answers_wanted"), verdict__why="maximum")

    def unsettled(self) -> "TaskQuerySet":
        """Keep units of an adaptive campaign that are neither: they lack answers or a verdict."""
        unjudged = Q(verdict__why__isnull=True) | Q(verdict__why="unsure")
        return self.asked().filter(Q(answers_given__lt=F("answers_wanted")) | unjudged)

    def taking_answers(self) -> "TaskQuerySet":
        """Keep tasks that lack answers, and those where answers are not counted."""
        return self.filter(Q(answers_given__lt=F("answers_wanted")) | ~Q(purpose="ask"))

    def shown(self) -> "TaskQuerySet":
        """Keep the units that the researcher chose, each once: no repetitions."""
        return self.exclude(purpose=Task.Purpose.REPEAT)

    def new_to(self, worker: "Worker | int") -> "TaskQuerySet":
        """Keep tasks that this worker never held."""
        # Behind `Coalesce` PostgreSQL asks the index for each task; as a join it would compare
        # every task with all that the worker ever held.
        his = Coalesce(Exists(_leases().filter(worker=worker)), Value(False))
        return self.alias(his=his).filter(his=False)

    def nearest_completion(self) -> "TaskQuerySet":
        """Sort as the index `task_next` does: most answers first."""
        return self.order_by("-answers_given", "pk")


def _leases() -> "models.QuerySet[Assignment]":
    """Return the assignments of the task of an outer query."""
    model = apps.get_model("annotate", "Assignment")  # it stands in a module above this one
    return model.objects.filter(task=OuterRef("pk"))


class Task(models.Model):
    """One unit to be labelled by several workers."""

    class Purpose(models.TextChoices):
        """What its answers are for; workers are never told."""

        ASK = "ask", "asked about"
        GOLD = "gold", "known to the researcher, to check workers by"
        REPEAT = "repeat", "asked once more, to compare a worker with himself"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="tasks")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="tasks")
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.ASK)
    # Primary keys of the top images shown, and which places among them are planted negatives.
    # Every index in an answer is a place in this list, whatever order a worker saw.
    items = models.JSONField()
    controls = models.JSONField(default=list)
    answers_wanted = models.PositiveIntegerField(help_text="0 where it teaches or checks workers")
    answers_given = models.PositiveIntegerField(default=0)
    # Of an adaptive campaign, once answered: {"why": "sure" | "maximum" | "unsure", "answers": 3,
    # "open": ["group"], "reached": {"group": 0.84}}; `services.stopping` writes it.
    verdict = models.JSONField(default=dict, blank=True)
    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "unit", "purpose"], name="unit_once_per_purpose"
            ),
            # The last line of defence against one answer too many.
            models.CheckConstraint(
                condition=Q(answers_given__lte=F("answers_wanted")), name="never_over_collected"
            ),
        ]
        # The query of every worker: the unfinished task of a campaign nearest to completion.
        # Finished tasks are not in it, or every worker would have to read past them.
        indexes = [
            models.Index(
                fields=["campaign", "-answers_given", "id"],
                condition=Q(answers_given__lt=F("answers_wanted")),
                name="task_next",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.unit}"

    @property
    def is_asked(self) -> bool:
        """Tell whether its answers are counted: what only checks workers counts nothing."""
        return self.purpose == self.Purpose.ASK

    def has_place(self, live: int, lesson: str | None) -> bool:
        """Tell whether one more may hold it beside the ``live`` leases; ``lesson`` is its kind."""
        if self.is_asked:
            return self.answers_given + live < self.answers_wanted
        return self.purpose == self.Purpose.REPEAT or lesson == "gold"


class Worker(models.Model):
    """Somebody who answers. Pages and exports show the pseudonym only."""

    class Kind(models.TextChoices):
        """A person, a program that pretends to be one, or a name in published answers."""

        PERSON = "person"
        SIMULATED = "simulated"
        PUBLISHED = "published"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="worker"
    )
    # Of a published worker "campaign/name": no pseudonym that is drawn has a slash.
    pseudonym = models.CharField(max_length=170, unique=True)
    # A worker who came by a link is known by a cookie; only the hash of its secret is kept.
    digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        # "Who is of another kind?", asked for the answers that count.
        indexes = [models.Index(fields=["kind"], name="worker_kind")]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def has_left(self) -> bool:
        """Tell whether this was a person who had himself forgotten: no way leads back to him."""
        return self.kind == self.Kind.PERSON and self.user_id is None and self.digest is None

    @property
    def has_page(self) -> bool:
        """Tell whether a page says how he stands: nobody is ruled on whose answers were imported.

        His name has that of its campaign before it, with a slash, which no address takes.
        """
        return self.kind != self.Kind.PUBLISHED and "/" not in self.pseudonym
