"""What the demonstration measures of its networks: runs, asked for and worked as `analyze` does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management import call_command
from django.db.models import F

from analysis.models import ImageSet, Network, Run, State
from analysis.services import detector_findings
from analysis.services.dissection import DETECTS, options_in
from demonstration.world import REGIONS as SURFACES

NAMED = 8  # classes that a sentence names
# Of whole networks, the trained one and its untrained copy: what is compared of them.
BOTH = ("scan", "prefer", "dissect")
# What takes long is done of a few units of each layer, and of a few images of four scenes.
A_FEW: dict[str, Any] = {"units": "3", "field_images": 6, "scene_images": 3, "regions": "masks"}


def measured(
    network: Network,
    images: ImageSet,
    steps: Sequence[str],
    layers: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Run:
    """Return a finished run with these steps of these layers (none named: all), made if need be.

    A run that is done is found, whatever has been labelled since; one that was broken off goes on.
    """
    wanted = list(layers or network.layers.values_list("name", flat=True))
    if found := finished(network, images, steps, wanted):
        return found
    call_command(
        "analyze",
        network.slug,
        images.slug,
        layers=wanted,
        steps=list(steps),
        wait=True,
        patience=0.0,
        **(options or {}),
    )
    if found := finished(network, images, steps, wanted):
        return found
    raise ValueError(f"The run of {network} with {', '.join(steps)} did not finish: try again.")


def finished(
    network: Network, images: ImageSet, steps: Sequence[str], layers: Sequence[str] = ()
) -> Run | None:
    """Return the newest finished run that has all of these steps and layers (none named: all)."""
    layers = layers or list(network.layers.values_list("name", flat=True))
    runs = Run.objects.filter(network=network, image_set=images, state=State.DONE)
    for run in runs.order_by(F("finished_at").desc(nulls_last=True), "-pk"):
        if {*steps} <= {*run.recipe["steps"]} and {*layers} <= {*run.recipe["layers"]}:
            return run
    return None


def detectors(run: Run, layer: str, title: str) -> str:
    """Return in words how many units of a layer detect an object, as the run's dissection found.

    An object is what stands in a picture, not what fills it.
    """
    units = run.layers.get(name=layer).channels
    rows = detector_findings.by_unit(run)
    found = [row.name for row in rows if row.layer == layer and row.detects]
    objects = Counter(name for name in found if name not in SURFACES)
    kinds = [f"{name} {count}" for name, count in objects.most_common()]
    some = ", ".join(kinds[:NAMED]) + (", …" if len(kinds) > NAMED else "")
    of = f" of {len(kinds)} class{'' if len(kinds) == 1 else 'es'} ({some})" if kinds else ""
    count = objects.total()
    top = options_in(run.recipe)["quantile"]
    return (
        f"{title}: {count} of {units} units of {layer} detect an object{of};"
        f" {len(found) - count} more a surface (IoU > {DETECTS} with the masks, at a unit's top"
        f" {top:.1%})"
    )
