"""What the JSON in an archive's columns and files must look like: pages read it unasked.

A shape is a type, a question that is answered with yes, a tuple of shapes of which one must fit, a
list of one shape for each entry, or a mapping: of ``str`` or ``is_name`` for any key, or of keys
that must be there; a key with ``?`` behind may lack. Keys that a shape does not name may be
anything.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from analysis.core.archives import ArchiveRefused
from analysis.core.listing import without_controls


def is_name(told: Any) -> bool:
    """Tell whether something can stand in addresses: a text that is not empty, on one line."""
    return isinstance(told, str) and told != "" and without_controls(told) == told


def is_line(told: Any) -> bool:
    """Tell whether something is a text on one line; a class of masks may have an empty name."""
    return told == "" or is_name(told)


def is_liked(told: Any) -> bool:
    """Tell whether something is an image that a layer prefers, as `preferring` writes it."""
    kinds = (int, NUMBER, str, str)
    return (
        isinstance(told, list)
        and len(told) == len(kinds)
        and not any(any(misfits(kind, one)) for kind, one in zip(kinds, told, strict=True))
        and is_line(told[2])
    )


Shape: TypeAlias = Any  # it holds itself, which no type checker follows here
NUMBER = (int, float)
NOTHING = type(None)
MAYBE = (str, NOTHING)
MAYBE_NUMBER = (int, float, NOTHING)
PLACES = [int]
NAMES = [str]
LAYER = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
# Columns of any table whose texts stand in addresses.
ADDRESSED = ("concept", "scene", "name")

NETWORK: Mapping[str, Shape] = {
    "preprocessing": {"height?": int, "width?": int, "mean?": [NUMBER], "std?": [NUMBER]},
    "classes": NAMES,
    "requested": {"weights?": MAYBE, "layers?": ({str: str}, NAMES, str, NOTHING)},
}
IMAGE_SET: Mapping[str, Shape] = {
    "scenes": {is_name: int},
    "labels": {"classes?": [{"index": int, "name": is_line}], "void_index?": (int, NOTHING)},
}
RUN: Mapping[str, Shape] = {
    "recipe": {
        **{f"{name}?": NAMES for name in ("layers", "modules", "steps")},
        **{f"{name}?": int for name in ("top", "low", "shard", "batch", "seed", "version")},
        **{f"{name}?": str for name in ("network_slug", "image_set_slug", "precision")},
        "options?": {str: dict},
    }
}
STEP = {"region": int, "name": str, "score": NUMBER, "kept": NUMBER}
MINIMAL: Mapping[str, Shape] = {"objects_kept": {is_name: NUMBER}, "steps": [STEP]}
EXAMPLE = {"rank": int, "image": int, "there": bool, "jaccard": NUMBER}
LOCALISATION: Mapping[str, Shape] = {"examples": [EXAMPLE]}
SAID = {"worker?": str, "concept?": str, "stands?": str, "why?": str}
SEMANTICS: Mapping[str, Shape] = {
    "details": {
        "key?": str,
        "spelt?": str,
        "iou?": NUMBER,
        "offered?": NAMES,
        "words?": [SAID],
        "votes?": {str: object},
        "kept?": [(int, str)],
        "tied?": [(int, str)],
    }
}
ANSWER: Mapping[str, Shape] = {"rejected": PLACES, "unseen": PLACES}
TASK: Mapping[str, Shape] = {
    "items": [MAYBE],
    "controls": PLACES,
    "verdict": {"answers?": int, "open?": NAMES, "why?": str, "reached?": {str: NUMBER}},
}
CAMPAIGN: Mapping[str, Shape] = {"left_out": [{"unit": str, "reason": str}], "forecast": dict}
CHANGED = {"layer": str, "channel": int, "before": str, "after": str}
DECISION: Mapping[str, Shape] = {"words": NAMES, "changed": [CHANGED]}

COUNTS = {"label": int, "name": is_line, "images": int, "pixels": int}
LEARNT = {"information": MAYBE_NUMBER, "expected": MAYBE_NUMBER, "weight": MAYBE_NUMBER}
SCENE = {"name": is_name, "images": int, "informative": ([int], NOTHING)}
# Files of a run's folder that are no tables of numbers, by what their names end with.
RESULTS: Mapping[str, Shape] = {
    "preferences.json": {
        "images": int,
        "scenes": {is_name: int},
        "folders": {str: int},
        "layers": {str: [is_liked]},
    },
    "objects/summary.json": {
        "compared": int,
        "without_scene": int,
        "least_scene": int,
        "instance_share": NUMBER,
        "scenes": [SCENE],
        "model": ({"accuracy": NUMBER, "commonest": NUMBER}, NOTHING),
        "classes": [COUNTS | LEARNT | {"instances": int, "among": MAYBE_NUMBER}],
    },
    "dissection/summary.json": {
        "compared": int,
        "quantile": NUMBER,
        "cell": int,
        "layers": [{"layer": str, "units": int, "detectors": int, "classes": {is_name: int}}],
        "classes": [COUNTS],
    },
}


def insist_on(shape: Shape, told: Any, where: str) -> None:
    """Refuse what has another shape.

    Raises:
        ArchiveRefused: names the place inside, and what stands there.
    """
    for place, found in misfits(shape, told):
        raise ArchiveRefused(f"{where}{place} cannot be {found!r:.80}.")


def misfits(shape: Shape, told: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Give the places, like ``[0].name``, where something has another shape, and what it is."""
    if isinstance(shape, list):
        yield from _misfits_among(shape[0], told, place)
    elif isinstance(shape, dict):
        yield from _misfits_in(shape, told, place)
    elif not _fits(shape, told):
        yield place, told


def _fits(shape: Shape, told: Any) -> bool:
    """Tell whether something is of a type, of one of several shapes, or what a question takes."""
    if isinstance(shape, tuple):
        return any(not any(misfits(one, told)) for one in shape)
    if isinstance(shape, type):
        return isinstance(told, shape) and not (shape is int and isinstance(told, bool))
    return bool(shape(told))


def _misfits_among(shape: Shape, told: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Give the places inside of a list."""
    if not isinstance(told, list):
        yield place, told
        return
    for at, one in enumerate(told):
        yield from misfits(shape, one, f"{place}[{at}]")


def _misfits_in(shape: dict[Any, Shape], told: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Give the places inside of an object."""
    if not isinstance(told, dict):
        yield place, told
        return
    for key, one in shape.items():
        if key in (str, is_name):
            for name, value in told.items():
                yield from misfits(key, name, f"{place}.{name[:40]}")
                yield from misfits(one, value, f"{place}.{name[:40]}")
        elif key.removesuffix("?") in told:
            name = key.removesuffix("?")
            yield from misfits(one, told[name], f"{place}.{name}")
        elif not key.endswith("?"):
            yield f"{place}.{key}", None
