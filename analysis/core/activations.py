"""The feature maps of named layers from one forward pass, which ends after the last of them.

    with trace(model, ["features.2", "features.5"]) as run:
        run(batch, lambda name, maps: ...)

A layer is named by the path of its module; core/programs.py gives exported programs modules too.
Maps are handed over the moment they are made and only for the time of the call. A later layer may
overwrite them in place (``ReLU(inplace=True)`` does), and not holding them keeps memory flat.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

Take = Callable[[str, Tensor], None]
Run = Callable[[Float[Tensor, "batch ..."], Take], None]


# Not an Exception: a network that catches those of its own parts must not swallow this one.
class _Enough(BaseException):
    """The last wanted map was made: the rest of the network need not run."""


class _Watch:
    """Hands over each wanted map once and ends the pass after the last."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.take: Take = _nobody

    def saw(self, name: str, output: Any) -> None:
        """Hand over the first output of a layer; a module that runs again is not asked twice."""
        if name not in self.missing:
            return
        if not isinstance(output, Tensor):
            kind = type(output).__name__
            raise TypeError(f"Layer {name} gives a {kind}, not one tensor: choose another layer.")
        self.missing.remove(name)
        self.take(name, output)
        if not self.missing:
            raise _Enough


@contextmanager
def trace(model: nn.Module, names: Sequence[str]) -> Iterator[Run]:
    """Give a function that runs ``model`` once and hands over the first output of each layer.

    The function takes a batch and ``take(name, maps)``. No gradients are recorded. The hooks are
    gone when the block ends, also by an error.

    Raises:
        ValueError: no layer, a name twice, or one that the model does not have; and from the
            function, a layer that did not run.
        TypeError: from the function, for a layer whose output is not one tensor.
    """
    if not names or len(set(names)) != len(names):
        raise ValueError(f"Name at least one layer and each once, not {list(names)}.")
    modules = dict(model.named_modules())
    if unknown := [name for name in names if name not in modules]:
        raise ValueError(f"The network has no layer {', '.join(unknown)}.")
    watch = _Watch()

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda _module, _inputs, output: watch.saw(name, output)

    def run(batch: Float[Tensor, "batch ..."], take: Take) -> None:
        watch.missing, watch.take = set(names), take
        try:
            with torch.inference_mode():
                model(batch)
        except _Enough:
            return
        missing = ", ".join(sorted(watch.missing))
        raise ValueError(f"These layers did not run on the input: {missing}.")

    with ExitStack() as stack:
        for name in names:
            stack.callback(modules[name].register_forward_hook(hook(name)).remove)
        yield run


def maps_of(
    model: nn.Module, names: Sequence[str], batch: Float[Tensor, "batch ..."]
) -> dict[str, Tensor]:
    """Return a copy of every named layer's output, by name, from one pass; see `trace`."""
    kept: dict[str, Tensor] = {}
    with trace(model, names) as run:
        run(batch, lambda name, maps: kept.update({name: maps.clone()}))
    return kept


def maps_and_output(
    model: nn.Module, names: Sequence[str], batch: Float[Tensor, "batch ..."]
) -> tuple[dict[str, Tensor], Any]:
    """Return a copy of every named layer's first output, and what the whole network gives.

    Raises:
        ValueError: a layer that the model does not have, that did not run, or whose output is
            not one tensor.
    """
    kept: dict[str, Any] = {}
    modules = dict(model.named_modules())
    if unknown := [name for name in names if name not in modules]:
        raise ValueError(f"The network has no layer {', '.join(unknown)}.")

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            # A copy: a later layer may overwrite it in place.
            kept.setdefault(name, output.clone() if isinstance(output, Tensor) else None)

        return hook

    with ExitStack() as stack, torch.inference_mode():
        for name in names:
            stack.callback(modules[name].register_forward_hook(keep(name)).remove)
        output = model(batch)
    if wrong := [name for name in names if kept.get(name) is None]:
        raise ValueError(f"These layers gave no map on the input: {', '.join(wrong)}.")
    return kept, output


def _nobody(name: str, maps: Tensor) -> None:
    """Take nothing: no pass is under way."""
