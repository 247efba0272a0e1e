"""A small real network and real image files with their rows, for the steps that use torch.

run = a_scan(folder, count=20, shard=8, batch=4)     # rows, files, manifest; nothing scanned yet
"""

import hashlib

import numpy as np
import torch
from PIL import Image
from torch import nn

from analysis.core.images import Preprocessing
from analysis.core.manifest import Entry, ManifestWriter
from analysis.models import ImageSet, Job, Layer, Network, Run, Shard, State, Unit
from analysis.services import files
from analysis.services.recipes import Recipe

PREPARATION = Preprocessing(32, 32, mean=(0.5,) * 3, std=(0.25,) * 3)
# name → module, channels, grid, field size, stride and offset
LAYERS = {"early": ("2", 6, 8, 5, 4, 1.5), "late": ("4", 7, 8, 13, 4, 1.5)}


def a_net(seed=0):
    """Return a small network of two layers."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 7, 3, 1, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(7 * 64, 3),
    ).eval()


def paint(path, seed):
    """Write a photograph: coarse coloured noise with one bright patch."""
    chance = np.random.default_rng(seed)
    width, height = int(chance.integers(40, 70)), int(chance.integers(36, 60))
    coarse = Image.fromarray(chance.integers(0, 200, (6, 6, 3), np.uint8))
    image = coarse.resize((width, height), Image.Resampling.BICUBIC)
    left, top = int(chance.integers(0, width - 8)), int(chance.integers(0, height - 8))
    image.paste((255, 250, 240), (left, top, left + 8, top + 8))
    image.save(path)
    return width, height


def an_image_set(folder, count):
    """Return an imported image set of PNG files."""
    folder.mkdir(parents=True)
    with ManifestWriter(folder / "manifest.parquet") as manifest:
        for number in range(count):
            path = f"{number:03d}.png"
            width, height = paint(folder / path, number)
            manifest.add(Entry(number, path, "", f"scene {number % 3}", width, height, b"0" * 16))
        fingerprint = manifest.fingerprint({})
    name = "image-sets/photographs/manifest.parquet"
    files.write(name, (folder / "manifest.parquet").read_bytes())
    return ImageSet.objects.create(
        slug="photographs",
        root=str(folder),
        manifest=name,
        fingerprint=fingerprint,
        count=count,
        state=State.DONE,
    )


def a_network():
    """Return the rows of the small network."""
    network = Network.objects.create(
        slug="small",
        arch="torchvision:alexnet",
        fingerprint=hashlib.sha256(b"small").hexdigest(),
        preprocessing=PREPARATION.to_json(),
        state=State.DONE,
    )
    for position, (name, (module, channels, side, *field)) in enumerate(LAYERS.items()):
        layer = Layer.objects.create(
            network=network,
            name=name,
            module=module,
            position=position,
            channels=channels,
            height=side,
            width=side,
            field_size=field[0],
            field_stride=field[1],
            field_offset=field[2],
        )
        Unit.objects.bulk_create(Unit(layer=layer, channel=channel) for channel in range(channels))
    return network


def a_scan(folder, count=20, shard=8, **recipe):
    """Return a run of the small network over photographs, with its jobs and shards."""
    network = Network.objects.filter(slug="small").first() or a_network()
    photographs = ImageSet.objects.filter(slug="photographs").first()
    photographs = photographs or an_image_set(folder / "photographs", count)
    given = {"top": 5, "low": 3, "precision": "float32", "batch": 4, **recipe}
    made = Recipe(
        network=network.fingerprint,
        network_slug=network.slug,
        image_set=photographs.fingerprint,
        image_set_slug=photographs.slug,
        layers=tuple(LAYERS),
        modules=tuple(module for module, *_ in LAYERS.values()),
        steps=("scan", "segment"),
        shard=shard,
        **given,
    )
    run = Run.objects.create(
        key=made.key,
        network=network,
        image_set=photographs,
        recipe=made.to_json(),
        device="cpu",
    )
    run.layers.set(network.layers.all())
    for position, step in enumerate(("scan", "segment")):
        job = Job.objects.create(run=run, step=step, position=position, queue="cpu", total=count)
        Shard.objects.bulk_create(
            Shard(job=job, number=number, first=first, last=min(first + shard, count))
            for number, first in enumerate(range(0, count, shard))
        )
    return run


def job_of(run, step):
    """Return a step of a run, its run at hand."""
    return Job.objects.select_related("run").get(run=run, step=step)


def shards_of(run, step):
    """Return the shards of a step in order."""
    shards = Shard.objects.select_related("job__run").filter(job__run=run, job__step=step)
    return list(shards.order_by("number"))
