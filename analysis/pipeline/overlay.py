"""The maps of a unit's images laid over one another: its field, its row, or its problem."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev

import numpy as np

from analysis.core.discrepancy import Map, average, interval, measured
from analysis.core.refinement import Course
from analysis.models import Layer, ReceptiveField
from analysis.pipeline.survey import Found, Survey
from analysis.services.fields import write_maps
from analysis.services.journal import log
from analysis.services.locating import STRIDE

ROWS = 500  # written by one statement
Maps = dict[int, list[Found]]  # by place of the unit, in order of rank


def lay_layer(survey: Survey, place: int, courses: Sequence[Course]) -> None:
    """Write the file and the rows of a layer. Rows that stand are left alone: they are the same."""
    layer, found = survey.layers[place], _finest(survey, place)
    pks = dict(layer.units.values_list("channel", "pk"))
    fields: dict[int, Map] = {}
    rows = []
    for number, unit in enumerate(survey.units):
        if unit.layer != place:
            continue
        row = ReceptiveField(run=survey.run, unit_id=pks[unit.channel], problem=unit.problem)
        row.converged = courses[number].converged
        field = None if unit.problem else laid(survey, found.get(number, []), row)
        if field is not None:
            fields[unit.channel] = field
        rows.append(row)
    write_maps(survey.run, layer, fields)
    ReceptiveField.objects.bulk_create(rows, batch_size=ROWS, ignore_conflicts=True)
    _tell(survey, layer, rows)


def laid(survey: Survey, found: Sequence[Found], row: ReceptiveField) -> Map | None:
    """Fill in the row of a unit from the maps of its images; return its field, if it has one."""
    maps = [own for own in map(survey.laid, found) if own is not None]
    if not maps:
        row.converged = False
        row.problem = (
            f"On none of its {len(found)} images did the occluder change its activation: constant"
            " images, or a unit that looks at no place. There is no field."
            if found
            else "None of its images could be looked at: the log of the run says why."
        )
        return None
    stack = np.stack(maps)
    field = average(stack)
    of = measured(field)
    row.size, row.dy, row.dx, row.anisotropy = of.size, of.dy, of.dx, of.anisotropy
    between = interval(stack)
    if between:
        row.size_low, row.size_high = between.low, between.high
    row.spread = stdev(measured(own).size for own in maps) if len(maps) > 1 else None
    row.images, row.stride = len(maps), STRIDE * min(one.every for one in found)
    return field


def _finest(survey: Survey, place: int) -> Maps:
    """Return the latest map, which is on the finest lattice, of each image of a layer's units."""
    latest: dict[int, dict[int, Found]] = defaultdict(dict)
    for done in range(len(survey.rounds)):
        for one in survey.found(done):
            if survey.units[one.unit].layer == place:
                latest[one.unit][one.rank] = one
    return {unit: [by_rank[rank] for rank in sorted(by_rank)] for unit, by_rank in latest.items()}


def _tell(survey: Survey, layer: Layer, rows: Sequence[ReceptiveField]) -> None:
    """Log a layer's line of the table, and what went wrong in it."""
    sizes = [row.size for row in rows if row.size is not None]
    if sizes:
        spread = f" ± {stdev(sizes):.1f}" if len(sizes) > 1 else ""
        theory = f"{layer.field_size} px in theory" if layer.field_size else "the image in theory"
        words = f"{fmean(sizes):.1f}{spread} px over {len(sizes)} units ({theory})"
        log(survey.run, f"locate: {layer.name}: fields of {words}")
    problems = [row for row in rows if row.problem]
    if problems:
        line = f"locate: {layer.name}: {len(problems)} units without a field; the first:"
        log(survey.run, f"{line} {problems[0].problem}", "warning")
