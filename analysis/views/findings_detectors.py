"""The findings page about detectors: by layer, by class, and every unit's best class."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest

from analysis.models import ClassScore, Layer, Run, Segment, TopImage
from analysis.services.dissection import DETECTS
from analysis.services.figure_pages import table_of_run
from analysis.views.findings import finding

PAGE = 40


@finding("detectors")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """How many detect, which classes, then the units of a layer, of one class if it is named."""
    best = ClassScore.objects.filter(run=run, rank=0)
    layers = list(
        Layer.objects.filter(units__class_scores__in=best)
        .annotate(found=Count("units", filter=Q(units__class_scores__iou__gt=DETECTS)))
        .order_by("position")
    )
    named = [layer for layer in layers if layer.name == request.GET.get("layer")]
    layer = next(iter(named or layers[-1:]), None)
    if layer is None:
        return {}
    rows = best.filter(unit__layer=layer).order_by("-iou", "unit__channel")
    names = list(rows.order_by("name").values_list("name", flat=True).distinct())
    wanted = request.GET.get("class", "")
    rows = rows.filter(name=wanted) if wanted in names else rows
    number = request.GET.get("page", "1")
    at = Paginator(rows.select_related("unit__layer"), PAGE).get_page(
        number if number.isascii() and len(number) < 10 else 1
    )
    pictures = pictures_of(run, [row.unit_id for row in at])
    return {
        "layers": layers,
        "layer": layer,
        "names": names,
        "wanted": wanted if wanted in names else "",
        "detects": DETECTS,
        "at": at,
        "rows": [(row, pictures.get(row.unit_id)) for row in at],
        "units_csv": table_of_run(run, "dissection"),
    }


def pictures_of(run: Run, units: list[int]) -> dict[int, Segment]:
    """Return the strongest segmented image of each unit, where the run has drawn it."""
    tops = TopImage.objects.filter(run=run, unit__in=units, end=TopImage.End.TOP, rank=0)
    drawn = tops.filter(segment__isnull=False).select_related("segment")
    return {top.unit_id: top.segment for top in drawn}
