"""What units per object go with, as figures: how frequent objects are, what they tell of scenes."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.core.correlations import LEAST, PEARSON, SPEARMAN
from analysis.core.differences import SURE
from analysis.services.counting import AMONG, STEP
from analysis.services.figure_links import concept_page
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
    whiskers,
    whole_numbers,
    written,
)
from analysis.services.object_figures import Shown, coverage_figure, units_figure
from analysis.services.objects import (
    ALL,
    FREQUENCY,
    INFORMATIVENESS,
    MEASURES,
    ObjectCorrelation,
    ObjectCount,
    correlated,
)

LABELLED = 16  # points with their names beside them, at most
ROOT = " (scale of square roots)"  # said where an axis is not linear
APART = 0.09, 0.06  # of the width and height, between names
WORDS = {"pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall’s tau-b"}
SHORT = {name: name for name in MEASURES} | {"among": "scenes"}
HOW = {
    "instances": "Instances: pieces of one class joined by sides or corners, of at least {share} of"
    " their image; masks that name classes and not things join what touches. A class that often is"
    " smaller than that may have fewer instances than images.",
    "images": "Images: those that hold at least one pixel of the class.",
    "pixels": "Pixels: of all images together.",
    "information": "Information: mutual information of the object’s presence and “which of all"
    " scenes is it”, less its exact mean over all ways to deal the scenes out anew (its bias in few"
    " images). The page of a scene asks “is it this scene or another”, which is another number.",
    "weight": "Weight: mean over scenes of the absolute weight of the object’s presence"
    " (standardised) in a multinomial logistic model with an L1 penalty, the strongest whose loss"
    " on held-out fifths is within one standard error of the best.",
    "among": "Share of scenes where the object is among the {among} that tell most of “is it this"
    " scene” (information above chance) and is found there more often than elsewhere.",
}
# Of a correlation: two ways to look at chance, each in a line.
INTERVALS = (
    "95%: of a bootstrap, 2,000 drawings of objects with replacement; not corrected. p: two-sided,"
    " of 2,000 permutations, units dealt out anew among the objects; p (Holm): after Holm’s"
    " correction for the {tests} correlations tested here (each measure by each coefficient)."
    " Interval and p are found in different ways, so that near the border one may leave 0 out where"
    " the other does not call it beyond chance (p (Holm) below {sure:g})."
)


def figures(shown: Shown) -> list[Figure | Missing]:
    """Return the figures of the page, each with what is missing in its place if it is."""
    return [
        units_figure(shown),
        coverage_figure(shown),
        scatter(shown, shown.frequency),
        scatter(shown, shown.informativeness),
        correlations_figure(shown),
    ]


def scatter(shown: Shown, measure: str) -> Figure | Missing:
    """Return the units of each object over one measure of it."""
    often = measure in FREQUENCY
    question = (
        "Do units stand for what is frequent?"
        if often
        else "Do units stand for what tells scenes apart?"
    )
    why = missing(shown, measure)
    if why:
        return Missing(question, why)
    rows = correlated(shown.rows, shown.counted)
    if not rows:
        return Missing(question, no_correlation(shown))
    return Figure(
        name="frequency" if often else "informativeness",
        question=question,
        answer=_answer(shown, measure),
        spec=_scatter_drawing(rows, measure),
        columns=(
            Column("object", "Object"),
            Column("units", "Units"),
            *(Column(name, _title(name), 4) for name in (FREQUENCY if often else INFORMATIVENESS)),
        ),
        rows=[
            row._asdict() | {"href": concept_page(row.object)}
            for row in sorted(rows, key=lambda row: -(getattr(row, measure) or 0))
        ],
        method=_method(shown, measure),
        download=shown.downloads["objects"],
        note=shown.note,
    )


def correlations_figure(shown: Shown) -> Figure | Missing:
    """Return every correlation with its interval, and the partial ones of the measures chosen."""
    question = "What do units per object go with?"
    why = missing(shown, shown.frequency)
    if why:
        return Missing(question, why)
    chosen = {shown.frequency, shown.informativeness}
    rows = [
        row for row in shown.correlations if row.given is None or {row.measure, row.given} == chosen
    ]
    known = [row for row in rows if row.value is not None]
    if not known:
        return Missing(question, no_correlation(shown))
    return Figure(
        name="correlations",
        question=question,
        answer=strongest(known),
        spec=_correlations_drawing(known),
        columns=(
            Column("against", "Units against"),
            Column("how", "Coefficient"),
            Column("objects", "Objects"),
            Column("value", "r", 2),
            Column("interval", "95%"),
            Column("p", "p", 4),
            Column("p_holm", "p (Holm)", 4),
        ),
        rows=[_told(row) for row in rows],
        method=(
            "A bar between two measures, in the table “given”: a partial correlation, what is left"
            " of units and measure after each is explained by the measure that is given (of ranks,"
            " for Spearman). A dash: a correlation that does not"
            f" exist, of a column that is constant or fewer than {LEAST} objects."
            f" {_intervals(shown)} {_over(shown)}"
        ),
        download=shown.downloads["correlations"],
        note=shown.note,
    )


def missing(shown: Shown, measure: str) -> str:
    """Say what a measure lacks, and how to get it; nothing where it is there."""
    wanted = shown.wanted
    if shown.summary is None:
        network = "NETWORK" if not wanted.network.arch else wanted.network.slug
        return (
            f"Nobody has counted the objects of {wanted.image_set} yet: manage.py analyze {network}"
            f" {wanted.image_set} --steps {STEP}. Any network will do, for it is not run."
        )
    if not any(row.images for row in shown.rows):
        return (
            f"No object is in the masks of {wanted.image_set}: every pixel of its"
            f" {shown.summary['compared']:,} images is void or of a class without a name. Look at"
            " the masks and at labels.json, and register the images anew."
        )
    if measure in FREQUENCY or any(getattr(row, measure) is not None for row in shown.rows):
        return ""
    scenes, least = shown.summary["scenes"], shown.summary["least_scene"]
    if not scenes:
        return (
            f"The images of {wanted.image_set} have no scenes: name them in scenes.csv, or one"
            " folder for each, and register the images anew."
        )
    used = sum(scene["images"] >= least for scene in scenes)
    if used < 2:
        return (
            f"{used} of {len(scenes)} scenes of {wanted.image_set} ha{'s' if used == 1 else 've'}"
            f" {least} images, and two are needed to tell scenes apart: count anew with a smaller"
            " --least-scene, or add images."
        )
    return "No object is in some images and not in others, so none can tell scenes apart."


def _answer(shown: Shown, measure: str) -> str:
    """Tell the correlations of one measure, and what is left of it given the other."""
    own = [row for row in shown.correlations if row.measure == measure]
    simple = {row.coefficient: row for row in own if row.given is None}
    first = simple.get(PEARSON)
    if first is None or first.value is None:
        return no_correlation(shown)
    told = (
        f"Units per object and {MEASURES[measure]}: {_said(first)}; {_said(simple[SPEARMAN])}; over"
        f" {first.objects} objects."
    )
    other = shown.informativeness if measure in FREQUENCY else shown.frequency
    left = [row for row in own if row.given == other and row.coefficient == PEARSON]
    if left and left[0].value is not None:
        told += (
            f" With {MEASURES[other]} held fixed (partial correlation): {written(left[0].value)}"
            f"{_range(left[0])}."
        )
    return told


def no_correlation(shown: Shown) -> str:
    """Say why there is no correlation."""
    rows = correlated(shown.rows, shown.counted)
    if len(rows) < LEAST:
        what = "objects in the images" if shown.counted == ALL else "objects that units name"
        return f"There are {len(rows)} {what}: a correlation takes at least {LEAST}."
    if len({row.units for row in rows}) == 1:
        return (
            f"Every one of the {len(rows)} objects has {rows[0].units} units, so there is no"
            " correlation with anything."
        )
    return f"The measure is the same for all {len(rows)} objects, so there is no correlation."


def _said(row: ObjectCorrelation) -> str:
    if row.value is None:
        return f"{WORDS[row.coefficient]} does not exist"
    p = "" if row.p_holm is None else f", p (Holm) = {row.p_holm:.2g}"
    return f"{WORDS[row.coefficient]} {written(row.value)}{_range(row)}{p}"


def _range(row: ObjectCorrelation) -> str:
    interval = _interval(row)
    return f" (95%: {interval})" if interval else ""


def _interval(row: ObjectCorrelation) -> str | None:
    if row.low is None or row.high is None:
        return None
    # Unbreakable blanks: a narrow screen scrolls the table instead.
    return f"{written(row.low)}\u00a0to\u00a0{written(row.high)}"


def _strength(row: ObjectCorrelation) -> float:
    return abs(row.value or 0)


def strongest(rows: Sequence[ObjectCorrelation]) -> str:
    """Tell which measure goes most with units, by Pearson's correlation, and whether any does."""
    own = [row for row in rows if row.coefficient == PEARSON and row.given is None]
    best = max(own, key=_strength)
    often = [row for row in own if row.measure in FREQUENCY]
    sure = [row for row in own if row.p_holm is not None and row.p_holm < SURE]
    if len(own) == 1:  # nothing to choose among
        told = f"With {MEASURES[best.measure]}: {_said(best)}."
        return f"Not beyond chance. {told}" if not sure else told
    none = f"None of {len(own)} Pearson correlations is beyond chance. " if not sure else ""
    told = f"{none}Strongest with {MEASURES[best.measure]}: {_said(best)}."
    others = [row for row in own if row.measure not in FREQUENCY]
    if often and others:
        one, two = (max(some, key=_strength) for some in (often, others))
        other = two if best in often else one
        told += f" Of {'informativeness' if best in often else 'frequency'} strongest with"
        told += f" {MEASURES[other.measure]}: {_said(other)}."
    return f"{told} Whether one is stronger than another is not tested."


