"""The images that a whole layer prefers: those with the highest activation summed over the layer.

Zhou et al. 2015, section 3: the sum over all units and locations of a layer. Sums are made by
adding halves to one another, number by number, in float64: the same bits in any batch, in any
order of memory and on every device. They are compared as float32, of which the activations are;
equal ones go to the smaller image number.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from analysis.core.topk import TopK


class Preferred:
    """Keeps the k images of the highest sum; a function of the set of images alone."""

    def __init__(self, k: int, device: torch.device | str = "cpu") -> None:
        """Start empty."""
        self.top = TopK(1, k, device=device)

    def add(self, maps: Float[Tensor, "batch units *grid"], image: Int64[Tensor, " batch"]) -> None:
        """Take in the maps of a batch of images, each image once. Nothing of them is held.

        Raises:
            ValueError: a sum that is not finite; names the image.
        """
        score = summed(maps).float()  # (batch,)
        if not (finite := score.isfinite()).all():
            at = int((~finite).nonzero()[0])
            raise ValueError(
                f"the activations on image {int(image[at])} add up to {score[at].item()}: they"
                " must be finite. Check the network's weights and its input preparation."
            )
        self.top.add(score[:, None], image, torch.zeros_like(image)[:, None])

    def merge(self, other: "Preferred") -> None:
        """Take in what another has seen of other images."""
        self.top.merge(other.top)

    def ranked(self) -> list[tuple[int, float]]:
        """Return (image number, sum), highest first; fewer than k where fewer were seen."""
        state = self.top.state()
        pairs = zip(state["image"][0].tolist(), state["score"][0].tolist(), strict=True)
        return [(image, score) for image, score in pairs if image >= 0]

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known, as arrays."""
        return self.top.state()

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray]) -> "Preferred":
        """Return what `state` gave, on the CPU."""
        found = cls(state["score"].shape[1])
        found.top = TopK.from_state(state)
        return found


def summed(maps: Float[Tensor, "batch units *grid"]) -> Float64[Tensor, " batch"]:
    """Return the sum of each image's activations.

    The second half of what is left is added to the first until one number is left. An odd one in
    the middle waits for the next round.
    """
    left = maps.flatten(1)
    while (count := left.shape[1]) > 1:
        half = (count + 1) // 2
        rest = left[:, half:].double()
        joined = left[:, : count - half].double() + rest
        left = torch.cat([joined, left[:, count - half : half].double()], dim=1)
    return left[:, 0].double()
