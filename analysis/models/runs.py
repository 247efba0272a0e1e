"""A run is a recipe; its jobs are the steps, its shards the pieces that a worker takes."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from analysis.models.images import ImageSet
from analysis.models.networks import Layer, Network
from analysis.models.states import OPEN, State


class RunQuerySet(models.QuerySet["Run"]):
    """Named ways to read runs."""

    def with_parents(self) -> "RunQuerySet":
        """Fetch network, image set and creator along."""
        return self.select_related("network", "image_set", "created_by")

    def called(self, short_key: str) -> "RunQuerySet":
        """Keep the run whose key begins so."""
        return self.filter(key__startswith=short_key)

    def unfinished(self) -> "RunQuerySet":
        """Keep runs that wait or are worked on."""
        return self.filter(state__in=OPEN)

    def locked(self, pk: int) -> "Run | None":
        """Lock the run for this transaction: whoever changes several of its rows does so first.

        One order of locks, so that PostgreSQL never finds two of them waiting for each other.
        """
        return self.select_for_update().filter(pk=pk).first()


class Run(models.Model):
    """One recipe: network × image set × layers × parameters. Its key is the recipe's hash."""

    key = models.CharField(max_length=64, unique=True)
    network = models.ForeignKey(Network, models.PROTECT, related_name="runs")
    image_set = models.ForeignKey(ImageSet, models.PROTECT, related_name="runs")
    layers = models.ManyToManyField(Layer, related_name="runs")
    # Everything that decides the result, and nothing else: see services/recipes.py.
    recipe = models.JSONField()
    # Where it may be computed; not part of the recipe.
    device = models.CharField(max_length=20, default="auto")
    memory = models.PositiveIntegerField(default=0, help_text="MB of a batch; 0: the usual")
    # Where it came with an archive, done and without its shards: the sha256 of its content.
    imported = models.CharField(max_length=64, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.short_key

    @property
    def short_key(self) -> str:
        """The first twelve digits of the key, as addresses and exports show it."""
        return self.key[:12]


class JobQuerySet(models.QuerySet["Job"]):
    """Named ways to read jobs."""

    def current(self) -> "JobQuerySet":
        """Keep the first unfinished job of every run that is not stopped."""
        earlier = Job.objects.filter(run=OuterRef("run"), position__lt=OuterRef("position"))
        return self.filter(~Exists(earlier.exclude(state=State.DONE)), state__in=OPEN)

    def ready(self, now: datetime) -> "JobQuerySet":
        """Keep current jobs in which a worker finds something to do: a shard, or the merge."""
        due = Q(due_at=None) | Q(due_at__lte=now)
        shards = Shard.objects.filter(job=OuterRef("pk"))
        merge = Q(worker="") & ~Exists(shards.exclude(state=State.DONE)) & due
        return self.current().filter(merge | Exists(shards.filter(due, state=State.WAITING)))


class Job(models.Model):
    """One step of a run. When its shards are done, one worker takes the job to merge them."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="jobs")
    step = models.CharField(max_length=20)
    position = models.PositiveIntegerField()
    queue = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    # Work is counted in images: those of the set, in the order of the manifest.
    total = models.PositiveBigIntegerField(default=0)
    # The merge is leased as a shard is: its worker, attempt, heartbeat, and when to try again.
    worker = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    beat_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="step_once_per_run")]

    def __str__(self) -> str:
        return f"{self.run}:{self.step}"


class ShardQuerySet(models.QuerySet["Shard"]):
    """Named ways to read shards."""

    def free(self, now: datetime) -> "ShardQuerySet":
        """Keep shards that a worker may take now."""
        return self.filter(Q(due_at=None) | Q(due_at__lte=now), state=State.WAITING)

    def items(self) -> int:
        """Return the number of items in these shards."""
        size = models.Sum(F("last") - F("first"), output_field=models.BigIntegerField())
        return self.aggregate(size=size)["size"] or 0


class Shard(models.Model):
    """A piece of a job: items first..last-1. Taken by one worker at a time, with a heartbeat."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField(help_text="one past the last item")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveBigIntegerField(default=0, help_text="items finished in this attempt")
    attempt = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=200, blank=True)
    # A running shard whose beat is old is free again; a waiting one is not tried before due_at.
    beat_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = ShardQuerySet.as_manager()

    class Meta:
        ordering = ["job", "number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="shard_number_once"),
            models.CheckConstraint(condition=Q(last__gt=models.F("first")), name="shard_not_empty"),
        ]
        # The query of every worker: the next free shard of a job.
        indexes = [models.Index(fields=["job", "state", "number"], name="shard_next")]

    def __str__(self) -> str:
        return f"{self.job}[{self.number}]"


class LogLine(models.Model):
    """One line of a run's log, for the page and the terminal."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=10, default="info")
    text = models.CharField(max_length=2000)

    class Meta:
        ordering = ["run", "pk"]

    def __str__(self) -> str:
        return self.text


class Listener(models.Model):
    """A worker process that is alive, and the queues it listens to."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.JSONField(default=list)
    device = models.CharField(max_length=20, blank=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
