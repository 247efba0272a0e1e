"""Examples of the documentation of `campaigns/`."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from analysis.api.examples import KEY, WHEN

CAMPAIGN_VALUE: dict[str, Any] = {
    "slug": "alexnet-pool5",
    "title": "What do the units of pool5 see?",
    "state": "open",
    "network": "alexnet",
    "image_set": "nyuv2",
    "run": KEY,
    "guidelines": "Two words are enough.",
    "access": "members",
    "answers_per_unit": 3,
    "images_per_task": 60,
    "controls": 3,
    "control_rule": "lenient",
    "control_attempts": 3,
    "control_band": "any",
    "gold_first": 5,
    "gold_least": 25,
    "repeat_rate": 0,
    "repeat_after": 20,
    "minimum_kept": 10,
    "lease_minutes": 20,
    "seed": 0,
    "synthetic": False,
    "simulated": False,
    "tasks": 256,
    "tasks_done": 40,
    "answers_wanted": 768,
    "answers_given": 131,
    "created_by": "bob",
    "created_at": WHEN,
}
CAMPAIGN = OpenApiExample(
    "A campaign",
    response_only=True,
    status_codes=["200", "201"],
    value=CAMPAIGN_VALUE,
)
CAMPAIGN_BODY = OpenApiExample(
    "Twenty units of pool5",
    request_only=True,
    value={
        "slug": "alexnet-pool5",
        "run": KEY[:12],
        "title": "What do the units of pool5 see?",
        "units": ["pool5/0-19"],
        "answers": 3,
    },
)
