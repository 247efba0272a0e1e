"""Rows and files of public networks that every page with figures has a figure of."""

import json
from pathlib import Path

import numpy as np

from analysis.core.overlap import Overlap, counted, pixels_of
from analysis.models import (
    ClassScore,
    Image,
    ImageSet,
    Job,
    Localisation,
    Network,
    ReceptiveField,
    Run,
    Segment,
    State,
)
from analysis.services import files, mask_findings
from analysis.services.dissection import write_summary
from analysis.services.findings import TABS
from analysis.services.minimal_images import choice_file, scenes_file
from tests.analysis.against import two_networks
from tests.analysis.counted import a_counted_run, a_room_set, finished
from tests.annotate.factories import open_small_campaign
from tests.annotate.test_truth_fits import all_answered
from tests.api import rows
from tests.pages.minimal_rows import a_minimal_image

ODD = "javascript:alert(1)"  # a class may be called anything
FEW = {"least_scene": 4}  # images that tell a scene apart from others
LABELS = {"classes": [{"index": 0, "name": "wall"}, {"index": 1, "name": ODD}]}


def a_run_with_everything(**network: object) -> Run:
    """Return the run; its network is public and has two layers of three units, all labelled."""
    made = rows.network("net", public=True, **network)
    run = rows.run(made, rows.image_set("rooms", labels=LABELS))
    for position, step in enumerate(("locate", "simplify", "dissect", "localise"), start=2):
        Job.objects.create(run=run, step=step, position=position, queue="gpu", state=State.DONE)
    for layer in made.layers.order_by("position"):
        for unit in layer.units.order_by("channel"):
            for rank in range(3):
                rows.top_image(run, unit, rank)
            ReceptiveField.objects.create(run=run, unit=unit, size=12.0 + unit.channel)
            _name(unit)
            _score(run, unit)
        _masks(run, layer)
    ImageSet.objects.update(scenes={"kitchen": 40})
    _simplify(run)
    _summary(run)
    for concept in (ODD, "=bed"):
        _localised(run, concept)
    return Run.objects.select_related("network", "image_set").get(pk=run.pk)


def _localised(run: Run, concept: str) -> None:
    shared = {"run": run, "label": 1, "how": "name", "images": 100, "images_with_class": 40}
    numbers = {"jaccard": 0.25, "chance": 0.05, "average_precision": 0.8}
    Localisation.objects.create(**shared, **numbers, concept=concept, name=ODD, units=2)


def _name(unit) -> None:
    words = [
        {"concept": ODD, "category": group, "precision": 0.95 - 0.1 * unit.channel}
        for group in ("object", "part")
    ]
    words = [word | {"same_concept_as": 0} for word in words]
    precision = 0.95 - 0.1 * unit.channel
    rows.label(unit, ODD, precision=precision, details={"words": words})


def _score(run: Run, unit) -> None:
    numbers = dict.fromkeys(("chance", "f1", "precision", "average_precision", "correlation"), 0.1)
    iou = 0.02 + 0.04 * unit.channel
    shared = {"run": run, "unit": unit, "rank": 0, "label": 1, "name": ODD, "cap": 0.5}
    ClassScore.objects.create(**shared, **numbers, iou=iou)


def _masks(run: Run, layer) -> None:
    Segment.objects.filter(top_image__unit__layer=layer).update(disc_visible=0.3)
    labels = np.zeros((10, 10), np.int64)
    labels[:, :5] = 1
    overlaps = {kind: Overlap(3, 2) for kind in mask_findings.KINDS}
    for unit in range(3):
        for kind, width in (("disc", 8), ("own", 4 + unit)):
            mask = np.zeros((10, 10), dtype=bool)
            mask[:, :width] = True
            overlaps[kind].add(counted(unit, mask, labels, pixels_of(labels, 2)))
    mask_findings.write_layer(run, layer, overlaps)


def _simplify(run: Run) -> None:
    options = {"simplify": {"scenes": ["kitchen"], "regions": ["masks"]}}
    Run.objects.filter(pk=run.pk).update(recipe={**run.recipe, "options": options})
    files.write(choice_file(run), json.dumps({"scenes": {"kitchen": [0, 1]}}).encode())
    told = {"kitchen": {"images": 40, "with": {"oven": 30, "<wall>": 40, "floor": 36}}}
    files.write(scenes_file(run), json.dumps(told).encode())
    for image in Image.objects.filter(image_set=run.image_set).order_by("number")[:3]:
        a_minimal_image(run, image)


def _summary(run: Run) -> None:
    shared = {"units": 3, "detectors": 2, "classes": {ODD: 2}, "shuffled": 1, "silent": 0}
    shared |= {"best_iou": 0.1, "precision": 0.4, "constant": "wall", "constant_precision": 0.3}
    best = {"best_iou": 0.1, "best_layer": "conv1", "best_unit": 2, "images": 40}
    classes = [{"name": name, "share": 0.4, "cap": 0.02, **best} for name in ("wall", ODD)]
    layers = [{"layer": name, **shared} for name in ("conv1", "conv2")]
    write_summary(run, {"layers": layers, "classes": classes, "compared": 100})


def make_synthetic(run: Run) -> None:
    """Say of the run's network and images that they are made up."""
    Network.objects.filter(pk=run.network_id).update(synthetic=True)
    ImageSet.objects.filter(pk=run.image_set_id).update(synthetic=True)


# ---- Every page with figures -------------------------------------------------------------------
# The pages that each template with figures shows, in the world of `a_world_of_figures`. A template
# that is missing here fails a test, and so does a figure of these pages that has no files.
AGAINST = ("concepts", *TABS)
PAGES = {
    "analysis/concept.html": ("/atlas/concepts/bed/", "/atlas/concepts/?is=%2Fodd"),
    "analysis/scene.html": (
        "/atlas/scenes/rooms/kitchen/",
        "/atlas/scenes/drawn/bedroom/",
        "/atlas/scenes/?images=drawn&is=kitchen",
    ),
    "analysis/findings/frame.html": tuple(
        f"/findings/one/{tab}/" for tab in TABS if tab not in ("meanings", "objects")
    ),
    "analysis/findings/meanings.html": ("/findings/one/meanings/?by=unit",),
    "analysis/findings/objects.html": ("/findings/one/objects/?images=drawn",),
    "analysis/findings/against.html": (
        "/findings/one/against/",
        "/findings/one/against/?tab=objects&images=drawn&objects=named",
        *(f"/findings/one/against/?other=two&tab={tab}" for tab in AGAINST),
    ),
    "annotate/live.html": ("/campaigns/asked/live/",),
    "annotate/agreement.html": ("/campaigns/asked/agreement/",),
}


def a_world_of_figures(folder: Path) -> None:
    """Make two public networks with something of every finding, and rooms whose masks are read."""
    one, _ = two_networks()
    _localised(one.runs.get(), "bed")
    rows.label(one.layers.get(name="conv1").units.get(channel=0), "/odd", source="machine")
    finished(a_counted_run(folder, given=FEW, image_set=a_room_set(folder / "drawn", "drawn")))
    all_answered(open_small_campaign(units=6, slug="asked", answers=4, control_rule="record"))
    Network.objects.update(public=True)
