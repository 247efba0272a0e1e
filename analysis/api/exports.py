"""`exports/units.{csv,jsonl,parquet}`: whole tables of labelled units, streamed."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from analysis.api import examples
from analysis.api.endpoint import Endpoint
from analysis.api.filters import TEXT
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.api.units import SOURCE_HELP
from analysis.models import Source
from analysis.services import exports, sharing, tables
from analysis.services.exports import Wanted


class WhateverIsAccepted(BaseContentNegotiation):
    """The address says the format; errors come as JSON whatever the caller would rather have."""

    def select_parser(self, request, parsers):  # type: ignore[no-untyped-def]
        """Return the first parser."""
        return parsers[0]

    def select_renderer(  # type: ignore[no-untyped-def]
        self, request, renderers, format_suffix=None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        return renderers[0], renderers[0].media_type


class UnitsExport(Endpoint):
    """`exports/units.{format}`."""

    permission_classes = [ReadersAndResearchers]
    content_negotiation_class = WhateverIsAccepted
    accepts = frozenset({"network", "campaign", "source"})
    rate = "exports"

    @extend_schema(
        operation_id="exports_units",
        summary="Export labelled units as a table",
        description=(
            "One row for each unit, source and campaign, in the order of the atlas. "
            "Labels by simulated workers come only with `source=simulated`. "
            "In CSV, text that a spreadsheet would run as a formula has an apostrophe in front; "
            "JSONL and Parquet hold it as it is."
        ),
        parameters=[
            OpenApiParameter("form", str, OpenApiParameter.PATH, enum=list(tables.FORMATS)),
            OpenApiParameter("network", TEXT, description="slug of a network"),
            OpenApiParameter("campaign", TEXT, description="slug of a campaign"),
            OpenApiParameter("source", str, enum=Source.values, description=SOURCE_HELP),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
        },
        examples=[examples.CSV, examples.JSONL],
    )
    def get(self, request: Request, form: str) -> StreamingHttpResponse:
        """Stream the table."""
        asked = request.query_params
        network, source = asked.get("network", ""), asked.get("source", "")
        if source and source not in Source.values:
            sentence = f"{source!r} is no source: take one of {', '.join(Source.values)}."
            raise ValidationError({"source": [sentence]})
        if network and not readable_networks(request).filter(slug=network).exists():
            raise NotFound(f"There is no network called {network!r} that you may see.")
        shared = sharing.shared_with(request._request)
        wanted = Wanted(network, asked.get("campaign", ""), source, not self.for_researcher, shared)
        table = tables.FORMATS[form]
        name = "-".join(["units", *(part for part in (network, source) if part)])
        return StreamingHttpResponse(
            table.write(exports.rows(wanted)),
            content_type=table.content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
        )
