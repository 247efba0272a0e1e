"""Addresses of the API that speak of campaigns."""

from django.urls import path

from annotate.api import campaigns

urlpatterns = [
    path("campaigns/", campaigns.Campaigns.as_view(), name="api-campaigns"),
    path("campaigns/<slug:slug>/", campaigns.OneCampaign.as_view(), name="api-campaign"),
]
