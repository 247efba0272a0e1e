"""How well a run found a unit to answer to a class of the images' masks."""

from django.db import models
from django.db.models import Q

from analysis.models.networks import Unit
from analysis.models.runs import Run


class ClassScore(models.Model):
    """One unit and one class, of those that fit it best; all others lie in the run's files.

    A unit has rows for its few best classes by IoU, and for the one with the highest correlation,
    which a cap does not hide.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="class_scores")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="class_scores")
    rank = models.PositiveIntegerField(help_text="0 is the unit's best class by IoU")
    label = models.PositiveIntegerField(help_text="index of the class in the masks")
    name = models.CharField(max_length=200)
    iou = models.FloatField()
    cap = models.FloatField(help_text="the most that IoU could be: smaller area / larger")
    chance = models.FloatField(help_text="IoU with the masks of other images")
    f1 = models.FloatField()
    precision = models.FloatField(help_text="share of the pixels where it is on that are the class")
    average_precision = models.FloatField()
    correlation = models.FloatField()

    class Meta:
        ordering = ["run", "unit", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["run", "unit", "label"], name="class_once_per_unit"),
            models.UniqueConstraint(fields=["run", "unit", "rank"], name="class_rank_once"),
            models.CheckConstraint(condition=Q(iou__gte=0, iou__lte=1), name="iou_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.name} {self.iou:.3f}"
