"""`image-sets/`: the images that networks are shown; the researchers' own."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples, filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.models import ImageSet


class ImageSetSerializer(serializers.ModelSerializer[ImageSet]):
    """An image set."""

    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True, allow_null=True
    )

    class Meta:
        model = ImageSet
        fields = (
            "slug",
            "root",
            "fingerprint",
            "count",
            "refused",
            "scenes",
            "labels",
            "note",
            "synthetic",
            "state",
            "error",
            "created_by",
            "created_at",
        )
        read_only_fields = fields


class ImageSetFilters(filters.ApiFilterSet):
    """Filters of `image-sets/`."""

    state = filters.state()
    synthetic = filters.yes_no("synthetic", "whether its images are synthetic")


class ImageSets(ListEndpoint):
    """`image-sets/`."""

    serializer_class = ImageSetSerializer
    filterset_class = ImageSetFilters
    orderings = ("slug", "-slug", "created_at", "-created_at")

    def get_queryset(self) -> QuerySet[ImageSet]:
        """Return all image sets, with whoever made them."""
        return ImageSet.objects.select_related("created_by")

    @extend_schema(
        operation_id="image_sets_list",
        summary="List image sets",
        examples=[examples.IMAGE_SET],
    )
    def get(self, request: Request) -> Response:
        """List image sets."""
        return self.list(request)


class OneImageSet(Endpoint):
    """`image-sets/{image_set}/`."""

    serializer_class = ImageSetSerializer

    @extend_schema(
        operation_id="image_sets_read", summary="Read one image set", examples=[examples.IMAGE_SET]
    )
    def get(self, request: Request, image_set: str) -> Response:
        """Return one image set."""
        found = ImageSet.objects.select_related("created_by")
        return Response(self.get_serializer(get_object_or_404(found, slug=image_set)).data)
