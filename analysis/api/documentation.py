"""`schema/`, `docs/` and the index: the API describes itself."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.endpoint import Endpoint
from analysis.api.permissions import ReadersAndResearchers

INDEX = {
    "networks": "api-networks",
    "layers": "api-layers",
    "units": "api-units",
    "image-sets": "api-image-sets",
    "runs": "api-runs",
    "campaigns": "api-campaigns",
    "statistics": "api-statistics-list",
    "matches": "api-matches",
    "exports": "api-exports-units",
    "schema": "api-schema",
    "docs": "api-docs",
}
GIVEN = {"api-exports-units": {"form": "csv"}}  # what an address needs to be whole


@cache
def schema() -> dict[str, Any]:
    """Return the OpenAPI document; it changes only with the code."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call, no-any-return]


class Index(Endpoint):
    """`/api/v1/`."""

    permission_classes = [ReadersAndResearchers]

    @extend_schema(
        operation_id="index",
        tags=["about"],
        summary="List the addresses",
        responses={200: {"type": "object", "additionalProperties": {"type": "string"}}},
        examples=[
            OpenApiExample("The addresses", {"networks": "https://unitscope.example/api/v1/…"})
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the addresses of this API."""
        addresses = {name: reverse(to, kwargs=GIVEN.get(to)) for name, to in INDEX.items()}
        return Response(
            {name: request.build_absolute_uri(address) for name, address in addresses.items()}
        )


class Schema(Endpoint):
    """`schema/`."""

    permission_classes = [ReadersAndResearchers]

    @extend_schema(
        operation_id="schema",
        tags=["about"],
        summary="Read this description",
        description="The OpenAPI 3 document that you are reading about.",
        responses={200: OpenApiTypes.OBJECT},
        examples=[OpenApiExample("The document", {"openapi": "3.0.3", "paths": {}})],
    )
    def get(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        return Response(schema())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the documentation, drawn by scripts that we serve ourselves."""
    return render(request, "analysis/api_docs.html")
