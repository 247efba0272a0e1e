"""The step `count`: what may be chosen about it, where its results lie, which run counted a set.

What an image set holds does not depend on the network: any finished run over the set serves every
network. In the media storage lie

`runs/<key>/count/<shard>.npz` what each image of a shard holds;
`runs/<key>/objects/images.npz` the same of all images;
`runs/<key>/objects/summary.json` what is told of classes and scenes.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import F

from analysis.models import ImageSet, Layer, Network, Run, State
from analysis.services import files
from analysis.services.options import Option
from analysis.services.recipes import Recipe, RunRefused

STEP = "count"
INSTANCE_SHARE, SCENE_IMAGES = 0.001, 10
# An object is informative of a scene when it is among so many that tell most of it.
AMONG = 5
ASKS = (
    Option(
        "instance_share",
        "pieces of a class smaller than this share of their image are no instances",
        INSTANCE_SHARE,
        least=0.0,
        most=0.5,
    ),
    Option(
        "least_scene",
        "scenes with fewer images are left out where objects are asked what they tell of scenes",
        SCENE_IMAGES,
        least=2,
        most=100_000,
    ),
)


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the recipe keeps of the step's options: nothing while all are usual.

    Raises:
        RunRefused: images without masks.
    """
    if not image_set.labels.get("classes"):
        raise RunRefused(
            f"Image set {image_set} has no masks: the step count counts the objects in them."
            " Add masks, scenes.csv and labels.json to the folder and register it anew, or leave"
            " the step out."
        )
    usual = {"instance_share": INSTANCE_SHARE, "least_scene": SCENE_IMAGES}
    return dict(values) if dict(values) != usual else {}


def options_in(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step's options in a stored recipe, defaults filled in."""
    stored: dict[str, Any] = recipe.get("options", {}).get(STEP, {})
    return {"instance_share": INSTANCE_SHARE, "least_scene": SCENE_IMAGES} | stored


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    options = options_in({"options": recipe.options})
    return (
        "The objects of the image set were counted in its masks: pixels, images with at least one"
        " pixel, and instances, which are pieces of one class joined by sides or corners that"
        f" cover at least {100 * options['instance_share']:g}% of their image. How much an"
        " object's presence tells of the scene was measured by mutual information less its"
        " exact expectation under permutation, by the mean absolute weight in a multinomial"
        " logistic model with an L1 penalty chosen in five folds by the rule of one standard"
        f" error, and by the share of scenes where it is among the {AMONG} that tell most. Scenes"
        f" with fewer than {options['least_scene']} images were left out of these."
    )


def shard_file(run: Run, number: int) -> str:
    """Return the name of a shard's file in the media storage."""
    return f"runs/{run.key}/count/{number:06d}.npz"


def images_file(run: Run) -> str:
    """Return the name of the file that says what every image holds."""
    return f"runs/{run.key}/objects/images.npz"


def write_summary(run: Run, summary: Mapping[str, Any]) -> None:
    """Store what is told of classes and scenes; the same summary gives the same bytes."""
    files.write(_summary_file(run), json.dumps(summary, sort_keys=True, indent=1).encode())


def read_summary(run: Run) -> dict[str, Any] | None:
    """Return what `write_summary` stored; None where nothing was."""
    try:
        found: dict[str, Any] = json.loads(files.read(_summary_file(run)))
    except FileNotFoundError:
        return None
    return found


def counted_by(image_set: ImageSet) -> Run | None:
    """Return the newest run, of any network, that has counted the objects of a set.

    Own ones before those that came with an archive: what another installation says comes second.
    """
    done = Run.objects.filter(image_set=image_set, jobs__step=STEP, jobs__state=State.DONE)
    return done.order_by("imported", F("finished_at").desc(nulls_last=True), "-pk").first()


def _summary_file(run: Run) -> str:
    return f"runs/{run.key}/objects/summary.json"
