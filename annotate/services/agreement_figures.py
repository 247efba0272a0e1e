"""The figures of the page of agreement: kappa and alpha, words, and those of the findings."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analysis.services.figures import Column, Figure, Missing, written
from analysis.services.meaning_figures import (
    Shown,
    groups_figure,
    points,
    precision_figure,
    with_intervals,
)
from analysis.services.meanings import (
    ANSWER,
    THRESHOLD,
    GroupShare,
    LayerAgreement,
    LayerPrecision,
)
from annotate.core.rules import CATEGORIES
from annotate.services.agreement import ALL, DRAWS, TABLES, Reliability

Rows = Mapping[str, Sequence[Any]]
BEYOND = {
    "Fleiss’ kappa": ("kappa", "kappa_low", "kappa_high"),
    "Krippendorff’s alpha": ("alpha", "alpha_low", "alpha_high"),
}
SAME = {
    "the same words": ("same_words", "same_words_low", "same_words_high"),
    "the same concept": ("same_concept", "same_concept_low", "same_concept_high"),
}
COLUMNS = [
    Column("kappa", "Kappa", 3),
    Column("kappa_interval", "95%"),
    Column("alpha", "Alpha", 3),
    Column("alpha_interval", "95%"),
]
HOW = (
    "Both are 0 where answers agree as chance would have it, and 1 where all do. Kappa: Fleiss"
    " 1971; alpha: Krippendorff, nominal, which also corrects for small numbers. Whiskers: 95% of"
    f" {DRAWS:,} bootstraps over units: how far other units would move the figure."
)


class Line(NamedTuple):
    """One line of the table at the top: a figure in the words of the paper, layer by layer."""

    title: str
    cells: list[str]


def rows_of(figures: Mapping[str, Sequence[Mapping[str, Any]]]) -> Rows:
    """Return the kept tables as typed rows; empty where nothing was counted."""
    return {name: [row(**told) for told in figures.get(name, ())] for name, row in TABLES.items()}


def figures(rows: Rows, note: str, downloads: Mapping[str, str]) -> list[Figure | Missing]:
    """Return the figures in the order of the page; ``downloads`` are addresses of the tables."""
    own = {name: [row for row in some if not _is_sum(row, some)] for name, some in rows.items()}
    shares: list[GroupShare] = own["groups"]
    known: list[LayerPrecision] = own["precision"]
    shown = Shown([], ANSWER, THRESHOLD, note, {**downloads, "categories": downloads["groups"]})
    return [
        _reliability(rows["agreement"], note, downloads["agreement"]),
        _by_group(rows["agreement"], note, downloads["agreement"]),
        precision_figure(shown, known),
        _words(own["words"], note, downloads["words"]),
        _groups(shown, shares),
    ]


def glance(rows: Rows) -> tuple[list[str], list[Line]]:
    """Return the layers, and the lines of the paper's table: one figure each, layer by layer."""
    agreement = {row.layer: row for row in rows["agreement"] if not row.group}
    precision = {row.layer: row for row in rows["precision"]}
    words = {row.layer: row for row in rows["words"]}
    above = f"Units with a mean precision above {THRESHOLD:g}"
    wanted: list[tuple[str, Mapping[str, Any], Column]] = [
        ("Units", precision, Column("units", "")),
        (above, precision, Column("above", "")),
        ("Mean precision", precision, Column("precision", "", 3)),
        ("Fleiss’ kappa of the six groups", agreement, Column("kappa", "", 3)),
        ("Krippendorff’s alpha of the six groups", agreement, Column("alpha", "", 3)),
        ("Most workers wrote the same words", words, Column("same_words", "", 3)),
        ("Most workers mean the same concept", words, Column("same_concept", "", 3)),
    ]
    lines = [
        Line(title, [_cell(column, table.get(layer)) for layer in agreement])
        for title, table, column in wanted
    ]
    return list(agreement), lines + _share_lines(rows["groups"], list(agreement))


def _share_lines(shares: Sequence[GroupShare], layers: Sequence[str]) -> list[Line]:
    """Return the shares of the groups among answers above the threshold."""
    found = {(row.layer, row.category): row for row in shares}
    column = Column("share", "", 3)
    return [
        Line(
            f"{group.capitalize()}, share of answers above {THRESHOLD:g}",
            [_cell(column, found.get((layer, group))) for layer in layers],
        )
        for group in CATEGORIES
    ]


def _cell(column: Column, row: Any) -> str:
    return column.cell(row._asdict() if row else {})


def _is_sum(row: Any, rows: Sequence[Any]) -> bool:
    """Tell the row of all layers from those that it sums up."""
    return row.layer == ALL and any(one.layer != ALL for one in rows)


