"""Removes regions from an image in the gradient domain, so that no new edge appears.

The gradients inside a region are set to zero and the image is integrated again, the surrounding
kept (Zhou et al. 2015, section 3.1; Pérez et al. 2003): inside, every pixel is the mean of its
neighbours (Laplace's equation), beside the region it meets the pixels that stayed. At the border
of the image there is no neighbour, so nothing flows there. What is filled in lies between the least
and the largest pixel around it. An image that is removed whole has no surrounding: it becomes its
mean.

Solved by conjugate gradients with one multigrid cycle as preconditioner, all candidates together
and without a matrix: the same code for CPU and accelerator.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

# The cycle's own estimate of what is missing, in units of the image, at which the work ends.
TOLERANCE = 1e-3
MOST_CYCLES = 100
CACHED = 2  # candidates that a processor solves at a time
COARSEST = 8  # pixels of the shorter side at which no coarser grid is made
DAMPING = 0.8  # of Jacobi's method: takes out short waves best in two dimensions
LAST_SWEEPS = 12  # on the coarsest grid
TINY = 1e-30  # where nothing is missing, nothing is divided by nothing


def removed(
    image: Float[Tensor, "channels h w"],
    regions: Bool[Tensor, "n h w"],
    start: Float[Tensor, "n channels h w"] | None = None,
    tolerance: float = TOLERANCE,
) -> Float[Tensor, "n channels h w"]:
    """Return the image once for each region, with that region removed.

    ``start`` is a guess of the answer (default: the image's mean); a good one saves work and
    changes the answer by no more than about ``tolerance``, which is in units of the image.
    """
    # A processor is fastest where a few candidates stay in its cache.
    some = CACHED if image.device.type == "cpu" else max(1, len(regions))
    parts = [slice(at, at + some) for at in range(0, len(regions), some)]
    starts = (None if start is None else start[part] for part in parts)
    pairs = zip((regions[part] for part in parts), starts, strict=True)
    return torch.cat([_removed(image, *pair, tolerance) for pair in pairs])


def _removed(image: Tensor, regions: Tensor, start: Tensor | None, tolerance: float) -> Tensor:
    """Remove a few regions together; as `removed`."""
    unknown = regions[:, None]  # (n, 1, h, w)
    mean = image.mean(dim=(1, 2))[:, None, None]  # (channels, 1, 1)
    guess = mean.expand(len(regions), *image.shape) if start is None else start
    filled = torch.where(unknown, guess, image)
    whole = regions.all(dim=2).all(dim=1)[:, None, None, None]  # (n, 1, 1, 1)
    filled = torch.where(whole, mean, filled)
    unknown = unknown & ~whole
    grids = _grids(_padded(unknown), _padded(~unknown))  # what is padded is neither
    height, width = image.shape[1:]
    rest = _solved(grids, _padded(_missing(filled, unknown)), tolerance)
    return filled + rest[..., :height, :width]


@dataclass(frozen=True)
class _Grid:
    """The equations on one grid: weights of the links between neighbours, (n, 1, h, w) each.

    ``across`` links a pixel with its right neighbour and ``down`` with the one below, where both
    are unknown. ``inverse`` is one over the sum of all its links, 0 where a pixel is known.
    """

    across: Tensor
    down: Tensor
    diagonal: Tensor
    inverse: Tensor

    def times(self, x: Tensor) -> Tensor:
        """Return the left side of the equations for x, (n, channels, h, w)."""
        y = self.diagonal * x
        across, down = self.across[..., :-1], self.down[..., :-1, :]
        y[..., :-1].addcmul_(across, x[..., 1:], value=-1)
        y[..., 1:].addcmul_(across, x[..., :-1], value=-1)
        y[..., :-1, :].addcmul_(down, x[..., 1:, :], value=-1)
        y[..., 1:, :].addcmul_(down, x[..., :-1, :], value=-1)
        return y

    def swept(self, x: Tensor, right: Tensor) -> Tensor:
        """Return x after one sweep of Jacobi's method towards the right side."""
        return x.addcmul_(self.inverse, right - self.times(x), value=DAMPING)


def _padded(x: Tensor) -> Tensor:
    """Return x with empty rows and columns behind, so that it can be halved again and again."""
    height, width = x.shape[-2:]
    step = 1
    while min(height, width) / (2 * step) >= COARSEST / 2:
        step *= 2
    return functional.pad(x, (0, -width % step, 0, -height % step))


def _missing(x: Tensor, unknown: Tensor) -> Tensor:
    """Return what each unknown pixel misses: the sum of its neighbours' differences to it."""
    y = torch.zeros_like(x)
    across, down = x.diff(dim=-1), x.diff(dim=-2)
    y[..., :-1] += across
    y[..., 1:] -= across
    y[..., :-1, :] += down
    y[..., 1:, :] -= down
    return y * unknown


def _grids(unknown: Bool[Tensor, "n 1 h w"], known: Bool[Tensor, "n 1 h w"]) -> list[_Grid]:
    """Return the equations on ever coarser grids, the finest first.

    Four pixels become one. A coarse link is half the sum of the fine ones that it stands for: two
    links side by side, each over twice the distance.
    """
    beside = functional.pad(known, (1, 1, 1, 1)).to(torch.float32)
    fringe = beside[..., 1:-1, :-2] + beside[..., 1:-1, 2:]  # links to known pixels
    fringe += beside[..., :-2, 1:-1] + beside[..., 2:, 1:-1]
    inside = unknown.to(torch.float32)
    across = functional.pad(inside[..., :-1] * inside[..., 1:], (0, 1))
    down = functional.pad(inside[..., :-1, :] * inside[..., 1:, :], (0, 0, 0, 1))
    fringe *= inside
    grids = [_grid(across, down, fringe)]
    while min(across.shape[-2:]) >= COARSEST and not any(side % 2 for side in across.shape[-2:]):
        across, down = across[..., 1::2], down[..., 1::2, :]
        across = (across[..., ::2, :] + across[..., 1::2, :]) / 2
        down = (down[..., ::2] + down[..., 1::2]) / 2
        fringe = 2 * functional.avg_pool2d(fringe, 2)
        grids.append(_grid(across, down, fringe))
    return grids


def _grid(across: Tensor, down: Tensor, fringe: Tensor) -> _Grid:
    """Return the equations with these links."""
    diagonal = fringe + across + down
    diagonal[..., 1:] += across[..., :-1]
    diagonal[..., 1:, :] += down[..., :-1, :]
    inverse = torch.where(diagonal > 0, 1 / diagonal.clamp(min=1e-6), 0)
    return _Grid(across, down, diagonal, inverse)


def _cycle(grids: list[_Grid], right: Tensor) -> Tensor:
    """Return one multigrid cycle's answer to the equations: symmetric, as the gradients need it."""
    grid = grids[0]
    x = DAMPING * grid.inverse * right  # the first sweep, from nothing
    if len(grids) == 1:
        for _ in range(LAST_SWEEPS):
            x = grid.swept(x, right)
        return x
    size, half = list(right.shape), list(grids[1].across.shape[-2:])
    rest = (right - grid.times(x)) * (grid.inverse > 0)
    coarse = torch.ops.aten.upsample_bilinear2d_backward(rest, size[-2:], [*size[:2], *half], False)
    finer = functional.interpolate(_cycle(grids[1:], coarse), size[-2:], mode="bilinear")
    x += finer * (grid.inverse > 0)
    return grid.swept(x, right)


def _solved(grids: list[_Grid], right: Tensor, tolerance: float) -> Tensor:
    """Return the answer to the equations for the right side (n, channels, h, w)."""
    x = torch.zeros_like(right)
    rest = right.clone()
    guess = _cycle(grids, rest)
    along, weight = guess.clone(), _dot(rest, guess)
    for _ in range(MOST_CYCLES):
        if guess.abs().max() <= tolerance:
            return x + guess
        pushed = grids[0].times(along)
        step = weight / _dot(along, pushed).clamp(min=TINY)
        x.addcmul_(along, step)
        rest.addcmul_(pushed, step, value=-1)
        guess = _cycle(grids, rest)
        before, weight = weight, _dot(rest, guess)
        along = guess + along * (weight / before.clamp(min=TINY))
    return x


def _dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the products of each channel of each image, (n, channels, 1, 1)."""
    return (x * y).sum(dim=(2, 3), keepdim=True)
