"""The findings page about segmented images."""

from typing import Any

from django.http import HttpRequest

from analysis.models import Run
from analysis.services import mask_findings, visibility
from analysis.views.findings import finding, shown, table_of


@finding("segments")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """How much of a picture the units of a layer see, and which mask fits better."""
    return shown(
        visibility.figure(run, table_of(run, "segments")),
        mask_findings.figure(run, table_of(run, "masks")),
    ) | {"compared": visibility.compared(run), "units_csv": table_of(run, "unit-masks")}
