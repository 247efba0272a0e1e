"""The findings page about localisation: concepts against masks, and pictures of both."""

from typing import Any

from django.http import HttpRequest

from analysis.models import Run
from analysis.services import localisation_findings
from analysis.services.outdated import outdated
from analysis.views.findings import finding


@finding("localisation")
def page(request: HttpRequest, run: Run) -> dict[str, Any]:
    """How well named units find objects, with the strongest images of the best concepts."""
    return {
        "concepts": localisation_findings.examples(run),
        "outdated": outdated(run),
    }
