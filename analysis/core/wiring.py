"""The operations of one forward pass, written down so that any part of them can be run again.

The pass is watched as it is executed (as in core/sighting.py), so it works on any network. What
is written down are values and the operations between them. An operation here is one whose output
at a place needs its input only near that place: a convolution, a pool, padding, something done
number by number, channels joined. Anything else (a mean over the image, attention, a reshape)
mixes the whole image: values behind it are given up, each with the reason.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from analysis.core.operations import (
    POINTWISE,
    Affine,
    Convolution,
    Join,
    Largest,
    Mean,
    Operation,
    Padding,
    Pointwise,
)

IMAGE = 0  # the number of the value that is the image itself
# The same numbers in the same places.
SAME = {"clone", "contiguous", "detach", "alias", "_to_copy", "lift_fresh", "native_dropout"}


@dataclass(frozen=True)
class Step:
    """An operation from numbered values to a numbered value of (channels, rows, columns)."""

    operation: Operation
    inputs: tuple[int, ...]
    output: int


@dataclass
class Wiring:
    """What a pass did: its steps in order, the shape of every value, and what modules handed on.

    ``modules`` names the value that each module handed on; ``refused`` says for the others why
    they cannot be followed place by place.
    """

    steps: list[Step] = field(default_factory=list)
    shapes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    modules: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def without_norms(self) -> "Wiring":
        """Return the same pass with batch norms folded into the convolutions before them.

        Not where the convolution's own output is wanted, by a module or by another step.
        """
        makers = {step.output: step for step in self.steps}
        uses = [value for step in self.steps for value in step.inputs]
        kept = set(self.modules.values())
        folded: dict[int, Step] = {}
        gone = set()
        for step in self.steps:
            before = makers.get(step.inputs[0])
            if not isinstance(step.operation, Affine) or before is None:
                continue
            alone = uses.count(before.output) == 1 and before.output not in kept
            if alone and isinstance(before.operation, Convolution):
                whole = before.operation.scaled(step.operation)
                folded[step.output] = Step(whole, before.inputs, step.output)
                gone.add(before.output)
        steps = [folded.get(step.output, step) for step in self.steps if step.output not in gone]
        return Wiring(steps, self.shapes, self.modules, self.refused)

    def towards(self, values: Iterable[int]) -> list[Step]:
        """Return the steps that these values need, in order."""
        needed = set(values)
        steps = []
        for step in reversed(self.steps):
            if step.output in needed:
                steps.append(step)
                needed.update(step.inputs)
        return steps[::-1]

    def maps(
        self, image: Float[Tensor, "3 height width"], values: Iterable[int]
    ) -> dict[int, Float[Tensor, "1 channels rows columns"]]:
        """Return the maps of one image: of these values, and of all that lead to them."""
        maps = {IMAGE: image[None].contiguous(memory_format=torch.channels_last)}
        for step in self.towards(values):
            given = [self._bordered(maps[value], step) for value in step.inputs]
            maps[step.output] = step.operation(given)
        return maps

    def _bordered(self, maps: Tensor, step: Step) -> Tensor:
        """Return all that a step needs of a map: with the border filled in, or cut where unused."""
        sides: list[int] = []
        for axis, reach in reversed(list(enumerate(step.operation.reach))):
            out = self.shapes[step.output][1 + axis]
            end = (out - 1) * reach.stride - reach.padding + reach.span
            sides += [reach.padding, end - maps.shape[2 + axis]]
        if not any(sides):
            return maps
        return torch.nn.functional.pad(maps, sides, value=step.operation.fill)


def follow(
    model: nn.Module, image: Float[Tensor, "1 3 height width"], modules: Sequence[str]
) -> Wiring:
    """Run one image through a network and write down what leads to each module's first output.

    Raises:
        ValueError: the network has no such module.
    """
    named = dict(model.named_modules())
    if unknown := [path for path in modules if path not in named]:
        raise ValueError(f"The network has no layer {', '.join(unknown)}.")
    # In inference mode operations are not taken apart into those that are known here.
    with torch.inference_mode(False):
        notes = _Notes(image.clone())
    handles = [named[path].register_forward_hook(notes.hook(path)) for path in modules]
    try:
        with torch.inference_mode(False), torch.no_grad(), notes:
            model(notes.image)
    finally:
        for handle in handles:
            handle.remove()
    for path in set(modules) - set(notes.wiring.modules) - set(notes.wiring.refused):
        notes.wiring.refused[path] = "it did not run on the input"
    return notes.wiring


class _Notes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watches the operations of one pass."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.image = image
        self.wiring = Wiring()
        self.wiring.shapes[IMAGE] = _shape(image)
        # The tensors are held, so that no other gets the same id during the pass.
        self.known: dict[int, tuple[Tensor, int | str]] = {id(image): (image, IMAGE)}

    def hook(self, path: str) -> Callable[[nn.Module, Any, Any], None]:
        """Return a hook that notes what a module hands on, the first time."""

        def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if path in self.wiring.modules or path in self.wiring.refused:
                return
            held = self.known.get(id(output))
            value = held[1] if held else "what it hands on is not one tensor made of the image"
            if isinstance(value, int):
                self.wiring.modules[path] = value
            else:
                self.wiring.refused[path] = value

        return note

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and write it down."""
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
        values = [self.known[id(one)][1] for one in given if id(one) in self.known]
        if values:
            self._note(func, args, kwargs, made, values)
        return made

    def _note(self, func: Any, args: Any, kwargs: Any, made: Any, values: list[int | str]) -> None:
        outputs = [one for one in tree_flatten(made)[0] if isinstance(one, Tensor)]
        lost = next((value for value in values if isinstance(value, str)), None)
        value: int | str | None = lost
        name = func.overloadpacket.__name__.rstrip("_")
        if lost is None:
            value = self._value(name, func, args, kwargs, outputs[0])
        if value is None:
            value = f"the operation {name} before it mixes the whole image, or is not known"
        for output in outputs:
            self.known[id(output)] = (output, value)

    def _value(self, name: str, func: Any, args: Any, kwargs: Any, made: Tensor) -> int | None:
        """Return the number of what an operation made; nothing if it is given up."""
        if made.dim() != 4:
            return None
        first = args[0][0] if isinstance(args[0], list | tuple) else args[0]
        held = self.known.get(id(first))
        if name in SAME:
            return held[1] if held and first.shape == made.shape else None  # type: ignore[return-value]
        operation, tensors = self._operation(name, func, args, kwargs, made)
        numbers = [self.known[id(one)][1] for one in tensors if id(one) in self.known]
        if operation is None or not numbers or len(numbers) != len(tensors):
            return None
        value = len(self.wiring.shapes)
        self.wiring.shapes[value] = _shape(made)
        self.wiring.steps.append(Step(operation, tuple(numbers), value))  # type: ignore[arg-type]
        return value

    def _operation(
        self, name: str, func: Any, args: Any, kwargs: Any, made: Tensor
    ) -> tuple[Operation | None, list[Tensor]]:
        """Return an operation that can be run place by place, and the tensors it is run on."""
        if name == "cat" and (args[1] if len(args) > 1 else 0) % 4 == 1:
            return Join(), list(args[0])
        if name in BUILDERS:
            return BUILDERS[name](args, made), [args[0]]
        if torch.Tag.pointwise in func.tags or name in POINTWISE:
            return self._pointwise(func, args, kwargs, made)
        return None, []

    def _pointwise(
        self, func: Any, args: Any, kwargs: Any, made: Tensor
    ) -> tuple[Operation | None, list[Tensor]]:
        """Return something done number by number, on tensors of one shape and on constants."""
        flat, _ = tree_flatten((args, kwargs))
        tensors = [one for one in flat if isinstance(one, Tensor)]
        moving = [one for one in tensors if id(one) in self.known]
        fixed = [one for one in tensors if id(one) not in self.known]
        spread = any(one.dim() > 1 and max(one.shape[-2:]) > 1 for one in fixed)
        if spread or any(one.shape != made.shape for one in moving):
            return None, []
        places = {id(one): _Place(place) for place, one in enumerate(moving)}
        # With places for tensors: those of this pass need not be kept.
        form = tree_map(lambda one: places.get(id(one), one), (args, kwargs))
        per_channel = any(one.numel() > 1 for one in fixed)
        return Pointwise(partial(_call, _functional(func), form), per_channel), moving


@dataclass(frozen=True)
class _Place:
    """Stands for the tensor with this number."""

    number: int


def _call(func: Any, form: Any, given: list[Tensor]) -> Tensor:
    """Call an operation with tensors put where their places are."""
    fill = lambda one: given[one.number] if isinstance(one, _Place) else one  # noqa: E731
    args, kwargs = tree_map(fill, form)
    return func(*args, **kwargs)  # type: ignore[no-any-return]


def _functional(func: Any) -> Any:
    """Return an operation that leaves its input as it is, for one done in place."""
    name = func.overloadpacket.__name__
    if not name.endswith("_") or name.startswith("_"):
        return func
    packet = getattr(torch.ops.aten, name[:-1])
    return getattr(packet, func._overloadname)


def _shape(tensor: Tensor) -> tuple[int, int, int]:
    channels, rows, columns = tensor.shape[1:]
    return channels, rows, columns


BUILDERS: dict[str, Callable[[Any, Tensor], Operation | None]] = {
    "convolution": Convolution.of,
    "max_pool2d_with_indices": Largest.of,
    "avg_pool2d": Mean.of,
    "constant_pad_nd": Padding.of,
    "native_batch_norm": Affine.of,
    "_native_batch_norm_legit_no_training": Affine.of,
}
