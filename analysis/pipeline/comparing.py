"""The two masks of a unit compared: its own field and its layer's disc, by what they cover.

Asked for by the option `compare` of the step `segment`. Each shard writes its counts beside its
pictures, `runs/<key>/masks/<shard>.npz`; `finish` adds them up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from analysis.core.arrays import packed, unpacked
from analysis.core.overlap import Count, Overlap, counted, pixels_of
from analysis.models import Image, Job, Layer, Run, TopImage
from analysis.pipeline.masks import MaskRefused, Masks
from analysis.services import files
from analysis.services.dissection import class_names
from analysis.services.journal import log
from analysis.services.mask_findings import KINDS, masks_file, write_layer

Mask = Bool[np.ndarray, "height width"]


@dataclass(frozen=True)
class Fit:
    """What the two masks of one top image cover."""

    layer: int  # primary key
    counts: dict[str, Count]  # by kind


@dataclass
class Truth:
    """The classes of one image, read at most once, and what was wrong with them."""

    masks: Masks
    image: Image
    problem: str = ""

    def __post_init__(self) -> None:
        """Read the mask; a problem is one of this image only."""
        if not self.image.mask:
            self.problem = f"Image {self.image.number} ({self.image.path}) has no mask."
            return
        try:
            self.labels = self.masks.labels(self.image)
        except MaskRefused as refused:
            self.problem = str(refused)
        else:
            self.pixels = pixels_of(self.labels, len(self.masks.names))

    def fit(self, top: TopImage, masks: dict[str, Mask]) -> Fit | None:
        """Count the masks of one top image; None where its image has no classes to count."""
        if self.problem:
            return None
        channel = top.unit.channel
        counts = {
            kind: counted(channel, mask, self.labels, self.pixels) for kind, mask in masks.items()
        }
        return Fit(top.unit.layer_id, counts)


@dataclass
class Tally:
    """The counts of a shard."""

    layers: Sequence[Layer]
    classes: int
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start empty."""
        self.kept = {
            (layer.pk, kind): Overlap(layer.channels, self.classes)
            for layer in self.layers
            for kind in KINDS
        }

    def add(self, fits: Sequence[Fit], problem: str) -> None:
        """Take in what one image's masks cover, or why nothing could be counted on it."""
        self.problems += [problem] if problem else []
        for fit in fits:
            for kind, count in fit.counts.items():
                self.kept[fit.layer, kind].add(count)

    def write(self, run: Run, shard: int) -> None:
        """Write the shard's counts, and say in the log what could not be counted."""
        arrays = {
            f"{place}_{kind}_{name}": array
            for place, layer in enumerate(self.layers)
            for kind in KINDS
            for name, array in self.kept[layer.pk, kind].state().items()
        }
        files.write(shard_file(run, shard), packed(arrays))
        if self.problems:
            rest = len(self.problems) - 1
            more = f" {rest} more images cannot be compared either." if rest else ""
            log(run, f"segment: {self.problems[0]}{more}", "warning")

    def read(self, run: Run, shard: int) -> None:
        """Take in the counts of a shard that was written."""
        arrays = unpacked(files.read(shard_file(run, shard)))
        for place, layer in enumerate(self.layers):
            for kind in KINDS:
                start = f"{place}_{kind}_"
                own = {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
                self.kept[layer.pk, kind].merge(own)


def join(job: Job, layers: Sequence[Layer]) -> None:
    """Add up the shards and write what each layer's units fit best."""
    run = job.run
    total = Tally(layers, len(class_names(run.image_set)))
    for number in job.shards.order_by("number").values_list("number", flat=True):
        total.read(run, number)
    for layer in layers:
        write_layer(run, layer, {kind: total.kept[layer.pk, kind] for kind in KINDS})


def shard_file(run: Run, number: int) -> str:
    """Return the name of a shard's file in the media storage."""
    return masks_file(run, f"{number:06d}")
