"""One pass over a shard's images in which every layer's maps are added to something that sums."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from torch import Tensor

from analysis.core.arrays import packed
from analysis.models import Layer, Shard
from analysis.pipeline.forward import Forward, Numbered
from analysis.services.image_sets import open_manifest


class Sums(Protocol):
    """What is kept of a layer's maps, batch by batch."""

    def add(self, maps: Tensor, image: Tensor) -> None:
        """Add maps (batch, channels, h, w) of the images with these numbers (batch,)."""

    def state(self) -> Mapping[str, np.ndarray]:
        """Return all of it as arrays, from which it can be made again."""


def gathered(
    shard: Shard,
    forward: Forward,
    layers: Sequence[Layer],
    sums: Callable[[Layer], Sums],
    beat: Callable[[int], None],
) -> bytes:
    """Return the file of a shard: the state of each layer's sums, by the layer's place.

    Raises:
        ValueError: an image cannot be read any more, or a layer's maps are refused; named.
    """
    found = {layer.module: sums(layer) for layer in layers}
    names = {layer.module: layer.name for layer in layers}

    def take(module: str, maps: Tensor, image: Tensor) -> None:
        try:
            found[module].add(maps, image)
        except ValueError as error:
            raise ValueError(f"Layer {names[module]}: {error}") from error

    entries = open_manifest(shard.job.run.image_set).entries(shard.first, shard.last)
    images = (Numbered(entry.number, entry.path) for entry in entries)
    done = 0
    for size in forward.look(images, list(found), take):
        done += size
        beat(done)
    return packed(
        {
            f"{place}_{name}": array
            for place, layer in enumerate(layers)
            for name, array in found[layer.module].state().items()
        }
    )
