"""What units mean, as figures: groups by layer, precision, agreement; or what they lack."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.models import Category, Source
from analysis.services.figure_links import layer_page, named
from analysis.services.figures import (
    BLANK,
    LINKED,
    Column,
    Figure,
    Missing,
    Spec,
    apart,
    channel,
    drawing,
    mark,
    on_bars,
    ordered,
    whiskers,
    written,
)
from analysis.services.meanings import (
    ANSWER,
    GROUPS,
    GroupShare,
    Label,
    LayerAgreement,
    LayerPrecision,
    agreements,
    group_shares,
    groups_of,
    precisions,
)

INTERVALS = "Whiskers: 95% intervals of a bootstrap over units, 2,000 resamples."


@dataclass(frozen=True)
class Shown:
    """What the figures are about: the labels, how they are counted, and where the rows are."""

    labels: list[Label]
    by: str  # answer, or unit
    threshold: float
    note: str  # what the labels are, where people did not give them of real things
    downloads: Mapping[str, str]  # statistic → address of its rows
    network: str = ""  # whose pages the marks lead to; none: they lead nowhere

    def page_of(self, layer: str) -> str:
        """Return the page of a layer's units."""
        return layer_page(self.network, layer) if self.network else ""

    def units_in(self, layer: str, group: str) -> str:
        """Name the first units of a layer that are counted for a group."""
        return named(self.counted.get((layer, group), []))

    @cached_property
    def counted(self) -> dict[tuple[str, str], list[int]]:
        """Return the units that are counted for each layer and group."""
        found: dict[tuple[str, str], list[int]] = {}
        for label in self.labels:
            for group in dict.fromkeys(groups_of(label, self.by, self.threshold)):
                found.setdefault((label.layer, group), []).append(label.channel)
        return found


def figures(shown: Shown) -> list[Figure | Missing]:
    """Return the three figures on meanings, each with what is missing in its place if it is."""
    shares = group_shares(shown.labels, shown.threshold)
    known = precisions(shown.labels, shown.threshold)
    return [groups_figure(shown, shares), precision_figure(shown, known), _agreement(shown)]


def note_of(source: str, synthetic: bool) -> str:
    """Say what labels are that people did not give, or that are not of real things."""
    says = {Source.SIMULATED: "simulated workers", Source.MACHINE: "made by a machine"}
    parts = [says.get(Source(source), ""), "synthetic network" if synthetic else ""]
    return " · ".join(part for part in parts if part)


# ---- Groups ------------------------------------------------------------------------------------
def groups_figure(shown: Shown, counted: Iterable[GroupShare]) -> Figure | Missing:
    """Return the shares of the groups in each layer, from rows that are counted already."""
    question = "Which levels of meaning emerge where?"
    rows = [row for row in counted if row.counted_by == shown.by and row.of]
    if not rows:
        return Missing(question, no_groups(shown))
    layers: dict[str, list[GroupShare]] = {}
    for row in rows:
        layers.setdefault(row.layer, []).append(row)
    what = "answers" if shown.by == ANSWER else "units"
    above = f"{what.capitalize()} above {shown.threshold:g}"
    by_group = [Column(group, group.capitalize(), 3) for group in GROUPS]
    return Figure(
        name="categories",
        question=question,
        answer=_group_answer(layers, what),
        spec=_group_drawing(shown, rows, what),
        columns=[Column("layer", "Layer"), Column("of", above), *by_group],
        rows=[
            {"layer": layer, "of": some[0].of, "href": shown.page_of(layer)}
            | {row.category: row.share for row in some}
            for layer, some in layers.items()
        ],
        method=_group_method(shown),
        download=shown.downloads["categories"],
        note=shown.note,
    )


def no_groups(shown: Shown) -> str:
    """Say why no group can be counted, and what to do."""
    if shown.by == ANSWER and not any(label.answers for label in shown.labels):
        return "No single answers stand behind these labels: count them by unit."
    if shown.by != ANSWER and not any(label.category for label in shown.labels):
        return "None of these labels says which group it is of: people's do, a machine's do not."
    counted = "answer" if shown.by == ANSWER else "unit"
    return f"No {counted} has a precision above {shown.threshold:g}: lower the threshold."


