"""Finds the layers of a network that are worth looking at, and what each location of them sees."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from analysis.core.geometry import Field, image_sight
from analysis.core.programs import TAPS
from analysis.core.sighting import Watch
from analysis.core.specs import NAME, SpecRefused

# A chain of this many convolutions is listed one by one; a deeper network by its stages.
CHAIN = 20
# A module that holds this share of its parent's convolutions is looked into.
TRUNK = 0.7


@dataclass(frozen=True)
class Output:
    """What one module hands on in a forward pass of one image."""

    path: str  # of the module, in the network as loaded
    kind: str  # of the operation that made it: conv, norm, act, clip or pool
    conv: int  # how many convolutions had been done by then
    shape: tuple[int, ...]  # (channels, rows, columns), or (channels,), or something else
    field: Field | None  # none where it sees the whole image
    grid: bool | None  # whether it is channels, then rows and columns; none if not known
    repeated: bool  # whether an inner module handed on the very same

    @property
    def spatial(self) -> bool:
        """Whether it surely has more than one position."""
        return self.grid is True and len(self.shape) == 3 and self.shape[1] * self.shape[2] > 1

    @property
    def name(self) -> str:
        """The path in the network as it was written, which an exported one keeps below taps."""
        return self.path.removeprefix(f"{TAPS}.")


@dataclass(frozen=True)
class Pass:
    """One forward pass: its modules' outputs in order, whether branches met, the last width."""

    outputs: list[Output]
    branches: bool
    classes: int


@dataclass(frozen=True)
class Found:
    """A layer by its name, as rows keep it; height and width are 1 without positions."""

    name: str
    module: str
    channels: int
    height: int
    width: int
    field: Field | None

    @classmethod
    def of(cls, name: str, output: Output) -> "Found":
        """Return an output under a name."""
        channels, height, width = (*output.shape, 1, 1)[:3]
        # One position sees whatever there is: no field to cut out of the image.
        field = output.field if output.spatial else None
        return cls(name, output.path, channels, height, width, field)


def watch(model: nn.Module, height: int, width: int) -> Pass:
    """Run one grey image through a network on the CPU and return what its modules handed on.

    Raises:
        SpecRefused: the network does not run at this input size.
    """
    image = torch.zeros(1, 3, height, width)
    watching = Watch(image, image_sight(height, width))
    outputs: dict[str, Output] = {}
    handed: set[int] = set()

    def hand_on(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: Any, made: Any) -> None:
            if isinstance(made, Tensor) and path not in outputs:
                outputs[path] = output_of(path, made, watching, id(made) in handed)
                handed.add(id(made))

        return hook

    hooks = [m.register_forward_hook(hand_on(path)) for path, m in model.named_modules() if path]
    try:
        with torch.no_grad(), watching:
            made = model(image)
    except Exception as error:  # whatever an architecture says to a size it was not made for
        reason = str(error).split("\n")[0][:200]
        raise SpecRefused(
            f"The network does not run on an image of {height} × {width} pixels ({reason})."
        ) from error
    finally:
        for one in hooks:
            one.remove()
    classes = made.shape[1] if isinstance(made, Tensor) and made.dim() == 2 else 0
    return Pass(list(outputs.values()), watching.merges > 0, classes)


def output_of(path: str, made: Tensor, watching: Watch, repeated: bool) -> Output:
    """Return what is known of one module's tensor, (1, ...)."""
    sight = watching.sight(made)
    order = watching.order.get(id(made), 0)
    grid: bool | None = made.dim() == 2
    if made.dim() == 4:
        grid = sight.is_grid(made.shape) if sight else None
    return Output(
        path=path,
        kind=watching.kind.get(id(made), ""),
        conv=watching.kinds[:order].count("conv"),
        shape=tuple(made.shape[1:]),
        field=sight.field if sight else None,
        grid=grid,
        repeated=repeated,
    )


def find(seen: Pass, in_blocks: bool = False) -> list[Found]:
    """Return the layers of a network by themselves: convolutional stages, and pools after them.

    A plain chain gives each convolution (after its activation) and each pool by the number of
    the convolution before it: pool1, pool2, conv3 ... as the paper names AlexNet's, or counted
    within blocks as VGG's (conv1_2, pool1). A deeper or branching network gives the last output
    of each stage: of each run of modules with the same channels and grid.

    Raises:
        SpecRefused: there are no convolutional layers.
    """
    spatial = [output for output in seen.outputs if output.spatial]
    convolutions = max((output.conv for output in spatial), default=0)
    if not convolutions:
        raise SpecRefused(
            "No convolutional layers were found: name the layers as NAME=MODULE,... "
            f"Modules that hand on one tensor: {_some(seen.outputs)}."
        )
    if seen.branches or convolutions > CHAIN:
        return stages(spatial)
    return chain([output for output in spatial if not output.repeated], in_blocks)


