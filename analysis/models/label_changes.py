"""What was said of a unit and when: every label as it came, changed and was taken back."""

from django.db import models

from analysis.models.networks import Unit
from analysis.models.units import Category, Source


class LabelChange(models.Model):
    """One change of a label, written with it and never altered: the history of a unit's labels.

    A label changes here when its words, category or precision do. Who answered stands nowhere in
    it: sources and origins only.
    """

    class Act(models.TextChoices):
        """What happened to the label of a source and origin."""

        GIVEN = "given", "given"
        CHANGED = "changed", "changed"
        WITHDRAWN = "withdrawn", "withdrawn"

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="label_changes")
    source = models.CharField(max_length=10, choices=Source)
    origin = models.CharField(max_length=100)
    act = models.CharField(max_length=10, choices=Act)
    # The label from then on; of one that was withdrawn, what it was.
    concept = models.CharField(max_length=80)
    category = models.CharField(max_length=10, choices=Category, blank=True)
    precision = models.FloatField(null=True, blank=True)
    answers = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["unit", "-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.unit}: {self.concept} {self.act}"
