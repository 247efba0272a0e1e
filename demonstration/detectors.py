"""Counts the object detectors of the trained network and of an untrained copy, by the masks."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from analysis.core import lattice
from analysis.core.dissection import DETECTS, TOP, Detector, Dissection, Scale, enlarged
from analysis.core.lattice import Lattice
from demonstration.network import INPUT, SceneNet, prepared
from demonstration.world import CLASSES, REGIONS, VOID, World, name, picture

STRIDE, OFFSET = 8.0, 4.0  # of conv5: three pools of two, odd kernels padded evenly
BATCH = 32
NAMED = 8  # classes that a sentence names
MASK = INPUT // 2  # pixels: masks and maps are compared at half the input's size


@dataclass(frozen=True)
class Found:
    """What a network's last layer detects."""

    units: int
    detectors: list[Detector]
    ceiling: dict[str, float]  # class → the most that any unit could reach

    @property
    def objects(self) -> list[Detector]:
        """Those that detect an object: what stands in a picture, not what fills it."""
        return [found for found in self.detectors if CLASSES[found.label] not in REGIONS]

    @property
    def classes(self) -> dict[str, int]:
        """Object class → number of units that detect it, most first."""
        return dict(Counter(CLASSES[found.label] for found in self.objects).most_common())

    def sentence(self, title: str) -> str:
        """Return the count in words."""
        kinds = [f"{label} {count}" for label, count in self.classes.items()]
        some = ", ".join(kinds[:NAMED]) + (", …" if len(kinds) > NAMED else "")
        named = (
            f" of {len(kinds)} {'classes' if len(kinds) > 1 else 'class'} ({some})" if kinds else ""
        )
        return (
            f"{title}: {len(self.objects)} of {self.units} units detect an object{named}; "
            f"{len(self.detectors) - len(self.objects)} more a region (IoU > {DETECTS}, "
            f"top {TOP:.1%})"
        )


Batch = tuple[Tensor, Tensor]  # (batch, 3, INPUT, INPUT) ready for the network, (batch, MASK, MASK)


def _batch(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Batch:
    """Return pictures as the network takes them, and masks at the size of comparison."""
    images = torch.from_numpy(np.stack([image for image, _ in pairs])).permute(0, 3, 1, 2)
    masks = [
        np.asarray(Image.fromarray(mask).resize((MASK, MASK), Image.Resampling.NEAREST))
        for _, mask in pairs
    ]
    return prepared(images), torch.from_numpy(np.stack(masks)).long()


def drawn(world: World) -> Iterator[Batch]:
    """Yield a world drawn on the spot, in batches."""
    for first in range(0, world.images, BATCH):
        numbers = range(first, min(first + BATCH, world.images))
        yield _batch([picture(world, number) for number in numbers])


def stored(folder: Path) -> Iterator[Batch]:
    """Yield a world that was written to a folder, in batches."""
    count = json.loads((folder / "labels.json").read_text("utf-8"))["world"]["images"]

    def pair(number: int) -> tuple[np.ndarray, np.ndarray]:
        image = Image.open(folder / "images" / f"{name(number)}.jpg")
        return np.asarray(image), np.asarray(Image.open(folder / "masks" / f"{name(number)}.png"))

    for first in range(0, count, BATCH):
        yield _batch([pair(number) for number in range(first, min(first + BATCH, count))])


def _maps(network: SceneNet, images: Tensor) -> Tensor:
    with torch.inference_mode():
        maps: Tensor = network.features(images)
    return maps


def thresholds(maps: list[Tensor]) -> Tensor:
    """Return the value that each unit exceeds at a share TOP of its locations."""
    values = torch.cat([part.transpose(0, 1).flatten(1) for part in maps], dim=1)
    most = int(values.shape[1] * TOP)
    return values.topk(most + 1, dim=1).values[:, -1]


def dissected(network: SceneNet, batches: list[Batch]) -> Found:
    """Dissect the last layer of a network over a world small enough to keep its maps."""
    maps = [_maps(network, images) for images, _ in batches]
    pixels = Lattice(MASK, MASK, cell=1)
    centres, _ = pixels.centres()
    read = torch.from_numpy(
        lattice.reading(centres, maps[0].shape[2], STRIDE * MASK / INPUT, OFFSET * MASK / INPUT)
    )
    dissection = Dissection(Scale.at(thresholds(maps).numpy()), len(CLASSES))
    for part, (_, masks) in zip(maps, batches, strict=True):
        known = torch.where(masks == VOID, lattice.VOID, masks).numpy()
        for one, labels in zip(part, known, strict=True):
            dissection.add(enlarged(one, read, read), pixels.truth(labels, len(CLASSES)))
    ceiling = dict(zip(CLASSES, dissection.ceiling().tolist(), strict=True))
    return Found(len(maps[0][0]), dissection.detectors(), ceiling)
