"""The findings page about empirical receptive fields."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest

from analysis.models import Layer, ReceptiveField, Run
from analysis.services.field_drawings import drawings_of
from analysis.services.figure_pages import table_of_run
from analysis.views.findings import finding

PAGE = 48
PROBLEMS = 12


@finding("fields")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """Sizes beside theory, then the fields of one layer's units to scale."""
    layers = list(
        Layer.objects.filter(units__receptive_fields__run=run)
        .annotate(found=Count("units", filter=Q(units__receptive_fields__size__isnull=False)))
        .select_related("network")
        .order_by("position")
    )
    named = [layer for layer in layers if layer.name == request.GET.get("layer")]
    layer = next(iter(named or layers), None)
    if layer is None:
        return {}
    number = request.GET.get("page", "1")
    rows = ReceptiveField.objects.filter(run=run, unit__layer=layer).order_by("unit__channel")
    paginator = Paginator(rows.filter(size__isnull=False), PAGE)
    at = paginator.get_page(number if number.isascii() and len(number) < 10 else 1)
    return {
        "layers": layers,
        "layer": layer,
        "at": at,
        "drawings": drawings_of(run, layer, max(0, at.start_index() - 1), PAGE),
        "problems": rows.filter(size=None).select_related("unit")[:PROBLEMS],
        "units_csv": table_of_run(run, "unit-fields"),
    }
