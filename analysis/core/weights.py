"""Reads weights as tensors and nothing else: no file is ever unpickled."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from analysis.core.specs import CONVERT, PROGRAM, SAFETENSORS, SpecRefused, kind_of

State = dict[str, Tensor]
# Training scripts wrap the state dict in a dictionary of their own.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")


def read(path: Path, name: str = "") -> State:
    """Return the tensors of a weights file by name; ``name`` is what its owner calls it.

    Raises:
        SpecRefused: for what is broken, holds no tensors, or would need unpickling.
    """
    name = name or path.name
    kind = kind_of(path, name)
    if kind == PROGRAM:
        raise SpecRefused(f"{name} is an exported program: name it as exported:{name}.")
    try:
        if kind == SAFETENSORS:
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise SpecRefused(f"{name} is a broken safetensors file ({error}).") from error
    except pickle.UnpicklingError as error:
        raise SpecRefused(
            f"{name} holds more than tensors, and opening that could run code: {CONVERT}."
        ) from error
    except Exception as error:  # whatever broken bytes do to the reader
        reason = str(error).split("\n")[0][:200]
        raise SpecRefused(f"{name} is broken or cut short ({reason}).") from error
    return tensors_of(found, name)


def tensors_of(found: object, name: str) -> State:
    """Return the state dict inside what a training script saved, without its wrappers.

    Raises:
        SpecRefused: there is none.
    """
    while isinstance(found, Mapping) and not _is_state(found):
        inner = [found[key] for key in WRAPPERS if isinstance(found.get(key), Mapping)]
        if not inner:
            break
        found = inner[0]
    if not isinstance(found, Mapping) or not _is_state(found):
        raise SpecRefused(f"{name} holds no state dict (names and their tensors): {CONVERT}.")
    # DataParallel and torch.compile put their own name before every other.
    state = {str(key): value for key, value in found.items()}
    for prefix in ("_orig_mod.", "module."):
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def fit(model: nn.Module, state: State) -> None:
    """Load weights into a model, all of them and nothing else.

    Raises:
        SpecRefused: names the first tensors that are absent, unknown or of another shape.
    """
    wanted = model.state_dict()
    # Old files have no counters of batches; nothing is computed from them here.
    absent = [n for n in wanted if n not in state and not n.endswith("num_batches_tracked")]
    unknown = [name for name in state if name not in wanted]
    shapes = [
        f"{name} has shape {tuple(state[name].shape)}, the architecture {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in state and state[name].shape != tensor.shape
    ]
    for names, what in (
        (absent, "are not in the file"),
        (unknown, "are not in the architecture"),
        (shapes, "have another shape"),
    ):
        if names:
            some = "; ".join(names[:3]) + ("; …" if len(names) > 3 else "")
            raise SpecRefused(f"The weights do not fit: {len(names)} tensors {what}: {some}.")
    if bad := [n for n, t in state.items() if t.is_floating_point() and not t.isfinite().all()]:
        raise SpecRefused(f"The weights hold NaN or infinity, first in {bad[0]}.")
    model.load_state_dict(state, strict=False)


def packed(model: nn.Module) -> bytes:
    """Return a model's weights as a safetensors file; the same weights give the same bytes."""
    # A copy of each: the format refuses tensors that share memory (tied weights).
    return save({name: t.detach().clone().contiguous() for name, t in model.state_dict().items()})


def _is_state(found: Mapping[object, object]) -> bool:
    return bool(found) and all(isinstance(value, Tensor) for value in found.values())
