"""From the names of a layer's units to when they are on and what they cover."""

from analysis.core.arrays import unpacked
from analysis.core.images import Preprocessing
from analysis.core.localisation import NamedUnits
from analysis.pipeline.segment import geometry_of
from analysis.services import files
from analysis.services.naming import NamedLayer
from analysis.services.scans import layer_file


def named_units(named: NamedLayer, preparation: Preprocessing) -> NamedUnits:
    """Return the thresholds, scores and fields of a layer's named units, from its run's scan.

    Raises:
        ValueError: the run's file of the layer is gone, or has nothing of a unit.
    """
    units = [(unit.channel, unit.concept) for unit in named.units]
    geometry = geometry_of(named.run, named.layer, preparation)
    try:
        kept = unpacked(files.read(layer_file(named.run, named.layer)))
    except FileNotFoundError as error:
        raise ValueError(
            f"What run {named.run} found about {named.layer} is not in the media storage any more:"
            " run the scan again."
        ) from error
    return NamedUnits.of(units, (kept["counts"], int(kept["first"][0])), geometry)
