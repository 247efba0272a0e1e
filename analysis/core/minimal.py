"""Minimal images: how little of an image a network needs to name it (Zhou et al. 2015, 3.1).

Of a correctly classified image, cut into regions, the region is removed whose removal lowers the
score of the correct class least; again and again, until the class is lost. The image just before
is the minimal image. The score is the logarithm of the class's probability (it orders candidates
as the probability does, and does not round to 1); lost is a class that is no longer the first. Of
equal scores the region with the lower number is removed.

The lazy search believes that what a removal costs only grows as more is missing. It keeps the costs
of earlier rounds and looks only at the regions that were cheapest, until one costs no more than all
others are believed to. That is not true of networks: `benchmarks/minimal.py` measures how often it
ends elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from analysis.core import poisson
from analysis.core.loading import batched

# (n, 3, h, w) → (n, classes): the network's last outputs, before they are made probabilities.
Score = Callable[[Tensor], Tensor]
LAZY = 4  # regions that the lazy search looks at together
UNKNOWN = float("-inf")  # the cost of what was never looked at


@dataclass(frozen=True)
class Removal:
    """One region taken out, and what the network says then."""

    region: int
    score: float  # logarithm of the correct class's probability
    first: int  # the class that comes first
    picture: Float[Tensor, "3 h w"]


@dataclass(frozen=True)
class Minimal:
    """The way from an image to its minimal image."""

    before: float  # the score of the whole image
    removals: tuple[Removal, ...]  # in order; after each of them the class is still the first
    lost: Removal | None  # the next one, which loses it; none where nothing is left and it is not
    looked: int  # candidates that the network was asked about

    def kept(self, number: Int[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """Return the pixels that the minimal image keeps; ``number`` is each pixel's region."""
        return ~np.isin(number, [removal.region for removal in self.removals])

    @property
    def after(self) -> float:
        """Return the score of the minimal image."""
        return self.removals[-1].score if self.removals else self.before


@dataclass(frozen=True)
class How:
    """How the search goes: lazily or exactly, and how many candidates are in memory at a time."""

    lazy: bool = False
    at_once: int = 16
    tolerance: float = poisson.TOLERANCE


def minimal(
    image: Float[Tensor, "3 h w"],
    number: Int[np.ndarray, "h w"],
    label: int,
    score: Score,
    how: How | None = None,
) -> Minimal | None:
    """Return the way to the minimal image; None where the whole image is not told as ``label``.

    ``number`` is the region of each pixel, from 0 without gaps.
    """
    search = _Search(image, torch.from_numpy(number).to(image.device), label, score)
    return search.run(how or How())


class _Search:
    """One image whose regions are taken out one after another."""

    def __init__(self, image: Tensor, number: Tensor, label: int, score: Score) -> None:
        self.image, self.number, self.label, self.ask = image, number, label, score
        self.left = list(range(int(number.max()) + 1))
        self.gone = torch.zeros_like(number, dtype=torch.bool)  # (h, w)
        self.now = image
        # What fills each region when it is removed alone: a good first guess ever after.
        self.alone = image.clone()
        self.looked = 0

    def run(self, how: How) -> Minimal | None:
        """Take out regions until the class is lost."""
        [(before, first)] = self._told(self.image[None])
        if first != self.label:
            return None
        removals: list[Removal] = []
        score, lost = before, None
        costs = dict.fromkeys(self.left, UNKNOWN)
        while self.left and lost is None:
            best = self._cheapest(score, costs, how) if how.lazy else self._best(self.left, how)
            if best.first != self.label:
                lost = best
            else:
                removals.append(best)
                score = best.score
                self._take_out(best)
        return Minimal(before, tuple(removals), lost, self.looked)

    def _take_out(self, removal: Removal) -> None:
        """Go on without a region."""
        self.left.remove(removal.region)
        self.gone = self.gone | (self.number == removal.region)
        self.now = removal.picture

    def _best(self, regions: Sequence[int], how: How) -> Removal:
        """Return the removal that leaves the highest score."""
        return max(self._look(regions, how), key=_rank)

    def _cheapest(self, score: float, costs: dict[int, float], how: How) -> Removal:
        """Return the best removal as far as the costs of earlier rounds can be believed."""
        best: Removal | None = None
        stale = sorted(self.left, key=lambda region: (costs[region], region))
        while stale and (best is None or score - best.score > costs[stale[0]]):
            some = stale if costs[stale[0]] == UNKNOWN else stale[:LAZY]
            stale = stale[len(some) :]
            for removal in self._look(some, how):
                costs[removal.region] = score - removal.score
                best = max(best or removal, removal, key=_rank)
        if best is None:
            raise ValueError("there is no region left to remove")
        return best

    def _look(self, regions: Sequence[int], how: How) -> Iterator[Removal]:
        """Yield what the network says without each of these regions and those gone before."""
        start = torch.where(self.gone, self.now, self.alone)
        for some in batched(regions, how.at_once):
            taken = torch.tensor(some, device=self.number.device)[:, None, None]
            masks = self.gone | (self.number == taken)  # (n, h, w)
            starts = start.expand(len(some), *start.shape)
            pictures = poisson.removed(self.image, masks, starts, how.tolerance)
            told = self._told(pictures)
            self.looked += len(some)
            for region, picture, (score, first) in zip(some, pictures, told, strict=True):
                if not self.gone.any():
                    self.alone = torch.where(self.number == region, picture, self.alone)
                yield Removal(region, score, first, picture)

    def _told(self, pictures: Tensor) -> list[tuple[float, int]]:
        """Return for each picture the correct class's score, and the class that comes first."""
        outputs = self.ask(pictures).double()  # (n, classes)
        scores, first = outputs.log_softmax(dim=1)[:, self.label], outputs.argmax(dim=1)
        return list(zip(scores.tolist(), first.tolist(), strict=True))


def _rank(removal: Removal) -> tuple[float, int]:
    """Return what a removal is chosen by: the score, then the lower number."""
    return removal.score, -removal.region
