"""A small network that names scenes, and photographs with scenes and masks, for `simplify`."""

from pathlib import Path
from threading import Event

import numpy as np
import torch
from PIL import Image
from torch import nn

from analysis.core.images import open_image, prepare
from analysis.core.manifest import Entry, ManifestWriter
from analysis.models import ImageSet, Job, State
from analysis.pipeline import loop
from analysis.services import files
from analysis.services.runs import request_run
from tests.analysis import photographs

SCENES = ("bed_room", "kitchen", "office")
LABELS = {
    "void_index": 9,
    "classes": [{"index": index, "name": name} for index, name in enumerate(("wall", "bed"))]
    + [{"index": 9, "name": "other"}],
}


class ByColour(nn.Module):
    """Names an image by the colour that fills more than the others."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU())
        self.head = nn.Linear(3, 3, bias=False)
        with torch.no_grad():
            self.features[0].weight.copy_(torch.eye(3)[:, :, None, None])
            self.head.weight.copy_(4 * torch.eye(3) + torch.tensor([[0.0], [0.3], [0.0]]))

    def forward(self, batch):
        return self.head(self.features(batch).mean(dim=(2, 3)))


def paint(folder, number):
    """Write one photograph and its mask: a wall, a bed in the scene's colour, a piece of void."""
    chance = np.random.default_rng(number)
    width, height = int(chance.integers(40, 60)), int(chance.integers(40, 60))
    scene = number % 3
    pixels = chance.integers(80, 90, (height, width, 3))
    mask = np.zeros((height, width), np.uint8)
    left, top = int(chance.integers(8, 14)), int(chance.integers(8, 14))
    mask[top : top + 20, left : left + 20] = 1
    mask[-8:, :] = 9
    pixels[mask == 1, scene] += 140
    Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:03d}.png")
    Image.fromarray(mask).save(folder / f"{number:03d}-mask.png")
    return width, height


def an_image_set(folder, count=24):
    """Return an imported image set; every seventh photograph has the wrong scene."""
    folder.mkdir(parents=True)
    scenes = dict.fromkeys(SCENES, 0)
    with ManifestWriter(folder / "manifest.parquet") as manifest:
        for number in range(count):
            width, height = paint(folder, number)
            scene = SCENES[(number + (number % 7 == 6)) % 3]
            scenes[scene] += 1
            paths = f"{number:03d}.png", f"{number:03d}-mask.png"
            manifest.add(Entry(number, *paths, scene, width, height, b"0" * 16))
    name = "image-sets/rooms/manifest.parquet"
    files.write(name, (folder / "manifest.parquet").read_bytes())
    return ImageSet.objects.create(
        slug="rooms",
        root=str(folder),
        manifest=name,
        fingerprint=manifest.fingerprint(LABELS),
        count=count,
        scenes=scenes,
        labels=LABELS,
        state=State.DONE,
    )


def a_network(**fields):
    """Return the rows of the network; its classes are the scenes, written otherwise."""
    network = photographs.a_network()
    network.classes = ["Bed room", "kitchen", "OFFICE"]
    for name, value in fields.items():
        setattr(network, name, value)
    network.save()
    return network


def a_run(folder, network=None, **options):
    """Return a run of `simplify` alone."""
    given = {"scenes": "bed_room,kitchen", "scene_images": 3, **options}
    rooms = ImageSet.objects.filter(slug="rooms").first() or an_image_set(folder / "rooms")
    return request_run(
        network=network or a_network(),
        image_set=rooms,
        steps=["simplify"],
        device="cpu",
        step_options={"simplify": given},
    )[0]


def work_through(run):
    """Work the run in this process."""
    for job in Job.objects.filter(run=run).select_related("run"):
        loop.work_on(job, Event())
    run.refresh_from_db()
    return run


def told(net, run, number):
    """Return what the network says of an image, (classes,)."""
    pixels = prepare(
        open_image(Path(run.image_set.root) / f"{number:03d}.png"), photographs.PREPARATION
    )
    with torch.inference_mode():
        return net(torch.from_numpy(pixels)[None])[0]
