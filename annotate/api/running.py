"""`campaigns/{slug}/live/`, `…/extend/`, `…/clone/`: how it goes, more of it, the same again."""

from typing import Any

from django.db import IntegrityError
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.endpoint import Endpoint
from analysis.api.errors import Conflict, refusals
from analysis.services.access import insist_may_change
from annotate.api import examples
from annotate.api.campaign_bodies import CampaignSerializer, CloneBody, ExtendBody, LiveSerializer
from annotate.api.campaigns import TAKEN, all_campaigns
from annotate.models import Campaign
from annotate.services import cloning, extending, live
from annotate.services.extending import More


class LiveNumbers(Endpoint):
    """`campaigns/{slug}/live/`."""

    serializer_class = LiveSerializer

    @extend_schema(
        operation_id="campaigns_live",
        summary="Read how a campaign goes: pace, cost, workers, alarms",
        description=(
            "Of answers that count only. `sure` units have all their answers, two or more, and two "
            "thirds of them agree; of `disputed` ones at most half do. `ends_at` is a reckoning at "
            "the pace of the last 24 hours, null where that tells nothing. Workers by pseudonym, "
            "those with the most answers."
        ),
        examples=[examples.LIVE],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the numbers of this moment."""
        campaign = get_object_or_404(Campaign.objects.select_related("network"), slug=slug)
        at = now()
        told: dict[str, Any] = {
            "campaign": campaign,
            "live": live.live(campaign, at),
            "hours": [
                {"hour": hour, "answers": count}
                for hour, count in live.answers_by_hour(campaign, at).items()
            ],
        }
        return Response(self.get_serializer(told).data)


class Extend(Endpoint):
    """`campaigns/{slug}/extend/`: by whoever opened it, or an admin."""

    serializer_class = CampaignSerializer

    @extend_schema(
        operation_id="campaigns_extend",
        summary="Ask for more answers, or about further units of the run",
        description="The same again changes nothing; fewer answers than now are refused.",
        request=ExtendBody,
        responses={200: CampaignSerializer},
        examples=[examples.CAMPAIGN, examples.EXTEND_BODY],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Extend it."""
        campaign = get_object_or_404(Campaign, slug=slug)
        insist_may_change(self.user, campaign)
        body = ExtendBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = {"answers": campaign.answers_per_unit} | body.validated_data
        with refusals():
            extending.extend(campaign, More(**asked), self.user, now())
        return Response(self.get_serializer(all_campaigns().get(slug=slug)).data)


class Clone(Endpoint):
    """`campaigns/{slug}/clone/`: by any researcher, whose own it is."""

    serializer_class = CampaignSerializer

    @extend_schema(
        operation_id="campaigns_clone",
        summary="Make the same campaign anew, paused and without answers",
        request=CloneBody,
        responses={
            201: CampaignSerializer,
            409: OpenApiResponse(description="There is one of this name."),
        },
        examples=[examples.CAMPAIGN, examples.CLONE_BODY],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Clone it."""
        campaign = get_object_or_404(Campaign, slug=slug)
        body = CloneBody(data=request.data)
        body.is_valid(raise_exception=True)
        name, lessons = body.validated_data["slug"], body.validated_data["lessons"]
        if Campaign.objects.filter(slug=name).exists():
            raise Conflict(TAKEN.format(name))
        try:
            with refusals():
                cloning.clone(campaign, slug=name, lessons=lessons, by=self.user, now=now())
        except IntegrityError as error:  # somebody was faster by a moment
            raise Conflict(TAKEN.format(name)) from error
        made = self.get_serializer(all_campaigns().get(slug=name))
        return Response(made.data, status.HTTP_201_CREATED)
