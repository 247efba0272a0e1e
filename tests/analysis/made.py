"""Rows to test runs with: an inspected network, an imported image set, and runs of stand-in steps.

run = a_run()               # four shards of either step
work_through(run)           # in this process, without a broker
"""

import dataclasses
import hashlib
from threading import Event

from analysis.models import ImageSet, Job, Layer, Network, State, Unit
from analysis.pipeline import loop
from analysis.services.runs import request_run
from analysis.services.steps import STEPS

STANDIN = "tests.analysis.standin"


def standin_steps():
    """Return the table of steps with the stand-in's work in place of torch's."""
    return {name: dataclasses.replace(step, module=STANDIN) for name, step in STEPS.items()}


def a_network(slug="net", layers=("conv1", "conv2"), **fields):
    """Return an inspected network with eight units in each layer."""
    fingerprint = hashlib.sha256(slug.encode()).hexdigest()
    fields = {"arch": "torchvision:alexnet", "state": State.DONE, **fields}
    network = Network.objects.create(slug=slug, fingerprint=fingerprint, **fields)
    for position, name in enumerate(layers):
        layer = Layer.objects.create(
            network=network,
            name=name,
            module=f"features.{position}",
            position=position,
            channels=8,
            height=13,
            width=13,
        )
        Unit.objects.bulk_create(Unit(layer=layer, channel=channel) for channel in range(8))
    return network


def an_image_set(slug="photos", count=1000, **fields):
    """Return an imported image set without files."""
    fingerprint = hashlib.sha256(slug.encode()).hexdigest()
    fields = {"root": "/nowhere", "state": State.DONE, **fields}
    return ImageSet.objects.create(slug=slug, fingerprint=fingerprint, count=count, **fields)


def a_run(**options):
    """Return a new run of 1,000 images (four shards) and sixteen units."""
    network = options.pop("network", None) or a_network()
    image_set = options.pop("image_set", None) or an_image_set()
    return request_run(network=network, image_set=image_set, **options)[0]


def work_through(run, stop=None):
    """Work every job of the run in this process, as far as it goes."""
    for job in Job.objects.filter(run=run).select_related("run").order_by("position"):
        loop.work_on(job, stop or Event())
    run.refresh_from_db()
    return run
