"""Rows and files of a run that has simplified kitchens and offices, without a network."""

import json

from analysis.models import Image, ImageSet, Job, MinimalImage, Network, Run, State
from analysis.services import files
from analysis.services.minimal_images import choice_file, scenes_file
from analysis.services.pictures import minimal_token
from tests.annotate import factories

STEPS = [
    {"region": 2, "name": "<wall>", "kept": 0.7, "score": 0.95},
    {"region": 0, "name": "floor", "kept": 0.4, "score": 0.9},
    {"region": 1, "name": "oven", "kept": 0.1, "score": 0.2},
]


def a_simplified_run(kitchens: int = 2) -> Run:
    """Return the run of a public network: some kitchens by masks, one automatic, no offices."""
    run = factories.a_finished_run(units=1)
    Network.objects.filter(pk=run.network_id).update(public=True)
    ImageSet.objects.filter(pk=run.image_set_id).update(scenes={"kitchen": 40, "office": 9})
    options = {"simplify": {"scenes": ["kitchen", "office"], "regions": ["automatic", "masks"]}}
    Run.objects.filter(pk=run.pk).update(recipe={**run.recipe, "options": options})
    Job.objects.create(run=run, step="simplify", position=3, queue="gpu", state=State.DONE)
    choice = {
        "readout": "fit",
        "names": ["kitchen", "office"],
        "layer": "classifier",
        "fitted": 24,
        "asked": {"kitchen": 20, "office": 4},
        "right": {"kitchen": 18, "office": 0},
        "scenes": {"kitchen": [0, 1], "office": []},
    }
    files.write(choice_file(run), json.dumps(choice).encode())
    told = {"kitchen": {"images": 40, "with": {"oven": 30, "<wall>": 40, "floor": 36}}}
    files.write(scenes_file(run), json.dumps(told).encode())
    images = list(Image.objects.filter(image_set=run.image_set).order_by("number")[:kitchens])
    for image in images:
        a_minimal_image(run, image)
    a_minimal_image(run, images[0], regions="automatic", objects_kept={"oven": 0.2, "floor": 0.0})
    return Run.objects.get(pk=run.pk)


def a_minimal_image(run: Run, image: Image, **changed: object) -> MinimalImage:
    """Return one kitchen of three regions, of which its minimal image keeps the oven."""
    fields = {
        "regions": "masks",
        "scene": "kitchen",
        "before": 0.97,
        "after": 0.9,
        "lost_to": "office",
        "total": 3,
        "kept": 1,
        "area": 0.4,
        "objects_kept": {"oven": 1.0, "<wall>": 0.0, "floor": 0.0},
        "steps": STEPS,
        **changed,
    }
    token = minimal_token(run.key, image.number, str(fields["regions"]))
    return MinimalImage.objects.create(run=run, image=image, token=token, **fields)
