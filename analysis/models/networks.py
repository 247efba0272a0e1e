"""Networks, their layers and units."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from analysis.models.states import State


class NetworkQuerySet(models.QuerySet["Network"]):
    """Named ways to read networks."""

    def runnable(self) -> "NetworkQuerySet":
        """Keep those that can be run: they have weights here. See `Network.can_run`."""
        return self.exclude(arch="").exclude(~Q(imported=""), weights="")


class Network(models.Model):
    """A trained network: architecture, weights and how its input is prepared."""

    slug = models.SlugField(max_length=80, unique=True)
    # torchvision:alexnet · timm:tf_efficientnet_lite0 · efficientnet-lite0 · exported:FILE.pt2;
    # blank for a network whose units are known from published answers only.
    arch = models.CharField(max_length=300, blank=True)
    weights = models.CharField(max_length=300, blank=True, help_text="name in the media storage")
    # sha256 over architecture, weights and input preparation: part of the key of every run.
    fingerprint = models.CharField(max_length=64, blank=True)
    # {"height", "width", "mean": [r, g, b], "std": [r, g, b], ...}: core/images.Preprocessing
    preprocessing = models.JSONField(default=dict)
    classes = models.JSONField(default=list, blank=True, help_text="class names, in output order")
    note = models.TextField(blank=True)
    synthetic = models.BooleanField(default=False, help_text="made or trained on synthetic data")
    # How its makers want it to be cited: services/citations.py checks and writes it out.
    authors = models.CharField(max_length=500, blank=True, help_text="semicolons between them")
    cite_as = models.TextField(blank=True, help_text="what to cite beside it, in its own words")
    doi = models.CharField(max_length=200, blank=True, help_text="10.…/…, without an address")
    version = models.CharField(max_length=40, blank=True, help_text="of network and labels")
    # What was asked for, until the inspection has answered it:
    # {"weights": "random:SEED" or "", "file": its owner's name for it, "layers": {name: module},
    # "preprocessing": {what is given}}.
    requested = models.JSONField(default=dict, blank=True)
    # Registered by page or API, a network is inspected by a worker before it can be used.
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    error = models.TextField(blank=True)
    # Where it came with an archive: the sha256 of its content. Weights come only if asked for.
    imported = models.CharField(max_length=64, blank=True, editable=False)
    public = models.BooleanField(default=False, help_text="its atlas is readable without sign-in")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="networks"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = NetworkQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def can_run(self) -> bool:
        """Tell whether there are weights to run it with."""
        return bool(self.arch) and not (self.imported and not self.weights)

    @property
    def published_only(self) -> bool:
        """Tell whether it has no weights here: it cannot be run, its units have no images."""
        return not self.arch


class Layer(models.Model):
    """One layer of a network whose channels are studied as units."""

    network = models.ForeignKey(Network, models.CASCADE, related_name="layers")
    name = models.CharField(max_length=80)
    module = models.CharField(max_length=200, help_text="path of the module in the network")
    position = models.PositiveIntegerField(help_text="order in the forward pass")
    channels = models.PositiveIntegerField()
    # Rows and columns are 0 where the network is known from published answers only.
    height = models.PositiveIntegerField(help_text="rows of the grid at the network's input size")
    width = models.PositiveIntegerField()
    # Theoretical receptive field in input pixels; null where a layer sees the whole image.
    # Location (row, column) is centred at offset + stride * (row, column), pixel centres at .5.
    field_size = models.PositiveIntegerField(null=True, blank=True)
    field_stride = models.PositiveIntegerField(null=True, blank=True)
    field_offset = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["network", "position"]
        constraints = [
            models.UniqueConstraint(fields=["network", "name"], name="layer_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.network.slug}/{self.name}"


class UnitQuerySet(models.QuerySet["Unit"]):
    """Named ways to read units."""

    def in_order(self) -> "UnitQuerySet":
        """Sort by network, layer, channel, with both parents fetched."""
        return self.select_related("layer__network").order_by(
            "layer__network__slug", "layer__position", "channel"
        )

    def labelled(self, source: str = "") -> "UnitQuerySet":
        """Keep units that have semantics, of one source if given."""
        wanted = Q(semantics__isnull=False)
        return self.filter(wanted & Q(semantics__source=source) if source else wanted).distinct()


class Unit(models.Model):
    """One channel of one layer: the thing whose meaning people are asked for."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="units")
    channel = models.PositiveIntegerField()
    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["layer", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["layer", "channel"], name="unit_once_per_layer"),
        ]

    def __str__(self) -> str:
        return f"{self.layer}/{self.channel}"
