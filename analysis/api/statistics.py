"""`statistics/{name}/` and `.csv`: what was counted on a run or on labels, as rows."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples
from analysis.api.endpoint import Endpoint
from analysis.api.exports import WhateverIsAccepted
from analysis.api.filters import TEXT
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.api.top_images import KEY
from analysis.models import Run, Source, UnitSemantics
from analysis.services import statistics
from analysis.services.counting import STEP, counted_by
from analysis.services.meanings import THRESHOLD, Wanted, share_of
from analysis.services.measures import ObjectStatistic, Statistic, Table
from analysis.services.objects import Wanted as WantedObjects
from analysis.services.objects import sets_for
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS

NAME = OpenApiParameter(
    "name", str, OpenApiParameter.PATH, enum=[*STATISTICS, *OF_LABELS, *OF_OBJECTS]
)
SHARE = {"type": "number", "minimum": 0, "maximum": 1, "default": THRESHOLD}
PARAMETERS = [
    NAME,
    OpenApiParameter(
        "run", examples.KEY_SCHEMA, description="of a run: its key, or the start of it; required"
    ),
    OpenApiParameter("network", TEXT, description="of labels: slug of the network; required"),
    OpenApiParameter(
        "source", str, enum=Source.values, description="of labels: whose they are; required"
    ),
    OpenApiParameter(
        "campaign",
        TEXT,
        description="of labels: the campaign, or import, that they come from; without it the"
        " newest label of each unit counts",
    ),
    OpenApiParameter(
        "threshold",
        SHARE,
        description="of labels: units and answers count when their precision is above it",
    ),
    OpenApiParameter(
        "image_set",
        TEXT,
        description="of objects, beside network and source: slug of a set with masks; required",
    ),
    OpenApiParameter(
        "layers",
        TEXT,
        description="of objects: names of layers with commas between; without it all count",
    ),
]
BY_RUN = "\n".join(
    f"- `{name}` (step `{one.step}`): {one.summary}. Columns: {', '.join(one.row._fields)}."
    for name, one in STATISTICS.items()
)
BY_LABELS = "\n".join(
    f"- `{name}`{' (with `threshold`)' if one.uses_threshold else ''}: {one.summary}."
    f" Columns: {', '.join(one.row._fields)}."
    for name, one in OF_LABELS.items()
)
BY_OBJECTS = "\n".join(
    f"- `{name}`{' (once a run has the step `count`)' if one.needs_counts else ''}: {one.summary}."
    f" Columns: {', '.join(one.row._fields)}."
    for name, one in OF_OBJECTS.items()
)
TABLES = (
    f"Of a run, with `run`:\n\n{BY_RUN}\n\nOf labels, with `network` and `source`:\n\n{BY_LABELS}"
    f"\n\nOf objects, with `network`, `source` and `image_set`:\n\n{BY_OBJECTS}"
)


class StatisticEndpoint(Endpoint):
    """A statistic of a run, or of labels, of a network that the caller may read."""

    permission_classes = [ReadersAndResearchers]

    def parameters(self, request: Request) -> set[str]:
        """Return what the statistic is asked by: a run, or a network with a source."""
        if request.method not in {"GET", "HEAD"}:
            return set()
        if self.kwargs["name"] in OF_OBJECTS:
            return {"network", "source", "campaign", "threshold", "image_set", "layers"}
        statistic = OF_LABELS.get(self.kwargs["name"])
        if statistic is None:
            return {"run"}
        asked = {"network", "source", "campaign"}
        return asked | {"threshold"} if statistic.uses_threshold else asked

    def asked(self, request: Request, name: str) -> Table:
        """Return the statistic asked for; 404 where there is nothing that it could count."""
        if name in OF_LABELS:
            return statistics.of_labels(self.wanted(request), OF_LABELS[name])
        if name in OF_OBJECTS:
            return self.of_objects(request, OF_OBJECTS[name])
        return self.of_run(request, STATISTICS[name])

    def of_run(self, request: Request, statistic: Statistic) -> Table:
        """Return a statistic of a run; 404 where it was not counted on that run."""
        key = request.query_params.get("run", "")
        if not KEY.fullmatch(key):
            sentence = f"{key!r} is no key: give 12 to 64 digits of the key of a run."
            raise ValidationError({"run": [sentence]})
        runs = Run.objects.called(key).filter(network__in=readable_networks(request))
        run = runs.with_parents().first()
        if run is None:
            raise NotFound(f"There is no run {key} that you may see.")
        if not statistics.is_counted(run, statistic):
            raise NotFound(f"Run {run} has not finished the step {statistic.step}.")
        return statistics.of_run(run, statistic)

    def of_objects(self, request: Request, statistic: ObjectStatistic) -> Table:
        """Return a statistic of objects; 404 where nothing says what is in the images."""
        asked = request.query_params
        if not (slug := asked.get("image_set", "")):
            raise ValidationError({"image_set": ["Say whose masks: image_set=SLUG."]})
        labels = self.wanted(request)
        known = list(labels.network.layers.values_list("name", flat=True))
        layers = tuple(name for name in asked.get("layers", "").split(",") if name)
        if unknown := sorted(set(layers) - set(known)):
            sentence = f"{labels.network} has no layer {unknown[0]!r}; it has: {', '.join(known)}."
            raise ValidationError({"layers": [sentence]})
        image_set = next((one for one in sets_for(labels.network) if one.slug == slug), None)
        if image_set is None:
            raise NotFound(f"There is no image set {slug!r} with masks that you may see.")
        if statistic.needs_counts and counted_by(image_set) is None:
            raise NotFound(f"No run over {image_set} has finished the step {STEP}.")
        wanted = WantedObjects(
            labels.network, labels.source, image_set, labels.campaign, labels.threshold, layers
        )
        return statistics.of_objects(wanted, statistic)

    def wanted(self, request: Request) -> Wanted:
        """Return whose labels are asked for; 404 where there are none."""
        asked = request.query_params
        slug, source, campaign = (asked.get(part, "") for part in ("network", "source", "campaign"))
        wrong = {} if slug else {"network": ["Say which network: network=SLUG."]}
        if source not in Source.values:
            wrong["source"] = [f"Say whose labels, not {source!r}: {', '.join(Source.values)}."]
        threshold = share_of(asked.get("threshold", str(THRESHOLD)))
        if threshold is None:
            sentence = f"{asked['threshold']!r} is no share: give a number from 0 to 1."
            wrong["threshold"] = [sentence]
        if wrong or threshold is None:
            raise ValidationError(wrong)
        network = readable_networks(request).filter(slug=slug).first()
        if network is None:
            raise NotFound(f"There is no network called {slug!r} that you may see.")
        labels = UnitSemantics.objects.filter(unit__layer__network=network, source=source)
        if not (labels.filter(origin=campaign) if campaign else labels).exists():
            of = f" of {campaign!r}" if campaign else ""
            raise NotFound(f"No unit of {slug} has a label by the source {source}{of}.")
        return Wanted(network, source, campaign, threshold)


class OneStatistic(StatisticEndpoint):
    """`statistics/{name}/`."""

    @extend_schema(
        operation_id="statistics_read",
        summary="Read a statistic",
        description=f"The tables behind the pages of findings.\n\n{TABLES}",
        parameters=PARAMETERS,
        responses={200: examples.STATISTIC_SCHEMA},
        examples=[examples.STATISTIC, examples.LABEL_STATISTIC],
    )
    def get(self, request: Request, name: str) -> Response:
        """Return the rows with what they were counted on."""
        return Response(statistics.as_json(self.asked(request, name)))


class OneStatisticAsCsv(StatisticEndpoint):
    """`statistics/{name}.csv`."""

    content_negotiation_class = WhateverIsAccepted
    rate = "exports"

    @extend_schema(
        operation_id="statistics_csv",
        summary="Export a statistic as a table",
        description="The same rows; text that a spreadsheet would run has an apostrophe in front.",
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[examples.STATISTIC_CSV],
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        """Stream the table."""
        table = self.asked(request, name)
        return StreamingHttpResponse(
            statistics.as_csv(table),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{table.file}.csv"'},
        )
