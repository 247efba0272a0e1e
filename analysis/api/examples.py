"""Examples and small schemas of the API's documentation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

KEY = "3f9a1c0b7d5e" + "0" * 52
WHEN = "2026-03-04T05:06:07.000000Z"
TOKEN = "9b1f6c2e8a7d4f03b5c6d7e8f9a0b1c2"

NETWORK = OpenApiExample(
    "A network",
    response_only=True,
    status_codes=["200", "201"],
    value={
        "slug": "alexnet",
        "arch": "torchvision:alexnet",
        "fingerprint": "5d41402abc4b2a76b9719d911017c592",
        "preprocessing": {"height": 227, "width": 227, "mean": [0.485, 0.456, 0.406]},
        "classes": ["bedroom", "kitchen"],
        "layers": ["pool1", "pool2", "conv3", "conv4", "pool5"],
        "note": "",
        "synthetic": False,
        "authors": "Noether, Emmy; Turing, Alan",
        "cite_as": "",
        "doi": "10.5281/zenodo.1234",
        "version": "2",
        "public": True,
        "state": "done",
        "error": "",
        "created_by": "bob",
        "created_at": WHEN,
    },
)
NETWORK_BODY = OpenApiExample(
    "By path",
    request_only=True,
    media_type="application/json",
    value={
        "slug": "alexnet",
        "arch": "torchvision:alexnet",
        "path": "/srv/weights/alexnet.safetensors",
        "preprocessing": {"height": 227, "width": 227},
        "layers": {"pool5": "features.12"},
    },
)
LAYER = OpenApiExample(
    "A layer",
    response_only=True,
    value={
        "network": "alexnet",
        "name": "pool5",
        "module": "features.12",
        "position": 4,
        "channels": 256,
        "height": 6,
        "width": 6,
        "field_size": 195,
        "field_stride": 32,
        "field_offset": 33.5,
    },
)
LABEL: dict[str, Any] = {
    "source": "people",
    "origin": "alexnet-pool5",
    "concept": "lamp",
    "category": "object",
    "precision": 0.91,
    "precision_low": 0.84,
    "precision_high": 0.96,
    "answers": 3,
    "agreement": 0.67,
    "images_shown": 57,
    "images_kept": 52,
    "run": KEY[:12],
    "updated_at": WHEN,
}
UNIT = OpenApiExample(
    "A unit",
    response_only=True,
    value={"network": "alexnet", "layer": "pool5", "channel": 12, "labels": [LABEL]},
)
FULL_UNIT = OpenApiExample(
    "A unit as a researcher sees it",
    response_only=True,
    value={
        "network": "alexnet",
        "layer": "pool5",
        "channel": 12,
        "labels": [LABEL | {"details": {"concept": "majority", "words": {"lamp": 2, "light": 1}}}],
    },
)
PICTURES = {
    kind: {
        size: f"https://unitscope.example/pictures/{TOKEN}/{kind}-{size}.webp"
        for size in ("tile", "tile2x", "large")
    }
    for kind in ("plain", "segmented")
}
TOP_IMAGE = OpenApiExample(
    "A top image",
    response_only=True,
    value={
        "run": KEY[:12],
        "end": "top",
        "rank": 0,
        "activation": 41.7,
        "row": 3,
        "column": 2,
        "image": {
            "image_set": "nyuv2",
            "number": 811,
            "path": "images/0812.jpg",
            "scene": "bedroom",
            "width": 640,
            "height": 480,
        },
        "visible": 0.23,
        "pictures": PICTURES,
    },
)
IMAGE_SET = OpenApiExample(
    "An image set",
    response_only=True,
    status_codes=["200", "201"],
    value={
        "slug": "nyuv2",
        "root": "/srv/images/nyuv2",
        "fingerprint": "7d793037a0760186574b0282f2f435e7",
        "count": 1449,
        "refused": 0,
        "scenes": {"bedroom": 383, "kitchen": 225},
        "labels": {"void_index": 39, "classes": [{"index": 0, "name": "wall"}]},
        "note": "",
        "synthetic": False,
        "state": "done",
        "error": "",
        "created_by": "bob",
        "created_at": WHEN,
    },
)
IMAGE_SET_BODY = OpenApiExample(
    "A folder",
    request_only=True,
    value={"slug": "nyuv2", "folder": "/srv/images/nyuv2"},
)
RUN_VALUE: dict[str, Any] = {
    "key": KEY,
    "network": "alexnet",
    "image_set": "nyuv2",
    "layers": ["conv4", "pool5"],
    "recipe": {"version": 1, "layers": ["conv4", "pool5"], "top": 60},
    "device": "auto",
    "memory": 0,
    "state": "running",
    "error": "",
    "created_by": "bob",
    "created_at": WHEN,
    "started_at": WHEN,
    "finished_at": None,
}
RUN = OpenApiExample("A run", response_only=True, value=RUN_VALUE)
FULL_RUN = OpenApiExample(
    "A run at work",
    response_only=True,
    status_codes=["200", "201"],
    value=RUN_VALUE
    | {
        "progress": {
            "steps": [
                {
                    "name": "scan",
                    "counted": "images",
                    "state": "running",
                    "done": 960,
                    "total": 1449,
                    "failed": 0,
                    "merging": False,
                    "workers": 1,
                    "rate": 48.5,
                    "seconds_left": 10.1,
                    "seconds_taken": 19.8,
                    "error": "",
                }
            ],
            "log": [{"at": WHEN, "level": "info", "text": "scan: shard 3 of 6 done"}],
            "unattended": "",
        }
    },
)
RUN_BODY = OpenApiExample(
    "Two layers",
    request_only=True,
    value={"network": "alexnet", "image_set": "nyuv2", "layers": ["conv4", "pool5"], "top": 60},
)
CSV = OpenApiExample(
    "CSV",
    response_only=True,
    media_type="text/csv",
    value=(
        "network,layer,unit,concept,category,precision,precision_low,precision_high,answers,"
        "agreement,images_shown,images_kept,source,run,updated_at\r\n"
        "alexnet,pool5,12,lamp,object,0.91,0.84,0.96,3,0.67,57,52,people,3f9a1c0b7d5e,"
        "2026-03-04T05:06:07Z\r\n"
    ),
)
JSONL = OpenApiExample(
    "JSONL",
    response_only=True,
    media_type="application/x-ndjson",
    value='{"network": "alexnet", "layer": "pool5", "unit": 12, "concept": "lamp", ...}\n',
)
STATISTIC_VALUE: dict[str, Any] = {
    "statistic": "segments",
    "network": "alexnet",
    "image_set": "nyuv2",
    "run": KEY[:12],
    "synthetic": False,
    "rows": [
        {
            "layer": "pool5",
            "field": "disc",
            "units": 256,
            "images": 15360,
            "visible": 0.21,
            "visible_sd": 0.09,
        }
    ],
}
STATISTIC = OpenApiExample("A statistic", response_only=True, value=STATISTIC_VALUE)
LABEL_STATISTIC = OpenApiExample(
    "A statistic of labels",
    response_only=True,
    value={
        "statistic": "precision",
        "network": "places-alexnet",
        "source": "published",
        "campaign": None,
        "threshold": 0.75,
        "synthetic": False,
        "rows": [
            {
                "layer": "pool5",
                "units": 256,
                "precision": 0.778,
                "precision_low": 0.758,
                "precision_high": 0.797,
                "above": 151,
                "share": 0.59,
                "share_low": 0.529,
                "share_high": 0.648,
            }
        ],
    },
)
STATISTIC_CSV = OpenApiExample(
    "Rows as CSV",
    response_only=True,
    media_type="text/csv",
    value="layer,field,units,images,visible,visible_sd\r\npool5,disc,256,15360,0.21,0.09\r\n",
)

KEY_SCHEMA = {"type": "string", "pattern": "^[0-9a-f]{12,64}$"}
IMAGE_SCHEMA = {
    "type": "object",
    "required": ["image_set", "number", "path", "scene", "width", "height"],
    "properties": {
        "image_set": {"type": "string"},
        "number": {"type": "integer", "description": "its place in the manifest"},
        "path": {
            "type": "string",
            "nullable": True,
            "description": "below the root of the image set; null unless you are a researcher",
        },
        "scene": {"type": "string"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
    },
}
SIZES_SCHEMA = {
    "type": "object",
    "required": ["tile", "tile2x", "large"],
    "properties": {
        size: {"type": "string", "format": "uri"} for size in ("tile", "tile2x", "large")
    },
}
PICTURES_SCHEMA = {
    "type": "object",
    "nullable": True,
    "required": ["plain", "segmented"],
    "properties": {"plain": SIZES_SCHEMA, "segmented": SIZES_SCHEMA},
}
ROWS: dict[str, Any] = {"type": "array", "items": {"type": "object", "additionalProperties": {}}}
NAMES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
# What a statistic of two has beside; with `against` only.
COMPARED: dict[str, Any] = {
    "against": {"type": "string", "description": "of two: slug of the second network"},
    "first": {"type": "object", "description": "of two: what the first was counted on"},
    "second": {"type": "object", "description": "of two: what the second was counted on"},
    "matched_by": {"type": "string", "enum": ["name", "depth"]},
    "in_pairs": {"type": "boolean", "description": "of two: whether units are their own partners"},
    "only_first": {**NAMES, "description": "of two: places that the second lacks"},
    "only_second": {**NAMES, "description": "of two: places that the first lacks"},
    "missing": {
        "type": "string",
        "nullable": True,
        "description": "of two: why there is no difference at all",
    },
    "differences": {**ROWS, "description": "of two: first - second, by place and measure"},
}
STATISTIC_SCHEMA = {
    "type": "object",
    "required": ["statistic", "network", "synthetic", "rows"],
    "properties": {
        "statistic": {"type": "string"},
        "network": {"type": "string"},
        "image_set": {"type": "string", "description": "of a run"},
        "run": {**KEY_SCHEMA, "description": "of a run"},
        "source": {"type": "string", "description": "of labels: whose they are"},
        "campaign": {
            "type": "string",
            "nullable": True,
            "description": "of labels: where they come from, if that was asked for",
        },
        "threshold": {"type": "number", "description": "of labels: of precision"},
        "synthetic": {
            "type": "boolean",
            "description": "whether the network or the images are made, not found",
        },
        **COMPARED,
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": {},
                "description": "one value for each column of the statistic; null where not known",
            },
        },
    },
}
