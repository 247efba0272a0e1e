"""`units/…/top-images/`: the images that drive a unit most, and least."""

import re
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples
from analysis.api.endpoint import ListEndpoint
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.models import TopImage, Unit
from analysis.models.units import PictureKind, PictureSize

KINDS: tuple[PictureKind, ...] = ("plain", "segmented")
SIZES: tuple[PictureSize, ...] = ("tile", "tile2x", "large")
KEY = re.compile(r"[0-9a-f]{12,64}")


class TopImageSerializer(serializers.ModelSerializer[TopImage]):
    """One of the images at an end of the unit's range."""

    run = serializers.CharField(source="run.short_key", read_only=True)
    image = serializers.SerializerMethodField()
    visible = serializers.SerializerMethodField(
        help_text="share of the segmented picture left undarkened; null before it is rendered"
    )
    pictures = serializers.SerializerMethodField(help_text="addresses; null before rendering")

    class Meta:
        model = TopImage
        fields = (
            "run",
            "end",
            "rank",
            "activation",
            "row",
            "column",
            "image",
            "visible",
            "pictures",
        )
        read_only_fields = fields

    @extend_schema_field(examples.IMAGE_SCHEMA)
    def get_image(self, top: TopImage) -> dict[str, Any]:
        """Return the image; where it lies is the researchers' own."""
        image = top.image
        return {
            "image_set": image.image_set.slug,
            "number": image.number,
            "path": image.path if self.context["view"].for_researcher else None,
            "scene": image.scene,
            "width": image.width,
            "height": image.height,
        }

    def get_visible(self, top: TopImage) -> float | None:
        """Return how much of the picture the unit is shown to see."""
        return top.segment.visible if hasattr(top, "segment") else None

    @extend_schema_field(examples.PICTURES_SCHEMA)
    def get_pictures(self, top: TopImage) -> dict[str, dict[str, str]] | None:
        """Return the addresses of the pictures."""
        if not hasattr(top, "segment"):
            return None
        here = self.context["request"].build_absolute_uri
        return {kind: {size: here(top.segment.url(kind, size)) for size in SIZES} for kind in KINDS}


class TopImages(ListEndpoint):
    """`units/{network}/{layer}/{channel}/top-images/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = TopImageSerializer
    queryset = TopImage.objects.none()  # tells the schema what the rows are
    accepts = frozenset({"run", "end"})
    orderings = ("rank", "-rank")

    @extend_schema(
        operation_id="units_top_images",
        summary="List a unit's top images",
        description=(
            "The images that drive the unit most (`end=top`) or least (`end=low`), as the newest "
            "run found them, or the run asked for. Pictures are fetched without a token."
        ),
        parameters=[
            OpenApiParameter("run", examples.KEY_SCHEMA, description="key of a run, or its start"),
            OpenApiParameter("end", str, enum=TopImage.End.values, default="top"),
        ],
        examples=[examples.TOP_IMAGE],
    )
    def get(self, request: Request, network: str, layer: str, channel: int) -> Response:
        """List the top images of one unit."""
        unit = get_object_or_404(
            Unit.objects.filter(layer__network__in=readable_networks(request)).select_related(
                "layer__network"
            ),
            layer__network__slug=network,
            layer__name=layer,
            channel=channel,
        )
        self.is_public = unit.layer.network.public
        page = self.paginate_queryset(self.of_one_run(unit))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def of_one_run(self, unit: Unit) -> QuerySet[TopImage]:
        """Return the top images of the run asked for, else of the newest that has any."""
        asked = self.request.query_params
        end, key = asked.get("end", TopImage.End.TOP), asked.get("run", "")
        if end not in TopImage.End.values:
            raise ValidationError({"end": [f"{end!r} is neither top nor low."]})
        if key and not KEY.fullmatch(key):
            raise ValidationError({"run": [f"{key!r} is no key: give 12 to 64 of its digits."]})
        found = TopImage.objects.filter(unit=unit, end=end)
        newest = found.filter(run__key__startswith=key).order_by("-run__created_at", "-run_id")
        run = newest.values_list("run", flat=True).first()
        if key and run is None:
            raise NotFound(f"No run {key} has looked at this unit.")
        return found.filter(run=run).select_related("run", "image__image_set", "segment")
