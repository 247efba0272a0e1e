"""How many answers, or units, fall into each group: by layer, and in the whole network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    Missing,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
)
from analysis.services.meaning_figures import INTERVALS, Shown, no_groups
from analysis.services.meanings import ANSWER, GROUPS, GroupShare, group_shares

ALL = "all layers"


def figure(shown: Shown) -> Figure | Missing:
    """Return the numbers behind the shares, with the whole network's; or what is missing."""
    question = "How many are there of each group?"
    layers = _counted(shown)
    if not layers:
        return Missing(question, no_groups(shown))
    merged = replace(shown, labels=[replace(label, layer=ALL) for label in shown.labels])
    whole = _counted(merged)[ALL]
    what = "answers" if shown.by == ANSWER else "units"
    shares = {} if len(layers) == 1 else {ALL: whole}
    return Figure(
        name="counts",
        question=question,
        answer=_answer(whole, what, shown.threshold),
        spec=_drawing(shown, layers, what),
        columns=[
            Column("layer", "Layer"),
            Column("of", f"{what.capitalize()} above {shown.threshold:g}"),
            *(Column(group, group.capitalize()) for group in GROUPS),
        ],
        rows=[_told(shown, layer, some) for layer, some in (layers | shares).items()],
        method=(
            f"The {what} behind the shares: those whose precision is above the threshold. Shares of"
            f" the whole network with their intervals: {_shares(whole)}. Intervals:"
            f" {INTERVALS.removeprefix('Whiskers: ')}"
        ),
        download=shown.downloads["categories"],
        note=shown.note,
    )


def _counted(shown: Shown) -> dict[str, list[GroupShare]]:
    """Return the six groups of each layer that has anything above the threshold."""
    found: dict[str, list[GroupShare]] = {}
    for row in group_shares(shown.labels, shown.threshold):
        if row.counted_by == shown.by and row.of:
            found.setdefault(row.layer, []).append(row)
    return found


def _told(shown: Shown, layer: str, some: list[GroupShare]) -> Mapping[str, Any]:
    page = "" if layer == ALL else shown.page_of(layer)
    return {"layer": layer, "of": some[0].of, "href": page} | {
        row.category: row.number for row in some
    }


def _answer(whole: list[GroupShare], what: str, threshold: float) -> str:
    """Name the three commonest groups of the whole network."""
    most = sorted(whole, key=lambda row: -row.number)[:3]
    told = ", ".join(f"{row.number:,} {row.category}" for row in most if row.number)
    return f"Of {whole[0].of:,} {what} above {threshold:g} in all layers most are: {told}."


def _shares(whole: list[GroupShare]) -> str:
    return ", ".join(
        f"{row.category} {row.share or 0:.1%}"
        + (f" ({row.share_low:.1%} to {row.share_high:.1%})" if row.share_low is not None else "")
        for row in whole
    )


def _drawing(shown: Shown, layers: Mapping[str, list[GroupShare]], what: str) -> Spec:
    """Return a bar for each layer, its groups upon one another from low to high."""
    told = [
        {
            "layer": layer,
            "category": row.category,
            "number": row.number,
            "place": GROUPS.index(row.category),
            "units": shown.units_in(layer, row.category),
            "href": shown.page_of(layer),
        }
        for layer, some in layers.items()
        for row in some
    ]
    bars = {
        "x": ordered("layer", "", layers),
        "y": channel("number", what, stack="zero"),
        "color": ordered("category", "", GROUPS, scale={"domain": GROUPS, "range": "ordinal"}),
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": [
            channel("layer", "layer", "nominal"),
            channel("category", "group", "nominal"),
            channel("number", what),
            channel("units", "units", "nominal"),
        ],
    }
    return drawing(told, mark("bar", bars | LINKED))
