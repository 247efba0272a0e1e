"""Addresses of the analysis app."""

from django.urls import URLPattern, URLResolver, re_path

from analysis.views import pictures

app_name = "analysis"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(
        r"^pictures/(?P<token>[0-9a-f]{32})/"
        r"(?P<kind>plain|segmented)-(?P<size>tile2x|tile|large)\.webp\Z",
        pictures.picture,
        name="picture",
    ),
]
