"""The rows that figures are counted from, one by one: answers, pictures, minimal images, objects.

Whoever doubts a figure counts it anew from these. They are read as they are written, never all at
once in memory.
"""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analysis.core.arrays import unpacked
from analysis.models import MinimalImage, Run, Segment, TopImage
from analysis.services import files
from analysis.services.counting import images_file
from analysis.services.dissection import class_names
from analysis.services.meanings import Label
from analysis.services.measures import LabelStatistic, Statistic
from analysis.services.minimal_images import names_file, objects_file

PAGE = 1000


class UnitAnswer(NamedTuple):
    """One answer behind a unit's label."""

    layer: str
    channel: int
    answer: int  # from 0, in the order they came
    concept: str  # as it was written
    category: str
    precision: float | None
    same_concept_as: int | None  # answers of a unit with one number mean the same concept


class SegmentedImage(NamedTuple):
    """One of a unit's strongest images, and how much of it is left visible."""

    layer: str
    channel: int
    rank: int
    image: int  # number in its set
    field: str  # disc, or own
    visible: float  # share of the picture left undarkened


class SimplifiedImage(NamedTuple):
    """One image that was simplified, or the reason why it has no minimal image."""

    scene: str
    regions: str  # automatic, or masks
    image: int  # number in its set
    regions_total: int
    regions_kept: int
    area: float  # share of the pixels kept
    before: float  # probability of the scene, whole image
    after: float  # of the minimal image
    problem: str


class SimplifiedObject(NamedTuple):
    """One object of one minimal image."""

    scene: str
    regions: str
    image: int
    object: str
    share: float  # of its pixels that the minimal image keeps


class NamedScene(NamedTuple):
    """One image whose scene was asked for."""

    scene: str
    image: int  # number in its set
    said: str  # the class that it was named
    right: bool


class SceneObject(NamedTuple):
    """One object of one image of a scene; an image that holds none has one row without."""

    scene: str
    image: int  # number in its set
    object: str | None


class ImageObject(NamedTuple):
    """One class that an image holds; an image that holds none has one row without."""

    image: int  # number in its set
    scene: str  # empty: it has none
    object: str | None
    pixels: int | None
    instances: int | None


def answers(labels: list[Label], threshold: float = 0.0) -> Iterator[UnitAnswer]:
    """Give the answers behind labels, unit by unit, whatever precision they have."""
    for label in labels:
        for number, said in enumerate(label.answers):
            about = (label.layer, label.channel, number, said.concept, said.category)
            yield UnitAnswer(*about, said.precision, said.group)


def segmented(run: Run) -> Iterator[SegmentedImage]:
    """Give the segmented images of all units, in the network's order, the strongest first."""
    unit = "top_image__unit"
    rows = Segment.objects.filter(top_image__run=run, top_image__end=TopImage.End.TOP)
    rows = rows.order_by(f"{unit}__layer__position", f"{unit}__channel", "top_image__rank", "field")
    names = (f"{unit}__layer__name", f"{unit}__channel", "top_image__rank")
    found = rows.values_list(*names, "top_image__image__number", "field", "visible")
    yield from map(SegmentedImage._make, found.iterator(PAGE))


def simplified(run: Run) -> Iterator[SimplifiedImage]:
    """Give the images that were simplified, scene by scene."""
    columns = ("scene", "regions", "image__number", "total", "kept", "area", "before", "after")
    rows = MinimalImage.objects.filter(run=run).order_by("scene", "regions", "image__number")
    found = rows.values_list(*columns, "problem").iterator(PAGE)
    yield from map(SimplifiedImage._make, found)


def simplified_objects(run: Run) -> Iterator[SimplifiedObject]:
    """Give the objects of the minimal images, those of an image by name."""
    rows = MinimalImage.objects.filter(run=run).found()
    rows = rows.order_by("scene", "regions", "image__number")
    columns = ("scene", "regions", "image__number", "objects_kept")
    for scene, regions, number, objects in rows.values_list(*columns).iterator(PAGE):
        for name in sorted(objects):
            yield SimplifiedObject(scene, regions, number, name, objects[name])


def named_scenes(run: Run) -> Iterator[NamedScene]:
    """Give what each image that was asked about was named, in the order of asking."""
    for image, scene, said, right in json.loads(files.read(names_file(run))):
        yield NamedScene(scene, image, said, right)


def scene_objects(run: Run) -> Iterator[SceneObject]:
    """Give what the network sees of the images of the scenes, in the order of the images."""
    for image, scene, objects in json.loads(files.read(objects_file(run))):
        for name in objects or [None]:
            yield SceneObject(scene, image, name)


def without(file: Callable[[Run], str], sentence: str) -> Callable[[Run], str]:
    """Return what says of a run, in a sentence, that it lacks a file; nothing where it has it."""
    return lambda run: "" if files.exists(file(run)) else sentence.format(run=run)


def image_objects(run: Run) -> Iterator[ImageObject]:
    """Give what the masks of each image hold, in the order of the images and of the classes."""
    counts = unpacked(files.read(images_file(run)))
    names = [name for _, name in class_names(run.image_set)]
    held: dict[int, list[tuple[str, int, int]]] = {}
    columns = (counts[name].tolist() for name in ("number", "place", "pixels", "instances"))
    for number, place, pixels, instances in zip(*columns, strict=True):
        held.setdefault(number, []).append((names[place], pixels, instances))
    for number, code in zip(counts["compared"].tolist(), counts["scene"].tolist(), strict=True):
        scene = str(counts["scenes"][code])
        for told in held.get(number, [(None, None, None)]):
            yield ImageObject(number, scene, *told)


ANSWERS = LabelStatistic(
    name="unit-answers",
    summary="Every answer behind the labels, and which of a unit's answers mean the same concept",
    row=UnitAnswer,
    rows=answers,
    uses_threshold=False,
)
SEGMENTED = Statistic(
    name="segmented-images",
    summary="How much of each picture of each unit is left visible",
    step="segment",
    row=SegmentedImage,
    rows=segmented,
    settled=True,
)
SIMPLIFIED = Statistic(
    name="simplified-images",
    summary="Every image that was simplified: how much of it is left, or why there is no way",
    step="simplify",
    row=SimplifiedImage,
    rows=simplified,
    settled=True,
)
SIMPLIFIED_OBJECTS = Statistic(
    name="simplified-objects",
    summary="Every object of every minimal image, and how much of it is kept",
    step="simplify",
    row=SimplifiedObject,
    rows=simplified_objects,
    settled=True,
)
SCENE_NAMES = Statistic(
    name="scene-names",
    summary="What each image whose scene was asked for was named",
    step="simplify",
    row=NamedScene,
    rows=named_scenes,
    settled=True,
    lacking=without(
        names_file,
        "Run {run} kept no list of what each image was named, as earlier versions did not: delete"
        " it and ask for it again.",
    ),
)
SCENE_OBJECTS = Statistic(
    name="scene-objects",
    summary="Every object of every image of the scenes that has a mask",
    step="simplify",
    row=SceneObject,
    rows=scene_objects,
    settled=True,
    lacking=without(
        objects_file,
        "Run {run} kept no list of what each image holds, as earlier versions did not: delete it"
        " and ask for it again.",
    ),
)
IMAGE_OBJECTS = Statistic(
    name="image-objects",
    summary="Every object of every image with a mask, and the image's scene",
    step="count",
    row=ImageObject,
    rows=image_objects,
    settled=True,
    lacking=without(images_file, "Run {run} has no file of what each image holds: count anew."),
)
