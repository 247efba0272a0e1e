"""The step `dissect`: every unit against every class of the masks, in one pass over the images.

A shard is a range of the manifest, as in the scan; its result is one file of counts and sums,
`runs/<key>/dissect/<shard>.npz`. No map is stored, and memory does not grow with the images.
`finish` adds the shards up, in their order, writes every score, the rows of the best classes, and
what they mean as semantics of source "machine".
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.core.arrays import packed, unpacked
from analysis.core.dissection import Dissection, Scale, enlarged
from analysis.core.lattice import Lattice, reading
from analysis.core.manifest import Entry
from analysis.models import Job, Layer, Run, Shard
from analysis.pipeline.forward import AHEAD, Forward, Numbered
from analysis.pipeline.masks import Batches, Masks, Pair, partners
from analysis.pipeline.scan import layers_of
from analysis.services import class_results, files
from analysis.services.dissection import class_names, has_places, options_in, shard_file
from analysis.services.fields import grid_of
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.scans import layer_file as scan_file

TOLD = 5  # sentences about masks that a shard writes into the log


@dataclass
class Layers:
    """The layers of a run that can be dissected, what was counted of each, how to read its maps."""

    counted: dict[str, Dissection]
    down: dict[str, Float[Tensor, "lines rows"]] = field(default_factory=dict)
    across: dict[str, Float[Tensor, "crosses columns"]] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run, device: torch.device, lattice: Lattice | None = None) -> "Layers":
        """Return the layers with nothing counted; a lattice says where their maps are read."""
        found = cls({})
        for layer in dissected_layers(run):
            found.counted[layer.module] = empty(run, layer, device)
            if lattice is not None:
                found.down[layer.module], found.across[layer.module] = (
                    torch.from_numpy(weights).to(device) for weights in readings(layer, lattice)
                )
        return found

    def take(self, module: str, maps: Tensor, pairs: list[Pair]) -> None:
        """Count a batch of maps; images whose mask cannot be used count for nothing."""
        for one, pair in zip(maps, pairs, strict=True):
            if pair.own.truth is not None:
                values = enlarged(one, self.down[module], self.across[module])
                self.counted[module].add(values, pair.own.truth, pair.other.truth)

    def state(self) -> dict[str, np.ndarray]:
        """Return all that was counted, each name behind the layer's place."""
        return {
            f"{place}_{name}": array
            for place, counted in enumerate(self.counted.values())
            for name, array in counted.state().items()
        }

    def merge(self, run: Run, state: dict[str, np.ndarray]) -> None:
        """Take in what `state` gave of other images."""
        for place, (layer, counted) in enumerate(
            zip(dissected_layers(run), self.counted.values(), strict=True)
        ):
            start = f"{place}_"
            own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            counted.merge(empty(run, layer, torch.device("cpu")).load(own))


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Dissect images first..last-1 and write the shard's file; a repetition writes the same bytes.

    ``beat(done)`` is called after every batch and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more; named. A mask that cannot be used is told
            in the log, and its image left out.
    """
    run = shard.job.run
    forward = Forward.of(run)
    masks = Masks.of(run.image_set, forward.preparation, options_in(run.recipe)["cell"])
    layers = Layers.of(run, forward.device, masks.lattice)
    two = with_partners(run, shard)
    tally: Counter[str] = Counter(without_mask=shard.last - shard.first - len(two))
    refused: list[str] = []
    source = tallied(masks.pairs(two, AHEAD * forward.recipe.batch), tally, refused)
    batches = Batches(source)

    def take(module: str, maps: Tensor, image: Tensor) -> None:
        # Sums of whole numbers must stay whole: mixed precision ends with the network.
        with torch.autocast(forward.device.type, enabled=False):
            layers.take(module, maps, batches.of(image.tolist()))

    done = tally["without_mask"]
    images = (Numbered(entry.number, entry.path) for entry, _ in two)
    for size in forward.look(images, list(layers.counted), take):
        done += size
        beat(done)
    counts = np.array([tally[name] for name in TALLY])
    files.write(shard_file(run, shard.number), packed(layers.state() | {"tally": counts}))
    tell(run, shard, tally, refused)


TALLY = ("compared", "without_mask", "refused", "by_chance")


def tallied(pairs: Iterator[Pair], tally: Counter[str], refused: list[str]) -> Iterator[Pair]:
    """Pass pairs on, counting what can be compared and keeping the sentences about the others."""
    for pair in pairs:
        if pair.own.truth is None:
            tally["refused"] += 1
            refused.append(pair.own.refused)
        else:
            tally["compared"] += 1
            tally["by_chance"] += pair.other.truth is not None
        yield pair


def tell(run: Run, shard: Shard, tally: Counter[str], refused: list[str]) -> None:
    """Write into the log what could not be compared."""
    which = f"of images {shard.first} to {shard.last - 1}"
    if missing := tally["without_mask"]:
        log(run, f"dissect: {missing} {which} have no mask and are left out", "warning")
    for sentence in refused[:TOLD]:
        log(run, f"dissect: {sentence}", "warning")
    if (more := len(refused) - TOLD) > 0:
        log(run, f"dissect: {more} more masks {which} cannot be used", "warning")


def with_partners(run: Run, shard: Shard) -> list[tuple[Entry, Entry]]:
    """Return the shard's images that have a mask, each with the image of its chance."""
    manifest = open_manifest(run.image_set)
    own = [entry for entry in manifest.entries(shard.first, shard.last) if entry.mask]
    other = partners(run.image_set.count, run.recipe["seed"])
    # In the order of the manifest, so that each of its groups is read once.
    wanted = sorted(int(other[entry.number]) for entry in own)
    found = {number: manifest[number] for number in wanted}
    return [(entry, found[int(other[entry.number])]) for entry in own]


