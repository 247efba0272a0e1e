"""`runs/`: recipes launched, watched, cancelled and resumed by researchers."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples, filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.models import ImageSet, Layer, Network, Run


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run as a list shows it."""

    network = serializers.SlugRelatedField[Network](slug_field="slug", read_only=True)
    image_set = serializers.SlugRelatedField[ImageSet](slug_field="slug", read_only=True)
    layers = serializers.SlugRelatedField[Layer](slug_field="name", many=True, read_only=True)
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True, allow_null=True
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
            "state",
            "error",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields


class RunFilters(filters.ApiFilterSet):
    """Filters of `runs/`."""

    network = filters.network("network")
    image_set = filters.text("slug of an image set", field_name="image_set__slug")
    state = filters.state()


def all_runs() -> QuerySet[Run]:
    """Return the runs with all that their serializer shows."""
    return Run.objects.select_related("network", "image_set", "created_by").prefetch_related(
        "layers"
    )


def run_or_404(key: str) -> Run:
    """Return the run whose key begins so; two of them are no answer."""
    found = list(all_runs().filter(key__startswith=key)[:2])
    if len(found) != 1:
        raise NotFound(f"There is no run {key}." if not found else f"Two runs begin with {key}.")
    return found[0]


class Runs(ListEndpoint):
    """`runs/`."""

    serializer_class = RunSerializer
    filterset_class = RunFilters
    orderings = ("-created_at", "created_at")

    def get_queryset(self) -> QuerySet[Run]:
        """Return all runs: a lab has no secrets from itself."""
        return all_runs()

    @extend_schema(
        operation_id="runs_list", summary="List runs, newest first", examples=[examples.RUN]
    )
    def get(self, request: Request) -> Response:
        """List runs."""
        return self.list(request)


class OneRun(Endpoint):
    """`runs/{key}/`."""

    serializer_class = RunSerializer

    @extend_schema(
        operation_id="runs_read",
        summary="Read one run",
        description="By its key, or the first twelve digits of it or more.",
        examples=[examples.RUN],
    )
    def get(self, request: Request, key: str) -> Response:
        """Return one run."""
        return Response(self.get_serializer(run_or_404(key)).data)
