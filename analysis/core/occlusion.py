"""How much a unit's activation changes when an occluder lies on the image: exact and lazy.

The change at the location that won is what a unit's receptive field is made from (Zhou et al.
2015, section 3.2: "about 5000 occluded images per original image"). Only what an occluder changes
and the location sees is computed (core/cones.py, core/windows.py); units that won at the same
location share their passes. Layers behind an operation that mixes the whole image are given whole
occluded images instead, and say so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from analysis.core.activations import maps_of, trace
from analysis.core.images import Preprocessing
from analysis.core.narrowing import narrowed, part
from analysis.core.occluders import Lattice, Occluder
from analysis.core.threads import in_threads
from analysis.core.windows import Band, Plan, Spot, Windows, batches_of
from analysis.core.wiring import IMAGE, Wiring, follow

# What an operation costs however small it is, in multiply-adds, and the bytes of a batch that a
# device works on best: a processor's caches are small, an accelerator wants much at once.
OVERHEAD = {"cpu": 4e6, "cuda": 2e8}
BATCH = {"cpu": 2**24, "cuda": 2**29}
WHOLE = {"cpu": 32, "cuda": 256}  # occluded images at once
PLANS = 64  # kept, a megabyte each: many images are won at the same locations


@dataclass(frozen=True, order=True)
class Target:
    """A unit at one location: module and channel, row and column of its map."""

    module: str
    channel: int
    row: int
    column: int


Shared = list[tuple[Plan, list[int]]]  # plans, and the numbers of the targets that each serves


class Occlusion:
    """A network ready to be asked how occluders change its units.

    ``fallback`` says which modules need whole images, and why.
    """

    def __init__(
        self,
        model: nn.Module,
        preparation: Preprocessing,
        modules: Sequence[str],
        *,
        device: torch.device | str = "cpu",
        memory: int = 2**30,
    ) -> None:
        """Follow one pass of ``model``, which lies on ``device``.

        ``memory`` bounds, in bytes, what a batch of occluders may take.
        """
        self.model, self.preparation, self.device = model, preparation, torch.device(device)
        self.memory = memory
        self.kind = next((one.dtype for one in model.parameters()), torch.float32)
        grey = torch.zeros(1, 3, preparation.height, preparation.width, dtype=self.kind)
        followed = follow(model, grey.to(self.device), modules)
        self.wiring: Wiring = followed.without_norms()
        self.fallback: Mapping[str, str] = dict(followed.refused)
        self._plans: dict[tuple[tuple[Spot, ...], Lattice], Plan] = {}

    def changes(
        self,
        image: Float[Tensor, "3 height width"],
        targets: Sequence[Target],
        occluder: Occluder,
        rows: np.ndarray | None = None,
        columns: np.ndarray | None = None,
    ) -> Float32[np.ndarray, "targets rows columns"]:
        """Return clean minus occluded activation of every target, for every place of a lattice.

        ``rows`` and ``columns`` are numbers of the occluder's places along each side (all of
        them by default); every row is combined with every column.

        Raises:
            ValueError: the image is not of the network's size, or smaller than the occluder.
        """
        lattice = self._lattice(occluder, rows, columns)
        if tuple(image.shape) != (3, lattice.height, lattice.width):
            wanted = (3, lattice.height, lattice.width)
            raise ValueError(f"The image is {tuple(image.shape)}, and the input {wanted}.")
        whole = [at for at, one in enumerate(targets) if one.module in self.fallback]
        with torch.inference_mode():
            image = image.to(self.device, self.kind)
            shape = (len(targets), len(lattice.rows), len(lattice.columns))
            result = torch.zeros(shape, device=self.device, dtype=self.kind)
            patches = lattice.patches(image, self.preparation)
            self._lazy(image, targets, lattice, patches, result)
            if whole:
                some = [targets[at] for at in whole]
                result[whole] = self._whole(image, some, patches, lattice)
            return result.float().cpu().numpy()

    def work(
        self,
        targets: Sequence[Target],
        occluder: Occluder,
        rows: np.ndarray | None = None,
        columns: np.ndarray | None = None,
    ) -> float:
        """Return the multiply-adds that `changes` will take, before it starts.

        Those of layers that need whole images are not known, and left out.
        """
        shared = self._shared(targets, self._lattice(occluder, rows, columns))
        return sum(plan.work for plan, _ in shared)

    def _lattice(
        self, occluder: Occluder, rows: np.ndarray | None, columns: np.ndarray | None
    ) -> Lattice:
        size = (self.preparation.height, self.preparation.width)
        return Lattice.of(occluder, size, rows, columns)

    def _shared(self, targets: Sequence[Target], lattice: Lattice) -> Shared:
        """Return plans that serve all targets: apart, by layer or together, as costs least."""
        ways: list[Callable[[Target], object]] = [self._spot, lambda one: one.module, lambda _: 0]
        plans = [self._planned(targets, lattice, way) for way in ways]
        return min(plans, key=lambda shared: sum(plan.cost for plan, _ in shared))

    def _planned(
        self, targets: Sequence[Target], lattice: Lattice, way: Callable[[Target], object]
    ) -> Shared:
        parts: dict[object, list[int]] = defaultdict(list)
        for at, target in enumerate(targets):
            if target.module not in self.fallback:
                parts[way(target)].append(at)
        return [
            (self._plan([targets[at] for at in some], lattice), some) for some in parts.values()
        ]

    def _plan(self, targets: Sequence[Target], lattice: Lattice) -> Plan:
        key = (tuple(sorted({self._spot(target) for target in targets})), lattice)
        if key not in self._plans:
            if len(self._plans) >= PLANS:
                self._plans.pop(next(iter(self._plans)))
            overhead = OVERHEAD[self.device.type]
            self._plans[key] = Plan.of(self.wiring, key[0], lattice, self.device, overhead)
        return self._plans[key]

    def _spot(self, target: Target) -> Spot:
        return self.wiring.modules[target.module], target.row, target.column

    def _lazy(
        self,
        image: Tensor,
        targets: Sequence[Target],
        lattice: Lattice,
        patches: Tensor,
        result: Tensor,
    ) -> None:
        """Fill in the changes of the targets that can be followed place by place."""
        shared = self._shared(targets, lattice)
        clean = self.wiring.maps(image, [spot[0] for plan, _ in shared for spot in plan.spots])
        for plan, some in shared:
            result[some] = self._by_plan(plan, [targets[at] for at in some], clean, patches)

    def _by_plan(
        self, plan: Plan, targets: Sequence[Target], clean: Mapping[int, Tensor], patches: Tensor
    ) -> Float[Tensor, "targets rows columns"]:
        """Return the changes of targets that one plan serves."""
        channels = channels_of(targets, self.wiring)
        steps, kept = narrowed(plan.steps, channels)
        own = {value: part(clean[value], kept.get(value)) for value in (IMAGE, *kept)}
        lookups = lookups_of(plan, targets, kept, self.wiring)
        result = patches.new_zeros(len(targets), *patches.shape[:2])

        def work(batches: Iterable[tuple[Band, Band]]) -> None:
            windows = Windows(plan, steps, own)
            for rows, columns in batches:
                down, across = rows.places[:, None], columns.places
                found = windows.run(rows, columns, patches[down, across].flatten(0, 1))
                for (value, row, column), (at, place), after in zip(
                    plan.spots, lookups, found, strict=True
                ):
                    before = own[value][0, place, row, column]
                    change = before[:, None, None] - after.permute(2, 0, 1)[place]
                    result[at[:, None, None], down, across] = change

        memory = min(self.memory, BATCH[self.device.type])
        in_threads(work, batches_of(plan, own, memory), self.device)
        return result

    def _whole(
        self, image: Tensor, targets: Sequence[Target], patches: Tensor, lattice: Lattice
    ) -> Float[Tensor, "targets rows columns"]:
        """Return the changes of targets by running whole occluded images, in batches."""
        modules = sorted({target.module for target in targets})
        clean = {name: maps[0] for name, maps in maps_of(self.model, modules, image[None]).items()}
        result = patches.new_zeros(len(targets), patches[:, :, 0, 0, 0].numel())
        size = WHOLE[self.device.type]
        with trace(self.model, modules) as run:
            for first, batch in occluded_images(image, lattice, patches, size):

                def take(module: str, maps: Tensor, first: int = first) -> None:
                    for at, one in enumerate(targets):
                        if one.module == module:
                            before = clean[module][one.channel, one.row, one.column]
                            after = maps[:, one.channel, one.row, one.column]
                            result[at, first : first + len(maps)] = before - after

                run(batch, take)
        return result.reshape(len(targets), *patches.shape[:2])


def occluded_images(
    image: Float[Tensor, "3 height width"],
    lattice: Lattice,
    patches: Float[Tensor, "rows columns 3 size size"],
    batch: int,
) -> Iterator[tuple[int, Float[Tensor, "batch 3 height width"]]]:
    """Yield batches of whole occluded images, place by place in order of rows; with the first."""
    size = lattice.occluder.size
    down, across = (torch.from_numpy(some).to(image.device) for some in lattice.first)
    places = torch.cartesian_prod(down, across).reshape(-1, 2)
    flat = patches.flatten(0, 1)
    reach = torch.arange(size, device=image.device)
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        images = image.expand(len(some), -1, -1, -1).clone()
        number = torch.arange(len(some), device=image.device)[:, None, None]
        rows, columns = (some[:, axis, None] + reach for axis in (0, 1))
        images.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None]] = flat[
            first : first + batch
        ].permute(0, 2, 3, 1)
        yield first, images.contiguous(memory_format=torch.channels_last)


def channels_of(targets: Sequence[Target], wiring: Wiring) -> dict[int, Tensor]:
    """Return the channels that are looked at of every value, in order."""
    found: dict[int, set[int]] = defaultdict(set)
    for target in targets:
        found[wiring.modules[target.module]].add(target.channel)
    return {value: torch.tensor(sorted(some)) for value, some in found.items()}


def lookups_of(
    plan: Plan, targets: Sequence[Target], kept: Mapping[int, Tensor | None], wiring: Wiring
) -> list[tuple[Tensor, Tensor]]:
    """Return, for each spot, which targets lie there and at which of the kept channels."""
    places = {
        value: None if some is None else {one: place for place, one in enumerate(some.tolist())}
        for value, some in kept.items()
    }
    found: dict[Spot, list[tuple[int, int]]] = defaultdict(list)
    for at, target in enumerate(targets):
        value = wiring.modules[target.module]
        own = places[value]
        place = target.channel if own is None else own[target.channel]
        found[value, target.row, target.column].append((at, place))
    pairs = [torch.tensor(found[spot], device=plan.device) for spot in plan.spots]
    return [(pair[:, 0], pair[:, 1]) for pair in pairs]
