"""Empirical receptive fields of a run: the table of layers, and the maps for pages and stamps.

The maps of a layer lie in `runs/<key>/fields/<layer>.npz`, one array for each unit, named by its
channel: (side, side) float16, offsets of STEP pixels from the location, the largest value of each
map 1, NaN where there was no data. Units that have a problem are not in it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from analysis.core.arrays import packed, unpacked
from analysis.core.discrepancy import HALF, Map, mask
from analysis.core.fields import FieldMask, LayerGrid
from analysis.models import Layer, ReceptiveField, Run, Unit
from analysis.services import files


@dataclass(frozen=True)
class LayerRow:
    """One line of the paper's table: the fields of a layer beside the theoretical one, in px."""

    layer: str
    theoretical: int | None  # None: a location sees the whole image
    mean: float | None
    deviation: float | None  # s.d. over the units (n - 1); None with fewer than two
    units: int  # with a field
    problems: int  # looked at, without one
    converged: int


def layer_table(run: Run) -> list[LayerRow]:
    """Return the run's table, in the order of the network; layers without any field included."""
    rows = defaultdict(list)
    for row in ReceptiveField.objects.filter(run=run).select_related("unit").order_by("pk"):
        rows[row.unit.layer_id].append(row)
    return [_row(layer, rows[layer.pk]) for layer in run.layers.order_by("position")]


def grid_of(layer: Layer, height: int, width: int) -> LayerGrid:
    """Return where the locations of a layer lie in an input of this size, in pixels."""
    return LayerGrid(
        rows=layer.height,
        columns=layer.width,
        height=height,
        width=width,
        size=layer.field_size,
        stride=layer.field_stride,
        offset=layer.field_offset,
    )


def field_file(run: Run, layer: Layer) -> str:
    """Return the name of the file with a layer's maps."""
    return f"runs/{run.key}/fields/{layer.name}.npz"


def write_maps(run: Run, layer: Layer, maps: Mapping[int, Map]) -> None:
    """Store the maps of a layer's units, by channel; the same maps give the same bytes."""
    arrays = {
        f"{channel:06d}": (field / np.nanmax(field)).astype(np.float16)
        for channel, field in maps.items()
    }
    files.write(field_file(run, layer), packed(arrays))


def unit_map(run: Run, unit: Unit) -> Map | None:
    """Return the map of one unit, its largest value 1; None when the run measured none.

    No other unit's is read: those of a whole layer may be 60 MB.
    """
    try:
        with np.load(files.local(field_file(run, unit.layer)), allow_pickle=False) as kept:
            name = f"{unit.channel:06d}"
            return kept[name].astype(np.float32) if name in kept.files else None
    except FileNotFoundError:
        return None


def layer_maps(run: Run, layer: Layer) -> dict[int, Map]:
    """Return the maps of a layer's units, by channel; empty where none was measured."""
    return dict(_each(run, layer))


def own_fields(run: Run, layer: Layer, share: float = HALF) -> dict[int, FieldMask]:
    """Return what a location of each unit of a layer sees, by channel; empty where not measured.

    ``share`` of the field's maximum is the threshold: half, as in the rule of its size.
    """
    return {channel: mask(field, share) for channel, field in _each(run, layer)}


def _each(run: Run, layer: Layer) -> Iterator[tuple[int, Map]]:
    """Give channel and map of a layer's units; none when the step was not asked for or not done."""
    try:
        kept = unpacked(files.read(field_file(run, layer)))
    except FileNotFoundError:
        return
    for name, field in kept.items():
        yield int(name), field.astype(np.float32)


def _row(layer: Layer, rows: Sequence[ReceptiveField]) -> LayerRow:
    """Return the line of one layer."""
    sizes = [row.size for row in rows if row.size is not None]
    return LayerRow(
        layer=layer.name,
        theoretical=layer.field_size,
        mean=fmean(sizes) if sizes else None,
        deviation=stdev(sizes) if len(sizes) > 1 else None,
        units=len(sizes),
        problems=len(rows) - len(sizes),
        converged=sum(row.converged for row in rows),
    )
