"""Masks as run lengths, and as paths that a page draws; numpy only: the web side reads them.

Run lengths are those of COCO, uncompressed: down the columns, from the left one on, beginning
with the number of pixels outside (0 where the first pixel is inside).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

Mask = Bool[np.ndarray, "height width"]


def runs_of(mask: Mask) -> list[int]:
    """Return the run lengths of a mask; their sum is its number of pixels."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [flat.size]])
    runs: list[int] = np.diff(ends).tolist()
    return [0, *runs] if flat.size and flat[0] else runs


def mask_of(runs: Sequence[int], height: int, width: int) -> Mask:
    """Return the mask of ``runs``, height × width.

    Raises:
        ValueError: a run is negative, or they are not as many pixels.
    """
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"Runs of {sum(runs):,} pixels are no mask of {height} × {width}.")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(width, height).T.copy()


def filled(mask: Mask) -> str:
    """Return an SVG path that covers a mask: one rectangle for each run of a row."""
    left, right = _edges(mask)
    return "".join(
        f"M{x} {y}h{end - x}v1H{x}z"
        for (y, x), end in zip(left.tolist(), right[:, 1].tolist(), strict=True)
    )


def outlined(mask: Mask) -> str:
    """Return an SVG path along the border of a mask, where it ends within the picture or at it."""
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), dtype=bool)
    padded[1:-1, 1:-1] = mask
    across = (padded[1:] != padded[:-1])[:, 1:-1]  # (height + 1, width): between two rows
    down = (padded[:, 1:] != padded[:, :-1])[1:-1].T  # (width + 1, height): between two columns
    paths = []
    for edges, form in ((across, "M{start} {line}h{length}"), (down, "M{line} {start}v{length}")):
        first, last = _edges(edges)
        for (line, start), end in zip(first.tolist(), last[:, 1].tolist(), strict=True):
            paths.append(form.format(line=line, start=start, length=end - start))
    return "".join(paths)


def _edges(mask: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of each row begin, and one beyond where they end, as (row, column)."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    step = np.diff(padded, axis=1)
    return np.argwhere(step == 1), np.argwhere(step == -1)
