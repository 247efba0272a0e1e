"""Who gets the units that are hard: how often each worker is right, as the last fit has it."""

from django.db import models

from annotate.models.campaigns import Campaign, Worker


class Reliability(models.Model):
    """A worker of an adaptive campaign at its last fit; may be deleted, and comes back."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reliabilities")
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="reliabilities")
    accuracy = models.FloatField(help_text="how often he says the group that the fit takes as true")
    better_half = models.BooleanField(help_text="right as often as the middle worker, or more")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "worker"], name="reliability_once"),
        ]

    def __str__(self) -> str:
        return f"{self.worker} in {self.campaign}: {self.accuracy:.2f}"
