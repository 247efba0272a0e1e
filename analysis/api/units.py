"""`units/`: what each unit means, and the images that drive it."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import examples, filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.models import Category, Source, Unit, UnitSemantics
from analysis.services import atlas_search
from analysis.services.access import is_researcher
from analysis.services.atlas_grid import RANGES, Range, with_measure
from analysis.services.exports import SOURCES_BY_DEFAULT

SOURCE_HELP = (
    "whose labels: without it people's, machine and published ones, and never simulated ones"
)


class SemanticsSerializer(serializers.ModelSerializer[UnitSemantics]):
    """What one source says about a unit."""

    category = serializers.SerializerMethodField()
    run = serializers.SerializerMethodField()

    class Meta:
        model = UnitSemantics
        fields = (
            "source",
            "origin",
            "concept",
            "category",
            "precision",
            "precision_low",
            "precision_high",
            "answers",
            "agreement",
            "images_shown",
            "images_kept",
            "run",
            "updated_at",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": Category.values, "nullable": True})
    def get_category(self, row: UnitSemantics) -> str | None:
        """Return the semantic level, or None where the source gives none."""
        return row.category or None

    def get_run(self, row: UnitSemantics) -> str | None:
        """Return the first twelve digits of the run's key."""
        return row.run.short_key if row.run else None


class FullSemanticsSerializer(SemanticsSerializer):
    """The same with its details, which tell what workers wrote: the researchers' own."""

    details = serializers.SerializerMethodField(
        help_text="how the label came about; null unless you are a researcher"
    )

    class Meta(SemanticsSerializer.Meta):
        fields = (*SemanticsSerializer.Meta.fields, "details")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field({"type": "object", "additionalProperties": {}, "nullable": True})
    def get_details(self, row: UnitSemantics) -> dict[str, Any] | None:
        """Return the details to researchers only: workers never see others' answers."""
        return row.details if self.context["view"].for_researcher else None


class UnitSerializer(serializers.ModelSerializer[Unit]):
    """A unit and its labels."""

    network = serializers.CharField(source="layer.network.slug", read_only=True)
    layer = serializers.CharField(source="layer.name", read_only=True)
    labels = SemanticsSerializer(many=True, read_only=True)

    class Meta:
        model = Unit
        fields = ("network", "layer", "channel", "labels")
        read_only_fields = fields


class FullUnitSerializer(UnitSerializer):
    """A unit and its labels with all details."""

    labels = FullSemanticsSerializer(many=True, read_only=True)


class UnitFilters(filters.ApiFilterSet):
    """Filters of `units/`, by the names that the pages of the atlas use.

    All that speak of a label speak of one and the same label.
    """

    network = filters.network("layer__network")
    layer = filters.text("name of a layer", field_name="layer__name")
    labelled = filters.yes_no("labelled", "whether there is a label as the other filters say")
    text = filters.text(
        "words that stand in a concept or in a class of masks; with `network`, researchers search"
        " in what workers wrote too"
    )
    concept = filters.text("a concept, in any case")
    kinds = filters.yes_no("kinds", "with what WordNet calls a kind of the `concept`")
    category = filters.choice("category", Category, "semantic level, low to high")
    source = filters.choice("source", Source, SOURCE_HELP)
    campaign = filters.text("slug of the campaign that the label comes from")
    min_precision = filters.share("least precision")
    max_precision = filters.share("most precision")
    min_agreement = filters.share("least agreement")
    max_agreement = filters.share("most agreement")
    min_iou = filters.share("least IoU with the class that fits best, of the newest finished run")
    max_iou = filters.share("most IoU with the class that fits best, of the newest finished run")
    min_field = filters.pixels("least field size in pixels, of the newest finished run")
    max_field = filters.pixels("largest field size in pixels, of the newest finished run")

    LOOKUPS = {
        "category": "category",
        "campaign": "origin",
        "min_precision": "precision__gte",
        "max_precision": "precision__lte",
        "min_agreement": "agreement__gte",
        "max_agreement": "agreement__lte",
    }

    def filter_queryset(self, queryset: QuerySet[Unit]) -> QuerySet[Unit]:
        """Apply the filters; those about labels as one question."""
        given = {
            name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")
        }
        check_together(given)
        for name in ("network", "layer"):
            queryset = self.filters[name].filter(queryset, given.get(name, ""))
        if "text" in given:
            reads_words = "network" in given and is_researcher(self.request.user)
            sources = sources_of(given.get("source", ""))
            queryset = queryset.filter(
                atlas_search.has(queryset, given["text"], sources=sources, reads_words=reads_words)
            )
        for name in ("iou", "field"):
            if asked := range_of(given, name):
                queryset = with_measure(queryset, name).filter(asked.of(name))
        if not given.keys() & {*self.LOOKUPS, "concept", "source", "labelled"}:
            return queryset
        asked_of = {lookup: given[name] for name, lookup in self.LOOKUPS.items() if name in given}
        labels = labels_of(given.get("source", "")).filter(**asked_of)
        if "concept" in given:
            labels = labels.filter(means(given, labels.filter(unit__in=queryset)))
        label = Exists(labels.filter(unit=OuterRef("pk")))
        return queryset.filter(label if given.get("labelled", True) else ~label)


