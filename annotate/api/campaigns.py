"""`campaigns/`: what is asked of people, and how far it has come; the researchers' own."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.api.errors import Conflict, refusals
from analysis.api.runs import run_or_404
from analysis.services.access import insist_may_change
from annotate.api import examples
from annotate.api.campaign_bodies import CampaignBody, CampaignSerializer
from annotate.models import Campaign
from annotate.services import campaigns
from annotate.services.campaigns import Plan

Method = TypeVar("Method", bound=Callable[..., Response])

TAKEN = "There is a campaign called {} already: choose another name."


class CampaignFilters(filters.ApiFilterSet):
    """Filters of `campaigns/`."""

    network = filters.network("network")
    state = filters.choice("state", Campaign.State, "whether workers are served")
    simulated = filters.yes_no("simulated", "whether simulated workers answered it")


def all_campaigns() -> QuerySet[Campaign]:
    """Return the campaigns with all that their serializer shows, counted by the database."""
    asked = Q(tasks__answers_wanted__gt=0)  # the others teach
    finished = asked & Q(tasks__answers_given=F("tasks__answers_wanted"))
    return Campaign.objects.select_related("network", "run__image_set", "created_by").annotate(
        task_count=Count("tasks", filter=asked),
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

    @extend_schema(
        operation_id="campaigns_open",
        summary="Open a campaign",
        description=(
            "Asks people about units of a finished run. Who may work is `access`: signed-in "
            "workers, or whoever has the link, which the campaign's page shows."
        ),
        request=CampaignBody,
        responses={
            201: CampaignSerializer,
            409: OpenApiResponse(description="There is one of this name."),
        },
        examples=[examples.CAMPAIGN, examples.CAMPAIGN_BODY],
    )
    def post(self, request: Request) -> Response:
        """Open a campaign."""
        body = CampaignBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        slug = asked.pop("slug")
        if Campaign.objects.filter(slug=slug).exists():
            raise Conflict(TAKEN.format(slug))
        try:
            run = run_or_404(asked.pop("run"))
        except NotFound as error:
            raise ValidationError({"run": [str(error)]}) from error
        try:
            with refusals():
                campaigns.open_campaign(slug=slug, run=run, plan=Plan(**asked), user=self.user)
        except IntegrityError as error:  # somebody was faster by a moment
            raise Conflict(TAKEN.format(slug)) from error
        made = self.get_serializer(all_campaigns().get(slug=slug))
        return Response(made.data, status.HTTP_201_CREATED)


class OneCampaign(Endpoint):
    """`campaigns/{slug}/`."""

    serializer_class = CampaignSerializer

    @extend_schema(
        operation_id="campaigns_read", summary="Read one campaign", examples=[examples.CAMPAIGN]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return one campaign."""
        return Response(self.get_serializer(get_object_or_404(all_campaigns(), slug=slug)).data)


class Turn(Endpoint):
    """`campaigns/{slug}/pause/`, `…/close/`, `…/reopen/`: by whoever opened it, or an admin."""

    serializer_class = CampaignSerializer
    turn = staticmethod(campaigns.pause)
    to = Campaign.State.PAUSED

    def turned(self, slug: str) -> Response:
        """Change the state; a campaign that is in it already stays as it is."""
        campaign = get_object_or_404(all_campaigns(), slug=slug)
        insist_may_change(self.user, campaign)
        with refusals():
            self.turn(campaign, self.user)
        if campaign.state != self.to:
            raise Conflict(f"The campaign is {campaign.state} and cannot become {self.to}.")
        return Response(self.get_serializer(campaign).data)


def turning(name: str, summary: str) -> Callable[[Method], Method]:
    """Describe one of the three."""
    return extend_schema(
        operation_id=f"campaigns_{name}",
        summary=summary,
        request=None,
        responses={
            200: CampaignSerializer,
            409: OpenApiResponse(description="Its state does not allow it."),
        },
        examples=[examples.CAMPAIGN],
    )


class Pause(Turn):
    """`campaigns/{slug}/pause/`."""

    @turning("pause", "Pause a campaign: serve no new units")
    def post(self, request: Request, slug: str) -> Response:
        """Serve no new units; who holds one may submit it."""
        return self.turned(slug)


class Close(Turn):
    """`campaigns/{slug}/close/`."""

    turn = staticmethod(campaigns.close)
    to = Campaign.State.CLOSED

    @turning("close", "Close a campaign")
    def post(self, request: Request, slug: str) -> Response:
        """End it; who holds a unit may submit it."""
        return self.turned(slug)


class Reopen(Turn):
    """`campaigns/{slug}/reopen/`."""

    turn = staticmethod(campaigns.reopen)
    to = Campaign.State.OPEN

    @turning("reopen", "Open a paused or closed campaign again")
    def post(self, request: Request, slug: str) -> Response:
        """Serve units again."""
        return self.turned(slug)