def _told(row: ObjectCorrelation) -> dict[str, Any]:
    given = "" if row.given is None else f", given {MEASURES[row.given]}"
    against = f"{MEASURES[row.measure]}{given}"
    short = SHORT[row.measure] + ("" if row.given is None else f" | {SHORT[row.given]}")
    words = {"against": against, "short": short, "how": WORDS[row.coefficient]}
    return row._asdict() | words | {"interval": _interval(row)}


def _title(measure: str) -> str:
    return MEASURES[measure].capitalize()


def _method(shown: Shown, measure: str) -> str:
    """Say how a measure was made, of which images and scenes, and how the model did."""
    summary: Mapping[str, Any] = shown.summary or {}
    share = f"{100 * summary['instance_share']:g}%"
    some = FREQUENCY if measure in FREQUENCY else [measure]  # the table has them all: short ones
    told = " ".join(HOW[one].format(share=share, among=AMONG) for one in some)
    told += f" Over {summary['compared']:,} images of {shown.wanted.image_set} with masks."
    if measure in INFORMATIVENESS:
        small = [s["name"] for s in summary["scenes"] if s["images"] < summary["least_scene"]]
        used = len(summary["scenes"]) - len(small)
        told += f" {used} scenes"
        if small:
            told += f"; {len(small)} with fewer than {summary['least_scene']} images are left out"
        told += (
            f", as are {summary['without_scene']} images without a scene."
            if summary["without_scene"]
            else "."
        )
    if measure == "weight" and summary["model"]:
        model = summary["model"]
        told += (
            f" Of held-out images the model names {model['accuracy']:.0%} of the scenes rightly;"
            f" the commonest scene alone is {model['commonest']:.0%}."
        )
    return f"{told} {_intervals(shown)} {_over(shown)}"


