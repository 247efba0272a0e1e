"""The k images that score highest for each unit, with the place of the maximum: exact.

The result is a function of the set of (image, score) pairs, never of batches, shards or their
order. `TopK` is a running statistic: ``add`` batches, ``merge`` others, ``state`` out and in.

How: score and image become one whole number, the bits of the score (put in order) above those of
the image. No two are equal, so plain sorting decides every tie.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from analysis.core.mixing import MASK, mixed, unmixed

# Below the number of any real pair: a slot that no image has taken yet.
EMPTY = torch.iinfo(torch.int64).min
NO_IMAGE = -1


class TopK:
    """Keeps, per unit, the k images of the highest score; memory is units × k.

    Ties go to the smaller image number. With a seed they go by a shuffle of the numbers instead,
    so that among many equal images it is not always the first of the set that are chosen.
    """

    def __init__(
        self, units: int, k: int, *, seed: int | None = None, device: torch.device | str = "cpu"
    ) -> None:
        """Start empty.

        Raises:
            ValueError: ``units`` or ``k`` below 1.
        """
        if units < 1 or k < 1:
            raise ValueError(f"Top images need at least one unit and one place, not {units}, {k}.")
        self.k, self.seed = k, seed
        self.keys = torch.full((units, k), EMPTY, device=device)  # descending
        self.places = torch.zeros((units, k), dtype=torch.int64, device=device)

    def add(
        self,
        score: Float[Tensor, "batch units"],
        image: Int64[Tensor, " batch"],
        place: Int64[Tensor, "batch units"],
    ) -> None:
        """Take a batch of images in, each image once, with the place of each maximum."""
        self._keep_best(self._keys(score.T, image), place.T)

    def merge(self, other: "TopK") -> None:
        """Take in what another has seen; no image may have been given to both.

        Raises:
            ValueError: units, k or seed differ.
        """
        mine, theirs = (*self.keys.shape, self.seed), (*other.keys.shape, other.seed)
        if mine != theirs:
            raise ValueError(f"Top images of (units, k, seed) {mine} and {theirs} do not merge.")
        device = self.keys.device
        self._keep_best(other.keys.to(device), other.places.to(device))

    def scores(self) -> Float32[np.ndarray, "units k"]:
        """Return the scores, best first; 0 where no image is (see `images`)."""
        ordered = (self.keys >> 32).to(torch.int32)
        bits = ordered ^ ((ordered >> 31) & 0x7FFFFFFF)
        scores = bits.view(torch.float32).masked_fill(self.keys == EMPTY, 0.0)
        return scores.cpu().numpy()

    def images(self) -> Int64[np.ndarray, "units k"]:
        """Return the image numbers, best first; -1 where fewer than k images were seen."""
        tie = MASK - (self.keys & MASK)
        number = tie if self.seed is None else unmixed(tie, self.seed)
        return number.masked_fill(self.keys == EMPTY, NO_IMAGE).cpu().numpy()

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known, as arrays: ``score``, ``image`` and ``place``."""
        places = self.places.masked_fill(self.keys == EMPTY, 0).cpu().numpy().astype(np.int32)
        return {"score": self.scores(), "image": self.images(), "place": places}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], *, seed: int | None = None) -> "TopK":
        """Return what `state` gave, on the CPU; ``seed`` must be the one it was made with."""
        score, image = torch.from_numpy(state["score"]), torch.from_numpy(state["image"])
        top = cls(*score.shape, seed=seed)
        keys = top._keys(score, image.clamp(min=0))
        top.keys = keys.masked_fill(image == NO_IMAGE, EMPTY)
        top.places = torch.from_numpy(state["place"]).long()
        return top

    def _keys(
        self, score: Float[Tensor, "units some"], image: Int64[Tensor, "... some"]
    ) -> Int64[Tensor, "units some"]:
        """Return numbers that sort as (score, then the tie's rule) does."""
        # Adding 0.0 turns -0.0 into 0.0: they are equal and must tie.
        bits = (score.float() + 0.0).contiguous().view(torch.int32)
        # The bits of a float sort like a whole number once those of negatives are turned round.
        ordered = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long()
        tie = image if self.seed is None else mixed(image, self.seed)
        return (ordered << 32) | (MASK - tie)

    def _keep_best(
        self, keys: Int64[Tensor, "units more"], places: Int64[Tensor, "units more"]
    ) -> None:
        """Keep the best k of what is there and what is offered."""
        self.keys, index = torch.cat([self.keys, keys], dim=1).topk(self.k, dim=1)
        self.places = torch.cat([self.places, places], dim=1).gather(1, index)


def peaks(
    maps: Float[Tensor, "batch units positions"], image: Int64[Tensor, " batch"]
) -> tuple[Float32[Tensor, "batch units"], Int64[Tensor, "batch units"]]:
    """Return each image's and unit's maximum over all positions, and where it is first reached.

    Raises:
        ValueError: NaN or infinity anywhere in the maps; names the unit and the image.
    """
    peak, place = maps.max(2)
    # NaN and infinity survive a sum, so one number vouches for the whole batch. Only finite
    # numbers that add up to infinity make it cry wolf: then each is looked at.
    if not maps.sum(dtype=torch.float32).isfinite() and not (finite := maps.isfinite()).all():
        item, unit, position = (~finite).nonzero()[0].tolist()
        value = maps[item, unit, position].item()
        raise ValueError(
            f"Unit {unit} gives {value} on image {int(image[item])}: the network's activations"
            " must be finite. Check its weights and its input preparation, or use float32."
        )
    return peak.float(), place
