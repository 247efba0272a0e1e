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
    "adaptive": False,
    "answers_least": 2,
    "answers_most": 5,
    "target_group": 0.9,
    "target_concept_share": None,
    "target_width": None,
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
    "method": "majority",
    "tied": False,
    "seed": 0,
    "synthetic": False,
    "simulated": False,
    "published": False,
    "pay_per_answer": "0.120",
    "pay_per_hour": "0.000",
    "currency": "USD",
    "fee": "20.00",
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

_INTERVALS = {"kappa_low": 0.197, "kappa_high": 0.296, "alpha_low": 0.198, "alpha_high": 0.297}
_LAYER = {"layer": "pool5", "units": 256}
AGREEMENT_VALUE: dict[str, Any] = {
    "campaign": "alexnet-pool5",
    "method": "dawid-skene",
    "tied": False,
    "version": 1,
    "answers": 768,
    "counted_at": WHEN,
    "current": True,
    "tables": {
        "agreement": [
            {**_LAYER, "group": "", "answers": 768, "kappa": 0.248, "alpha": 0.249, "missing": ""}
            | _INTERVALS
        ],
        "precision": [
            {**_LAYER, "precision": 0.778, "precision_low": 0.755, "precision_high": 0.799}
            | {"above": 151, "share": 0.59, "share_low": 0.529, "share_high": 0.648}
        ],
        "words": [
            {**_LAYER, "answers": 768, "same_words": 0.344, "same_concept": 0.465}
            | {"same_words_low": 0.285, "same_words_high": 0.402}
            | {"same_concept_low": 0.402, "same_concept_high": 0.527}
            | {"kappa": 0.248, "kappa_low": 0.198, "kappa_high": 0.297}
        ],
        "groups": [
            {"layer": "pool5", "counted_by": "answer", "category": "object", "number": 172}
            | {"of": 478, "share": 0.36, "share_low": 0.31, "share_high": 0.41}
        ],
        "methods": [
            {"method": "dawid-skene", "tied": False, "chosen": True, "units": 256, "changed": 0},
            {"method": "majority", "tied": False, "chosen": False, "units": 256, "changed": 31},
        ],
        "workers": [
            {"worker": "quiet-heron-7", "answers": 120, "accuracy": 0.71, "weight": 1.12}
            | {"accuracy_low": 0.62, "accuracy_high": 0.78}
        ],
    },
}
AGREEMENT = OpenApiExample("Agreement", response_only=True, value=AGREEMENT_VALUE)
AGREEMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "campaign": {"type": "string"},
        "method": {"type": "string", "description": "that labels are made by"},
        "tied": {"type": "boolean"},
        "version": {"type": "integer", "description": "of the rule; 0 before the first count"},
        "answers": {"type": "integer", "description": "that were counted"},
        "counted_at": {"type": "string", "format": "date-time", "nullable": True},
        "current": {"type": "boolean", "description": "false while a newer count is on its way"},
        "tables": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {}},
            },
        },
    },
    "required": [*AGREEMENT_VALUE],
}
LIVE = OpenApiExample(
    "A campaign under way",
    response_only=True,
    value={
        "campaign": "alexnet-pool5",
        "state": "open",
        "simulated": False,
        "published": False,
        "currency": "USD",
        "at": WHEN,
        "units": 256,
        "done": 40,
        "sure": 27,
        "disputed": 5,
        "answers_wanted": 768,
        "answers_given": 131,
        "agreement": 0.74,
        "held": 2,
        "seconds": {"low": 38.0, "middle": 51.0, "high": 70.5, "n": 131},
        "spent": {"answers": 131, "hours": 2.1, "money": 18.86},
        "to_come": {"answers": 637, "hours": 10.2, "money": 91.73},
        "answers_per_day": 96.0,
        "ends_at": WHEN,
        "workers": [
            {
                "pseudonym": "quiet-heron-4711",
                "answers": 40,
                "missed": 2,
                "planted": 120,
                "seconds": 47.0,
            }
        ],
        "hours": [{"hour": WHEN, "answers": 12}],
        "alarms": [],
    },
)
EXTEND_BODY = OpenApiExample(
    "Five answers, and a layer more",
    request_only=True,
    value={"answers": 5, "layers": ["conv4"]},
)
CLONE_BODY = OpenApiExample(
    "The same, asked of others",
    request_only=True,
    value={"slug": "alexnet-pool5-again", "lessons": True},
)
