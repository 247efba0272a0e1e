"""What a scan costs beside a bare forward pass: five AlexNet layers, K = 60, both ends, sketch.

    python -m benchmarks.scan [--images N] [--device cpu|cuda] [--batch N] [--rounds N]

Both run on the same batches in memory, batch by batch in turn, after a warm-up. The time of each
batch is the median over the rounds; every round starts with empty lists, so the dear beginning of
a scan counts. Bare is the network's own call up to the last of the layers, in the same layout.
Peak memory is taken in processes of their own, for 500 and for 5,000 images.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
import torchvision
from torch import Tensor, nn

from analysis.core.activations import Run, trace
from analysis.core.layer_scan import Keep, LayerScan

LAYERS = {
    "pool1": ("features.2", 64),
    "pool2": ("features.5", 192),
    "conv3": ("features.7", 384),
    "conv4": ("features.9", 256),
    "pool5": ("features.12", 256),
}
MODULES = [module for module, _ in LAYERS.values()]
SIDE = 227
HELD = 512  # images held in memory; further ones are these, moved sideways


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    images: int
    device: str
    batch: int
    rounds: int
    memory_only: bool


def main() -> None:
    """Measure, explain, and print one JSON object as the last line."""
    options = parsed()
    torch.manual_seed(0)
    model = torchvision.models.alexnet().eval().to(options.device)
    model = model.to(memory_format=torch.channels_last)
    if options.memory_only:
        with trace(model, MODULES) as run:
            scans = fresh(options)
            for batch, image in numbered(options, ring(options)):
                scan_batch(run, batch, image, scans)
        print(json.dumps({"images": options.images, "peak_mb": peak_mb(options.device)}))
        return
    bare_s, scan_s = measure(model, options)
    few, many = (memory(options, images) for images in (500, 5000))
    print(
        f"five layers of AlexNet at {SIDE} px, {options.images} images, batches of "
        f"{options.batch}, {torch.get_num_threads()} threads, {options.device}"
    )
    print(f"peak memory: {few:.0f} MB for 500 images, {many:.0f} MB for 5,000 images")
    print(
        json.dumps(
            {
                "network": "torchvision:alexnet",
                "images_per_s": round(options.images / scan_s, 1),
                "bare_images_per_s": round(options.images / bare_s, 1),
                "ratio": round(bare_s / scan_s, 4),
                "peak_mb": round(many, 1),
                "peak_mb_500": round(few, 1),
                "peak_mb_5000": round(many, 1),
                "images": options.images,
                "batch": options.batch,
                "device": options.device,
                "threads": torch.get_num_threads(),
            }
        )
    )


def parsed() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Scan against bare forward pass.")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-only", action="store_true", help="scan once, print the peak")
    return Options(**vars(parser.parse_args()))


def ring(options: Options) -> list[Tensor]:
    """Return the batches held in memory: smooth random pictures, as unlike as photographs."""
    made = []
    for number in range(max(1, HELD // options.batch)):
        torch.manual_seed(number)
        coarse = torch.randn(options.batch, 3, 29, 29)
        fine = nn.functional.interpolate(coarse, size=SIDE, mode="bilinear")
        fine += 0.3 * torch.randn_like(fine)
        made.append(fine.to(options.device).contiguous(memory_format=torch.channels_last))
    return made


def numbered(options: Options, held: list[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield every batch with its image numbers."""
    for number, first in enumerate(range(0, options.images, options.batch)):
        turn, place = divmod(number, len(held))
        batch = held[place].roll(turn, dims=3)[: options.images - first]
        yield batch, torch.arange(first, first + len(batch), device=options.device)


def measure(model: nn.Module, options: Options) -> tuple[float, float]:
    """Return the seconds of all batches, bare and scanned."""
    held = ring(options)
    with trace(model, MODULES) as run:
        one_round(model, run, options, held)  # warm
        rounds = [one_round(model, run, options, held) for _ in range(options.rounds)]
    batches = list(zip(*rounds, strict=True))
    bare_s, scan_s = (sum(median(t[which] for t in times) for times in batches) for which in (0, 1))
    return bare_s, scan_s


def one_round(
    model: nn.Module, run: Run, options: Options, held: list[Tensor]
) -> list[tuple[float, float]]:
    """Return the seconds of every batch, bare and scanned, in turn on the same batch."""
    features = model.get_submodule("features")
    scans = fresh(options)
    spent = []
    for place, (batch, image) in enumerate(numbered(options, held)):
        look = partial(bare, features, batch)
        scan = partial(scan_batch, run, batch, image, scans)
        # Who goes first changes, so that neither always finds the warmer cache.
        if place % 2:
            first = seconds(look, options.device)
            spent.append((first, seconds(scan, options.device)))
        else:
            first = seconds(scan, options.device)
            spent.append((seconds(look, options.device), first))
    return spent


def bare(features: nn.Module, batch: Tensor) -> None:
    """Run the network to the last of the layers and look at nothing."""
    with torch.inference_mode():
        features(batch)


def fresh(options: Options) -> dict[str, LayerScan]:
    """Return empty statistics for each layer, by its module."""
    return {module: LayerScan(units, Keep(), options.device) for module, units in LAYERS.values()}


def scan_batch(run: Run, batch: Tensor, image: Tensor, scans: dict[str, LayerScan]) -> None:
    """Scan one batch."""
    run(batch, lambda name, maps: scans[name].add(maps, image))


def seconds(work: Callable[[], object], device: str) -> float:
    """Return how long some work takes, to its very end on the device."""
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_mb(device: str) -> float:
    """Return the peak memory of this process so far (on CUDA: of the device)."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def memory(options: Options, images: int) -> float:
    """Return the peak memory of a process that scans so many images and nothing else."""
    command = [sys.executable, "-m", "benchmarks.scan", "--memory-only", "--images", str(images)]
    command += ["--device", options.device, "--batch", str(options.batch)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mb"])


if __name__ == "__main__":
    main()
