"""Addresses of the API that speak of campaigns."""

from django.urls import path

from annotate.api import agreement, campaigns, running

urlpatterns = [
    path("campaigns/", campaigns.Campaigns.as_view(), name="api-campaigns"),
    path("campaigns/<slug:slug>/", campaigns.OneCampaign.as_view(), name="api-campaign"),
    path(
        "campaigns/<slug:slug>/agreement/",
        agreement.Agreement.as_view(),
        name="api-campaign-agreement",
    ),
    path("campaigns/<slug:slug>/pause/", campaigns.Pause.as_view(), name="api-campaign-pause"),
    path("campaigns/<slug:slug>/close/", campaigns.Close.as_view(), name="api-campaign-close"),
    path("campaigns/<slug:slug>/reopen/", campaigns.Reopen.as_view(), name="api-campaign-reopen"),
    path("campaigns/<slug:slug>/live/", running.LiveNumbers.as_view(), name="api-campaign-live"),
    path("campaigns/<slug:slug>/extend/", running.Extend.as_view(), name="api-campaign-extend"),
    path("campaigns/<slug:slug>/clone/", running.Clone.as_view(), name="api-campaign-clone"),
]
