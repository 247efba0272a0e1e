"""What the step `localise` leaves: rows of units and concepts, pictures of those found best."""

import hashlib
import hmac
from io import BytesIO
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from analysis.core.evaluation import Evaluation
from analysis.core.images import below, open_image
from analysis.core.localisation import boxes
from analysis.core.manifest import Entry
from analysis.core.marking import FOUND, TRUTH, marked
from analysis.models import Job, Localisation, Run, Unit
from analysis.pipeline.forward import Forward
from analysis.pipeline.masks import Masks
from analysis.pipeline.named_maps import Best, Mask, Names, joined, maps_of, truth_of
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.pictures import picture_file

PICTURED = 12  # concepts with pictures, those found best
SIDE = 320  # pixels
ROWS = 500


def store(job: Job) -> None:
    """Write the rows and pictures of a finished step.

    Raises:
        ValueError: not one image could be compared.
    """
    run = job.run
    forward = Forward.of(run)
    truth = truth_of(run, forward)
    names = Names.of(run, forward, truth)
    found, best = joined(job, names)
    compared = int(found.counts[0].sum())
    if not compared:
        raise ValueError(
            f"Not one of the {run.image_set.count:,} images has a mask that can be used: the log"
            " says why. Mend the masks and register the images anew."
        )
    examples = draw(run, forward, truth, (names, found, best))
    rows = [*unit_rows(run, names, found), *concept_rows(run, names, found, examples)]
    with transaction.atomic():
        Localisation.objects.filter(run=run).delete()
        Localisation.objects.bulk_create(rows, batch_size=ROWS)


def unit_rows(run: Run, names: Names, found: Evaluation) -> list[Localisation]:
    """Return a row for each unit."""
    keys = {
        (layer, channel): pk
        for pk, layer, channel in Unit.objects.filter(layer__in=run.layers.all()).values_list(
            "pk", "layer__name", "channel"
        )
    }
    return [
        row_of(
            run, found, place, unit_id=keys[one.layer, one.channel], sources=one.source, **told(one)
        )
        for place, one in enumerate(names.units)
    ]


def concept_rows(
    run: Run, names: Names, found: Evaluation, examples: dict[str, list[dict[str, Any]]]
) -> list[Localisation]:
    """Return a row for each concept with all its units."""
    rows = []
    for number, concept in enumerate(names.concepts):
        units = [one for one in names.units if one.concept == concept]
        rows.append(
            row_of(
                run,
                found,
                len(names.units) + number,
                sources=" ".join(sorted({one.source for one in units})),
                units=len(units),
                examples=examples.get(concept, []),
                **told(units[0]),
            )
        )
    return rows


def told(one: Any) -> dict[str, Any]:
    """Return what a unit's name says, as columns."""
    return {"concept": one.concept, "label": one.label, "name": one.name, "how": one.how}


def row_of(run: Run, found: Evaluation, place: int, **columns: Any) -> Localisation:
    """Return the row of one thing."""
    precision = float(found.average_precision()[place])
    return Localisation(
        run=run,
        jaccard=float(found.jaccard()[place]),
        chance=float(found.chance()[place]),
        average_precision=None if np.isnan(precision) else precision,
        images=int(found.counts[place].sum()),
        images_with_class=int(found.images()[place]),
        **columns,
    )


def draw(
    run: Run, forward: Forward, truth: Masks, known: tuple[Names, Evaluation, Best]
) -> dict[str, list[dict[str, Any]]]:
    """Draw the strongest images of the concepts found best; return the examples by concept."""
    names, found, best = known
    first = len(names.units)
    order = np.argsort(-found.jaccard()[first:], kind="stable")[:PICTURED].tolist()
    wanted = {
        (int(number), concept, rank)
        for concept in order
        for rank, number in enumerate(best.number[concept].tolist())
        if number >= 0
    }
    manifest = open_manifest(run.image_set)
    entries = [manifest[number] for number in sorted({number for number, *_ in wanted})]
    examples: dict[str, list[dict[str, Any]]] = {names.concepts[place]: [] for place in order}
    for entry, maps in maps_of(forward, entries, names.modules):
        masks, _ = names.seen(maps)
        labels = truth.labels(entry)
        for _, concept, rank in sorted(one for one in wanted if one[0] == entry.number):
            thing, name = first + concept, names.concepts[concept]
            there = labels == names.classes[thing]
            mask = masks.get(thing, np.zeros(labels.shape, dtype=bool))
            token = token_of(run, name, rank)
            picture(forward, entry, token, (mask, there))
            examples[name].append(
                {
                    "rank": rank,
                    "image": entry.number,
                    "token": token,
                    "there": bool(there.any()),
                    "jaccard": float((mask & there).sum() / max(1, (mask | there).sum())),
                }
            )
    return {name: sorted(some, key=lambda one: one["rank"]) for name, some in examples.items()}


def picture(forward: Forward, entry: Entry, token: str, masks: tuple[Mask, Mask]) -> None:
    """Store an image with what was found, and with what is there."""
    image = open_image(below(forward.root, entry.path))
    seen = image.resize((SIDE, SIDE), box=forward.preparation.box(*image.size))
    found, truth = masks
    for kind, mask, colour in (("found", found, FOUND), ("truth", truth, TRUTH)):
        shown = marked(seen, mask, boxes(mask)[:1], colour)
        out = BytesIO()
        shown.save(out, "WEBP", quality=80)
        files.write(picture_file(token, kind, "large"), out.getvalue())


def token_of(run: Run, concept: str, rank: int) -> str:
    """Return the token of an example's pictures; see services/pictures."""
    spoken = f"example/{run.key}/{concept}/{rank}"
    return hmac.digest(settings.SECRET_KEY.encode(), spoken.encode(), hashlib.sha256).hex()[:32]
