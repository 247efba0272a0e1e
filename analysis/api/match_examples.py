"""Examples of `matches/` in the API's documentation."""

from drf_spectacular.utils import OpenApiExample

from analysis.api.examples import WHEN

MATCH = OpenApiExample(
    "A concept that a person decided about",
    response_only=True,
    value={
        "image_set": "nyuv2",
        "concept": "settee cushion",
        "label": 17,
        "class_name": "pillow",
        "how": "person",
        "why": "a person says so",
        "version": 1,
        "changed_at": WHEN,
        "history": [
            {
                "number": 1,
                "act": "class",
                "user": "bob",
                "at": WHEN,
                "before_label": None,
                "before_how": "none",
                "after_label": 17,
                "after_how": "person",
                "undoes": None,
            }
        ],
    },
)
MATCH_BODY = OpenApiExample(
    "A class",
    request_only=True,
    value={
        "image_set": "nyuv2",
        "concept": "settee cushion",
        "act": "class",
        "label": 17,
        "version": 0,
    },
)
