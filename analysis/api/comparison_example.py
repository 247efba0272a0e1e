"""The example of a comparison in the API's documentation."""

from drf_spectacular.utils import OpenApiExample

from analysis.services.meanings import THRESHOLD

OF = {"source": "published", "campaign": None, "threshold": THRESHOLD, "synthetic": False}
COMPARISON = OpenApiExample(
    "A statistic of two networks",
    response_only=True,
    value={
        "statistic": "precision",
        "network": "places-alexnet",
        "against": "imagenet-alexnet",
        "first": {"network": "places-alexnet", **OF},
        "second": {"network": "imagenet-alexnet", **OF},
        "synthetic": False,
        "matched_by": "name",
        "in_pairs": False,
        "only_first": [],
        "only_second": [],
        "missing": None,
        "rows": [
            {"side": "first", "network": "places-alexnet", "layer": "pool5", "units": 256},
            {"side": "second", "network": "imagenet-alexnet", "layer": "pool5", "units": 256},
        ],
        "differences": [
            {
                "place": "pool5",
                "other_place": "pool5",
                "measure": "above",
                "units": 256,
                "value": 0.59,
                "low": 0.529,
                "high": 0.648,
                "other_units": 256,
                "other_value": 0.5,
                "other_low": 0.439,
                "other_high": 0.561,
                "difference": 0.09,
                "difference_low": 0.004,
                "difference_high": 0.175,
                "interval": "Newcombe",
                "p": 0.051,
                "p_holm": 0.102,
            }
        ],
    },
)
