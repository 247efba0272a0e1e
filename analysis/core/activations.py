"""The feature maps of named layers from one forward pass, which ends after the last of them.

A layer is named as its network names it: the path of a module ("features.2"), or, in a program
loaded by ``torch.export``, the name of a node ("max_pool2d").

    with trace(model, ["features.2", "features.5"]) as run:
        run(batch, lambda name, maps: ...)

Maps are handed over the moment they are made and only for the time of the call. A later layer may
overwrite them in place (``ReLU(inplace=True)`` does), and not holding them keeps memory flat.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.fx import GraphModule, Interpreter, Node

Take = Callable[[str, Tensor], None]
Run = Callable[[Float[Tensor, "batch ..."], Take], None]


class _Enough(Exception):
    """The last wanted map was made: the rest of the network need not run."""


class _Watch:
    """Hands over each wanted map once and ends the pass after the last."""

    def __init__(self, names: Sequence[str], take: Take) -> None:
        self.missing = set(names)
        self.take = take

    def saw(self, name: str, output: Any) -> None:
        """Hand over the first output of a layer; a module that runs again is not asked twice."""
        if name not in self.missing:
            return
        if not isinstance(output, Tensor):
            kind = type(output).__name__
            raise TypeError(f"Layer {name} gives {kind}, not one tensor: choose another layer.")
        self.missing.remove(name)
        self.take(name, output)
        if not self.missing:
            raise _Enough


@contextmanager
def trace(model: nn.Module, names: Sequence[str]) -> Iterator[Run]:
    """Give a function that runs ``model`` once and hands over the first output of each layer.

    The function takes a batch and ``take(name, maps)``. No gradients are recorded. Hooks are gone
    when the block ends, also by an error.

    Raises:
        ValueError: no layer, a name twice, or a name that the model does not have; and from the
            function, a layer that did not run.
        TypeError: from the function, for a layer whose output is not one tensor.
    """
    if not names or len(set(names)) != len(names):
        raise ValueError(f"Name at least one layer and each once, not {list(names)}.")
    with ExitStack() as stack:
        forward = _by_node(model, names) if _is_program(model, names) else None
        yield forward or _by_hook(model, names, stack)


def maps_of(
    model: nn.Module, names: Sequence[str], batch: Float[Tensor, "batch ..."]
) -> dict[str, Tensor]:
    """Return a copy of every named layer's output, by name, from one pass; see `trace`."""
    kept: dict[str, Tensor] = {}
    with trace(model, names) as run:
        run(batch, lambda name, maps: kept.update({name: maps.clone()}))
    return kept


def _is_program(model: nn.Module, names: Sequence[str]) -> bool:
    """Tell whether the names are nodes of a graph: its modules only hold weights and never run."""
    if not isinstance(model, GraphModule):
        return False
    nodes = {node.name for node in model.graph.nodes}
    return all(name in nodes for name in names)


def _by_hook(model: nn.Module, names: Sequence[str], stack: ExitStack) -> Run:
    modules = dict(model.named_modules())
    if unknown := [name for name in names if name not in modules]:
        raise ValueError(f"The network has no layer {', '.join(unknown)}.")
    watch = _Watch((), _nobody)

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda _module, _inputs, output: watch.saw(name, output)

    for name in names:
        handle = modules[name].register_forward_hook(hook(name))
        stack.callback(handle.remove)

    def run(batch: Float[Tensor, "batch ..."], take: Take) -> None:
        watch.missing, watch.take = set(names), take
        _until_enough(lambda: model(batch), watch)

    return run


def _by_node(model: nn.Module, names: Sequence[str]) -> Run:
    def run(batch: Float[Tensor, "batch ..."], take: Take) -> None:
        watch = _Watch(names, take)
        _until_enough(lambda: _NodeByNode(model, watch).run(batch), watch)

    return run


class _NodeByNode(Interpreter):
    """Runs a program node by node, forgets each value after its last use, shows the rest."""

    def __init__(self, model: nn.Module, watch: _Watch) -> None:
        super().__init__(model)
        self.watch = watch

    def run_node(self, n: Node) -> Any:
        """Run one node; the guards on the example's batch size are not ours to keep."""
        if n.name == "_guards_fn":
            return None
        output = super().run_node(n)
        self.watch.saw(n.name, output)
        return output


def _until_enough(forward: Callable[[], Any], watch: _Watch) -> None:
    try:
        with torch.inference_mode():
            forward()
    except _Enough:
        return
    raise ValueError(f"These layers did not run on the input: {', '.join(sorted(watch.missing))}.")


def _nobody(name: str, maps: Tensor) -> None:
    """Take nothing: no pass is under way."""
