"""How well the named units of a run find objects: by concept beside chance, and by unit."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from analysis.models import Localisation, Run
from analysis.services.figure_links import concept_page
from analysis.services.figures import (
    LINKED,
    Column,
    Figure,
    Spec,
    channel,
    drawing,
    mark,
    ordered,
    strokes_on_bars,
)
from analysis.services.measures import Statistic

DRAWN = 30  # concepts in the drawing; the table has all


class Localised(NamedTuple):
    """A unit, or a concept with all its units (no layer, no channel); see Localisation."""

    layer: str | None
    channel: int | None
    concept: str
    class_name: str
    matched_by: str
    sources: str
    units: int
    jaccard: float
    chance: float
    average_precision: float | None
    images: int
    images_with_class: int


def rows(run: Run) -> Iterator[Localised]:
    """Give the concepts, those found best first, then the units in the network's order."""
    found = Localisation.objects.filter(run=run)
    named = ("unit__layer__name", "unit__channel", "concept", "name", "how", "sources")
    columns = (*named, *Localised._fields[6:])
    concepts = found.filter(unit=None).order_by("-jaccard", "concept")
    units = found.exclude(unit=None).order_by("unit__layer__position", "unit__channel")
    for some in (concepts, units):
        for values in some.values_list(*columns).iterator():
            yield Localised(*values)


BY_CONCEPT = Statistic(
    name="localisation",
    summary="How well named units, and all units of a concept together, find their class",
    step="localise",
    row=Localised,
    rows=rows,
)
COLUMNS = (
    Column("concept", "Concept"),
    Column("class_name", "Class"),
    Column("matched_by", "Matched by"),
    Column("sources", "Named by"),
    Column("units", "Units"),
    Column("jaccard", "Jaccard", 3),
    Column("chance", "by chance", 3),
    Column("average_precision", "Average precision", 3),
    Column("share", "by chance", 3),
    Column("images_with_class", "Images with it"),
)


def figure(run: Run, download: str) -> Figure | None:
    """Return how well each concept is found; None before there is any."""
    concepts = [row for row in rows(run) if row.layer is None]
    if not concepts:
        return None
    told: list[dict[str, Any]] = [
        {
            **row._asdict(),
            "sources": row.sources.replace(" ", ", "),
            "share": row.images_with_class / max(1, row.images),
            "href": concept_page(row.concept),
        }
        for row in concepts
    ]
    best, above = concepts[0], sum(row.jaccard > row.chance for row in concepts)
    return Figure(
        name="localised",
        question="How well do named units find the objects that they are named for?",
        answer=(
            f"Best is {best.concept}, with a Jaccard index of {best.jaccard:.3f}"
            f" ({best.chance:.3f} by chance); {above} of {len(concepts)} concepts"
            f" {'is' if above == 1 else 'are'} above chance."
        ),
        spec=_drawing(told[:DRAWN]),
        columns=COLUMNS,
        rows=told,
        method=(
            f"All units of a concept together over {best.images:,} images. Bars: Jaccard index of"
            " their masks (top 0.5% of activations, stamped with the field) with the class;"
            " strokes: with the classes of another image. Average precision: of saying which"
            " images hold the class; its chance is their share. Names that a machine took from"
            " masks of these images fit them by their making."
        ),
        download=download,
    )


def _drawing(told: list[dict[str, Any]]) -> Spec:
    """Return a bar for each concept, and a stroke where chance is."""
    # Below one another: side by side there is no room for more than every second name.
    place = {"y": ordered("concept", "", [row["concept"] for row in told])}
    x = "Jaccard index"
    tip = [
        channel("concept", "concept", "nominal"),
        channel("jaccard", x, format=".3f"),
        channel("units", "units"),
    ]
    return drawing(
        told,
        mark("bar", place | {"x": channel("jaccard", x), "tooltip": tip} | LINKED),
        *strokes_on_bars(place | {"x": channel("chance", x)}),
        height=40 + 20 * len(told),
    )


def examples(run: Run) -> list[Localisation]:
    """Return the concepts that have pictures, those found best first."""
    found = Localisation.objects.filter(run=run, unit=None).order_by("-jaccard", "concept")
    return [row for row in found if row.examples]
