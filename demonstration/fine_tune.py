"""Teaches a network scenes of photographs: `python -m demonstration.fine_tune DIR --output FILE`.

DIR is laid out as `manage.py add_images` reads it: images/ and scenes.csv with the columns image,
scene and, to tell training images from held-out ones, official_split (train or test). Masks are
never read: the network learns scene names and nothing else. FILE.safetensors, FILE.classes.txt and
FILE.json (what was done and how well it names held-out scenes) are written.
"""

import argparse
import csv
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from safetensors.torch import save_file
from torch import Tensor, nn

from analysis.core import architectures, images
from analysis.core.images import Preprocessing
from analysis.core.readout import last_linear
from analysis.core.specs import Spec

log = logging.getLogger(__name__)
MARGIN = 1.25  # images are kept this much larger than the input, to be cropped anew each time
LEAST_CROP = 0.6  # of the side


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, on one machine and device."""

    arch: str = architectures.LITE0
    epochs: int = 20
    batch: int = 32
    rate: float = 1e-3
    decay: float = 0.01
    smoothing: float = 0.1
    least: int = 10  # scenes with fewer training images are left out
    seed: int = 0


@dataclass(frozen=True)
class Photographs:
    """Photographs with the numbers of their scenes: ``pixels`` is (images, 3, side, side)."""

    pixels: UInt8[Tensor, "images 3 side side"]
    scenes: Int[Tensor, " images"]


def listed(folder: Path, split: str) -> list[tuple[str, str]]:
    """Return (image, scene) of one split, in the order of scenes.csv, without nameless scenes.

    Raises:
        ValueError: scenes.csv lacks a column.
    """
    with (folder / "scenes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if lacking := {"image", "scene", "official_split"} - set(rows.fieldnames or ()):
            raise ValueError(f"{folder / 'scenes.csv'} has no column {', '.join(sorted(lacking))}.")
        return [
            (row["image"], row["scene"])
            for row in rows
            if row["scene"] and row["official_split"] == split
        ]


def names_of(rows: Sequence[tuple[str, str]], least: int) -> list[str]:
    """Return the scenes that have enough images to be learnt, by name.

    Raises:
        ValueError: fewer than two have.
    """
    counted = Counter(scene for _, scene in rows)
    names = sorted(scene for scene, count in counted.items() if count >= least)
    if len(names) < 2:
        raise ValueError(f"Only {len(names)} scenes have {least} training images: two are needed.")
    return names


def read(
    folder: Path, rows: Sequence[tuple[str, str]], names: Sequence[str], seen: Preprocessing
) -> Photographs:
    """Return the photographs of the scenes named, each as ``seen`` cuts it."""
    known = [(image, names.index(scene)) for image, scene in rows if scene in names]
    pixels = [
        np.asarray(images.view(images.open_image(folder / "images" / image), seen))
        for image, _ in known
    ]
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    return Photographs(stacked, torch.tensor([scene for _, scene in known]))


def scaled(pixels: Tensor, preparation: Preprocessing) -> Float[Tensor, "images 3 h w"]:
    """Return bytes as the numbers that the network is given."""
    mean, std = (torch.tensor(v)[:, None, None] for v in (preparation.mean, preparation.std))
    return (pixels.float() / 255 - mean) / std


def varied(
    pixels: UInt8[Tensor, "images 3 side side"], preparation: Preprocessing, rng: torch.Generator
) -> Float[Tensor, "images 3 h w"]:
    """Return one crop of every image, half of them mirrored, brightness drawn anew."""
    whole = pixels.shape[-1]
    side = int(whole * (LEAST_CROP + (1 - LEAST_CROP) * float(torch.rand(1, generator=rng))))
    top, left = (int(torch.randint(whole - side + 1, (1,), generator=rng)) for _ in range(2))
    shown = pixels[:, :, top : top + side, left : left + side].float()
    mirrored, gain = torch.rand((2, len(pixels), 1, 1, 1), generator=rng)
    shown = torch.where(mirrored < 0.5, shown.flip(3), shown) * (0.75 + 0.5 * gain)
    size = (preparation.height, preparation.width)
    fitted = nn.functional.interpolate(shown.clamp(0, 255), size, mode="bilinear", antialias=True)
    return scaled(fitted, preparation)


def with_outputs(model: nn.Module, outputs: int) -> nn.Module:
    """Give a network a last layer of its own for other names, drawn anew.

    Raises:
        ValueError: it does not end in a linear layer.
    """
    path = last_linear(model)
    if not path:
        raise ValueError("This network does not end in a linear layer that could be replaced.")
    old = model.get_submodule(path)
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, nn.Linear(old.in_features, outputs))  # type: ignore[arg-type]
    return model


def train(
    model: nn.Module,
    given: Photographs,
    preparation: Preprocessing,
    recipe: Recipe,
    tell: Callable[[str], None] = log.info,
) -> nn.Module:
    """Teach a network the scenes of photographs; every weight may move."""
    rng = torch.Generator().manual_seed(recipe.seed)
    model.requires_grad_(True)
    optimiser = torch.optim.AdamW(model.parameters(), recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(given.scenes) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        model.train()
        losses = []
        order = torch.randperm(len(given.scenes), generator=rng)
        for chosen in torch.split(order, recipe.batch):
            named = model(varied(given.pixels[chosen], preparation, rng))
            loss = nn.functional.cross_entropy(
                named, given.scenes[chosen], label_smoothing=recipe.smoothing
            )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.3f}")
    return model.eval()


def quality(model: nn.Module, held: Photographs, preparation: Preprocessing) -> dict[str, float]:
    """Return how well held-out scenes are named, overall and as the mean over scenes.

    Beside them what naming the commonest scene every time would reach.
    """
    with torch.inference_mode():
        named = torch.cat(
            [model(scaled(part, preparation)).argmax(1) for part in torch.split(held.pixels, 64)]
        )
    right = named.eq(held.scenes).float()
    by_scene = [float(right[held.scenes == scene].mean()) for scene in torch.unique(held.scenes)]
    commonest = held.scenes.bincount().max() / len(held.scenes)
    return {
        "images": len(held.scenes),
        "accuracy": round(float(right.mean()), 4),
        "mean_over_scenes": round(float(np.mean(by_scene)), 4),
        "commonest_scene": round(float(commonest), 4),
    }


def run(folder: Path, recipe: Recipe) -> tuple[nn.Module, list[str], dict[str, Any]]:
    """Return the network taught, the scenes in the order of its outputs, and how well it does."""
    torch.manual_seed(recipe.seed)
    spec = Spec.parse(recipe.arch)
    preparation = architectures.preparation_of(spec)
    state = architectures.packaged_lite0() if recipe.arch == architectures.LITE0 else None
    rows, held = listed(folder, "train"), listed(folder, "test")
    names = names_of(rows, recipe.least)
    side = int(preparation.width * MARGIN)
    given = read(folder, rows, names, replace(preparation, height=side, width=side))
    tried = read(folder, held, names, preparation)
    log.info("%d photographs of %d scenes", len(given.scenes), len(names))
    model = with_outputs(architectures.build(spec, state, seed=recipe.seed), len(names))
    taught = train(model, given, preparation, recipe)
    told = {
        "recipe": asdict(recipe),
        "training_images": len(given.scenes),
        "held_out": quality(taught, tried, preparation),
        "held_out_of_scenes_not_learnt": len(held) - len(tried.scenes),
    }
    return taught, names, told


def main(arguments: list[str] | None = None) -> None:
    """Read, teach, try, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    options = vars(parser.parse_args(arguments))
    folder, output, start = options.pop("folder"), options.pop("output"), time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    taught, names, told = run(folder, Recipe(**options))
    output.parent.mkdir(parents=True, exist_ok=True)
    save_file(taught.state_dict(), output.with_suffix(".safetensors"))
    output.with_suffix(".classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    output.with_suffix(".json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    log.info("%.0f s; %s", time.monotonic() - start, json.dumps(told["held_out"]))


if __name__ == "__main__":
    main()
