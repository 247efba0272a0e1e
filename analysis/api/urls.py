"""Addresses of the API below /api/v1/."""

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from analysis.api import (
    detect,
    documentation,
    exports,
    image_sets,
    matches,
    networks,
    runs,
    statistic_list,
    statistics,
    top_images,
    units,
)
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS


class RunKey(StringConverter):
    """A run's key, or the first twelve digits of it or more."""

    regex = "[0-9a-f]{12,64}"


class StatisticName(StringConverter):
    """The name of a statistic."""

    regex = "|".join([*STATISTICS, *OF_LABELS, *OF_OBJECTS])


register_converter(RunKey, "run_key")
register_converter(StatisticName, "statistic")

UNKNOWN = rf"^statistics/(?!(?:{StatisticName.regex})$)(?P<name>[^/]+?)/?$"
UNIT = "units/<slug:network>/<str:layer>/<int:channel>/"

urlpatterns = [
    path("", documentation.Index.as_view(), name="api-index"),
    path("schema/", documentation.Schema.as_view(), name="api-schema"),
    path("docs/", documentation.docs, name="api-docs"),
    path("networks/", networks.Networks.as_view(), name="api-networks"),
    path("networks/<slug:network>/", networks.OneNetwork.as_view(), name="api-network"),
    path("networks/<slug:network>/detect/", detect.Detect.as_view(), name="api-detect"),
    path("layers/", networks.Layers.as_view(), name="api-layers"),
    path("units/", units.Units.as_view(), name="api-units"),
    path(UNIT, units.OneUnit.as_view(), name="api-unit"),
    path(f"{UNIT}top-images/", top_images.TopImages.as_view(), name="api-top-images"),
    path("image-sets/", image_sets.ImageSets.as_view(), name="api-image-sets"),
    path("image-sets/<slug:image_set>/", image_sets.OneImageSet.as_view(), name="api-image-set"),
    path("matches/", matches.Matches.as_view(), name="api-matches"),
    path("runs/", runs.Runs.as_view(), name="api-runs"),
    path("runs/<run_key:key>/", runs.OneRun.as_view(), name="api-run"),
    path("runs/<run_key:key>/cancel/", runs.CancelRun.as_view(), name="api-run-cancel"),
    path("runs/<run_key:key>/resume/", runs.ResumeRun.as_view(), name="api-run-resume"),
    path("statistics/", statistic_list.Statistics.as_view(), name="api-statistics-list"),
    path(
        "statistics/<statistic:name>.csv",
        statistics.OneStatisticAsCsv.as_view(),
        name="api-statistics-csv",
    ),
    path("statistics/<statistic:name>/", statistics.OneStatistic.as_view(), name="api-statistics"),
    # A known name without its slash is no unknown one: it is told of the slash as elsewhere.
    re_path(UNKNOWN, statistic_list.unknown),
    re_path(
        r"^exports/units\.(?P<form>csv|jsonl|parquet)$",
        exports.UnitsExport.as_view(),
        name="api-exports-units",
    ),
]
