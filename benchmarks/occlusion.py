"""One discrepancy map three ways: plain batches of whole images, Captum's Occlusion, and ours.

    python -m benchmarks.occlusion [--layer conv3 pool5 ...] [--device cpu|cuda] [--memory MB]
                                   [--batch N] [--rounds N]

AlexNet at 227 px with random weights, one image, the unit that fires most at the centre of the
layer: 73 × 73 occluders of 11 × 11 random pixels, every third pixel. Plain and Captum stop at the
layer, as ours does. They run once each, between rounds of ours; ours is the median. One JSON line
for each layer, the last layer's last. `max_abs_diff` is between plain and ours, and
`relative_diff` the same as a share of the unit's activation. `least_gmac` is what the operations
need in theory: of every occluded image, the places that the occluder changes and the location
sees, with one channel of a last convolution.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
import torchvision
from captum.attr import Occlusion as CaptumOcclusion  # type: ignore[import-untyped]
from torch import Tensor, nn

from analysis.core.activations import maps_of, trace
from analysis.core.architectures import settled
from analysis.core.cones import cones
from analysis.core.images import Preprocessing
from analysis.core.narrowing import narrowed
from analysis.core.occluders import Lattice, Occluder
from analysis.core.occlusion import Occlusion, Target, occluded_images

LAYERS = {
    "conv1": "features.1",
    "pool1": "features.2",
    "pool2": "features.5",
    "conv3": "features.7",
    "conv4": "features.9",
    "pool5": "features.12",
}
SIDE = 227


@dataclass(frozen=True)
class Case:
    """One unit, one image, and a network that is ready."""

    model: nn.Module
    preparation: Preprocessing
    image: Tensor
    target: Target
    activation: float
    device: torch.device
    batch: int
    memory: int


def main() -> None:
    """Measure layer by layer and print a JSON object for each."""
    given = parsed()
    for layer in given.layer:
        print(json.dumps(measured(layer, case(given, LAYERS[layer]), given.rounds)), flush=True)


def case(given: argparse.Namespace, module: str) -> Case:
    """Return the unit that fires most at the centre of a layer, on one image of noise."""
    device = torch.device(given.device)
    torch.manual_seed(0)
    model = settled(torchvision.models.alexnet()).to(device)
    image = torch.randn(3, SIDE, SIDE).to(device)
    maps = maps_of(model, [module], image[None])[module][0]
    row, column = maps.shape[1] // 2, maps.shape[2] // 2
    channel = int(maps[:, row, column].argmax())
    return Case(
        model.to(memory_format=torch.channels_last),
        Preprocessing(SIDE, SIDE),
        image,
        Target(module, channel, row, column),
        float(maps[channel, row, column]),
        device,
        given.batch or (32 if device.type == "cpu" else 256),
        given.memory * 2**20,
    )


def measured(layer: str, one: Case, rounds: int) -> dict[str, Any]:
    """Return the seconds of each way, the difference, and the work."""
    engine = Occlusion(
        one.model, one.preparation, [one.target.module], device=one.device, memory=one.memory
    )
    ask = partial(engine.changes, one.image, [one.target], Occluder())
    before = peak_mb(one.device)
    fast = ask()  # warm: the plan is made once for a location, whatever the image
    peak = peak_mb(one.device)
    ours = [seconds(ask, one.device) for _ in range(rounds)]
    plain_s, slow = timed(lambda: plain(one), one.device)
    ours += [seconds(ask, one.device) for _ in range(rounds)]
    captum_s = seconds(lambda: captum(one), one.device)
    ours += [seconds(ask, one.device) for _ in range(rounds)]
    difference = float(np.abs(fast[0] - slow).max())
    return {
        "layer": layer,
        "device": name_of(one.device),
        "threads": torch.get_num_threads(),
        "plain_s": round(plain_s, 3),
        "captum_s": round(captum_s, 3),
        "ours_s": round(median(ours), 4),
        "ratio": round(min(plain_s, captum_s) / median(ours), 1),
        "max_abs_diff": difference,
        "relative_diff": difference / abs(one.activation),
        "plain_gmac": round(plain_gmac(engine), 1),
        "least_gmac": round(least_gmac(engine, one.target), 3),
        "ours_gmac": round(engine.work([one.target], Occluder()) / 1e9, 3),
        "peak_mb_before": round(before),
        "peak_mb": round(peak),
    }


def plain(one: Case) -> np.ndarray:
    """Return the changes by running whole occluded images in batches, up to the layer."""
    lattice = Lattice.of(Occluder(), (SIDE, SIDE))
    spot = (one.target.channel, one.target.row, one.target.column)
    changes: list[Tensor] = []
    with torch.inference_mode(), trace(one.model, [one.target.module]) as run:
        patches = lattice.patches(one.image, one.preparation)
        for _, batch in occluded_images(one.image, lattice, patches, one.batch):
            run(batch, lambda _, maps: changes.append(one.activation - maps[:, *spot]))
    return torch.cat(changes).reshape(len(lattice.rows), len(lattice.columns)).cpu().numpy()


def captum(one: Case) -> Tensor:
    """Return Captum's attribution for as many occluders, of one pattern."""
    target, found = one.target, []

    def keep(_: str, maps: Tensor) -> None:
        found.append(maps[:, target.channel, target.row, target.column].clone())

    with torch.inference_mode(), trace(one.model, [target.module]) as run:

        def score(batch: Tensor) -> Tensor:
            run(batch.contiguous(memory_format=torch.channels_last), keep)
            return found.pop()

        attribution: Tensor = CaptumOcclusion(score).attribute(
            one.image[None],
            sliding_window_shapes=(3, 11, 11),
            strides=(3, 3, 3),
            baselines=torch.randn_like(one.image)[None],
            perturbations_per_eval=one.batch,
        )
    return attribution


