"""The findings page about segmented images."""

from typing import Any

from django.http import HttpRequest

from analysis.models import Run
from analysis.services import visibility
from analysis.services.figure_pages import table_of_run
from analysis.views.findings import finding


@finding("segments")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """How much of a picture the units of a layer see, and which mask fits better."""
    return {"compared": visibility.compared(run), "units_csv": table_of_run(run, "unit-masks")}
