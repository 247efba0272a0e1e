"""What whole layers prefer, as figures: image sets, scenes, folders, beside what chance gives."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.services.figures import (
    Column,
    Figure,
    Missing,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
    whiskers,
)
from analysis.services.preferences import FOLDER, SCENE, SET, Over, Preference, shares

DRAWN = 12  # scenes, sets or folders that are shown; the CSV has all
ROW = 11  # pixels of one layer's line in it
NOTHING = "(none)"
QUESTIONS = {
    SET: "Which image set does each layer prefer?",
    SCENE: "Of which scenes are the images that each layer prefers?",
    FOLDER: "Which part of the images does each layer prefer?",
}
PLURALS = {SET: "sets", SCENE: "scenes", FOLDER: "folders"}


@dataclass(frozen=True)
class Shown:
    """What the figures are about: images, the address of the rows, and how to get more."""

    over: Over
    download: str
    another: str  # the command that looks at another image set

    @property
    def note(self) -> str:
        """Say what is not real."""
        made = any(run.network.synthetic or run.image_set.synthetic for run in self.over.runs)
        return "synthetic" if made else ""

    @property
    def taken(self) -> int:
        """Return how many images each layer prefers."""
        return max((len(self.over.taken(layer)) for layer in self.over.layers), default=0)


def figures(shown: Shown) -> list[Figure | Missing]:
    """Return a figure on image sets and one on scenes, or what they lack; folders where any."""
    over = shown.over
    if shown.taken >= over.images:
        why = (
            f"All {over.images:,} images are among the {shown.taken:,} that a layer prefers, so"
            " there is no choice to look at: take a larger image set, or a smaller number with"
            " --preferred-images."
        )
        return [Missing(QUESTIONS[by], why) for by in (SET, SCENE)]
    rows = list(shares(over))
    found = [_figure(shown, by, [row for row in rows if row.by == by]) for by in (SET, SCENE)]
    of_folders = [row for row in rows if row.by == FOLDER]
    return found + ([_figure(shown, FOLDER, of_folders)] if of_folders else [])


def _figure(shown: Shown, by: str, rows: list[Preference]) -> Figure | Missing:
    if not rows:
        return Missing(QUESTIONS[by], _why(shown, by))
    names, layers = furthest(rows), shown.over.layers
    shown_rows = [row for row in rows if row.name in names]
    # In each layer alike, so that the drawing's lines and the table's are in one order.
    shown_rows.sort(key=lambda row: (layers.index(row.layer), names.index(row.name)))
    told = [_told(row) for row in shown_rows]
    return Figure(
        name=f"preferred-{PLURALS[by]}",
        question=QUESTIONS[by],
        answer=_answer(rows, by),
        spec=_over_chance(told) if by == SCENE else _beside_chance(told),
        columns=_columns(by),
        rows=told,
        method=_method(shown, by),
        download=shown.download,
        note=shown.note,
    )


def _why(shown: Shown, by: str) -> str:
    slug = shown.over.runs[0].image_set.slug
    if by == SET:
        return (
            f"These are images of one set only, {slug}. Show the network another set as well, and"
            f" both are joined here: {shown.another}"
        )
    return (
        f"No image of {shown.over.name} has a scene: scenes.csv names them, or one folder for each"
        " scene. Add them and register the images anew."
    )


def _told(row: Preference) -> dict[str, Any]:
    """Return a row with its interval in words, and a name for images that have none."""
    times = f"{row.ratio_low:.2f}\u00a0to\u00a0{row.ratio_high:.2f}"
    return {**row._asdict(), "name": row.name or NOTHING, "ratio_interval": times}


def _columns(by: str) -> tuple[Column, ...]:
    return (
        Column("layer", "Layer"),
        Column("name", by.capitalize()),
        Column("images", "Preferred"),
        Column("of", "of"),
        Column("share", "Share", 3),
        Column("share_low", "95% from", 3),
        Column("share_high", "to", 3),
        Column("baseline", "by chance", 3),
        Column("ratio", "Times chance", 2),
        Column("ratio_interval", "95%"),
    )


def _answer(rows: Sequence[Preference], by: str) -> str:
    """Tell the kind furthest above chance, of those whose interval leaves chance below."""
    above = [row for row in rows if row.ratio_low > 1]
    if not above:
        return f"No layer prefers one of the {PLURALS[by]} more clearly than chance would."
    most = max(above, key=lambda row: (row.ratio_low, row.ratio))
    layers = dict.fromkeys(row.layer for row in above)
    every = dict.fromkeys(row.layer for row in rows)
    name = f"of {by} {most.name}" if most.name else f"of no {by}"
    return (
        f"In {most.layer} {most.images} of {most.of} preferred images are {name}, as are"
        f" {most.baseline:.0%} of all: {most.ratio:.1f} times as many as by chance. {len(layers)}"
        f" of {len(every)} layer{'s' if len(every) > 1 else ''} prefer"
        f"{'' if len(layers) > 1 else 's'} some {by} clearly."
    )


def _method(shown: Shown, by: str) -> str:
    over = shown.over
    joined = ""
    if len(over.runs) > 1:
        joined = " The sets' own lists were joined: the same as one pass over all of them."
    drawn = (
        "Points: their share over the share of all images; 1 is chance."
        if by == SCENE
        else "Points: their share; strokes: the share of all images, which is chance."
    )
    many = len(over.there(by)) > DRAWN
    some = f" The {DRAWN} {PLURALS[by]} furthest above chance; the CSV has all." if many else ""
    return (
        f"The {shown.taken:,} images of {over.images:,} with the highest activation, summed over"
        f" all units and locations of the layer (Zhou et al. 2015, section 3).{joined} {drawn}"
        f"{some} Whiskers: Wilson's 95% interval, as if images were independent."
    )


# ---- Drawings ----------------------------------------------------------------------------------
def _beside_chance(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return the share of each kind in each layer, with a stroke where chance would be."""
    names = dict.fromkeys(row["name"] for row in rows)
    y = "share of the preferred images"
    limits: dict[str, Any] = {"axis": {"format": "%"}}
    place = {
        "x": ordered("layer", "", dict.fromkeys(row["layer"] for row in rows)),
        "xOffset": {"field": "name", "type": "nominal", "sort": list(names)},
    }
    point = {
        "y": channel("share", y, **limits),
        "color": ordered("name", "", names, scale={"range": "category"}),
        "tooltip": _tips("share"),
    }
    return drawing(
        rows,
        whiskers("share_low", "share_high", place, y),
        mark("tick", {**place, "y": channel("baseline", y, **limits)}, "interval"),
        mark("point", {**place, **point}),
    )