def check_together(given: dict[str, Any]) -> None:
    """Refuse what makes no sense together."""
    if given.get("kinds") and "concept" not in given:
        raise ValidationError({"kinds": ["Kinds of what? Give a concept too."]})
    for name in RANGES:
        asked = range_of(given, name)
        if asked.least is not None and asked.most is not None and asked.least > asked.most:
            sentence = f"Nothing is at least {asked.least} and at most {asked.most}."
            raise ValidationError({f"min_{name}": [sentence]})


def range_of(given: dict[str, Any], name: str) -> Range:
    """Return what is asked of a number."""
    least, most = given.get(f"min_{name}"), given.get(f"max_{name}")
    return Range(None if least is None else float(least), None if most is None else float(most))


def means(given: dict[str, Any], among: QuerySet[UnitSemantics]) -> Q:
    """Return the condition on a label's concept; kinds are looked for among these labels'."""
    concept: str = given["concept"]
    same = Q(concept__iexact=concept)
    if not given.get("kinds"):
        return same
    kinds = atlas_search.kinds_of(concept, atlas_search.concepts_in(among))
    if kinds is None:
        sentence = f"WordNet knows no noun {concept!r}: leave `kinds` out to find just this name."
        raise ValidationError({"concept": [sentence]})
    return same | Q(concept__in=kinds)


def sources_of(source: str) -> list[str]:
    """Return the one source asked for, or all but simulated workers."""
    return [source] if source else list(SOURCES_BY_DEFAULT)


def labels_of(source: str) -> QuerySet[UnitSemantics]:
    """Return the labels of one source, or of all but simulated workers."""
    return UnitSemantics.objects.filter(source__in=sources_of(source))


def with_labels(units: QuerySet[Unit], source: str) -> QuerySet[Unit]:
    """Fetch the labels with the units, in two queries for any number of units."""
    labels = labels_of(source).select_related("run").order_by("source", "origin")
    return units.select_related("layer__network").prefetch_related(
        Prefetch("semantics", queryset=labels, to_attr="labels")
    )


def unit_or_404(request: Request, network: str, layer: str, channel: int, source: str) -> Unit:
    """Return the unit with its labels, if the caller may see its network."""
    return get_object_or_404(
        with_labels(Unit.objects.all(), source),
        layer__network__in=readable_networks(request),
        layer__network__slug=network,
        layer__name=layer,
        channel=channel,
    )


class Units(ListEndpoint):
    """`units/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = UnitSerializer
    filterset_class = UnitFilters
    orderings = ("pk", "-pk")

    def get_queryset(self) -> QuerySet[Unit]:
        """Return the units of the networks that the caller may see."""
        units = Unit.objects.filter(layer__network__in=readable_networks(self.request))
        return with_labels(units, self.request.query_params.get("source", ""))

    @extend_schema(
        operation_id="units_list",
        summary="List units with their labels",
        description=f"Source: {SOURCE_HELP}. For whole tables take the exports.",
        examples=[examples.UNIT],
    )
    def get(self, request: Request) -> Response:
        """List units."""
        return self.list(request)


class OneUnit(Endpoint):
    """`units/{network}/{layer}/{channel}/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = FullUnitSerializer
    accepts = frozenset({"source"})

    @extend_schema(
        operation_id="units_read",
        summary="Read one unit",
        description="The labels of one unit, with details for researchers.",
        parameters=[OpenApiParameter("source", str, enum=Source.values, description=SOURCE_HELP)],
        examples=[examples.FULL_UNIT],
    )
    def get(self, request: Request, network: str, layer: str, channel: int) -> Response:
        """Return one unit."""
        source = request.query_params.get("source", "")
        if source and source not in Source.values:
            sentence = f"{source!r} is no source: take one of {', '.join(Source.values)}."
            raise ValidationError({"source": [sentence]})
        found = unit_or_404(request, network, layer, channel, source)
        self.is_public = found.layer.network.public
        return Response(self.get_serializer(found).data)
