"""Who did what to a campaign, its answers and its workers: rows that are added, never changed."""

from django.conf import settings
from django.db import models

from annotate.models.answers import Answer
from annotate.models.campaigns import Campaign, Task, Worker


class AuditEntry(models.Model):
    """One act, of a user or a worker; of neither where a rule of the campaign did it."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="audit")
    act = models.CharField(max_length=30, help_text="a verb: paused, rejected, ...")
    by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    by_worker = models.ForeignKey(Worker, models.SET_NULL, null=True, blank=True, related_name="+")
    # What it was done to: as far as it is about one.
    worker = models.ForeignKey(Worker, models.SET_NULL, null=True, blank=True, related_name="audit")
    task = models.ForeignKey(Task, models.SET_NULL, null=True, blank=True, related_name="audit")
    answer = models.ForeignKey(Answer, models.SET_NULL, null=True, blank=True, related_name="audit")
    reason = models.TextField(blank=True, help_text="in the words of who did it, or the rule's")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.act}"

    @property
    def author(self) -> str:
        """Say who did it: a user, a worker by pseudonym, or a rule of the campaign."""
        if self.by_user is not None:
            return self.by_user.get_username()
        return self.by_worker.pseudonym if self.by_worker is not None else "rule"
