"""The page that tries a network on one image: images to begin with, and the answer as drawn."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import reverse

from analysis.core.images import MAX_PIXELS, ImageRefused, below
from analysis.core.runlengths import filled, mask_of, outlined
from analysis.models import Network, Segment, State, TopImage
from analysis.services import detections
from analysis.services.detections import DetectionRefused
from analysis.services.naming import labels_of
from analysis.services.reading import Taken

SAMPLES = 3
PHOTO = 720  # pixels of the longer side of what is shown
# Read for three: many units have the same strongest image.
CANDIDATES = 60
# Objects that the page draws, and how many of them are to be seen at first.
DRAWN, AT_FIRST = 24, 5
# Of a label on the picture, as shares of the input’s longer side: its line, and a letter of it.
# Bold letters of a wide font take 0.64 of a line, with the dark edge around them.
LINE, LETTER = 0.042, 0.027


@dataclass(frozen=True)
class SeenObject:
    """One object as the page draws it; ``place`` counts from 1."""

    place: int
    concept: str
    score: float
    area: float
    fill: str
    outline: str
    label_x: float
    label_y: float
    units: list[dict[str, Any]]
    shown: bool


@dataclass(frozen=True)
class Seen:
    """What an image shows, as the page draws it."""

    photo: str  # data: address of a WebP made by us
    width: int
    height: int
    line: float  # height of a label, in pixels of the input
    scene: list[dict[str, Any]]
    scene_refused: str
    objects: list[SeenObject]
    left_out: int
    named_units: int
    named_by: str


def samples(network: Network) -> list[Segment]:
    """Return the pictures of three images to begin with: strongest images of named units.

    Who may read the atlas sees these pictures there. None before a run has drawn any.
    """
    named = labels_of(network)
    tops = Segment.objects.filter(
        top_image__unit__layer__network=network,
        top_image__run__state=State.DONE,
        top_image__end=TopImage.End.TOP,
        top_image__rank=0,
    ).select_related("top_image__image")
    if named:
        layer, units = list(named.items())[-1]
        channels = [unit.channel for unit in units][:CANDIDATES]
        tops = tops.filter(top_image__unit__layer=layer, top_image__unit__channel__in=channels)
    found: dict[int, Segment] = {}
    newest = tops.order_by("-top_image__run", "-top_image__unit__layer__position", "top_image__pk")
    for segment in newest[:CANDIDATES]:
        found.setdefault(segment.top_image.image_id, segment)
        if len(found) == SAMPLES:
            break
    return list(found.values())


def sample(network: Network, token: str) -> Taken:
    """Return the whole image behind a picture of the atlas.

    Raises:
        DetectionRefused: there is no such picture, or its image has gone.
        Busy: others' images are being unpacked.
    """
    segments = Segment.objects.select_related("top_image__image__image_set").filter(
        token=token, top_image__unit__layer__network=network, top_image__end=TopImage.End.TOP
    )
    segment = segments.first() if token.isalnum() else None  # PostgreSQL fails on a null character
    if segment is None:
        raise DetectionRefused("This sample is not there any more: choose another image.")
    image = segment.top_image.image
    try:
        file = below(Path(image.image_set.root), image.path).open("rb")
    except (ImageRefused, OSError) as refused:
        raise DetectionRefused(
            "This sample has been moved or removed since its run: choose another image."
        ) from refused
    with file:
        return detections.taken(network, file, 0, most_pixels=MAX_PIXELS, longest=PHOTO)


def drawn(network: Network, image: Taken, answer: dict[str, Any]) -> Seen:
    """Return an answer (`tasks.look_at`) as the page draws it."""
    size = answer["input"]
    photo = b64encode(image.photo).decode("ascii")
    found = answer["objects"][:DRAWN]
    places = label_places([_corner(one, answer) for one in found], size["width"], size["height"])
    return Seen(
        photo=f"data:image/webp;base64,{photo}",
        width=size["width"],
        height=size["height"],
        line=LINE * max(size["width"], size["height"]),
        scene=[one | {"percent": f"{100 * one['probability']:.1f}%"} for one in answer["scene"]],
        scene_refused=answer["scene_refused"],
        objects=[
            _object(network, place, one, at)
            for place, (one, at) in enumerate(zip(found, places, strict=True), start=1)
        ],
        left_out=answer["objects_left_out"] + len(answer["objects"]) - len(found),
        named_units=answer["named_units"],
        named_by=answer["named_by"],
    )


def label_places(
    wanted: list[tuple[str, float, float]], width: int, height: int
) -> list[tuple[float, float]]:
    """Return where labels (text, left, top) stand: within the picture, and on no earlier one.

    A label that would lie on another moves down line by line; in a full picture it stays.
    """
    line, letter = (share * max(width, height) for share in (LINE, LETTER))
    taken: list[tuple[float, float, float]] = []
    for text, left, top in wanted:
        long = letter * len(text)
        x = max(0.0, min(left, width - long))
        free = [
            y
            for y in (top + line * step for step in range(int(height / line)))
            if y + line <= height and not any(_meet((x, y, long), other, line) for other in taken)
        ]
        taken.append((x, free[0] if free else min(top, height - line), long))
    return [(round(x, 1), round(y, 1)) for x, y, _ in taken]


def _meet(one: tuple[float, float, float], other: tuple[float, float, float], line: float) -> bool:
    """Return whether two labels (left, top, length) lie on each other."""
    beside = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
    return not beside and abs(one[1] - other[1]) < line


def _corner(one: dict[str, Any], answer: dict[str, Any]) -> tuple[str, float, float]:
    """Return an object's concept and the upper left of its largest part, in the input's pixels."""
    view, size, box = answer["view"], answer["input"], one["boxes"][0]
    across = size["width"] / (view["right"] - view["left"])
    down = size["height"] / (view["bottom"] - view["top"])
    left, top = (box["left"] - view["left"]) * across, (box["top"] - view["top"]) * down
    return one["concept"], max(0.0, left), max(0.0, top)


def _object(
    network: Network, place: int, one: dict[str, Any], at: tuple[float, float]
) -> SeenObject:
    """Return one object with its paths and its label's place."""
    mask = mask_of(one["mask"]["counts"], *one["mask"]["size"])
    units = [
        unit
        | {"address": reverse("analysis:unit", args=[network.slug, unit["layer"], unit["channel"]])}
        for unit in one["units"]
    ]
    return SeenObject(
        place=place,
        concept=one["concept"],
        score=one["score"],
        area=one["area"],
        fill=filled(mask),
        outline=outlined(mask),
        label_x=at[0],
        label_y=at[1],
        units=units,
        shown=place <= AT_FIRST,
    )
