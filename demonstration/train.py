"""Trains the scene network on scene names alone: `python -m demonstration.train --output FILE`.

It sees pictures and the names of their scenes, never a mask. The weights that are committed
beside this file were made by it with its defaults; docs/demonstration.md says where and when.
"""

import argparse
import logging
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from demonstration.network import WEIGHTS, SceneNet, folded, prepared, save
from demonstration.world import SCENES, World, picture

log = logging.getLogger(__name__)
# Pictures to train on, and to try it on, are of other worlds than the one that is shown.
TRAIN_SEED, HELD_OUT_SEED = 1, 2
SIZE = 128  # pixels; a little more than the network takes, for crops
CROPPED = 0.25  # at most this share of the side is cut away


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, on one machine and device."""

    images: int = 22000
    held_out: int = 1100
    epochs: int = 30
    batch: int = 128
    rate: float = 3e-3
    decay: float = 0.05
    sparsity: float = 0.3
    seed: int = 0


def _pixels(world: World, number: int) -> np.ndarray:
    return picture(world, number)[0]


def pictures(world: World, workers: int = 1) -> tuple[Tensor, Tensor]:
    """Return all pictures of a world as bytes, (images, 3, size, size), and their scenes."""
    one = partial(_pixels, world)
    if workers > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            made = list(pool.map(one, range(world.images), chunksize=32))
    else:
        made = [one(number) for number in range(world.images)]
    stacked = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).contiguous()
    scenes = [SCENES.index(world.scene(number)) for number in range(world.images)]
    return stacked, torch.tensor(scenes)


def varied(images: Tensor, rng: torch.Generator) -> Tensor:
    """Return crops, half of them mirrored, with colours and brightness drawn anew.

    Colours are mixed so that a unit cannot live on one: what is left is form and texture.
    """
    count, device = len(images), images.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, device=rng.device).to(device)

    whole = images.shape[-1]
    side = whole - int(draw(1) * whole * CROPPED)
    top, left = (int(draw(1) * (whole - side + 1)) for _ in range(2))
    images = images[:, :, top : top + side, left : left + side]
    images = torch.where(draw(count)[:, None, None, None] < 0.5, images.flip(3), images)
    scaled = images.float() / 255
    mixing = torch.eye(3, device=device) + 0.25 * (draw(count, 3, 3) - 0.5)
    scaled = torch.einsum("bij,bjhw->bihw", mixing, scaled)
    grey = scaled.mean(dim=1, keepdim=True)
    faded = draw(count)[:, None, None, None] * 1.2
    scaled = grey + (scaled - grey) * faded
    gain, lift = 0.7 + 0.6 * draw(count), 0.2 * (draw(count) - 0.5)
    scaled = scaled * gain[:, None, None, None] + lift[:, None, None, None]
    return prepared(scaled.clamp(0, 1) * 255)


def accuracy(network: nn.Module, images: Tensor, scenes: Tensor) -> float:
    """Return the share of pictures whose scene is named rightly."""
    network.eval()
    with torch.inference_mode():
        named = [
            network(prepared(images[first : first + 256])).argmax(dim=1)
            for first in range(0, len(images), 256)
        ]
    return float(torch.cat(named).eq(scenes).float().mean())


def _step(network: SceneNet, image: Tensor, scene: Tensor, recipe: Recipe) -> Tensor:
    """Return the loss of a batch: cross-entropy, and a price on every active location."""
    maps = network.features(image)  # (batch, units, 14, 14)
    logits = network.scene(maps.mean(dim=(2, 3)))
    named: Tensor = nn.functional.cross_entropy(logits, scene, label_smoothing=0.05)
    loss: Tensor = named + recipe.sparsity * maps.mean()
    return loss


def train(
    images: Tensor, scenes: Tensor, recipe: Recipe, tell: Callable[[str], None] = log.info
) -> SceneNet:
    """Train on pictures (images, 3, 128, 128) and the numbers of their scenes."""
    torch.manual_seed(recipe.seed)
    rng = torch.Generator().manual_seed(recipe.seed)
    device = images.device
    network = SceneNet(norm=True).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        network.train()
        losses = []
        order = torch.randperm(len(images), generator=rng).to(device)
        for first in range(0, len(order), recipe.batch):
            chosen = order[first : first + recipe.batch]
            loss = _step(network, varied(images[chosen], rng), scenes[chosen], recipe)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
        tell(f"epoch {epoch + 1} of {recipe.epochs}: loss {torch.stack(losses).mean():.3f}")
    return folded(network.cpu())


def main(arguments: list[str] | None = None) -> None:
    """Make the pictures, train, try, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw pictures")
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = vars(parser.parse_args(arguments))
    output, device, workers = (options.pop(key) for key in ("output", "device", "workers"))
    recipe, start = Recipe(**options), time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    images, scenes = pictures(World(TRAIN_SEED, recipe.images, SIZE), workers)
    log.info("%d pictures drawn in %.0f s", recipe.images, time.monotonic() - start)
    network = train(images.to(device), scenes.to(device), recipe)
    held, truth = pictures(World(HELD_OUT_SEED, recipe.held_out, SIZE), workers)
    # What counts is what is shipped: half-precision weights, read back.
    save(network, output, {"recipe": str(asdict(recipe)), "device": device})
    share = accuracy(network, held, truth)
    log.info("scenes named rightly: %.3f of %d held-out pictures", share, len(held))
    log.info("%.0f s in all; weights in %s", time.monotonic() - start, output)


if __name__ == "__main__":
    main()