def _reliability(rows: Sequence[Reliability], note: str, download: str) -> Figure | Missing:
    question = "How well do the answers agree?"
    six = [row for row in rows if not row.group]
    known = [row for row in six if row.kappa is not None]
    if not known:
        return Missing(question, _why(six))
    return Figure(
        name="reliability",
        question=question,
        answer=_reliability_answer(known[0], six[0]),
        spec=points(known, BEYOND, "agreement beyond chance"),
        columns=[
            *(Column("layer", "Layer"), Column("units", "Units"), Column("answers", "Answers")),
            *COLUMNS,
            *([Column("missing", "Why not")] if len(known) < len(six) else []),
        ],
        rows=[with_intervals(row._asdict()) for row in six],
        method=f"On the six groups, over all units with at least two answers. {HOW}",
        download=download,
        note=note,
    )


def _reliability_answer(row: Reliability, first: Reliability) -> str:
    """Tell kappa and alpha of all answers, or of the first layer that has them."""
    where = "Over the whole campaign" if row is first else f"In {row.layer}"
    told = (
        f"{where} Fleiss’ kappa of the groups is {written(row.kappa or 0)}"
        f" and Krippendorff’s alpha {written(row.alpha or 0)}"
    )
    told = f"{told} ({row.units:,} unit{'s' if row.units != 1 else ''}, {row.answers:,} answers)."
    low, high = row.kappa_low, row.kappa_high
    if low is None or high is None:
        return f"{told} So few have no interval."
    return f"{told} So few units cannot tell it from chance." if low <= 0 <= high else told


def _by_group(rows: Sequence[Reliability], note: str, download: str) -> Figure | Missing:
    question = "On which groups do they agree?"
    layers = list(dict.fromkeys(row.layer for row in rows))
    whole = [row for row in rows if row.group and row.layer == layers[0]]
    known = [row for row in whole if row.kappa is not None]
    if not known:
        return Missing(question, _why(whole))
    kappas = {(row.layer, row.group): row.kappa for row in rows}
    others = layers[1:]
    return Figure(
        name="groups-agreement",
        question=question,
        answer=_group_answer(known),
        spec=points(known, BEYOND, "agreement beyond chance", by="group"),
        columns=[
            Column("group", "Group"),
            *COLUMNS,
            *(Column(f"in {layer}", f"Kappa in {layer}", 3) for layer in others),
        ],
        rows=[
            with_intervals(row._asdict())
            | {f"in {layer}": kappas.get((layer, row.group)) for layer in others}
            for row in whole
        ],
        method=(
            "Each group against the rest: two answers agree when both chose it, or neither did. A"
            f" dash: nobody chose it, or everybody did, so chance agrees as well. {HOW}"
        ),
        download=download,
        note=note,
    )


def _group_answer(known: Sequence[Reliability]) -> str:
    """Name the groups that people agree on the most and the least."""
    kappas = sorted((row.kappa or 0.0, row.group) for row in known)
    (least, last), (most, first) = kappas[0], kappas[-1]
    if first == last:
        return f"There is a kappa of one group only: {first}, {written(most)}."
    return f"Most on {first} (kappa {written(most)}), least on {last} ({written(least)})."


def _groups(shown: Shown, shares: Sequence[GroupShare]) -> Figure | Missing:
    """Return the figure of the findings; where nothing is above the threshold, what is missing."""
    found = groups_figure(shown, shares)
    if isinstance(found, Missing):
        return Missing(found.question, f"No answer has a precision above {THRESHOLD:g} yet.")
    return found


def _words(rows: Sequence[LayerAgreement], note: str, download: str) -> Figure | Missing:
    question = "How often do most workers use the same words?"
    if not rows:
        return Missing(question, "No unit has two answers: ask more than one person about each.")
    units = sum(row.units for row in rows)
    before, after = (
        sum(getattr(row, name) * row.units for row in rows) / units
        for name in ("same_words", "same_concept")
    )
    return Figure(
        name="words",
        question=question,
        answer=(
            f"In {before:.0%} of {units:,} units more than half wrote the same words; once words of"
            f" one meaning are merged, in {after:.0%}."
        ),
        spec=points(rows, SAME, "share of units"),
        columns=[
            *(Column("layer", "Layer"), Column("units", "Units")),
            *(Column("same_words", "Same words", 3), Column("same_words_interval", "95%")),
            *(Column("same_concept", "Same concept", 3), Column("same_concept_interval", "95%")),
        ],
        rows=[with_intervals(row._asdict()) for row in rows],
        method=(
            "Units with at least two answers. Words are compared but for case; concepts as labels"
            " are made: spelling, synonyms, and what a researcher decided. Whiskers: 95% intervals"
            " of a bootstrap over units, 2,000 resamples."
        ),
        download=download,
        note=note,
    )


def _why(rows: Sequence[Reliability]) -> str:
    """Say why there is no coefficient at all, as a sentence with what to do."""
    reason = rows[0].missing if rows else "there are no answers yet"
    advice = " Ask more than one person about each unit." if "two answers" in reason else ""
    return f"{reason[:1].upper()}{reason[1:]}.{advice}"
