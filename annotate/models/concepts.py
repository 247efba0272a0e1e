"""What researchers decided about the words of a campaign: rows that are added, never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotate.models.campaigns import Campaign


class ConceptDecision(models.Model):
    """One act: words merged into a concept, a word split off, a concept renamed, an act undone."""

    class Act(models.TextChoices):
        """What was done."""

        MERGE = "merge"
        SPLIT = "split"
        RENAME = "rename"
        UNDO = "undo"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="concept_decisions")
    act = models.CharField(max_length=10, choices=Act)
    concept = models.CharField(max_length=80, blank=True, help_text="the concept it is about")
    # Merged: all that go; split off: the word that goes, then those it stood with.
    words = models.JSONField(default=list, blank=True)
    name = models.CharField(max_length=80, blank=True, help_text="the name given")
    undoes = models.OneToOneField(
        "self", models.RESTRICT, null=True, blank=True, related_name="undone_by"
    )
    # [{"layer": "conv5", "channel": 7, "before": "couch", "after": "sofa"}, ...]
    changed = models.JSONField(default=list, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(act="undo", undoes__isnull=False)
                | (~Q(act="undo") & Q(undoes__isnull=True)),
                name="undo_names_what_it_undoes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.sentence}"

    @property
    def sentence(self) -> str:
        """Say in words what was done."""
        if self.act == self.Act.MERGE:
            return f"{self._listed} merged into {self.concept}"
        if self.act == self.Act.SPLIT:
            return f"{self.words[0]} split off {self.concept}"
        if self.act == self.Act.RENAME:
            return f"{self.concept} renamed {self.name}"
        return f"Undone: {self.undoes.sentence if self.undoes else ''}"

    @property
    def _listed(self) -> str:
        """Return the words, the first few by name."""
        more = len(self.words) - 3
        return ", ".join(self.words[:3]) + (f" and {more} more" if more > 0 else "")
