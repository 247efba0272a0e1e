"""How well named units find objects, and which class of the masks a concept means."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis.models.images import ImageSet
from analysis.models.networks import Unit
from analysis.models.runs import Run
from analysis.models.units import Source


class ConceptMatch(models.Model):
    """The class of an image set's masks that a concept means; a person may change it."""

    class How(models.TextChoices):
        """Who or what found it. What a person says is never changed by a machine."""

        NAME = "name", "the same name"
        WORDNET = "wordnet", "WordNet"
        PERSON = "person", "a person"
        NONE = "none", "no class found"

    image_set = models.ForeignKey(ImageSet, models.CASCADE, related_name="concept_matches")
    concept = models.CharField(max_length=80)
    # Index in the masks; null where the concept means none of the classes.
    label = models.PositiveIntegerField(null=True, blank=True)
    how = models.CharField(max_length=10, choices=How)
    why = models.CharField(max_length=300, blank=True)
    # How many decisions of people there were: whoever changes a match says which one he saw.
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["image_set", "concept"]
        constraints = [
            models.UniqueConstraint(fields=["image_set", "concept"], name="concept_match_once"),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(how__in=("person", "none")),
                name="matched_to_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_set}: {self.concept}"


class MatchDecision(models.Model):
    """One change of a match by a person. Written once: the history of the match."""

    class Act(models.TextChoices):
        """What the person did."""

        CLASS = "class", "said which class"
        NONE = "none", "said that it is no class"
        MACHINE = "machine", "let the machine say"
        UNDO = "undo", "took back a decision"

    match = models.ForeignKey(ConceptMatch, models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField(help_text="1 is the first; the match's version after it")
    act = models.CharField(max_length=10, choices=Act)
    # Null where a command did it, or the person's account is gone.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    before_label = models.PositiveIntegerField(null=True, blank=True)
    before_how = models.CharField(max_length=10, choices=ConceptMatch.How)
    after_label = models.PositiveIntegerField(null=True, blank=True)
    after_how = models.CharField(max_length=10, choices=ConceptMatch.How)
    undoes = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        ordering = ["match", "number"]
        constraints = [
            models.UniqueConstraint(fields=["match", "number"], name="decision_number_once"),
            models.CheckConstraint(
                condition=Q(act="undo", undoes__isnull=False)
                | (~Q(act="undo") & Q(undoes__isnull=True)),
                name="an_undo_names_what_it_undoes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.match}, {self.number}"


class Localisation(models.Model):
    """How well a named unit, or all units of a concept together (no unit), find a class."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="localisations")
    unit = models.ForeignKey(
        Unit, models.CASCADE, null=True, blank=True, related_name="localisations"
    )
    concept = models.CharField(max_length=80)
    # Who named the unit; of a concept, every source of its units: "people machine".
    sources = models.CharField(max_length=60)
    units = models.PositiveIntegerField(default=1, help_text="how many stand behind it")
    label = models.PositiveIntegerField(help_text="index of the class in the masks")
    name = models.CharField(max_length=200, help_text="name of the class")
    how = models.CharField(max_length=10, choices=ConceptMatch.How)
    jaccard = models.FloatField()
    chance = models.FloatField(help_text="Jaccard index with the masks of other images")
    average_precision = models.FloatField(null=True, blank=True)
    images = models.PositiveIntegerField(help_text="images compared")
    images_with_class = models.PositiveIntegerField()
    # [{"image": number, "token": of its pictures, "there": whether it holds the class}, ...]
    examples = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["run", "concept", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["run", "unit"], name="localised_once_per_unit"),
            models.UniqueConstraint(
                fields=["run", "concept"],
                condition=Q(unit=None),
                name="localised_once_per_concept",
            ),
            models.CheckConstraint(
                condition=Q(jaccard__gte=0, jaccard__lte=1), name="jaccard_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit or self.concept}: {self.name} {self.jaccard:.3f}"

    @property
    def source_list(self) -> list[str]:
        """Return who named the units, for templates."""
        return [source for source in Source.values if source in self.sources.split()]
