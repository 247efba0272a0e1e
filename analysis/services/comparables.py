"""The statistics that are compared: where each belongs, what is measured, of which units.

To have one more statistic compared, add one entry to COMPARABLES (docs/comparison.md says what
stands in it).
"""

from analysis.core.meanings import kappa
from analysis.models import Category, MinimalImage
from analysis.services import (
    compared_objects,
    compared_people,
    compared_preferences,
    measured_units,
)
from analysis.services.comparing import Block, Comparable, Measure
from analysis.services.dissection import DETECTS


def _groups(by: str, counted: str) -> Block:
    """Return the six groups as measures, counted by answers or by units."""
    axis = f"share of {counted} above the threshold"
    measures = [
        Measure(f"{by}_{group}", group, axis, is_share=by == "unit") for group in Category.values
    ]
    return Block(by, measures)


def _minimal(kind: str) -> list[Block]:
    """Return what is measured of minimal images with one kind of regions."""
    words = str(MinimalImage.Regions(kind).label)
    axis = f"share of the image, {words}"
    return [
        Block(
            kind,
            [
                Measure(f"area_{kind}", "area kept", axis),
                Measure(f"regions_{kind}", "regions kept", axis),
            ],
        ),
        Block(
            f"found {kind}",
            [Measure(f"found_{kind}", "have a minimal image", f"share of images, {words}", True)],
        ),
    ]


DETECTING = "share of units"
BEST_IOU = "mean IoU of a unit’s best class"
BEST_PRECISION = "mean precision of a unit’s best class"


def _kept(kind: str) -> Block:
    words = str(MinimalImage.Regions(kind).label)
    return Block(
        kind,
        [Measure(f"kept_{kind}", "keep it", f"share of minimal images, {words}", is_share=True)],
    )