def _group_answer(layers: Mapping[str, Sequence[GroupShare]], counted: str) -> str:
    """Name the commonest group of the first and of the last layer."""
    names = dict(Category.choices)
    first, last = next(iter(layers)), list(layers)[-1]
    most = {layer: max(layers[layer], key=lambda row: row.number) for layer in (first, last)}
    told = [f"{names[row.category]} ({row.number} of {row.of} {counted})" for row in most.values()]
    deepest = "" if first == last else f", in {last} {told[1]}"
    return f"In {first} the commonest group is {told[0]}{deepest}."


def _group_method(shown: Shown) -> str:
    what = (
        "Of the answers whose own precision is above the threshold, the share that chose each of"
        " the six groups."
        if shown.by == ANSWER
        else "Of the units whose precision is above the threshold, the share whose label is of each"
        " of the six groups."
    )
    return f"{what} Precision: images kept / images shown. {INTERVALS}"


def _group_drawing(shown: Shown, rows: Iterable[GroupShare], counted: str) -> Spec:
    """Return bars of the groups side by side in each layer, low to high, with their intervals."""
    told = [_drawn(shown, row) for row in rows]
    y = f"share of {counted}"
    place = {
        "x": ordered("layer", "", dict.fromkeys(row["layer"] for row in told)),
        "xOffset": {"field": "category", "type": "nominal", "sort": GROUPS},
    }
    bars = {
        "y": channel("share", y, axis={"format": "%"}),
        "color": ordered("category", "", GROUPS, scale={"domain": GROUPS, "range": "ordinal"}),
        "tooltip": [
            channel("layer", "layer", "nominal"),
            channel("category", "group", "nominal"),
            channel("share", "share", format=".1%"),
            channel("number", counted),
            channel("units", "units", "nominal"),
        ],
    }
    intervals = on_bars("share_low", "share_high", place, y)
    return drawing(told, mark("bar", place | bars | LINKED), *intervals)


def _drawn(shown: Shown, row: GroupShare) -> dict[str, Any]:
    """Return a bar with the units that it stands for, and where they are."""
    units = shown.units_in(row.layer, row.category)
    return {**row._asdict(), "units": units, "href": shown.page_of(row.layer)}


# ---- Precision ---------------------------------------------------------------------------------
def precision_figure(shown: Shown, counted: Iterable[LayerPrecision]) -> Figure | Missing:
    """Return the precision of each layer, from rows that are counted already."""
    question = "How well do units keep to one concept?"
    rows = list(counted)
    if not rows:
        return Missing(question, "No label has a precision: those of people and publications do.")
    above = f"above {shown.threshold:g}"
    measures = {
        "mean precision": ("precision", "precision_low", "precision_high"),
        f"share of units {above}": ("share", "share_low", "share_high"),
    }
    return Figure(
        name="precision",
        question=question,
        answer=_precision_answer(rows, above),
        spec=points(rows, measures, "precision, or share of units", href=shown.page_of),
        columns=(
            Column("layer", "Layer"),
            Column("units", "Units"),
            Column("precision", "Mean precision", 3),
            Column("precision_interval", "95%"),
            Column("above", f"Units {above}"),
            Column("share", "their share", 3),
            Column("share_interval", "95%"),
        ),
        rows=[with_intervals(row._asdict()) | {"href": shown.page_of(row.layer)} for row in rows],
        method=(
            "Precision of a unit: the mean over its answers of images kept / images shown. "
            f"{INTERVALS} Of the shares of units: Wilson’s interval."
        ),
        download=shown.downloads["precision"],
        note=shown.note,
    )


def _precision_answer(rows: Sequence[LayerPrecision], above: str) -> str:
    units, found = sum(row.units for row in rows), sum(row.above for row in rows)
    told = f"{found:,} of {units:,} units ({found / units:.0%}) have a precision {above}"
    least, most = (choose(rows, key=lambda row: row.share) for choose in (min, max))
    if least.share == most.share:
        mean = sum(row.precision * row.units for row in rows) / units
        return f"{told}; the mean is {mean:.2f}."
    return f"{told}: from {least.share:.0%} in {least.layer} to {most.share:.0%} in {most.layer}."


