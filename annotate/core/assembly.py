"""Which images a task shows, where its planted negatives stand, and in which order.

The paper shows 60 segmented images of a unit: 57 of its top images and 3 that drive it least
(PROTOCOL.md, section 3.3).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass


class LeftOut(ValueError):
    """A unit about which nobody can be asked, with the reason as a sentence."""


@dataclass(frozen=True)
class Candidate:
    """A segmented image of a unit: its top-image row, the image behind it, its activation."""

    pk: int
    image: int
    activation: float


@dataclass(frozen=True)
class Sheet:
    """The items of one task, and which places among them are planted negatives."""

    items: list[int]
    controls: list[int]


def within(low: Sequence[Candidate], band: str) -> Sequence[Candidate]:
    """Return the candidates to plant that lie in a band of those that a run keeps.

    They are the few images of the whole set that drive the unit least, from weakest upward:
    ``any`` of them, or their ``weaker`` or ``stronger`` half (of an odd number both have the
    middle one). A run keeps none between them and the top images, so there is no other band.

    Raises:
        ValueError: there is no such band.
    """
    halves = {
        "any": low,
        "weaker": low[: (len(low) + 1) // 2],
        "stronger": low[len(low) // 2 :],
    }
    if band not in halves:
        raise ValueError(f"{band!r} is no band of the weakest images: {', '.join(halves)}.")
    return halves[band]


def assemble(
    top: Sequence[Candidate], low: Sequence[Candidate], images: int, controls: int, seed: str
) -> Sheet:
    """Choose ``images - controls`` top images and ``controls`` planted negatives.

    Args:
        top: segmented images from strongest to weakest.
        low: segmented images from weakest upward: the candidates to plant.
        images: how many images the task shows.
        controls: how many of these are planted.
        seed: decides which candidates are planted, and where.

    Raises:
        LeftOut: the unit never fires, fires on too few images, or has too few weak ones.
    """
    wanted = images - controls
    if not top or top[0].activation <= 0:
        raise LeftOut("it never fires on these images")
    chosen = [item for item in top if item.activation > 0][:wanted]
    if len(chosen) < wanted:
        raise LeftOut(f"it has {len(chosen)} segmented images that drive it; a task needs {wanted}")
    shown = {item.image for item in chosen}
    # An image that drives the unit as little as the chosen ones do not would be no negative.
    weak = [c for c in low if c.image not in shown and c.activation < chosen[-1].activation]
    if len(weak) < controls:
        raise LeftOut(f"it has {len(weak)} images weak enough to plant; a task needs {controls}")
    rng = random.Random(seed)
    planted = rng.sample(weak, controls)
    places = sorted(rng.sample(range(images), controls))
    items = [item.pk for item in chosen]
    for place, item in zip(places, planted, strict=True):
        items.insert(place, item.pk)
    return Sheet(items=items, controls=places)


def shown_order(n: int, seed: int) -> list[int]:
    """Return the places 0..n-1 in the order in which the owner of ``seed`` sees them."""
    order = list(range(n))
    random.Random(seed).shuffle(order)
    return order
