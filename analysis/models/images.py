"""Image sets, and rows for the few images that some result names."""

from django.conf import settings
from django.db import models

from analysis.models.states import State


class ImageSet(models.Model):
    """A folder of images listed once in a manifest file, so millions are no rows."""

    slug = models.SlugField(max_length=80, unique=True)
    root = models.CharField(max_length=1000, help_text="absolute folder that holds the images")
    manifest = models.CharField(max_length=300, blank=True, help_text="name in the media storage")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="sha256 of the manifest")
    count = models.PositiveBigIntegerField(default=0, help_text="readable images in the manifest")
    refused = models.PositiveBigIntegerField(default=0, help_text="files listed with their reason")
    scenes = models.JSONField(default=dict, blank=True, help_text="scene name → number of images")
    # {"void_index": 39, "classes": [{"index": 0, "name": "wall", ...}]}; empty without masks.
    labels = models.JSONField(default=dict, blank=True)
    # Registered by page or API, a folder is read by a worker before it can be used.
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    note = models.TextField(blank=True)
    synthetic = models.BooleanField(default=False)
    # Where its list came with an archive, whose images are not here: the sha256 of its content.
    imported = models.CharField(max_length=64, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="image_sets"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class Image(models.Model):
    """An image that some result names; its number is its place in the manifest."""

    image_set = models.ForeignKey(ImageSet, models.CASCADE, related_name="images")
    number = models.PositiveBigIntegerField()
    path = models.CharField(max_length=1000, help_text="below the root of the image set")
    mask = models.CharField(max_length=1000, blank=True)
    scene = models.CharField(max_length=200, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    class Meta:
        ordering = ["image_set", "number"]
        constraints = [
            models.UniqueConstraint(fields=["image_set", "number"], name="image_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.image_set}#{self.number}"
