"""Example and schema of what an image shows, for the API's documentation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from analysis.api.examples import KEY

DETECTION = OpenApiExample(
    "A bedroom",
    response_only=True,
    value={
        "scene": [
            {"name": "bedroom", "probability": 0.83},
            {"name": "hotel room", "probability": 0.09},
        ],
        "scene_refused": "",
        "objects": [
            {
                "concept": "bed",
                "score": 0.97,
                "area": 0.21,
                "boxes": [{"left": 112, "top": 190, "right": 420, "bottom": 430}],
                "mask": {"size": [2, 3], "counts": [1, 3, 2]},
                "units": [
                    {
                        "layer": "pool5",
                        "channel": 12,
                        "score": 0.97,
                        "label": "bed",
                        "source": "people",
                        "origin": "alexnet-pool5",
                    }
                ],
            }
        ],
        "objects_left_out": 0,
        "named_units": 151,
        "named_by": "151 by people",
        "runs": [KEY[:12]],
        "image": {"width": 640, "height": 480},
        "view": {"left": 80.0, "top": 0.0, "right": 560.0, "bottom": 480.0},
        "input": {"width": 3, "height": 2},
    },
)


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


WHOLE, NUMBER, TEXT = {"type": "integer"}, {"type": "number"}, {"type": "string"}
_SIZE = _object(width=WHOLE, height=WHOLE)
DETECTION_SCHEMA: dict[str, Any] = _object(
    scene=_list(_object(name=TEXT, probability=NUMBER)),
    scene_refused={**TEXT, "description": "why no scene is named, else empty"},
    objects=_list(
        _object(
            concept=TEXT,
            score={**NUMBER, "description": "1 - t / q: how rare the strongest activation is"},
            area={**NUMBER, "description": "share of what the network saw, 0 to 1"},
            boxes=_list(_object(left=WHOLE, top=WHOLE, right=WHOLE, bottom=WHOLE)),
            mask=_object(size=_list(WHOLE), counts=_list(WHOLE)),
            units=_list(
                _object(
                    layer=TEXT, channel=WHOLE, score=NUMBER, label=TEXT, source=TEXT, origin=TEXT
                )
            ),
        )
    ),
    objects_left_out=WHOLE,
    named_units=WHOLE,
    named_by=TEXT,
    runs=_list(TEXT),
    image=_SIZE,
    view=_object(left=NUMBER, top=NUMBER, right=NUMBER, bottom=NUMBER),
    input=_SIZE,
)
