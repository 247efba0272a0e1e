"""What researchers made of single answers: rows that are added, and closed where they were open."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotate.models.answers import Answer


class ReviewQuerySet(models.QuerySet["Review"]):
    """Named ways to read reviews."""

    def waiting(self) -> "ReviewQuerySet":
        """Keep what was sent back and is not ended."""
        return self.filter(verdict=Review.Verdict.SEND_BACK, end="")


class Review(models.Model):
    """One verdict on one answer. Only what ends a sent-back one is filled in later."""

    class Verdict(models.TextChoices):
        """What was made of the answer."""

        ACCEPT = "accept"
        REJECT = "reject"
        RESTORE = "restore"  # a rejection undone
        SEND_BACK = "send back"

    class End(models.TextChoices):
        """How a sent-back answer ended."""

        REVISED = "revised", "its author gave a new one"
        KEPT = "kept", "its author kept it as it was"
        WITHDRAWN = "withdrawn", "another verdict came first"
        LEFT = "left", "its author left"

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="reviews")
    verdict = models.CharField(max_length=10, choices=Verdict)
    comment = models.TextField(blank=True, help_text="in plain text; the author reads it")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    end = models.CharField(max_length=10, choices=End, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["answer"],
                condition=Q(verdict="send back", end=""),
                name="sent_back_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(end="", ended_at__isnull=True)
                | (~Q(end="") & Q(verdict="send back", ended_at__isnull=False)),
                name="only_what_was_sent_back_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.answer}"

    @property
    def is_waiting(self) -> bool:
        """Tell whether its author is still to answer again."""
        return self.verdict == self.Verdict.SEND_BACK and not self.end
