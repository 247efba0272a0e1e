"""Reports that a worker makes of a network's findings, to be fetched from a page."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from analysis.models.networks import Network
from analysis.models.states import OPEN, State


class Report(models.Model):
    """One report: asked for, made by one worker at a time, kept until somebody deletes it."""

    network = models.ForeignKey(Network, models.CASCADE, related_name="reports")
    against = models.ForeignKey(
        Network, models.CASCADE, null=True, blank=True, related_name="reports_against"
    )
    # The words of an address of findings: source, campaign, threshold, run.
    asked = models.JSONField(default=dict, blank=True)
    licence = models.CharField(max_length=300, blank=True, help_text="of the data")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    step = models.CharField(max_length=200, blank=True, help_text="what is being made now")
    # Its worker, and when that last said that it goes on; a lost one is replaced.
    worker = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    beat_at = models.DateTimeField(null=True, blank=True)
    # Folder in the media storage, and the bytes of its files by name.
    folder = models.CharField(max_length=100, blank=True)
    files = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            # A second press while one is made does not make two.
            models.UniqueConstraint(
                fields=["network"],
                condition=Q(state__in=OPEN, against=None),
                name="one_report_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["network", "against"],
                condition=Q(state__in=OPEN),
                name="one_comparison_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        against = f" against {self.against}" if self.against else ""
        return f"{self.network}{against}, {self.created_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to come."""
        return self.state in OPEN
