"""`statistics/`: which statistics there are, and what each is asked by."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.endpoint import Endpoint
from analysis.api.errors import shape
from analysis.api.permissions import ReadersAndResearchers
from analysis.api.statistics import parameters_of
from analysis.services.comparables import COMPARABLES
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS

# What must be given, by what a statistic is counted of.
REQUIRED = {
    "run": ["run"],
    "labels": ["network", "source"],
    "objects": ["network", "source", "image_set"],
}
KINDS: dict[str, Mapping[str, Any]] = {
    "run": STATISTICS,
    "labels": OF_LABELS,
    "objects": OF_OBJECTS,
}
NAMES = [name for kind in KINDS.values() for name in kind]
TEXTS = {"type": "array", "items": {"type": "string"}}
ONE = {
    "name": {"type": "string"},
    "of": {"type": "string", "enum": list(KINDS)},
    "summary": {"type": "string"},
    "step": {
        "type": "string",
        "nullable": True,
        "description": "of a run: the step that must be finished",
    },
    "required": {**TEXTS, "description": "parameters that must be given"},
    "optional": {**TEXTS, "description": "parameters that may be given"},
    "columns": TEXTS,
    "url": {"type": "string", "format": "uri"},
    "csv": {"type": "string", "format": "uri"},
}
LIST_SCHEMA = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": {"type": "object", "required": list(ONE), "properties": ONE},
        }
    },
}


def described(name: str, of: str) -> dict[str, Any]:
    """Return what a statistic is: whose, how it is asked for, what its columns are."""
    one = KINDS[of][name]
    taken = parameters_of(name) - set(REQUIRED[of])
    if name not in COMPARABLES:
        taken = {parameter for parameter in taken if not parameter.startswith("against")}
    return {
        "name": name,
        "of": of,
        "summary": one.summary,
        "step": one.step if of == "run" else None,
        "required": REQUIRED[of],
        "optional": sorted(taken),
        "columns": list(one.row._fields),
        "url": reverse("api-statistics", args=[name]),
        "csv": reverse("api-statistics-csv", args=[name]),
    }


EXAMPLE = OpenApiExample(
    "The statistics",
    response_only=True,
    value={
        "results": [
            {
                "name": "segments",
                "of": "run",
                "summary": "How much of its pictures each layer's fields leave visible",
                "step": "segment",
                "required": ["run"],
                "optional": ["against"],
                "columns": ["layer", "field", "units", "images", "visible", "visible_sd"],
                "url": "https://unitscope.example/api/v1/statistics/segments/",
                "csv": "https://unitscope.example/api/v1/statistics/segments.csv",
            }
        ]
    },
)


class Statistics(Endpoint):
    """`statistics/`."""

    permission_classes = [ReadersAndResearchers]

    @extend_schema(
        operation_id="statistics_list",
        summary="List the statistics",
        description="All statistics, what each is counted of, and the parameters that it takes.",
        responses={200: LIST_SCHEMA},
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Return the statistics in the order of the documentation: of a run, labels, objects."""
        found = [described(name, of) for of, kind in KINDS.items() for name in kind]
        for one in found:
            one |= {key: request.build_absolute_uri(one[key]) for key in ("url", "csv")}
        return Response({"results": found})


@csrf_exempt  # as for any unknown address: nothing is done, and the answer keeps to the one shape
def unknown(request: HttpRequest, name: str) -> JsonResponse:
    """Answer an address of a statistic that does not exist: the nearest name comes first."""
    name = name.removesuffix(".csv")
    near = get_close_matches(name[:80], NAMES, n=3, cutoff=0.5)
    names = ", ".join([*near, *(other for other in NAMES if other not in near)])
    message = f"There is no statistic {name!r}; there are: {names}. See /api/v1/statistics/."
    return JsonResponse(shape("not_found", message), status=404)
