"""`image-sets/`: the images that networks are shown; the researchers' own."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import tasks
from analysis.api import examples, filters
from analysis.api.bodies import Body
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.api.errors import Conflict, refusals
from analysis.api.network_bodies import SLUG
from analysis.models import ImageSet, State
from analysis.services import image_sets
from analysis.services.registering import allowed_path


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


class ImageSetBody(Body):
    """A folder of images that the installation can read."""

    slug = serializers.RegexField(SLUG, help_text="its name in addresses")
    folder = serializers.CharField(max_length=1000, help_text="below an allowed folder")
    note = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


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

    @extend_schema(
        operation_id="image_sets_add",
        summary="Register a folder of images",
        description="A worker lists it before it can be used: watch its `state`.",
        request=ImageSetBody,
        responses={
            201: ImageSetSerializer,
            409: OpenApiResponse(description="There is one of this name."),
        },
        examples=[examples.IMAGE_SET, examples.IMAGE_SET_BODY],
    )
    def post(self, request: Request) -> Response:
        """Register a folder of images."""
        body = ImageSetBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        if ImageSet.objects.filter(slug=asked["slug"]).exclude(state=State.FAILED).exists():
            raise Conflict(f"There is an image set called {asked['slug']} already.")
        with refusals():
            folder = allowed_path(asked.pop("folder"))
            made = image_sets.request_image_set(folder=folder, user=self.user, **asked)
        tasks.import_images.delay_on_commit(made.pk)
        return Response(self.get_serializer(made).data, status.HTTP_201_CREATED)


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
