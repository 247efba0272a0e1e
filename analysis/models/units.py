"""What a run found about a unit, and what the unit means."""

from typing import Literal, get_args

from django.db import models
from django.db.models import Q
from django.urls import get_script_prefix
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from analysis.models.images import Image
from analysis.models.networks import Unit
from analysis.models.runs import Run

PictureKind = Literal["plain", "segmented", "disc"]
# Every top image has these; "disc" is there to compare, where a unit's own field was stamped.
ALWAYS: tuple[PictureKind, ...] = ("plain", "segmented")
# Tiles are for grids (112 px, and twice that for sharp screens), large ones to look closely.
PictureSize = Literal["tile", "tile2x", "large"]


class Category(models.TextChoices):
    """The six semantic levels, low to high (PROTOCOL.md, section 3.3)."""

    SIMPLE = "simple", _("simple elements and colours")
    TEXTURE = "texture", _("textures and materials")
    REGION = "region", _("regions and surfaces")
    PART = "part", _("object parts")
    OBJECT = "object", _("objects")
    SCENE = "scene", _("scenes")


class Source(models.TextChoices):
    """Who says so. Simulated workers are a source of their own, never part of people's."""

    PEOPLE = "people"
    MACHINE = "machine"
    PUBLISHED = "published"
    SIMULATED = "simulated"


class TopImage(models.Model):
    """An image at one end of a unit's range: the strongest, or the weakest (planted negatives)."""

    class End(models.TextChoices):
        """Which end of the unit's activation range."""

        TOP = "top"
        LOW = "low"

    run = models.ForeignKey(Run, models.CASCADE, related_name="top_images")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="top_images")
    image = models.ForeignKey(Image, models.PROTECT, related_name="+")
    end = models.CharField(max_length=3, choices=End, default=End.TOP)
    rank = models.PositiveIntegerField(help_text="0 is the strongest (top) or the weakest (low)")
    activation = models.FloatField()
    row = models.PositiveIntegerField(help_text="grid location of the maximum")
    column = models.PositiveIntegerField()

    class Meta:
        ordering = ["run", "unit", "end", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["run", "unit", "end", "rank"], name="top_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.end} {self.rank}"


def picture_address(token: str, kind: PictureKind, size: PictureSize) -> str:
    """Return a picture's address: `analysis:picture`, put together without the resolver.

    A page asks for 180 of them, and the resolver would take longer than all its queries.
    """
    return f"{get_script_prefix()}pictures/{token}/{kind}-{size}.webp"


class Segment(models.Model):
    """The pictures of one top image: plain, and cut down to what the unit sees."""

    top_image = models.OneToOneField(TopImage, models.CASCADE, related_name="segment")
    # Unguessable and the same on every repetition: pictures are fetched by it without sign-in.
    token = models.CharField(max_length=32, unique=True)
    field = models.CharField(max_length=10, help_text="what was stamped: disc, or own")
    visible = models.FloatField(help_text="share of the picture left undarkened, 0 to 1")
    # Of the picture "disc"; null where there is none.
    disc_visible = models.FloatField(null=True, blank=True)

    def __str__(self) -> str:
        return self.token

    def url(self, kind: PictureKind, size: PictureSize) -> str:
        """Return the picture's address."""
        return picture_address(self.token, kind, size)

    @cached_property
    def pictures(self) -> dict[str, dict[str, str]]:
        """Return all addresses by kind and size, for templates: `segment.pictures.plain.tile`."""
        return {
            kind: {size: self.url(kind, size) for size in get_args(PictureSize)} for kind in ALWAYS
        }

    @cached_property
    def disc(self) -> dict[str, str] | None:
        """Return the addresses by size of the picture that the layer's disc makes, if any."""
        if self.disc_visible is None:
            return None
        return {size: self.url("disc", size) for size in get_args(PictureSize)}


class UnitSemantics(models.Model):
    """What a unit means, according to one source."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="semantics")
    source = models.CharField(max_length=10, choices=Source)
    # The campaign's slug or the method's name: one row for each origin.
    origin = models.CharField(max_length=100)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="semantics")
    concept = models.CharField(max_length=80)
    category = models.CharField(max_length=10, choices=Category, blank=True)
    precision = models.FloatField(null=True, blank=True)
    precision_low = models.FloatField(null=True, blank=True)
    precision_high = models.FloatField(null=True, blank=True)
    answers = models.PositiveIntegerField(default=0)
    agreement = models.FloatField(null=True, blank=True)
    images_shown = models.PositiveIntegerField(default=0)
    images_kept = models.PositiveIntegerField(default=0)
    # {"method": ..., "concept": "majority|tie|single", "words": {...}, "kept": {...}, ...}
    details = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["unit", "source", "origin"]
        verbose_name_plural = "unit semantics"
        constraints = [
            models.UniqueConstraint(fields=["unit", "source", "origin"], name="semantics_once"),
            models.CheckConstraint(
                condition=Q(precision=None) | Q(precision__gte=0, precision__lte=1),
                name="precision_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.concept}"
