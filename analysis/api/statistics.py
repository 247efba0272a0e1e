"""`statistics/{name}/` and `.csv`: what was counted on a run or on labels, as rows."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples
from analysis.api.comparison_example import COMPARISON
from analysis.api.endpoint import Endpoint
from analysis.api.exports import WhateverIsAccepted
from analysis.api.filters import TEXT
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.api.top_images import KEY
from analysis.models import Run, Source, State, UnitSemantics
from analysis.services import comparison_tables, statistics
from analysis.services.comparables import COMPARABLES
from analysis.services.comparing import Comparable, Compared
from analysis.services.comparison_tables import PARTS, Against
from analysis.services.counting import STEP, counted_by
from analysis.services.dissected import dissection_called
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
    OpenApiParameter(
        "against",
        TEXT,
        description="compare with another: of a run the key of another run, of labels or objects"
        " the slug of another network, or of the same with other labels",
    ),
    OpenApiParameter(
        "against_source",
        str,
        enum=Source.values,
        description="of labels, with `against`: whose labels the other ones are; the same source"
        " unless given",
    ),
    OpenApiParameter(
        "against_campaign", TEXT, description="of labels, with `against`: where they come from"
    ),
]
PART = OpenApiParameter(
    "table",
    str,
    enum=PARTS,
    description="with `against`: the `rows` of both (usual), or their `differences`",
)
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
BOTH = (
    "With `against` the rows are those of both, with the columns side (first, second) and network"
    " in front, and beside them stand the differences, first - second, with 95% intervals."
    f" Columns: {', '.join(Compared._fields)}. It can be asked of: {', '.join(COMPARABLES)}."
)
TABLES = (
    f"Of a run, with `run`:\n\n{BY_RUN}\n\nOf labels, with `network` and `source`:\n\n{BY_LABELS}"
    f"\n\nOf objects, with `network`, `source` and `image_set`:\n\n{BY_OBJECTS}\n\n{BOTH}"
)


def parameters_of(name: str) -> set[str]:
    """Return the parameters that a statistic takes."""
    if name in STATISTICS:
        return {"run", "against"}
    asked = {"network", "source", "campaign", "against", "against_source", "against_campaign"}
    if name in OF_OBJECTS:
        return asked | {"threshold", "image_set", "layers"}
    return asked | {"threshold"} if OF_LABELS[name].uses_threshold else asked


class StatisticEndpoint(Endpoint):
    """A statistic of a run, or of labels, of a network that the caller may read."""

    permission_classes = [ReadersAndResearchers]
    has_it = False  # whether the caller has the answer already

    def parameters(self, request: Request) -> set[str]:
        """Return what the statistic is asked by: a run, or a network with a source."""
        if request.method not in {"GET", "HEAD"}:
            return set()
        return parameters_of(self.kwargs["name"])

    def asked(self, request: Request, name: str) -> Table:
        """Return the statistic asked for; 404 where there is nothing that it could count."""
        if name in OF_LABELS:
            statistic = OF_LABELS[name]
            return statistics.of_labels(self.labels(request), statistic)
        if name in OF_OBJECTS:
            return self.of_objects(request, OF_OBJECTS[name])
        return self.of_run(request, STATISTICS[name])

    def against(self, request: Request, name: str) -> Against | None:
        """Return the statistic of both sides; None where no other one is named."""
        if "against" not in request.query_params:
            insist_on_against(request)
            return None
        comparable = comparable_called(name)
        if name in OF_LABELS:
            first, second = self.labels(request), self.labels(request, "against_")
            insist_on_two(first == second, request)
            self.is_public = first.network.public and second.network.public
            return comparison_tables.of_labels(comparable, first, second)
        if name in OF_OBJECTS:
            two = [self.objects(request, OF_OBJECTS[name], by) for by in ("", "against_")]
            insist_on_two(two[0] == two[1], request)
            self.is_public = all(one.network.public for one in two)
            return comparison_tables.of_objects(comparable, two[0], two[1])
        run, other = (self.run(request, STATISTICS[name], by) for by in ("run", "against"))
        insist_on_two(run == other, request)
        return comparison_tables.of_runs(comparable, run, other)

    def run(self, request: Request, statistic: Statistic, by: str = "run") -> Run:
        """Return a run that is named; 404 where the statistic was not counted on it."""
        key = request.query_params.get(by, "")
        if not KEY.fullmatch(key):
            sentence = f"{key!r} is no key: give 12 to 64 digits of the key of a run."
            raise ValidationError({by: [sentence]})
        runs = Run.objects.called(key).filter(network__in=readable_networks(request))
        run = runs.with_parents().first()
        if run is None:
            raise NotFound(f"There is no run {key} that you may see.")
        if why := statistics.why_none(run, statistic):
            raise NotFound(why)
        return run

    def of_run(self, request: Request, statistic: Statistic) -> Table:
        """Return a statistic of a run, and know whether the caller has it already."""
        run = self.run(request, statistic)
        table = statistics.of_run(run, statistic)
        self.is_public = run.network.public
        if statistic.settled and run.state == State.DONE:
            decides = (run.key, str(run.finished_at), *map(str, table.on.values()))
            self.has_it = self.is_known(request, *decides)
        return table

    def of_objects(self, request: Request, statistic: ObjectStatistic) -> Table:
        """Return a statistic of objects."""
        return statistics.of_objects(self.objects(request, statistic), statistic)

    def objects(
        self, request: Request, statistic: ObjectStatistic, prefix: str = ""
    ) -> WantedObjects:
        """Return whose labels and masks are named; 404 where nothing says what is in the images."""
        asked = request.query_params
        if not (slug := asked.get("image_set", "")):
            raise ValidationError({"image_set": ["Say whose masks: image_set=SLUG."]})
        labels = self.labels(request, prefix)
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
        return WantedObjects(
            labels.network, labels.source, image_set, labels.campaign, labels.threshold, layers
        )

    def labels(self, request: Request, prefix: str = "") -> Wanted:
        """Return the labels that are named; 404 where there are none."""
        asked = request.query_params
        by = "against" if prefix else "network"
        slug, usual = asked.get(by, ""), asked.get("source", "")
        source = asked.get(f"{prefix}source", usual)
        campaign = asked.get(f"{prefix}campaign", "")
        wrong = {} if slug else {"network": ["Say which network: network=SLUG."]}
        if source not in Source.values:
            sentence = f"Say whose labels, not {source!r}: {', '.join(Source.values)}."
            wrong[f"{prefix}source"] = [sentence]
        threshold = share_of(asked.get("threshold", str(THRESHOLD)))
        if threshold is None:
            sentence = f"{asked['threshold']!r} is no share: give a number from 0 to 1."
            wrong["threshold"] = [sentence]
        if wrong or threshold is None:
            raise ValidationError(wrong)
        network = readable_networks(request).filter(slug=slug).first()
        if network is None:
            raise NotFound(f"There is no network called {slug!r} that you may see.")
        self.is_public = network.public
        labels = UnitSemantics.objects.filter(unit__layer__network=network, source=source)
        named = (labels.filter(origin=campaign) if campaign else labels).exists()
        if not named and dissection_called(network, source, campaign) is None:
            of = f" of {campaign!r}" if campaign else ""
            raise NotFound(f"No unit of {slug} has a label by the source {source}{of}.")
        return Wanted(network, source, campaign, threshold)


def comparable_called(name: str) -> Comparable:
    """Return how a statistic is compared; refused where its rows are single units."""
    if name not in COMPARABLES:
        told = f"The rows of {name} are not compared: ask for one of {', '.join(COMPARABLES)}."
        raise ValidationError({"against": [told]})
    return COMPARABLES[name]


def insist_on_against(request: Request) -> None:
    """Refuse what makes sense only where there is another one to compare with."""
    wrong = [
        name
        for name in ("against_source", "against_campaign", "table")
        if name in request.query_params
    ]
    if wrong:
        told = "This is of comparisons: name the other one too, against=."
        raise ValidationError({name: [told] for name in wrong})


def insist_on_two(alike: bool, request: Request) -> None:
    """Refuse to compare something with itself."""
    if alike:
        told = f"{request.query_params['against']!r} would be compared with itself: name another."
        raise ValidationError({"against": [told]})


class OneStatistic(StatisticEndpoint):
    """`statistics/{name}/`."""

    @extend_schema(
        operation_id="statistics_read",
        summary="Read a statistic",
        description=f"The tables behind the pages of findings.\n\n{TABLES}",
        parameters=PARAMETERS,
        responses={200: examples.STATISTIC_SCHEMA},
        examples=[examples.STATISTIC, examples.LABEL_STATISTIC, COMPARISON],
    )
    def get(self, request: Request, name: str) -> Response:
        """Return the rows with what they were counted on; of two, with their differences."""
        if (both := self.against(request, name)) is not None:
            return Response(comparison_tables.as_json(both))
        table = self.asked(request, name)
        if self.has_it:
            return Response(status=304)
        try:
            return Response(statistics.as_json(table))
        except statistics.TooManyRows as refused:
            raise ValidationError(str(refused)) from refused


class OneStatisticAsCsv(StatisticEndpoint):
    """`statistics/{name}.csv`."""

    content_negotiation_class = WhateverIsAccepted
    rate = "exports"

    def parameters(self, request: Request) -> set[str]:
        """Return what the statistic is asked by, and which table of a comparison."""
        known = super().parameters(request)
        return known | {"table"} if known else known

    @extend_schema(
        operation_id="statistics_csv",
        summary="Export a statistic as a table",
        description="The same rows; text that a spreadsheet would run has an apostrophe in front.",
        parameters=[*PARAMETERS, PART],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[examples.STATISTIC_CSV],
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse | Response:
        """Stream the table."""
        both = self.against(request, name)
        if both is None:
            table = self.asked(request, name)
            if self.has_it:
                return Response(status=304)
            return as_file(statistics.as_csv(table), table.file)
        asked = request.query_params.get("table", PARTS[0])
        part = next((one for one in PARTS if one == asked), None)
        if part is None:
            sentence = f"{asked!r} is no table of a comparison: take {' or '.join(PARTS)}."
            raise ValidationError({"table": [sentence]})
        return as_file(comparison_tables.as_csv(both, part), f"{both.file}-{part}")


def as_file(rows: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """Return a table as a file to keep."""
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