def plain_gmac(engine: Occlusion) -> float:
    """Return the multiply-adds of whole images up to the layer, in thousands of millions."""
    steps = engine.wiring.towards(engine.wiring.modules.values())
    one = 0
    for step in steps:
        shape = engine.wiring.shapes[step.output]
        one += step.operation.work(shape) * shape[1] * shape[2]
    return one * len(Occluder().places(SIDE)) ** 2 / 1e9


def least_gmac(engine: Occlusion, target: Target) -> float:
    """Return the multiply-adds of exactly what an occluder changes and the location sees."""
    wiring, value = engine.wiring, engine.wiring.modules[target.module]
    steps, _ = narrowed(wiring.towards([value]), {value: torch.tensor([target.channel])})
    first = Occluder().places(SIDE)
    sums = []
    for axis, place in enumerate((target.row, target.column)):
        found = cones(wiring, {value: (place, place + 1)}, axis, first, Occluder().size)
        sums.append(dict(zip(found.values, found.sizes().sum(axis=1).tolist(), strict=True)))
    work = 0.0
    for step in steps:
        here = step.operation.work(wiring.shapes[step.output])
        work += here * sums[0][step.output] * sums[1][step.output]
    return work / 1e9


def timed(work: Callable[[], np.ndarray], device: torch.device) -> tuple[float, np.ndarray]:
    """Return how long something took, and what it gave."""
    settle(device)
    start = time.perf_counter()
    found = work()
    settle(device)
    return time.perf_counter() - start, found


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Return how long something took."""
    return timed(work, device)[0]


def settle(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def peak_mb(device: torch.device) -> float:
    """Return the most memory that was taken so far, of the process or of the device."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def name_of(device: torch.device) -> str:
    """Return the name of a device as its maker has it."""
    return torch.cuda.get_device_name() if device.type == "cuda" else "cpu"


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.occlusion", description=__doc__)
    parser.add_argument("--layer", nargs="+", choices=LAYERS, default=["conv3", "pool5"])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--memory", type=int, default=1024, help="MB that a batch may take")
    parser.add_argument("--batch", type=int, default=0, help="whole images at once")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of ours, three times over")
    return parser.parse_args()


if __name__ == "__main__":
    main()
