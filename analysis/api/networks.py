"""`networks/` and `layers/`: what may be studied, and its layers."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import tasks
from analysis.api import examples, filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.api.errors import Conflict, refusals
from analysis.api.network_bodies import NetworkBody, NetworkUpload, weights
from analysis.api.parsers import JSONParser
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.models import Layer, Network, State
from analysis.services.networks import check_program, request_network


class NetworkSerializer(serializers.ModelSerializer[Network]):
    """A network as anybody may see it; what is the researchers' own is null for others."""

    layers = serializers.SlugRelatedField[Layer](
        slug_field="name", many=True, read_only=True, help_text="names, in the forward order"
    )
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username",
        read_only=True,
        allow_null=True,
        help_text="who registered it; null unless you are a researcher",
    )
    error = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="why its inspection failed; null unless you are a researcher",
    )

    class Meta:
        model = Network
        fields = (
            "slug",
            "arch",
            "fingerprint",
            "preprocessing",
            "classes",
            "layers",
            "note",
            "synthetic",
            "authors",
            "cite_as",
            "doi",
            "version",
            "public",
            "state",
            "error",
            "created_by",
            "created_at",
        )
        read_only_fields = fields

    def to_representation(self, instance: Network) -> dict[str, Any]:
        """Leave out what is the researchers' own."""
        data = super().to_representation(instance)
        return (
            data
            if self.context["view"].for_researcher
            else data
            | {
                "created_by": None,
                "error": None,
            }
        )


class LayerSerializer(serializers.ModelSerializer[Layer]):
    """A layer with its theoretical receptive field, in input pixels."""

    network = serializers.SlugRelatedField[Network](slug_field="slug", read_only=True)

    class Meta:
        model = Layer
        fields = (
            "network",
            "name",
            "module",
            "position",
            "channels",
            "height",
            "width",
            "field_size",
            "field_stride",
            "field_offset",
        )
        read_only_fields = fields


class NetworkFilters(filters.ApiFilterSet):
    """Filters of `networks/`."""

    state = filters.state()
    public = filters.yes_no("public", "whether anybody may read it")
    synthetic = filters.yes_no("synthetic", "whether it was trained on synthetic data")


class LayerFilters(filters.ApiFilterSet):
    """Filters of `layers/`."""

    network = filters.network("network")


class Networks(ListEndpoint):
    """`networks/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = NetworkSerializer
    filterset_class = NetworkFilters
    orderings = ("slug", "-slug", "created_at", "-created_at")
    parser_classes = [JSONParser, MultiPartParser]

    def get_queryset(self) -> QuerySet[Network]:
        """Return the networks that the caller may see."""
        return (
            readable_networks(self.request).select_related("created_by").prefetch_related("layers")
        )

    @extend_schema(
        operation_id="networks_list",
        summary="List networks",
        description="The networks that you may see: all for researchers, public ones for others.",
        examples=[examples.NETWORK],
    )
    def get(self, request: Request) -> Response:
        """List networks."""
        return self.list(request)

    @extend_schema(
        operation_id="networks_add",
        summary="Register a network",
        description=(
            "A worker inspects it before it can be used: watch its `state`. Weights are named by "
            "a path below an allowed folder, come along as a file of a form, or are random."
        ),
        request={"application/json": NetworkBody, "multipart/form-data": NetworkUpload},
        responses={
            201: NetworkSerializer,
            409: OpenApiResponse(description="There is one of this name."),
        },
        examples=[examples.NETWORK, examples.NETWORK_BODY],
    )
    def post(self, request: Request) -> Response:
        """Register a network."""
        form = (request.content_type or "").startswith("multipart/")
        body = (NetworkUpload if form else NetworkBody)(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        taken = Network.objects.filter(slug=asked["slug"]).exclude(state=State.FAILED)
        if taken.exists():
            raise Conflict(f"There is a network called {asked['slug']} already.")
        with refusals():
            if "file" in asked:
                check_program(asked["arch"], self.user)
        with refusals(), weights(asked) as found:
            network = request_network(weights=found, user=self.user, **asked)
        tasks.inspect_network.delay_on_commit(network.pk)
        return Response(self.get_serializer(network).data, status.HTTP_201_CREATED)


class OneNetwork(Endpoint):
    """`networks/{network}/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = NetworkSerializer

    @extend_schema(
        operation_id="networks_read", summary="Read one network", examples=[examples.NETWORK]
    )
    def get(self, request: Request, network: str) -> Response:
        """Return one network."""
        found = readable_networks(request).select_related("created_by").prefetch_related("layers")
        return Response(self.get_serializer(get_object_or_404(found, slug=network)).data)


class Layers(ListEndpoint):
    """`layers/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = LayerSerializer
    filterset_class = LayerFilters
    orderings = ("pk", "-pk")

    def get_queryset(self) -> QuerySet[Layer]:
        """Return the layers of the networks that the caller may see."""
        return Layer.objects.filter(network__in=readable_networks(self.request)).select_related(
            "network"
        )

    @extend_schema(
        operation_id="layers_list",
        summary="List layers",
        description="Grid and theoretical receptive field of every layer, in input pixels.",
        examples=[examples.LAYER],
    )
    def get(self, request: Request) -> Response:
        """List layers."""
        return self.list(request)
