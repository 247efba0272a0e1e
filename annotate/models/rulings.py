"""Rules of a campaign about its workers, what was ruled of each, and the appeals against it."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from annotate.core.worker_rules import Limit
from annotate.models.campaigns import Campaign, Worker

# No sentence tells which images are planted, or how many are.
TOLD = {
    "missed": gettext_noop(
        "In your last %(answers)s answers, %(share)s%% of the images that clearly do not fit were "
        "left in; at most %(limit)s%% may be."
    ),
    "agreement": gettext_noop(
        "In your last %(answers)s answers you chose the group that others chose in %(share)s%% of "
        "the units that can be compared; it should be %(limit)s%% or more."
    ),
    "pace": gettext_noop(
        "Your last %(answers)s answers took %(share)s%% of the time that others take; it should be "
        "%(limit)s%% or more."
    ),
    "passed": gettext_noop(
        "You practised again and passed: %(points)s of 100 points, %(bar)s pass."
    ),
    "failed": gettext_noop(
        "You practised again and did not pass: %(points)s of 100 points, %(bar)s pass."
    ),
}


class CampaignRules(models.Model):
    """What pauses a worker, asks him to practise again or ends his work; nothing unless chosen."""

    class Consequence(models.TextChoices):
        """What happens to whom a rule catches."""

        PRACTISE = "practise", "practise again"
        PAUSE = "pause", "pause"
        END = "end", "end his work"

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="rules")
    minimum_answers = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    window = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    # Only when the whole 95% interval lies beyond the limit, so that chance alone catches few.
    when_sure = models.BooleanField(default=True)
    # Limits in percent; empty is off.
    missed_above = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(99)]
    )
    missed_then = models.CharField(max_length=10, choices=Consequence, default=Consequence.PRACTISE)
    agreement_below = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    agreement_then = models.CharField(
        max_length=10, choices=Consequence, default=Consequence.PRACTISE
    )
    pace_below = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    pace_then = models.CharField(max_length=10, choices=Consequence, default=Consequence.PAUSE)

    class Meta:
        verbose_name_plural = "campaign rules"
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_answers__lte=models.F("window")),
                name="rules_window_holds_minimum",
            ),
        ]

    def __str__(self) -> str:
        return f"rules of {self.campaign}"

    @property
    def limits(self) -> list[Limit]:
        """Return the limits that are set."""
        rows = (
            ("missed", self.missed_above, self.missed_then),
            ("agreement", self.agreement_below, self.agreement_then),
            ("pace", self.pace_below, self.pace_then),
        )
        return [Limit(name, beyond, then) for name, beyond, then in rows if beyond is not None]


class RulingQuerySet(models.QuerySet["Ruling"]):
    """Named ways to read rulings."""

    def newest(self, worker: Worker, campaign: Campaign) -> "Ruling | None":
        """Return the one that holds; one look into the index `newest_ruling`."""
        return self.filter(worker=worker, campaign=campaign).order_by("-pk").first()


class Ruling(models.Model):
    """Where a worker stands from now on, why, and by whom: the newest holds, none is changed."""

    class State(models.TextChoices):
        """Where a worker stands in a campaign; who has no ruling may work."""

        ACTIVE = "active", "may work"
        PRACTISE = "practise", "practises again"
        PAUSED = "paused", "paused"
        ENDED = "ended", "ended"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rulings")
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="rulings")
    state = models.CharField(max_length=10, choices=State)
    sentence = models.TextField(help_text="why; the worker reads it")
    # Which rule of the campaign it was, with its numbers; empty where somebody decided it.
    rule = models.CharField(max_length=20, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    objects = RulingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # Before every unit that is given out: "what was ruled of this worker here?"
            models.Index(fields=["worker", "campaign", "-id"], name="newest_ruling"),
        ]

    def __str__(self) -> str:
        return f"{self.worker} in {self.campaign}: {self.state}"

    @property
    def holds_back(self) -> bool:
        """Tell whether new units wait until something happens."""
        return self.state != self.State.ACTIVE

    @property
    def why(self) -> str:
        """Say why in the language of who reads it; a researcher's own words stay as they are."""
        return gettext(TOLD[self.rule]) % self.facts if self.rule in TOLD else self.sentence

    @property
    def open_appeal(self) -> "Appeal | None":
        """Return the appeal that waits for an answer."""
        appeal = getattr(self, "appeal", None)
        return appeal if appeal is not None and appeal.answered_at is None else None


class Appeal(models.Model):
    """A worker's word against a ruling, once, and the researcher's answer to it."""

    ruling = models.OneToOneField(Ruling, models.CASCADE, related_name="appeal")
    text = models.TextField()
    at = models.DateTimeField()
    answer = models.TextField(blank=True, help_text="the worker reads it")
    upheld = models.BooleanField(null=True, blank=True, help_text="whether the ruling stays")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, upheld__isnull=True)
                | Q(answered_at__isnull=False, upheld__isnull=False),
                name="appeal_answered_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal against {self.ruling}"
