"""What a campaign's answers come to when they are looked at all at once: one row, made anew."""

from django.db import models

from annotate.models.campaigns import Campaign


class TruthFit(models.Model):
    """The last fit over a campaign: what its workers are worth, and how well answers agree.

    It rests on answers only and may be deleted: counting again gives the same. ``state`` says
    cheaply which answers it rests on, ``fingerprint`` exactly.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="truth_fit")
    method = models.CharField(max_length=20, choices=Campaign.Method, blank=True)
    tied = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=120, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    answers = models.PositiveIntegerField(default=0)
    # {"groups": ..., "images": ..., "workers": [...]}: see `annotate.core.trust.learnt`.
    learnt = models.JSONField(default=dict, blank=True)
    # The probability of each group by unit: {"conv5/7": [0.01, ...]}.
    units = models.JSONField(default=dict, blank=True)
    # The tables of the page of agreement: {"agreement": [{...}, ...], ...}.
    figures = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(default=0, help_text="that it took")
    counted_at = models.DateTimeField(null=True, blank=True)
    # Set while a count is on its way, so that many answers ask for one.
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.method or 'not counted'}"

    @property
    def is_counted(self) -> bool:
        """Tell whether there is anything to show."""
        return self.counted_at is not None and self.answers > 0