def _over_chance(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return how many times as often as by chance each kind is there, a line for each layer."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    layers = dict.fromkeys(row["layer"] for row in rows)
    place = {
        "y": ordered("name", "", names),
        "yOffset": {"field": "layer", "type": "nominal", "sort": list(layers)},
    }
    x = "times as often as by chance"
    point = {
        "x": channel("ratio", x),
        "color": ordered("layer", "", layers, scale={"range": "ordinal"}),
        "tooltip": _tips("ratio"),
    }
    chance = mark("rule", {"x": channel("chance", x)}, "reference")
    height = max(160, len(names) * (ROW * len(layers) + ROW))
    return drawing(
        rows,
        chance | {"data": {"values": [{"chance": 1}]}},
        whiskers("ratio_low", "ratio_high", place, x, along="x"),
        mark("point", {**place, **point}),
        height=height,
    )


def furthest(rows: Iterable[Preference]) -> list[str]:
    """Return the names that are shown: furthest above chance in any layer, highest first."""
    best: dict[str, float] = {}
    for row in rows:
        best[row.name] = max(best.get(row.name, 0.0), row.ratio)
    return sorted(best, key=lambda name: (-best[name], name))[:DRAWN]


def _tips(value: str) -> list[Spec]:
    words = {"share": "share", "ratio": "times chance"}
    return [
        channel("layer", "layer", "nominal"),
        channel("name", "of", "nominal"),
        channel("images", "preferred images"),
        channel(value, words[value], format=".2f"),
    ]
