"""`statistics/{name}/` and `statistics/{name}.csv`: what was counted on a run, as rows."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples
from analysis.api.endpoint import Endpoint
from analysis.api.exports import WhateverIsAccepted
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.api.top_images import KEY
from analysis.models import Run
from analysis.services import statistics
from analysis.services.measures import Statistic
from analysis.services.statistics import STATISTICS

NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(STATISTICS))
PARAMETERS = [
    NAME,
    OpenApiParameter(
        "run", examples.KEY_SCHEMA, required=True, description="key of a run, or its start"
    ),
]
TABLES = "\n".join(
    f"- `{name}` (step `{one.step}`): {one.summary}. Columns: {', '.join(one.row._fields)}."
    for name, one in STATISTICS.items()
)


class StatisticEndpoint(Endpoint):
    """A statistic of a run of a network that the caller may read."""

    permission_classes = [ReadersAndResearchers]
    accepts = frozenset({"run"})

    def asked(self, request: Request, name: str) -> tuple[Run, Statistic]:
        """Return the run asked for and the statistic; 404 where it was not counted on that run."""
        key = request.query_params.get("run", "")
        if not KEY.fullmatch(key):
            sentence = f"{key!r} is no key: give 12 to 64 digits of the key of a run."
            raise ValidationError({"run": [sentence]})
        runs = Run.objects.called(key).filter(network__in=readable_networks(request))
        run = runs.with_parents().first()
        if run is None:
            raise NotFound(f"There is no run {key} that you may see.")
        statistic = STATISTICS[name]
        if not statistics.is_counted(run, statistic):
            raise NotFound(f"Run {run} has not finished the step {statistic.step}.")
        return run, statistic


class OneStatistic(StatisticEndpoint):
    """`statistics/{name}/`."""

    @extend_schema(
        operation_id="statistics_read",
        summary="Read a statistic of a run",
        description=f"The tables behind the pages of findings:\n\n{TABLES}",
        parameters=PARAMETERS,
        responses={200: examples.STATISTIC_SCHEMA},
        examples=[examples.STATISTIC],
    )
    def get(self, request: Request, name: str) -> Response:
        """Return the rows with what they were counted on."""
        run, statistic = self.asked(request, name)
        return Response(statistics.as_json(run, statistic))


class OneStatisticAsCsv(StatisticEndpoint):
    """`statistics/{name}.csv`."""

    content_negotiation_class = WhateverIsAccepted
    rate = "exports"

    @extend_schema(
        operation_id="statistics_csv",
        summary="Export a statistic of a run as a table",
        description="The same rows; text that a spreadsheet would run has an apostrophe in front.",
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[examples.STATISTIC_CSV],
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        """Stream the table."""
        run, statistic = self.asked(request, name)
        file = f"{name}-{run.network.slug}-{run.short_key}.csv"
        return StreamingHttpResponse(
            statistics.as_csv(run, statistic),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{file}"'},
        )
