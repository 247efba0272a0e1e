"""What the step `simplify` found: the way from an image to its minimal image."""

from django.db import models
from django.db.models import Q
from django.urls import get_script_prefix

from analysis.models.images import Image
from analysis.models.runs import Run


class MinimalImageQuerySet(models.QuerySet["MinimalImage"]):
    """Named ways to read minimal images."""

    def found(self) -> "MinimalImageQuerySet":
        """Keep those that are one: the scene was named, and lost in the end."""
        return self.filter(problem="")

    def in_order(self) -> "MinimalImageQuerySet":
        """Sort by scene and image, with the image fetched."""
        return self.select_related("image").order_by("scene", "image__number", "regions")


class MinimalImage(models.Model):
    """One image with its regions removed until the next removal loses the scene."""

    class Regions(models.TextChoices):
        """What was removed."""

        AUTOMATIC = "automatic", "automatic regions"
        MASKS = "masks", "ground-truth masks"

    run = models.ForeignKey(Run, models.CASCADE, related_name="minimal_images")
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")
    regions = models.CharField(max_length=10, choices=Regions)
    scene = models.CharField(max_length=200)
    # Unguessable and the same on every repetition: pictures are fetched by it without sign-in.
    token = models.CharField(max_length=32, unique=True)
    before = models.FloatField(help_text="probability of the scene, whole image")
    after = models.FloatField(help_text="probability of the scene, minimal image")
    lost_to = models.CharField(max_length=200, blank=True, help_text="what comes first after that")
    total = models.PositiveIntegerField(help_text="regions of the whole image")
    kept = models.PositiveIntegerField(help_text="regions that the minimal image keeps")
    area = models.FloatField(help_text="share of the pixels that the minimal image keeps")
    # Share of each object's pixels that is kept, by name; empty without a mask.
    objects_kept = models.JSONField(default=dict, blank=True)
    # The removals in order, the one that loses the scene last:
    # {"region": 3, "name": "wall", "score": 0.93, "kept": 0.81}
    steps = models.JSONField(default=list, blank=True)
    looked = models.PositiveIntegerField(default=0, help_text="candidates asked about")
    # Why this is no minimal image, in a sentence; blank where it is one.
    problem = models.TextField(blank=True)
    objects = MinimalImageQuerySet.as_manager()

    class Meta:
        ordering = ["run", "scene", "image", "regions"]
        constraints = [
            models.UniqueConstraint(fields=["run", "image", "regions"], name="minimal_image_once"),
            models.CheckConstraint(
                condition=Q(area__gte=0, area__lte=1), name="minimal_area_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.image} by {self.regions}"

    @property
    def pictures(self) -> list[str]:
        """Return the addresses of the pictures: the whole image, then after each removal."""
        return [self.url(at) for at in range(len(self.steps) + 1)]

    @property
    def whole(self) -> str:
        """Return the address of the whole image's picture."""
        return self.url(0)

    @property
    def minimal(self) -> str:
        """Return the address of the minimal image's picture."""
        return self.url(self.total - self.kept)

    def url(self, at: int) -> str:
        """Return the address of the picture after ``at`` removals: `analysis:picture`."""
        return f"{get_script_prefix()}pictures/{self.token}/step{at:03d}-tile2x.webp"
