"""A linear read-out: names for images from the last features of a network that knows other names.

A network trained on other classes than an image set's scenes is asked with a new last layer: a
multinomial logistic regression on its last features, fitted on one half of the images and used on
the other. What such a head says is said by network and head together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from torch import Tensor, nn

DECAY = 0.3  # weight of the squared weights beside the mean loss
MOST_STEPS = 200


def last_linear(model: nn.Module) -> str:
    """Return the path of a network's last linear layer; empty where it has none of its own."""
    linear = [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    return linear[-1] if linear else ""


def features_of(
    model: nn.Module, path: str, batch: Float[Tensor, "n 3 h w"]
) -> Float[Tensor, "n features"]:
    """Return what the linear layer ``path`` is given; for an empty path what the network returns.

    Maps are averaged over their positions.

    Raises:
        ValueError: the network returns something else than one tensor with a row for each image.
    """
    seen: list[Tensor] = []
    hooks = []
    if path:
        module = model.get_submodule(path)
        hooks.append(module.register_forward_pre_hook(lambda _, given: seen.append(given[0])))
    try:
        output = model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    found = seen[0] if seen else output
    if not isinstance(found, Tensor) or found.dim() not in (2, 4) or len(found) != len(batch):
        what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"The network's last features are {what} for {len(batch)} images: one row of numbers"
            " for each is needed. Choose another network."
        )
    return (found.mean(dim=(2, 3)) if found.dim() == 4 else found).float()


@dataclass(frozen=True)
class Readout:
    """A linear head: scores = (features − mean) / scale · weight + bias."""

    names: tuple[str, ...]
    mean: Float[np.ndarray, " features"]
    scale: Float[np.ndarray, " features"]
    weight: Float[np.ndarray, "features names"]
    bias: Float[np.ndarray, " names"]

    def scores(self, features: Float[Tensor, "n features"]) -> Float[Tensor, "n names"]:
        """Return the scores of each name, before they are made probabilities."""
        mean, scale, weight, bias = (
            torch.as_tensor(array, dtype=torch.float32, device=features.device)
            for array in (self.mean, self.scale, self.weight, self.bias)
        )
        return (features - mean) / scale @ weight + bias

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays, for a file."""
        return {
            "names": np.array(self.names),
            "mean": self.mean,
            "scale": self.scale,
            "weight": self.weight,
            "bias": self.bias,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Readout":
        """Return the head that `arrays` gave."""
        names = tuple(str(name) for name in arrays["names"])
        rest = {name: arrays[name] for name in ("mean", "scale", "weight", "bias")}
        return cls(names, **rest)


def fit(
    features: Float[np.ndarray, "n features"],
    labels: Int[np.ndarray, " n"],
    names: Sequence[str],
    decay: float = DECAY,
) -> Readout:
    """Return the head that names these features best; the same input gives the same head.

    Features are brought to mean 0 and deviation 1; the mean negative logarithm of the right name's
    probability plus ``decay`` / 2 times the squared weights is minimised (L-BFGS from zero).

    Raises:
        ValueError: fewer than two names have an image.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("A read-out needs images of at least two scenes to learn from.")
    x = features.astype(np.float64)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 1e-6 * max(float(scale.max()), 1e-12), scale, 1.0)
    x = (x - mean) / scale
    shape = (x.shape[1] + 1, len(names))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = parameters.reshape(shape)[:-1], parameters.reshape(shape)[-1]
        told = x @ weight + bias  # (n, names)
        told -= told.max(axis=1, keepdims=True)
        chance = np.exp(told)
        total = chance.sum(axis=1, keepdims=True)
        right = np.arange(len(labels)), labels
        value = float((np.log(total[:, 0]) - told[right]).mean() + decay / 2 * (weight**2).sum())
        chance /= total
        chance[right] -= 1
        slope = np.vstack([x.T @ chance / len(x) + decay * weight, chance.mean(axis=0)])
        return value, slope.ravel()

    options = {"maxiter": MOST_STEPS, "gtol": 1e-5, "ftol": 1e-9}
    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    best = found.x.reshape(shape)
    kept = (mean, scale, best[:-1], best[-1])
    return Readout(tuple(names), *(array.astype(np.float32) for array in kept))
