"""Two networks with something of every finding, made by hand: rows and files, nothing computed.

first, second = two_networks()     # the same layers, another share of everything
"""

import numpy as np

from analysis.core.arrays import packed
from analysis.models import (
    ClassScore,
    Image,
    Job,
    Localisation,
    MinimalImage,
    ReceptiveField,
    Run,
    Segment,
    State,
)
from analysis.services import dissection, files
from analysis.services.mask_findings import masks_file
from analysis.services.preferring import Found, Liked, write_found
from tests.api import rows

CLASSES = ("wall", "bed", "lamp")
LABELS = {"classes": [{"index": number, "name": name} for number, name in enumerate(CLASSES)]}
UNITS = 8
FIRST = 1_000_000  # number of the first of six kitchens, beyond those of `rows.top_image`
STEPS = ("locate", "simplify", "dissect", "localise", "prefer")
PREFERRED = 12  # images of each layer


def two_networks(**more):
    """Return two public networks over the same images, each with a run and labels."""
    images = rows.image_set("rooms", labels=LABELS)
    Image.objects.bulk_create(
        Image(image_set=images, number=FIRST + number, path=f"{number}.jpg", width=640, height=480)
        for number in range(6)
    )
    fields = {"public": True, "channels": UNITS, **more}
    made = [rows.network(slug, **fields) for slug in ("one", "two")]
    for seed, network in enumerate(made):
        a_run(network, images, seed)
        labels(network, seed)
    return made


def a_run(network, images, seed):
    """Return a run that has finished every step."""
    run = rows.run(network, images)
    for position, step in enumerate(STEPS):
        Job.objects.create(run=run, step=step, position=2 + position, queue="cpu", state=State.DONE)
    chance = np.random.default_rng(seed)
    for layer in network.layers.all():
        units = list(layer.units.order_by("channel"))
        fields_of(run, units, chance, 30 + 8 * seed)
        detectors_of(run, units[:-1], chance, 0.03 + 0.05 * seed)
        masks_of(run, layer, chance)
        for unit in units[:4]:
            top = rows.top_image(run, unit, 0)
            shown = 0.2 + 0.1 * seed + 0.02 * unit.channel
            Segment.objects.filter(top_image=top).update(visible=shown)
    summary(run)
    localised(run, chance)
    minimal(run, images, seed)
    preferred(run, seed)
    return run


def fields_of(run, units, chance, size):
    """Give all units but the first of a layer a field."""
    ReceptiveField.objects.bulk_create(
        ReceptiveField(run=run, unit=unit, size=size + chance.normal(0, 4))
        if place
        else ReceptiveField(run=run, unit=unit, problem="It never fires.")
        for place, unit in enumerate(units)
    )


def detectors_of(run, units, chance, iou):
    """Give units a best class and a second one."""
    for unit in units:
        best = float(iou + 0.04 * chance.random())
        shared = {"run": run, "unit": unit, "cap": 1, "chance": 0, "f1": 0.1, "correlation": 0}
        for rank, label in enumerate(chance.permutation(len(CLASSES))[:2].tolist()):
            ClassScore.objects.create(
                **shared,
                rank=rank,
                label=label,
                name=CLASSES[label],
                iou=best / (rank + 1),
                precision=0.5,
                average_precision=0.3,
            )


def summary(run):
    """Write what a dissection tells of layers and classes."""
    scores = ClassScore.objects.filter(run=run, rank=0, iou__gt=dissection.DETECTS)
    told = []
    for layer in run.layers.order_by("position"):
        names = list(scores.filter(unit__layer=layer).values_list("name", flat=True))
        told.append(
            {
                "layer": layer.name,
                "units": layer.channels,
                "silent": 1,
                "detectors": len(names),
                "shuffled": 0,
                "classes": {name: names.count(name) for name in set(names)},
                "best_iou": 0.1,
                "precision": 0.5,
                "constant": "wall",
                "constant_precision": 0.3,
            }
        )
    classes = [
        {
            "name": name,
            "images": 6,
            "share": 0.3,
            "cap": 0.1,
            "best_iou": 0.1,
            "best_layer": "conv1",
            "best_unit": 0,
        }
        for name in CLASSES
    ]
    dissection.write_summary(run, {"compared": 6, "layers": told, "classes": classes})


def masks_of(run, layer, chance):
    """Write which classes the masks of a layer's units fit best."""
    numbers = np.arange(UNITS)
    kinds = {
        f"{kind}_{what}": numbers % 3 if what == "class" else chance.random(UNITS)
        for kind in ("disc", "own")
        for what in ("class", "iou")
    }
    arrays = {"channel": numbers, "images": np.full(UNITS, 3), **kinds}
    files.write(masks_file(run, f"layer-{layer.name}"), packed(arrays))


def localised(run, chance):
    """Say how well named units find beds and lamps."""
    shared = {"run": run, "label": 1, "how": "name", "images": 6, "images_with_class": 3}
    for place, unit in enumerate(run.layers.get(name="conv2").units.order_by("channel")):
        concept = ("bed", "lamp")[place % 2]
        Localisation.objects.create(
            **shared,
            unit=unit,
            concept=concept,
            name=concept,
            sources="people",
            jaccard=float(chance.random()),
            chance=0.4,
        )


def minimal(run, images, seed):
    """Give kitchens minimal images; the last one of the second network has none."""
    kitchens = Image.objects.filter(image_set=images, number__gte=FIRST).order_by("number")
    for number, image in enumerate(kitchens):
        MinimalImage.objects.create(
            run=run,
            image=image,
            regions="masks",
            scene="kitchen",
            token=f"{seed}{number}{run.key}"[:32],
            before=0.9,
            after=0.5,
            total=5,
            kept=1 + (number + seed) % 3,
            area=0.1 * (1 + number % 3) + 0.05 * seed,
            objects_kept={"oven": 1.0, "wall": 0.6 * seed},
            problem="The scene was not named." if (seed, number) == (1, 5) else "",
        )


def preferred(run, seed):
    """Say which images each layer prefers: more kitchens in the first network, in deep layers."""
    options = {"prefer": {"preferred_images": PREFERRED}}
    Run.objects.filter(pk=run.pk).update(recipe={**run.recipe, "options": options})
    layers = {}
    for layer in run.layers.order_by("position"):
        kitchens = 5 + 4 * layer.position - 3 * seed
        layers[layer.name] = [
            Liked(number, 50.0 - number, "kitchen" if number < kitchens else "street", "")
            for number in range(PREFERRED)
        ]
    write_found(run, Found(100, {"kitchen": 60, "street": 40}, {"": 100}, layers))


def labels(network, seed):
    """Give all units but two a label by people, with the answers of three."""
    concepts = [("bed", "lamp", "Sofa"), ("bed", "stripes", "sofa ")][seed]
    for layer in network.layers.all():
        for unit in layer.units.filter(channel__lt=UNITS - 2 + seed):
            number = unit.channel + 3 * layer.position
            category = ("object", "part", "texture")[(number + seed) % 3]
            words = [
                {
                    "concept": concepts[(number + turn * (number % 2)) % 3],
                    "category": category if turn < 2 else "scene",
                    "precision": 0.5 + 0.06 * ((number + turn) % 8),
                    "same_concept_as": turn * (number % 2),
                }
                for turn in range(3)
            ]
            rows.label(
                unit,
                concepts[number % 3],
                category=category,
                precision=sum(one["precision"] for one in words) / 3,
                details={"words": words},
            )
