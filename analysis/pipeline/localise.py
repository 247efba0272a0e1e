"""The step `localise`: named units against the masks of the classes that their names mean.

A shard is a range of the manifest; its results are a file of counts, `runs/<key>/localise/
<shard>.npz`, and one of the counts of each image. `finish` adds the counts up and writes a row for
each unit and each concept, and pictures of the concepts that are found best: what was found,
beside what is there.
"""

from collections.abc import Callable

import numpy as np

from analysis.core.arrays import packed
from analysis.core.evaluation import OF_IMAGE, Evaluation
from analysis.models import Job, Run, Shard
from analysis.pipeline import localise_results
from analysis.pipeline.forward import Forward
from analysis.pipeline.masks import MaskRefused
from analysis.pipeline.named_maps import Best, Names, maps_of, truth_of
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.localisation import images_file, shard_file

TOLD = 5  # sentences about masks that a shard writes into the log


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Evaluate images first..last-1 and write the shard's file; a repetition writes the same.

    ``beat(done)`` is called after every batch and may raise to stop the work.

    Raises:
        ValueError: an image cannot be read any more; named. A mask that cannot be used is told
            in the log, and its image left out.
    """
    run = shard.job.run
    forward = Forward.of(run)
    truth = truth_of(run, forward)
    names = Names.of(run, forward, truth)
    found, refused = Evaluation(names.classes), list[str]()
    best, each = Best(len(names.concepts)), dict[int, np.ndarray]()
    previous = None
    done = 0
    entries = list(open_manifest(run.image_set).entries(shard.first, shard.last))
    for entry, maps in maps_of(forward, [one for one in entries if one.mask], names.modules):
        done += 1
        beat(done)
        try:
            labels = truth.labels(entry)
        except MaskRefused as error:
            refused.append(str(error))
            continue
        masks, rarity = names.seen(maps)
        counted = found.add(masks, rarity, labels, previous)
        each[entry.number] = counted[len(names.units) :]
        best.add(entry.number, rarity[len(names.units) :])
        previous = labels
    tell(run, shard, sum(not one.mask for one in entries), refused)
    files.write(images_file(run, shard.number), packed(of_images(names, each)))
    files.write(shard_file(run, shard.number), packed(found.state() | best.state()))


def of_images(names: Names, each: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what was counted of each image and concept, (images, concepts, columns), as arrays."""
    shape = (len(each), len(names.concepts), len(OF_IMAGE))
    return {
        "image": np.array(list(each), np.int64),
        "concept": np.array(names.concepts, np.str_),
        "counted": np.array(list(each.values()), np.int64).reshape(shape),
    }


def tell(run: Run, shard: Shard, without: int, refused: list[str]) -> None:
    """Write into the log what could not be compared."""
    which = f"of images {shard.first} to {shard.last - 1}"
    if without:
        log(run, f"localise: {without} {which} have no mask and are left out", level="warning")
    for sentence in refused[:TOLD]:
        log(run, f"localise: {sentence}", level="warning")
    if (more := len(refused) - TOLD) > 0:
        log(run, f"localise: {more} more masks {which} cannot be used", level="warning")


def finish(job: Job) -> None:
    """Join the shards: rows and pictures. May run twice.

    Raises:
        ValueError: not one image could be compared.
    """
    localise_results.store(job)
