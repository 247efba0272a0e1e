"""Addresses of the analysis app."""

from django.urls import URLPattern, URLResolver, path, re_path

from analysis.views import atlas, pictures

app_name = "analysis"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(
        r"^pictures/(?P<token>[0-9a-f]{32})/"
        r"(?P<kind>plain|segmented)-(?P<size>tile2x|tile|large)\.webp\Z",
        pictures.picture,
        name="picture",
    ),
    path("atlas/", atlas.home, name="atlas_home"),
    path("atlas/<slug:slug>/", atlas.network, name="atlas"),
    path("atlas/<slug:slug>/<str:name>/", atlas.layer, name="atlas_layer"),
    path("atlas/<slug:slug>/<str:name>/<int:channel>/", atlas.unit, name="unit"),
]
