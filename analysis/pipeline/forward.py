"""A run's network over numbered images: read ahead in threads, computed in order, in batches."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int64
from PIL import Image
from torch import Tensor, nn
from torch.fx import GraphModule

from analysis.core.activations import trace
from analysis.core.images import ImageRefused, Preprocessing, below, open_image, prepare
from analysis.core.loading import batched, in_order
from analysis.models import Network, Run
from analysis.pipeline import devices, networks
from analysis.services.recipes import Recipe

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}
# Batches that wait ready while one is computed.
AHEAD = 2


@dataclass(frozen=True)
class Numbered:
    """An image to be read: its number in the manifest and its path below the set's root."""

    number: int
    path: str


# Takes a module's name, its maps on the device, and the numbers of the images they belong to.
Take = Callable[[str, Tensor, Int64[Tensor, " batch"]], None]


@dataclass(frozen=True)
class Forward:
    """A run's network, ready to look at the images of the run's image set."""

    model: nn.Module
    preparation: Preprocessing
    device: torch.device
    recipe: Recipe
    root: Path

    @classmethod
    def of(cls, run: Run) -> "Forward":
        """Load what the run names.

        Raises:
            RuntimeError: the run's device is not here.
        """
        device = devices.device_of(run)
        devices.settle(device)
        model, preparation = _loaded(run.network_id, run.network.fingerprint, str(device))
        recipe = Recipe.from_json(run.recipe)
        return cls(model, preparation, device, recipe, Path(run.image_set.root))

    def open(self, image: Numbered) -> Image.Image:
        """Return an image, upright.

        Raises:
            ValueError: it cannot be read; names its number and path.
        """
        try:
            return open_image(below(self.root, image.path))
        except ImageRefused as refused:
            raise ValueError(
                f"Image {image.number} ({image.path}) could be read when the image set was made,"
                f" and cannot now: {refused}. Put the file back and resume the run."
            ) from refused

    def look(self, images: Iterable[Numbered], modules: list[str], take: Take) -> Iterator[int]:
        """Run the network over the images in order, in batches; yield each batch's size.

        ``take`` is given every wanted module's maps, in float32, for the time of the call.
        """
        with trace(self.model, modules) as run:
            for image, pixels in self.batches(images):
                with self.precision():
                    run(
                        self.laid(pixels),
                        lambda name, maps, image=image: take(name, maps.float(), image),  # type: ignore[misc]
                    )
                yield len(image)

    def batches(self, images: Iterable[Numbered]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the numbers (batch,) and inputs (batch, 3, h, w) of the images in order."""
        size = self.recipe.batch
        for batch in batched(in_order(self._input, images, ahead=AHEAD * size), size):
            image = torch.tensor([number for number, _ in batch], device=self.device)
            pixels = torch.from_numpy(np.stack([pixels for _, pixels in batch]))
            yield image, pixels.to(self.device)

    def laid(self, pixels: Tensor) -> Tensor:
        """Return inputs as they lie best in memory for this network."""
        return pixels.contiguous(memory_format=layout(self.model))

    def _input(self, image: Numbered) -> tuple[int, Float32[np.ndarray, "3 h w"]]:
        return image.number, prepare(self.open(image), self.preparation)

    def precision(self) -> torch.autocast | nullcontext[None]:
        """Return the context of mixed precision, where the recipe asks for it."""
        if self.recipe.precision not in PRECISIONS:
            return nullcontext()
        return torch.autocast(self.device.type, PRECISIONS[self.recipe.precision])


@lru_cache(maxsize=1)
def _loaded(pk: int, fingerprint: str, device: str) -> tuple[nn.Module, Preprocessing]:
    """Return a network; kept for the next shard, and told by its content, not only its row."""
    model, preparation = networks.load(Network.objects.get(pk=pk), torch.device(device))
    return model.to(memory_format=layout(model)), preparation


def layout(model: nn.Module) -> torch.memory_format:
    """Return how tensors lie in memory: channels last is half as fast again on a CPU.

    An exported program has fixed views that were traced in the plain layout: it keeps that.
    """
    return torch.contiguous_format if isinstance(model, GraphModule) else torch.channels_last
