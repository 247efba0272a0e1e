"""`networks/{network}/detect/`: the scene and the objects of an image, from one forward pass."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import tasks
from analysis.api.bodies import Body
from analysis.api.detection_example import DETECTION, DETECTION_SCHEMA
from analysis.api.endpoint import Endpoint
from analysis.api.errors import Conflict, Unavailable
from analysis.api.parsers import BytesParser, ImageParser
from analysis.api.permissions import Readers, readable_networks
from analysis.services import detections
from analysis.services.detections import Busy, DetectionRefused, NetworkNotReady

# A form needs some room beside the file in it.
ROOM = 100_000


class ImageUpload(Body):
    """A form with an image in it."""

    image = serializers.FileField(help_text="any common kind of image, at most 20 MB")


class Detect(Endpoint):
    """`networks/{network}/detect/`."""

    http_method_names = ("post",)
    permission_classes = [Readers]
    parser_classes = [MultiPartParser, ImageParser, BytesParser]
    rate = "detections"
    longest = detections.LARGEST_FILE + ROOM

    @extend_schema(
        operation_id="networks_detect",
        summary="See what an image shows",
        description=(
            "One forward pass: the likeliest scenes, and the objects that named units see, each"
            " with its mask (run lengths as COCO has them, at the size of the network's input),"
            " boxes in pixels of the upright image, a score from 0 to 1, and the units behind it."
            " The image comes as the field `image` of a form, or is the whole body. It is not"
            " stored."
        ),
        request={
            "multipart/form-data": ImageUpload,
            "image/*": {"type": "string", "format": "binary"},
            "application/octet-stream": {"type": "string", "format": "binary"},
        },
        responses={
            200: DETECTION_SCHEMA,
            409: OpenApiResponse(description="The network cannot be run."),
            503: OpenApiResponse(description="No worker is there, or none had time."),
        },
        examples=[DETECTION],
    )
    def post(self, request: Request, network: str) -> Response:
        """Look at the image of this request."""
        found = get_object_or_404(readable_networks(request), slug=network)
        file, size = _image(request.data)
        try:
            return Response(tasks.look_at(found, detections.taken(found, file, size)))
        except NetworkNotReady as refused:
            raise Conflict(str(refused)) from refused
        except DetectionRefused as refused:
            raise ValidationError({"image": [str(refused)]}) from refused
        except Busy as busy:
            raise Unavailable(str(busy), busy.wait) from busy


def _image(data: Any) -> tuple[Any, int]:
    """Return the one image of a body, open, and its size."""
    if unknown := sorted(set(data) - {"image"}):
        sentence = "This address takes only the field `image`."
        raise ValidationError({name: [sentence] for name in unknown})
    given = data.getlist("image") if hasattr(data, "getlist") else [data.get("image")]
    if len(given) != 1 or not hasattr(given[0], "read"):
        sentence = "Send one image: as the field `image` of a form, or as the whole body."
        raise ValidationError({"image": [sentence]})
    file = given[0]
    if hasattr(file, "size"):
        return file.file, int(file.size)
    return file, len(file.getvalue())