def _intervals(shown: Shown) -> str:
    """Say how interval and p were found, and for how many p is corrected."""
    return INTERVALS.format(tests=sum(row.p is not None for row in shown.correlations), sure=SURE)


def _over(shown: Shown) -> str:
    if shown.counted == ALL:
        return "Over all objects that the images hold, those without a unit among them."
    return "Over the objects that at least one unit names; those without a unit are left out."


def _scatter_drawing(rows: Sequence[ObjectCount], measure: str) -> Spec:
    """Return a point for each object, and names beside some."""
    power = 0.5 if measure in FREQUENCY else 1.0
    places = {row.object: ((getattr(row, measure) or 0) ** power, row.units) for row in rows}
    names = _with_names(places)
    told = [
        {"object": row.object, "units": row.units, "value": getattr(row, measure)}
        | {"name": row.object if row.object in names else "", "href": concept_page(row.object)}
        for row in rows
    ]
    # Frequencies span orders of magnitude, and may be 0.
    scale = {"type": "sqrt" if measure in FREQUENCY else "linear", "zero": False, "nice": True}
    place = {
        "x": channel("value", MEASURES[measure] + ROOT * (measure in FREQUENCY), scale=scale),
        "y": whole_numbers("units", "units", max(row.units for row in rows)),
    }
    form = ",.0f" if measure in FREQUENCY else ".3f"
    tip = [
        channel("object", "object", "nominal"),
        channel("units", "units"),
        channel("value", MEASURES[measure], format=form),
    ]
    return drawing(
        told,
        mark("point", place | {"tooltip": tip} | LINKED),
        mark("text", place | {"text": channel("name", kind="nominal")}, "label"),
        height=340,
    )


def _with_names(places: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return the objects whose names are written: most units, then most of the measure.

    A name that would lie over one that is written already is left out.
    """
    spans = [max(some) - min(some) or 1 for some in zip(*places.values(), strict=True)]
    chosen: list[str] = []
    for name in sorted(places, key=lambda one: (-places[one][1], -places[one][0])):
        near = (
            all(
                abs(here - there) < share * span
                for here, there, share, span in zip(
                    places[name], places[other], APART, spans, strict=True
                )
            )
            for other in chosen
        )
        if len(chosen) < LABELLED and not any(near):
            chosen.append(name)
    return chosen


def _correlations_drawing(rows: Sequence[ObjectCorrelation]) -> Spec:
    """Return a point with its interval for each correlation, by measure and coefficient."""
    told = [_told(row) for row in rows]
    names = list(dict.fromkeys(row["short"] for row in told))
    hows = list(dict.fromkeys(row["how"] for row in told))
    place = {
        "y": ordered("short", "", names),
        "yOffset": {"field": "how", "type": "nominal", "sort": hows},
    }
    title = "correlation"
    scale = {"domain": [-1, 1]}
    point = {
        "x": channel("value", title, scale=scale),
        "color": ordered("how", "", hows, scale={"range": "category"}),
        "tooltip": [
            channel("against", "units against", "nominal"),
            channel("how", "coefficient", "nominal"),
            channel("value", "r", format=".2f"),
            channel("interval", "95%", "nominal"),
        ],
    }
    zero = mark("rule", {"x": channel("zero", title)}, "reference") | {
        "data": {"values": [{"zero": 0}]}
    }
    return drawing(
        told,
        zero,
        whiskers("low", "high", place, title, along="x"),
        mark("point", place | point),
        height=max(120, 44 * len(names)),
    )
