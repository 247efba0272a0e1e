"""The findings page about minimal images: what a scene needs, and the way to every image."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from analysis.models import MinimalImage, Run
from analysis.services import minimal_images, minimal_strips
from analysis.services.figure_pages import table_of_run
from analysis.views.findings import finding

PAGE = 12  # images, each with a picture of every step
LEFT_OUT = 12


@finding("minimal")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """The objects that one scene keeps, how far its images go, and their pictures."""
    told = {"naming": minimal_images.naming(run)}
    scene, regions = request.GET.get("scene", ""), request.GET.get("regions", "")
    choice = minimal_strips.choice(run, scene, regions)
    if choice is None:
        return told
    number = request.GET.get("page", "1")
    of_scene = {"run": run, "scene": choice.scene, "regions": choice.regions}
    rows = MinimalImage.objects.filter(**of_scene).in_order()
    paginator = Paginator(rows.found(), PAGE)
    at = paginator.get_page(number if number.isascii() and len(number) < 10 else 1)
    return told | {
        "choice": choice,
        "at": at,
        "strips": minimal_strips.strips(at),
        "left_out": rows.exclude(problem="")[:LEFT_OUT],
        "ways_csv": table_of_run(run, "minimal-image-scenes"),
    }
