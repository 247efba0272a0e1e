"""What a run measured of a unit's empirical receptive field."""

from django.db import models
from django.db.models import Q

from analysis.models.networks import Unit
from analysis.models.runs import Run


class ReceptiveField(models.Model):
    """One unit's field: its numbers, or the sentence that says why there are none.

    Its map lies in the run's file of the layer: services/fields.py.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="receptive_fields")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="receptive_fields")
    # Pixels of the network's input: the side of a square of equal area above half of the maximum.
    size = models.FloatField(null=True, blank=True)
    size_low = models.FloatField(null=True, blank=True, help_text="95% interval over the images")
    size_high = models.FloatField(null=True, blank=True)
    dy = models.FloatField(null=True, blank=True, help_text="its centre, from the location, down")
    dx = models.FloatField(null=True, blank=True, help_text="its centre, from the location, right")
    anisotropy = models.FloatField(null=True, blank=True, help_text="long axis / short axis")
    spread = models.FloatField(null=True, blank=True, help_text="s.d. of the images' own sizes")
    images = models.PositiveIntegerField(default=0, help_text="images whose maps were averaged")
    stride = models.PositiveIntegerField(null=True, blank=True, help_text="of the occluder, pixels")
    # It stopped because it had settled; else every image that was allowed was used.
    converged = models.BooleanField(default=False)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["run", "unit"], name="field_once_per_run"),
            models.CheckConstraint(
                condition=Q(size__isnull=False) | ~Q(problem=""), name="field_or_problem"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.problem or f'{self.size:.0f} px'}"