def finish(job: Job) -> None:
    """Join the shards: files, rows, semantics. May run twice.

    Raises:
        ValueError: not one image could be compared.
    """
    run = job.run
    layers = Layers.of(run, torch.device("cpu"))
    total = np.zeros(len(TALLY), np.int64)
    for number in job.shards.order_by("number").values_list("number", flat=True):
        kept = unpacked(files.read(shard_file(run, number)))
        total += kept.pop("tally")
        layers.merge(run, kept)
    tally = dict(zip(TALLY, total.tolist(), strict=True))
    if not tally["compared"]:
        raise ValueError(
            f"Not one of the {run.image_set.count:,} images has a mask that can be used: the log"
            " says why. Mend the masks and register the images anew."
        )
    for layer in layers_of(run):
        if not has_places(layer):
            log(
                run,
                f"dissect: {layer.name} has one location, which says nothing of where",
                "warning",
            )
    results = zip(dissected_layers(run), layers.counted.values(), strict=True)
    class_results.store(run, tally, ((layer, counted.scores()) for layer, counted in results))


def dissected_layers(run: Run) -> list[Layer]:
    """Return the run's layers whose maps say where, in the order of the network."""
    return [layer for layer in layers_of(run) if has_places(layer)]


def empty(run: Run, layer: Layer, device: torch.device) -> Dissection:
    """Return a layer's dissection with nothing counted; its thresholds are those of the scan."""
    kept = unpacked(files.read(scan_file(run, layer)))
    quantile = options_in(run.recipe)["quantile"]
    scale = Scale.of(kept["counts"], int(kept["first"][0]), quantile)
    return Dissection(scale, len(class_names(run.image_set)), device)


def readings(layer: Layer, lattice: Lattice) -> tuple[np.ndarray, np.ndarray]:
    """Return how a lattice's rows and columns of cells read a layer's maps."""
    grid = grid_of(layer, lattice.height, lattice.width)
    first, stride = grid.centre(0, 0), grid.cell
    return tuple(  # type: ignore[return-value]
        reading(centres, places, step, offset)
        for centres, places, step, offset in zip(
            lattice.centres(), (layer.height, layer.width), stride, first, strict=True
        )
    )
