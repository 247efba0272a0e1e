"""The steps of a run: what each needs and asks, who works it, and how it is cut into pieces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.utils.translation import gettext_noop as _

from analysis.models import ImageSet, Layer, Network, Run
from analysis.services import (
    counting,
    dissection,
    localisation,
    locating,
    preferring,
    segmentation,
    simplification,
)
from analysis.services.options import Option, filled
from analysis.services.recipes import Recipe, RunRefused

# Few shards keep merging cheap; small ones keep little to repeat after a worker was lost.
MOST_SHARDS = 400
LEAST_IMAGES = 256
# What a run does if nobody says otherwise; the other steps take longer and are asked for by name.
USUAL = ("scan", "segment")

Check = Callable[[Network, ImageSet, list[Layer], Mapping[str, Any]], dict[str, Any]]


def as_given(
    network: Network, image_set: ImageSet, layers: list[Layer], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options as they are: nothing about them depends on network or images."""
    return dict(given)


@dataclass(frozen=True)
class Step:
    """One step of a run.

    ``module`` is the pipeline module whose ``work(shard, beat)`` does one shard and whose
    ``finish(job)`` joins the shards; it is named, not imported, so that the web side never loads
    torch. ``plan(run)`` returns the number of things to do and the size of a shard. ``words`` say
    what it does, for forms; ``sentence(recipe)`` says what was done, for a methods section.

    ``asks`` are the step's options. ``options(network, image_set, layers, values)`` is given a
    value for each and returns what the recipe keeps, or raises RunRefused. A step that comes to
    have options keeps nothing, {}, while all are at their defaults: so older runs are found.
    """

    name: str
    queue: str
    counted: str
    module: str
    needs: tuple[str, ...]
    plan: Callable[[Run], tuple[int, int]]
    words: str
    sentence: Callable[[Recipe], str]
    asks: tuple[Option, ...] = ()
    options: Check = as_given


def images_per_shard(count: int, batch: int) -> int:
    """Return the shard size for ``count`` images: whole batches, at most MOST_SHARDS shards."""
    return ceil(max(LEAST_IMAGES, count / MOST_SHARDS) / batch) * batch


def plan_images(run: Run) -> tuple[int, int]:
    """Every image of the set, in manifest order, in shards as the recipe has them."""
    return run.image_set.count, run.recipe["shard"]


def options_of(run: Run, step: str) -> dict[str, Any]:
    """Return the options of a run's step, those at their defaults included."""
    stored: dict[str, Any] = run.recipe.get("options", {}).get(step, {})
    return {option.name: option.default for option in STEPS[step].asks} | stored


def checked_options(
    network: Network,
    image_set: ImageSet,
    layers: list[Layer],
    *,
    steps: tuple[str, ...],
    given: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return the options that the recipe keeps, of the steps that keep any.

    Raises:
        RunRefused: an option of a step that was not asked for, or one that cannot be.
    """
    for name, values in given.items():
        if name not in STEPS:
            raise RunRefused(f"There is no step {name!r}; the steps are: {', '.join(STEPS)}.")
        if name not in steps and values:
            raise RunRefused(
                f"{next(iter(values))} is an option of the step {name}: ask for that step too,"
                " or leave the option out."
            )
    found = {}
    for name in steps:
        values = filled(name, STEPS[name].asks, given.get(name, {}))
        found[name] = STEPS[name].options(network, image_set, layers, values)
    return {name: options for name, options in found.items() if options}


def _scanned(recipe: Recipe) -> str:
    return (
        f"For every unit of {', '.join(recipe.layers)} we kept the {recipe.top} images with the"
        f" highest maximum of its feature map and the {recipe.low} images with the lowest,"
        " together with the location of the maximum; equal activations were ordered by image"
        " number."
    )


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step(
            "scan",
            "gpu",
            _("images"),
            "analysis.pipeline.scan",
            needs=(),
            plan=plan_images,
            words="find the images that drive every unit most",
            sentence=_scanned,
        ),
        Step(
            "prefer",
            "gpu",
            _("images"),
            "analysis.pipeline.prefer",
            needs=("scan",),
            plan=plan_images,
            words="find the images that each whole layer prefers",
            sentence=preferring.in_words,
            asks=preferring.ASKS,
            options=preferring.kept_options,
        ),
        Step(
            "locate",
            "gpu",
            _("places"),
            "analysis.pipeline.locate",
            needs=("scan",),
            plan=locating.plan,
            words="measure every unit's own receptive field by occlusion; takes hours",
            sentence=locating.sentence,
            asks=locating.ASKS,
            options=locating.options,
        ),
        Step(
            "segment",
            "cpu",
            _("images"),
            "analysis.pipeline.segment",
            needs=("scan",),
            plan=plan_images,
            words="cut them down to what the unit sees",
            sentence=segmentation.in_words,
            asks=segmentation.ASKS,
            options=segmentation.kept_options,
        ),
        Step(
            "simplify",
            "gpu",
            _("images"),
            "analysis.pipeline.simplify",
            needs=(),
            plan=simplification.plan,
            words="find how little of an image the network needs to name its scene",
            sentence=simplification.in_words,
            asks=simplification.ASKS,
            options=simplification.kept_options,
        ),
        Step(
            "dissect",
            "gpu",
            _("images"),
            "analysis.pipeline.dissect",
            needs=("scan",),
            plan=plan_images,
            words="compare every unit with every class of the masks",
            sentence=dissection.in_words,
            asks=dissection.ASKS,
            options=dissection.kept_options,
        ),
        Step(
            "localise",
            "gpu",
            _("images"),
            "analysis.pipeline.localise",
            needs=("scan",),
            plan=plan_images,
            words="compare what named units find with the masks of the images",
            sentence=localisation.in_words,
            options=localisation.kept_options,
        ),
        Step(
            counting.STEP,
            "cpu",
            _("images"),
            "analysis.pipeline.count",
            needs=(),
            plan=plan_images,
            words="count the objects in the masks and what they tell of scenes; runs no network",
            sentence=counting.in_words,
            asks=counting.ASKS,
            options=counting.kept_options,
        ),
    )
}
