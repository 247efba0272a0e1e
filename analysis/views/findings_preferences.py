"""The findings page about what whole layers prefer: shares beside chance, and the images."""

from typing import Any

from django.http import HttpRequest

from analysis.models import Run
from analysis.services.figure_pages import over_of, table_of_run
from analysis.services.preferences import Over, Tile, tiles
from analysis.views.findings import finding

STRIP = 12  # images shown of each layer, but all of the one that is asked for


@finding("preferences")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """The image sets that are looked at, and the images of each layer."""
    over, overs = over_of(run, request.GET.dict())
    if over is None:
        return {}
    asked = request.GET.get("layer", "")
    return {
        "over": over,
        "overs": overs,
        "strips": [(layer, *_strip(over, layer, asked)) for layer in over.layers],
        "asked": asked,
        "images_csv": table_of_run(run, "preferred-images"),
    }


def _strip(over: Over, layer: str, asked: str) -> tuple[list[Tile], int]:
    """Return the images of a layer that are shown, and how many there are."""
    every = tiles(over, layer)
    return every if layer == asked else every[:STRIP], len(every)
