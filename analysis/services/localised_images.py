"""What the step `localise` counted of each image and concept: the rows of the localisation figure.

Added up over images they give Jaccard index, chance and average precision of each concept.
"""

from collections.abc import Iterator
from typing import NamedTuple

from analysis.core.arrays import unpacked
from analysis.core.evaluation import OF_IMAGE
from analysis.models import Run
from analysis.services import files
from analysis.services.localisation import images_folder
from analysis.services.measures import Statistic


class LocalisedImage(NamedTuple):
    """One image and one concept; pixels of no class count for nothing."""

    concept: str
    image: int  # number in its set
    pixels_both: int  # that all units of the concept and its class share
    pixels_on: int  # where a unit of the concept is on
    pixels_class: int
    chance_both: int  # the same with the classes of the image before it
    chance_on: int
    chance_class: int
    holds: bool  # the image holds the class
    rarity_step: int  # of the concept's strongest activation: 0 common to 599 rare


def rows(run: Run) -> Iterator[LocalisedImage]:
    """Give every image with every concept, in the order of the images; a shard at a time."""
    there, step = OF_IMAGE.index("there"), OF_IMAGE.index("step")
    for name in files.below(images_folder(run)):
        kept = unpacked(files.read(name))
        concepts = kept["concept"].tolist()
        for image, counted in zip(kept["image"].tolist(), kept["counted"].tolist(), strict=True):
            for concept, one in zip(concepts, counted, strict=True):
                told = (concept, image, *one[:there], bool(one[there]), one[step])
                yield LocalisedImage._make(told)


def lacking(run: Run) -> str:
    """Return why there are no rows: runs of earlier versions kept sums alone."""
    if next(files.below(images_folder(run)), None):
        return ""
    return (
        f"Run {run} kept only sums over images, as earlier versions did: delete it and ask for it"
        " again to have what was counted of each image."
    )


LOCALISED = Statistic(
    name="localised-images",
    summary="What all units of a concept together find in each image, beside what is there",
    step="localise",
    row=LocalisedImage,
    rows=rows,
    settled=True,
    lacking=lacking,
)