# ---- Agreement ---------------------------------------------------------------------------------
# How far people agree: each measure with its name in the drawing and in the table.
AGREEING = {
    "kappa": ("Fleiss’ kappa of the groups", "Kappa of the groups"),
    "same_words": ("most wrote the same words", "Same words"),
    "same_concept": ("most mean the same concept", "Same concept"),
}


def _agreement(shown: Shown) -> Figure | Missing:
    question = "How far do people agree?"
    rows = list(agreements(shown.labels))
    if not rows:
        return Missing(
            question, "No unit has two answers: ask more than one person about each unit."
        )
    measures = {name: (key, f"{key}_low", f"{key}_high") for key, (name, _) in AGREEING.items()}
    columns = [Column("layer", "Layer"), Column("units", "Units"), Column("answers", "Answers")]
    for key, (_, title) in AGREEING.items():
        columns += [Column(key, title, 3), Column(f"{key}_interval", "95%")]
    return Figure(
        name="agreement",
        question=question,
        answer=_agreement_answer(rows),
        spec=points(rows, measures, "kappa, or share of units", href=shown.page_of),
        columns=columns,
        rows=[with_intervals(row._asdict()) | {"href": shown.page_of(row.layer)} for row in rows],
        method=(
            "Over all units with at least two answers, whatever their precision. Kappa (Fleiss"
            " 1971): 0 is chance, 1 is complete agreement on the six groups. Same words, same"
            " concept: the share of units where more than half of the answers have it, words"
            " compared but for case, concepts as the labels were made. "
            f"{INTERVALS}"
        ),
        download=shown.downloads["agreement"],
        note=shown.note,
    )


def _agreement_answer(rows: Sequence[LayerAgreement]) -> str:
    """Tell the range of kappa, and of the units with the same words."""
    kappas = [(row.kappa, row.layer) for row in rows if row.kappa is not None]
    told = "All answers are of one group, so there is no kappa"
    if kappas:
        (least, first), (most, last) = min(kappas), max(kappas)
        told = f"Kappa of the groups is {written(most)} in {last}"
        told = told if first == last else f"{told} and {written(least)} in {first}"
    words = [row.same_words or 0.0 for row in rows]
    share = f"{max(words):.0%}" if len(words) == 1 else f"{min(words):.0%} to {max(words):.0%}"
    return f"{told}; in {share} of the units most answers have the same words."


# ---- Both --------------------------------------------------------------------------------------
def points(
    rows: Iterable[Any],
    measures: Mapping[str, tuple[str, str, str]],
    title: str,
    by: str = "layer",
    href: Callable[[str], str] | None = None,
) -> Spec:
    """Return several measures of each layer beside one another, as points with intervals.

    ``by`` is what stands along the axis, in the order of the rows; what is not known is left out.
    ``href`` gives the page that one of them leads to.
    """
    told = [
        {by: getattr(row, by), "measure": name, "href": href(getattr(row, by)) if href else ""}
        | dict(zip(("value", "low", "high"), (getattr(row, part) for part in parts), strict=True))
        for row in rows
        for name, parts in measures.items()
    ]
    place = {
        "x": ordered(by, "", dict.fromkeys(row[by] for row in told)),
        "xOffset": {"field": "measure", "type": "nominal", "sort": list(measures)},
    }
    point = {
        "y": channel("value", title),
        **apart("measure", measures),
        "tooltip": [
            channel(by, by, "nominal"),
            channel("measure", "what", "nominal"),
            channel("value", "value", format=".3f"),
        ],
    }
    point |= LINKED if href else {}
    return drawing(told, whiskers("low", "high", place, title), mark("point", place | point))


def with_intervals(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with each interval in words."""
    ends = [name.removesuffix("_low") for name in row if name.endswith("_low")]
    return row | {f"{name}_interval": _words(row, name) for name in ends}


def _words(row: Mapping[str, Any], name: str) -> str | None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return None if low is None else f"{written(low, 3)}{BLANK}to{BLANK}{written(high, 3)}"
