"""A run is a recipe; its jobs are the steps, its shards the pieces that a worker takes."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from analysis.models.images import ImageSet
from analysis.models.networks import Layer, Network
from analysis.models.states import State


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
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.short_key

    @property
    def short_key(self) -> str:
        """The first twelve digits of the key, as addresses and exports show it."""
        return self.key[:12]


class Job(models.Model):
    """One step of a run."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="jobs")
    step = models.CharField(max_length=20)
    position = models.PositiveIntegerField()
    queue = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    # Work is counted in images for `scan`, in units for `segment`.
    total = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="step_once_per_run")]

    def __str__(self) -> str:
        return f"{self.run}:{self.step}"


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