# The statistics that are compared; in which order their sections stand, services/comparisons says.
COMPARABLES: dict[str, Comparable] = {
    one.statistic: one
    for one in (
        Comparable(
            statistic="categories",
            tab="meanings",
            question="Do other levels of meaning emerge in {first} than in {second}?",
            place="layer",
            blocks=[_groups("answer", "answers"), _groups("unit", "units")],
            units=measured_units.categories,
            lacking=measured_units.said_by_machines,
            method="Of the answers, or units, above the threshold of precision, the share in each"
            " of the six groups.",
            overall="all layers",
        ),
        Comparable(
            statistic="precision",
            tab="meanings",
            question="Do the units of {first} or of {second} keep better to one concept?",
            place="layer",
            blocks=[
                Block(
                    "precision",
                    [
                        Measure("precision", "mean precision", "precision, or share of units"),
                        Measure(
                            "above", "above the threshold", "precision, or share of units", True
                        ),
                    ],
                )
            ],
            units=measured_units.precision,
            lacking=measured_units.said_by_machines,
            method="Precision of a unit: the mean over its answers of images kept / images shown.",
            overall="all layers",
        ),
        Comparable(
            statistic="agreement",
            tab="meanings",
            question="Do people agree more on the units of {first} or of {second}?",
            place="layer",
            blocks=[
                Block(
                    "groups",
                    [Measure("kappa", "kappa of the groups", "kappa, or share of units")],
                    kappa,
                ),
                Block(
                    "same",
                    [
                        Measure("same_words", "same words", "kappa, or share of units", True),
                        Measure("same_concept", "same concept", "kappa, or share of units", True),
                    ],
                ),
            ],
            units=measured_units.agreement,
            lacking=measured_units.said_by_machines,
            method="Over all units with at least two answers. Kappa: Fleiss’, of the six groups.",
            overall="all layers",
        ),
        Comparable(
            statistic="concepts",
            tab="concepts",
            question="Which concepts have more units in {first} or in {second}?",
            place="concept",
            blocks=[Block("named", [Measure("named", "share of units", "share of units", True)])],
            units=measured_units.concepts,
            method="Share of the labelled units whose label is the concept, of all layers"
            " together. A unit counts when its precision is above the threshold, or not known.",
            everyone=measured_units.labelled_units,
        ),
        compared_objects.UNITS,
        compared_objects.COVERAGE,
        compared_objects.CORRELATIONS,
        Comparable(
            statistic="fields",
            tab="fields",
            question="Do the units of {first} or of {second} look at more?",
            place="layer",
            blocks=[
                Block("size", [Measure("size", "size", "empirical size, px", digits=1)]),
                Block("part", [Measure("part", "part", "share of the theoretical size")]),
                Block("found", [Measure("found", "found", "share of units with a field", True)]),
            ],
            units=measured_units.fields,
            method="Size of a unit’s empirical receptive field, in pixels of the network’s input.",
            overall="all layers",
        ),
        Comparable(
            statistic="segments",
            tab="segments",
            question="Do the pictures of {first} or of {second} leave more to see?",
            place="layer",
            blocks=[
                Block(kind, [Measure(f"visible_{kind}", words, "share of the picture")])
                for kind, words in (("disc", "the layer’s disc"), ("own", "the unit’s own field"))
            ],
            units=measured_units.segments,
            method="Mean over the strongest pictures of each unit of the share left undarkened;"
            " units are drawn with all their pictures.",
        ),
        Comparable(
            statistic="masks",
            tab="segments",
            question="Do the masks of {first} or of {second} fit better what is there?",
            place="layer",
            blocks=[
                Block(
                    "iou",
                    [
                        Measure("disc", "the layer’s disc", "mean IoU with the best class"),
                        Measure("own", "the unit’s own field", "mean IoU with the best class"),
                        Measure("difference", "own − disc", "mean IoU with the best class"),
                    ],
                )
            ],
            units=measured_units.masks,
            method="IoU of each unit’s masks with the class that they fit best, over its strongest"
            " images.",
        ),
        compared_preferences.PREFERENCES,
        Comparable(
            statistic="minimal-image-scenes",
            tab="minimal",
            question="Is less of an image enough for {first} or for {second} to name its scene?",
            place="scene",
            blocks=[block for kind in MinimalImage.Regions.values for block in _minimal(kind)],
            units=measured_units.minimal,
            method="Mean over images of the share of pixels, and of regions, that the minimal"
            " image keeps; and the share of images tried that have one.",
            overall="all scenes",
            pairs="images",
        ),
        Comparable(
            statistic="minimal-images",
            tab="minimal",
            question="Does {first} need other objects than {second} to name a scene?",
            place="object of a scene",
            blocks=[_kept(kind) for kind in MinimalImage.Regions.values],
            units=measured_units.kept_objects,
            method="Share of a scene’s minimal images that keep at least half of the object’s"
            " pixels.",
            pairs="images",
        ),
        Comparable(
            statistic="detectors",
            tab="detectors",
            question="Do more units of {first} or of {second} detect a class?",
            place="layer",
            blocks=[
                Block(
                    "detects",
                    [
                        Measure("detectors", "detect a class", DETECTING, True),
                        Measure("iou", "best IoU", BEST_IOU),
                    ],
                ),
                Block("precision", [Measure("precision", "precision", BEST_PRECISION)]),
            ],
            units=measured_units.detectors,
            method=f"Network Dissection: a unit detects its best class where IoU > {DETECTS}.",
            overall="all layers",
            questions={
                BEST_IOU: "Do the units of {first} or of {second} overlap more with their best"
                " class?",
                BEST_PRECISION: "Are the units of {first} or of {second} more precise about their"
                " best class?",
            },
            methods={
                DETECTING: "Units that cover no class count as detecting none.",
                BEST_IOU: "Units that cover no class count with an IoU of 0.",
                BEST_PRECISION: "Units that cover no class have no precision and are left out.",
            },
        ),
        Comparable(
            statistic="classes",
            tab="detectors",
            question="Which classes have more detectors in {first} or in {second}?",
            place="class",
            blocks=[
                Block("detects", [Measure("detectors", "share of units", "share of units", True)])
            ],
            units=measured_units.classes,
            method="Share of all dissected units whose best class it is, with an IoU above"
            f" {DETECTS}.",
            everyone=measured_units.dissected_units,
        ),
        compared_people.PEOPLE_MACHINE,
        Comparable(
            statistic="localisation",
            tab="localisation",
            question="Do the named units of {first} or of {second} find their objects better?",
            place="concept",
            blocks=[
                Block(
                    "jaccard",
                    [
                        Measure(
                            "jaccard", "mean Jaccard index", "Jaccard index, or share of units"
                        ),
                        Measure("chance", "above chance", "Jaccard index, or share of units", True),
                    ],
                )
            ],
            units=measured_units.localised,
            method="Jaccard index of each named unit’s masks with the class that its concept"
            " means.",
            overall="all concepts",
        ),
    )
}
