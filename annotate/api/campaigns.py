"""`campaigns/`: what is asked of people, and how far it has come; the researchers' own."""

from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from annotate.api import examples
from annotate.models import Campaign


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign and how far it has come. Its link is a secret, and not told here."""

    network = serializers.CharField(source="run.network.slug", read_only=True)
    image_set = serializers.CharField(source="run.image_set.slug", read_only=True)
    run = serializers.CharField(source="run.key", read_only=True)
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True, allow_null=True
    )
    tasks = serializers.IntegerField(
        source="task_count", read_only=True, help_text="units asked about"
    )
    tasks_done = serializers.IntegerField(read_only=True, help_text="with all their answers")
    answers_wanted = serializers.IntegerField(read_only=True)
    answers_given = serializers.IntegerField(read_only=True)

    class Meta:
        model = Campaign
        fields = (
            "slug",
            "title",
            "state",
            "network",
            "image_set",
            "run",
            "guidelines",
            "access",
            "answers_per_unit",
            "images_per_task",
            "controls",
            "control_rule",
            "control_attempts",
            "minimum_kept",
            "lease_minutes",
            "seed",
            "synthetic",
            "simulated",
            "tasks",
            "tasks_done",
            "answers_wanted",
            "answers_given",
            "created_by",
            "created_at",
        )
        read_only_fields = fields


class CampaignFilters(filters.ApiFilterSet):
    """Filters of `campaigns/`."""

    network = filters.network("run__network")
    state = filters.choice("state", Campaign.State, "whether workers are served")
    simulated = filters.yes_no("simulated", "whether simulated workers answered it")


def all_campaigns() -> QuerySet[Campaign]:
    """Return the campaigns with all that their serializer shows, counted by the database."""
    finished = Q(tasks__answers_given=F("tasks__answers_wanted"))
    return Campaign.objects.select_related("run__network", "run__image_set", "created_by").annotate(
        task_count=Count("tasks"),
        tasks_done=Count("tasks", filter=finished),
        answers_wanted=Coalesce(Sum("tasks__answers_wanted"), 0),
        answers_given=Coalesce(Sum("tasks__answers_given"), 0),
    )


class Campaigns(ListEndpoint):
    """`campaigns/`."""

    serializer_class = CampaignSerializer
    filterset_class = CampaignFilters
    orderings = ("-created_at", "created_at", "slug", "-slug")

    def get_queryset(self) -> QuerySet[Campaign]:
        """Return all campaigns: a lab has no secrets from itself."""
        return all_campaigns()

    @extend_schema(
        operation_id="campaigns_list",
        summary="List campaigns, newest first",
        examples=[examples.CAMPAIGN],
    )
    def get(self, request: Request) -> Response:
        """List campaigns."""
        return self.list(request)


class OneCampaign(Endpoint):
    """`campaigns/{slug}/`."""

    serializer_class = CampaignSerializer

    @extend_schema(
        operation_id="campaigns_read", summary="Read one campaign", examples=[examples.CAMPAIGN]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return one campaign."""
        return Response(self.get_serializer(get_object_or_404(all_campaigns(), slug=slug)).data)
