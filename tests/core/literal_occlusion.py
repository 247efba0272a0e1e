"""The paper's occlusion read literally: one whole image after another, nothing left out."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from analysis.core.occluders import Lattice
from analysis.core.occlusion import Target


def activations(model: nn.Module, image: Tensor, targets: Sequence[Target]) -> list[float]:
    """Return every target's activation for one whole image, from one plain forward pass."""
    seen: dict[str, Tensor] = {}
    modules = dict(model.named_modules())
    hooks = [
        modules[path].register_forward_hook(partial(_keep, seen, path))
        for path in {target.module for target in targets}
    ]
    with torch.no_grad():
        model(image[None])
    for hook in hooks:
        hook.remove()
    return [float(seen[t.module][0, t.channel, t.row, t.column]) for t in targets]


def _keep(
    seen: dict[str, Tensor], path: str, _module: nn.Module, _given: object, out: Tensor
) -> None:
    """Keep a module's output as it is now; what a hook returns would take the output's place."""
    seen.setdefault(path, out.clone())


def literal_changes(
    model: nn.Module, image: Tensor, targets: Sequence[Target], lattice: Lattice, patches: Tensor
) -> np.ndarray:
    """Return clean minus occluded activation: (targets, rows, columns)."""
    size = lattice.occluder.size
    clean = np.array(activations(model, image, targets))
    changes = np.zeros((len(targets), len(lattice.rows), len(lattice.columns)))
    for i, top in enumerate(lattice.first[0]):
        for j, left in enumerate(lattice.first[1]):
            occluded = image.clone()
            occluded[:, top : top + size, left : left + size] = patches[i, j]
            changes[:, i, j] = clean - np.array(activations(model, occluded, targets))
    return changes
