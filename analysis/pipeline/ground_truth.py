"""The classes of an image's pixels, cut to what the network sees of the image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from analysis.core.images import ImageRefused, Preprocessing, below, open_mask, view_mask
from analysis.core.overlap import VOID
from analysis.models import Image, ImageSet


def classes_of(image_set: ImageSet) -> int:
    """Return how many classes the masks of a set have; 0 for a set without masks."""
    return len(image_set.labels.get("classes", ()))


@dataclass(frozen=True)
class GroundTruth:
    """The masks of an image set. ``places`` are index → class: 0.. in the order of `names`."""

    root: Path
    preparation: Preprocessing
    places: dict[int, int]
    void: int | None

    @classmethod
    def of(cls, image_set: ImageSet, preparation: Preprocessing) -> "GroundTruth | None":
        """Return the masks of a set; None for a set without any."""
        if not classes_of(image_set):
            return None
        indexes = [row["index"] for row in image_set.labels["classes"]]
        places = {index: place for place, index in enumerate(indexes)}
        return cls(Path(image_set.root), preparation, places, image_set.labels.get("void_index"))

    @property
    def classes(self) -> int:
        """How many classes there are, the void one among them where it has a name."""
        return len(self.places)

    def read(self, image: Image) -> Integer[np.ndarray, "height width"]:
        """Return the class of every pixel of the network's input, VOID where there is none.

        Raises:
            ValueError: no mask, one that cannot be read, one of another size than its image, or
                one with an index that has no name; a sentence for the run's log.
        """
        where = f"The mask of image {image.number} ({image.path})"
        if not image.mask:
            raise ValueError(f"{where} is missing.")
        try:
            mask = open_mask(below(self.root, image.mask))
        except ImageRefused as refused:
            raise ValueError(f"{where} cannot be read: {refused}.") from refused
        height, width = mask.shape
        if (width, height) != (image.width, image.height):
            raise ValueError(
                f"{where} has {width} × {height} pixels and its image {image.width} ×"
                f" {image.height}: they cannot lie over one another."
            )
        return self._placed(view_mask(mask, self.preparation), where)

    def _placed(
        self, indexes: Integer[np.ndarray, "height width"], where: str
    ) -> Integer[np.ndarray, "height width"]:
        """Return the places of the indexes of a mask."""
        labels = np.full(indexes.shape, VOID, np.int64)
        for index in np.unique(indexes).tolist():
            if index == self.void:
                continue
            if index not in self.places:
                raise ValueError(f"{where} holds the index {index}, which has no name.")
            labels[indexes == index] = self.places[index]
        return labels
