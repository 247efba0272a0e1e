"""What the addresses of runs give and take."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.api.bodies import Body, names
from analysis.models import ImageSet, Layer, LogLine, Network, Run, State
from analysis.services.progress import StepProgress, progress
from analysis.services.recipes import LARGEST_TOP, PRECISIONS
from analysis.services.runs import DEVICES, LEAST_MEMORY, MOST_MEMORY
from analysis.services.steps import STEPS, USUAL


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run as a list shows it."""

    network = serializers.SlugRelatedField[Network](slug_field="slug", read_only=True)
    image_set = serializers.SlugRelatedField[ImageSet](slug_field="slug", read_only=True)
    layers = serializers.SlugRelatedField[Layer](slug_field="name", many=True, read_only=True)
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True, allow_null=True, help_text="who launched it"
    )

    class Meta:
        model = Run
        fields = (
            "key",
            "network",
            "image_set",
            "layers",
            "recipe",
            "device",
            "memory",
            "state",
            "error",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields


class StepSerializer(serializers.Serializer[StepProgress]):
    """How far one step is."""

    name = serializers.CharField()
    counted = serializers.CharField(help_text="what `done` and `total` count: images or units")
    state = serializers.ChoiceField(choices=State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="items in shards that failed for good")
    merging = serializers.BooleanField(help_text="whether the shards are being joined")
    workers = serializers.IntegerField(help_text="at work on it now")
    rate = serializers.FloatField(allow_null=True, help_text="items per second, all workers")
    seconds_left = serializers.FloatField(allow_null=True)
    seconds_taken = serializers.FloatField(allow_null=True)
    error = serializers.CharField()


class LineSerializer(serializers.ModelSerializer[LogLine]):
    """One line of the log."""

    class Meta:
        model = LogLine
        fields = ("at", "level", "text")
        read_only_fields = fields


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a run is, read at this moment."""

    steps = StepSerializer(many=True)
    log = LineSerializer(many=True, help_text="the last lines, oldest first")
    unattended = serializers.CharField(
        help_text="the queue that the run waits for while no worker listens to it, else empty"
    )


class FullRunSerializer(RunSerializer):
    """A run with its progress."""

    progress = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "progress")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: Run) -> Any:
        """Return how far the run is."""
        return ProgressSerializer(progress(run)).data


class RunBody(Body):
    """What to launch. Everything but network and image set has a default."""

    network = serializers.SlugRelatedField(
        slug_field="slug", queryset=Network.objects.all(), help_text="slug of a network"
    )
    image_set = serializers.SlugRelatedField(
        slug_field="slug", queryset=ImageSet.objects.all(), help_text="slug of an image set"
    )
    layers = names("names of layers; all of the network if left out")
    top = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_TOP, help_text="top images for each unit"
    )
    steps = serializers.ListField(
        child=serializers.ChoiceField(choices=list(STEPS)),
        required=False,
        allow_empty=False,
        help_text=f"{', '.join(USUAL)} if left out",
    )
    step_options = serializers.DictField(
        child=serializers.DictField(child=serializers.JSONField(), help_text="option → value"),
        required=False,
        help_text="step → option → value: see docs/jobs.md",
    )
    precision = serializers.ChoiceField(choices=PRECISIONS, required=False)
    device = serializers.ChoiceField(choices=DEVICES, required=False)
    memory = serializers.IntegerField(
        required=False,
        min_value=LEAST_MEMORY,
        max_value=MOST_MEMORY,
        help_text="MB that a batch of occluded images may take; recorded, not part of the recipe",
    )