def chain(outputs: Iterable[Output], in_blocks: bool) -> list[Found]:
    """Return each convolution's last output before the next one or a pool, and each pool."""
    found = []
    block, within = 1, 0
    for conv, group in groupby(outputs, lambda output: output.conv):
        if not conv:
            continue
        within += 1
        own = list(group)
        pools = [place for place, output in enumerate(own) if output.kind == "pool"]
        before = own[: pools[0]] if pools else own
        if before:
            number = f"{block}_{within}" if in_blocks else str(conv)
            found.append(Found.of(f"conv{number}", unclipped(before)))
        if pools:
            found.append(Found.of(f"pool{block if in_blocks else conv}", own[pools[0]]))
            block, within = block + 1, 0
    return found


def stages(outputs: list[Output]) -> list[Found]:
    """Return the last output of each run of trunk modules with the same channels and grid."""
    by_path = {output.path: output for output in outputs}
    trunk = set(trunk_of("", list(by_path), by_path))
    along = [output for output in outputs if output.path in trunk]
    runs = [list(group) for _, group in groupby(along, lambda output: output.shape)]
    return [
        Found.of(stage_name(run), unclipped([*inner(run[-1], outputs), run[-1]])) for run in runs
    ]


def inner(output: Output, outputs: list[Output]) -> list[Output]:
    """Return what the inner modules of an output's module handed on in the same shape."""
    below = f"{output.path}."
    return [o for o in outputs if o.path.startswith(below) and o.shape == output.shape]


def unclipped(outputs: list[Output]) -> Output:
    """Return the last output, or what stood before an activation that ends at a limit.

    Beyond the limit all images would tie, and the strongest could not be told: EfficientNet-Lite's
    last layer is at 6 on hundreds of photographs for most of its units.
    """
    if outputs[-1].kind != "clip":
        return outputs[-1]
    before = [output for output in outputs if output.kind != "clip"]
    # One that has no name of its own inside the module cannot be looked at.
    return before[-1] if before else outputs[-1]


def stage_name(run: list[Output]) -> str:
    """Return the name of a stage: its last module's, or the convolution's that it completes."""
    before = [output for output in run if output.kind == "conv"]
    plain = run[-1].conv == before[-1].conv if before else False
    return before[-1].name if plain else run[-1].name


def trunk_of(parent: str, paths: list[str], by_path: Mapping[str, Output]) -> list[str]:
    """Return the modules that follow one another below a parent, looking into the large ones."""
    below = f"{parent}." if parent else ""
    children = {below + path.removeprefix(below).split(".")[0] for path in paths}
    found = []
    for child in children:
        inside = [path for path in paths if path.startswith(f"{child}.")]
        large = _convolutions(inside, by_path) >= TRUNK * _convolutions(paths, by_path)
        if inside and (child not in by_path or large):
            found += trunk_of(child, inside, by_path)
        elif child in by_path:
            found.append(child)
    return found


def named(seen: Pass, wanted: Mapping[str, str]) -> list[Found]:
    """Return the layers that somebody names, in the order of the forward pass.

    Raises:
        SpecRefused: a module is not there, or hands on something without channels.
    """
    found = []
    by_name = {output.name: place for place, output in enumerate(seen.outputs)}
    for name, module in wanted.items():
        if not NAME.fullmatch(name) or len(name) > 80:
            raise SpecRefused(
                f"Layer name {name!r} may have letters, digits, dots, dashes and underscores only."
            )
        place = by_name.get(module)
        if place is None:
            raise SpecRefused(
                f"The network has no module {module!r} that hands on one tensor. "
                f"It has: {_some(seen.outputs)}."
            )
        output = seen.outputs[place]
        if output.grid is False:
            raise SpecRefused(
                f"Module {module!r} hands on {output.shape} for an image; "
                "(channels, rows, columns) or (channels) is needed."
            )
        found.append((place, Found.of(name, output)))
    return [layer for _, layer in sorted(found, key=lambda pair: pair[0])]


def _convolutions(paths: list[str], by_path: Mapping[str, Output]) -> int:
    return sum(by_path[path].kind == "conv" and not by_path[path].repeated for path in paths)


def _some(outputs: list[Output]) -> str:
    names = [output.name for output in outputs]
    return ", ".join(names[:30]) + (", …" if len(names) > 30 else "") or "none"
