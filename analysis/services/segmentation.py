"""The step `segment`: what may be chosen about it, and what was done in words."""

from collections.abc import Mapping
from typing import Any

from analysis.models import ImageSet, Layer, Network
from analysis.services.options import Option
from analysis.services.recipes import Recipe, RunRefused

TOP_SHARE = 0.005
ASKS = (
    Option(
        "threshold",
        "what counts as on in a map: above half of its maximum, or among the unit's strongest"
        " activations over the whole image set (quantile)",
        "half",
        choices=("half", "quantile"),
    ),
    Option(
        "top_share",
        "with the threshold quantile: the share of a unit's activations that counts as on",
        TOP_SHARE,
        least=1e-5,
        most=0.5,
    ),
    Option(
        "compare",
        "where units have their own fields, draw the layer's disc beside them too, and compare"
        " both with the masks of the images if there are any",
        False,
    ),
)


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the recipe keeps of the step's options: nothing while all are usual.

    Raises:
        RunRefused: a share without the threshold that it belongs to.
    """
    kept: dict[str, Any] = {}
    if values["threshold"] == "quantile":
        kept |= {"threshold": "quantile", "top_share": values["top_share"]}
    elif values["top_share"] != TOP_SHARE:
        raise RunRefused(
            f"A top share of {values['top_share']} has no meaning while the threshold is half of"
            " each map's maximum: ask for the threshold quantile too."
        )
    return kept | ({"compare": True} if values["compare"] else {})


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    options = recipe.options.get("segment", {})
    above, alone = "half of the map's maximum", ""
    if options.get("threshold") == "quantile":
        above = (
            f"the value that a share of {options['top_share']:g} of the unit's activations over"
            " all images exceeds"
        )
        alone = " Where no location was above it, the strongest one was taken."
    field = "receptive field"
    if "locate" in recipe.steps:
        field = "unit's empirical receptive field (where none was found, the layer's disc)"
    return (
        f"Each of these images was segmented by the unit's feature map: locations above {above}"
        f" were stamped with the {field}, and what lay outside was darkened to a fifth"
        f" (Zhou et al., 2015).{alone}"
    )
