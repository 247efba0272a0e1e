"""Addresses of the analysis app."""

from django.urls import URLPattern, URLResolver, path, re_path

from analysis.views import (
    atlas,
    atlas_units,
    citing,
    concepts,
    findings,
    findings_against,
    findings_detectors,
    findings_fields,
    findings_files,
    findings_localisation,
    findings_matches,
    findings_meanings,
    findings_minimal,
    findings_objects,
    findings_paper,
    findings_people,
    findings_preferences,
    findings_segments,
    image_sets,
    networks,
    pictures,
    reports,
    runs,
    scenes,
    sharing,
    trying,
    unit,
)

app_name = "analysis"
# The first digits of a run's key, as its `short_key` shows them, or more.
RUN = r"runs/(?P<short_key>[0-9a-f]{12,64})"
FILE = r"(?P<name>[^/]+)\.(?P<form>svg|png|pdf|json|csv)\Z"  # of a figure, beside its page
REPORTS = "findings/<slug:slug>/reports"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(
        r"^pictures/(?P<token>[0-9a-f]{32})/"
        r"(?P<kind>plain|segmented|disc|found|truth|step[0-9]{3})-"
        r"(?P<size>tile2x|tile|large)\.webp\Z",
        pictures.picture,
        name="picture",
    ),
    path("runs/new/", runs.new, name="run_new"),
    re_path(rf"^{RUN}/\Z", runs.run, name="run"),
    re_path(rf"^{RUN}/progress/\Z", runs.progress, name="run_progress"),
    re_path(rf"^{RUN}/pictures/\Z", runs.pictures, name="run_pictures"),
    re_path(rf"^{RUN}/cancel/\Z", runs.cancel, name="run_cancel"),
    re_path(rf"^{RUN}/resume/\Z", runs.resume, name="run_resume"),
    re_path(rf"^{RUN}/delete/\Z", runs.delete, name="run_delete"),
    path("networks/add/", networks.add, name="network_add"),
    path("networks/<slug:slug>/", networks.network, name="network"),
    path("networks/<slug:slug>/progress/", networks.progress, name="network_progress"),
    path("networks/<slug:slug>/inspect/", networks.inspect_again, name="network_inspect"),
    path("networks/<slug:slug>/citation/", citing.page, name="citing"),
    path("networks/<slug:slug>/delete/", networks.delete, name="network_delete"),
    path("image-sets/add/", image_sets.add, name="image_set_add"),
    path("image-sets/<slug:slug>/", image_sets.image_set, name="image_set"),
    path("image-sets/<slug:slug>/progress/", image_sets.progress, name="image_set_progress"),
    path("image-sets/<slug:slug>/refused.jsonl", image_sets.refused, name="image_set_refused"),
    path("image-sets/<slug:slug>/import/", image_sets.import_again, name="image_set_import"),
    path("image-sets/<slug:slug>/delete/", image_sets.delete, name="image_set_delete"),
    path(
        "image-sets/<slug:slug>/<int:number>.webp",
        image_sets.thumbnail,
        name="image_set_thumbnail",
    ),
    path("try/<slug:slug>/", trying.page, name="try"),
    path("shared/", sharing.enter, name="shared"),
    path("atlas/", atlas.home, name="atlas_home"),
    # Before the networks: none is called so (services/registering.py).
    path("atlas/concepts/", concepts.index, name="concepts"),
    path("atlas/concepts/<path:concept>/", concepts.concept, name="concept"),
    path("atlas/scenes/", scenes.index, name="scenes"),
    path("atlas/scenes/<slug:image_set>/<path:scene>/", scenes.scene, name="scene"),
    re_path(rf"^atlas/concepts/(?:(?P<concept>.+)/)?{FILE}", concepts.file, name="concept_file"),
    re_path(
        rf"^atlas/scenes/(?:(?P<image_set>[-a-zA-Z0-9_]+)/(?P<scene>.+)/)?{FILE}",
        scenes.file,
        name="scene_file",
    ),
    path("atlas/<slug:slug>/", atlas.network, name="atlas"),
    path("units/<slug:slug>/", atlas_units.every_layer, name="atlas_units"),
    path("atlas/<slug:slug>/<str:name>/", atlas_units.layer, name="atlas_layer"),
    path("atlas/<slug:slug>/<str:name>/<int:channel>/", unit.unit, name="unit"),
    path("findings/<slug:slug>/", findings.home, name="findings"),
    re_path(
        rf"^findings/(?P<slug>[-a-zA-Z0-9_]+)/against/{FILE}",
        findings_against.file,
        name="comparison_file",
    ),
    re_path(
        rf"^findings/(?P<slug>[-a-zA-Z0-9_]+)/(?P<tab>[a-z-]+)/{FILE}",
        findings_files.file,
        name="figure_file",
    ),
    path("findings/<slug:slug>/meanings/", findings_meanings.page, name="findings_meanings"),
    path("findings/<slug:slug>/objects/", findings_objects.page, name="findings_objects"),
    path("findings/<slug:slug>/paper/", findings_paper.page, name="findings_paper"),
    path("findings/<slug:slug>/fields/", findings_fields.page, name="findings_fields"),
    path("findings/<slug:slug>/segments/", findings_segments.page, name="findings_segments"),
    path(
        "findings/<slug:slug>/preferences/",
        findings_preferences.page,
        name="findings_preferences",
    ),
    path("findings/<slug:slug>/minimal/", findings_minimal.page, name="findings_minimal"),
    path("findings/<slug:slug>/detectors/", findings_detectors.page, name="findings_detectors"),
    path(
        "findings/<slug:slug>/people/",
        findings_people.page,
        name="findings_people",
    ),
    path(
        "findings/<slug:slug>/people/<str:name>/<int:channel>.webp",
        findings_people.picture,
        name="findings_people_picture",
    ),
    path(
        "findings/<slug:slug>/localisation/",
        findings_localisation.page,
        name="findings_localisation",
    ),
    path("findings/<slug:slug>/against/", findings_against.page, name="findings_against"),
    path("findings/<slug:slug>/reports/", reports.page, name="findings_reports"),
    path("findings/<slug:slug>/reports/list/", reports.listed, name="findings_reports_listed"),
    path(
        "findings/<slug:slug>/reports/<int:pk>/again/", reports.again, name="findings_report_again"
    ),
    path(
        "findings/<slug:slug>/reports/<int:pk>/delete/",
        reports.delete,
        name="findings_report_delete",
    ),
    path(
        "findings/<slug:slug>/reports/<int:pk>/<str:name>",
        reports.file,
        name="findings_report_file",
    ),
    path("findings/<slug:slug>/matches/", findings_matches.page, name="findings_matches"),
]
