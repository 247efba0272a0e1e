"""A synthetic network of any number of units: labels, class scores, fields, pictures.

Everything is drawn with a seed; nothing of it was ever measured on a network.
"""

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = 4
TOP = 6  # images of a unit; a card shows three
PICTURES = 48  # different files, which the segments share
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 2000
NAMES = (
    "bed", "chair", "sofa", "armchair", "table", "desk", "lamp", "window", "window frame", "door",
    "car", "bus", "wheel", "dog", "poodle", "cat", "face", "person", "tree", "grass", "sky",
    "water", "brick wall", "stripes", "red", "dots", "grid of lines", "kitchen", "bedroom",
    "street", "forest", "mountain", "pool table", "bookcase", "curtain", "cushion", "stove",
    "ceiling", "floor tiles", "wooden board",
)  # fmt: skip
ADJECTIVES = ("", "red ", "large ", "round ", "dark ", "wooden ", "old ", "bright ")


def network(units: int, media: Path) -> Any:
    """Return a public network of so many units, four layers of it, with all that a grid shows."""
    from analysis.models import ImageSet, Layer, Network, Run, State, Unit

    name = f"synthetic-{units}"
    sha = hashlib.sha256(name.encode()).hexdigest()
    made = Network.objects.create(
        slug=name, arch="torchvision:alexnet", fingerprint=sha, state=State.DONE, public=True,
        synthetic=True, preprocessing={"height": 224, "width": 224},
    )  # fmt: skip
    images = ImageSet.objects.create(
        slug=name, root="/nowhere", fingerprint=sha, count=TOP, state=State.DONE, synthetic=True
    )
    run = Run.objects.create(
        network=made, image_set=images, key=sha, recipe={"version": 1}, state=State.DONE,
        finished_at=WHEN,
    )  # fmt: skip
    for position in range(LAYERS):
        layer = Layer.objects.create(
            network=made, name=f"conv{position + 1}", module=f"features.{position}",
            position=position, channels=units // LAYERS, height=13, width=13,
            field_size=40 * (position + 1), field_stride=8, field_offset=3.5,
        )  # fmt: skip
        run.layers.add(layer)
        Unit.objects.bulk_create(
            (Unit(layer=layer, channel=channel) for channel in range(layer.channels)),
            batch_size=BATCH,
        )
    found = list(Unit.objects.filter(layer__network=made).order_by("pk"))
    rng = np.random.default_rng(units)
    _labels(found, rng)
    _measures(run, found, rng)
    _pictures(run, found, media)
    _settle()
    return made


def _name(rng: np.random.Generator) -> str:
    return str(rng.choice(ADJECTIVES)) + str(rng.choice(NAMES))


def _labels(units: list[Any], rng: np.random.Generator) -> None:
    """Let people name six units of ten and a machine five of ten; some have both, some none."""
    from analysis.models import Category, UnitSemantics

    rows = []
    for unit in units:
        if rng.random() < 0.6:
            precision, concept = float(rng.uniform(0.3, 1)), _name(rng)
            words = [
                {"worker": f"worker-{n}", "concept": said, "category": "object"}
                for n, said in enumerate((concept, concept, _name(rng)))
            ]
            rows.append(
                UnitSemantics(
                    unit=unit, source="people", origin="synthetic", concept=concept,
                    category=str(rng.choice(Category.values)), precision=precision,
                    precision_low=max(0.0, precision - 0.1),
                    precision_high=min(1.0, precision + 0.1), answers=3,
                    agreement=float(rng.choice([1 / 3, 2 / 3, 1.0])), images_shown=57,
                    images_kept=40, details={"words": words}, updated_at=WHEN,
                )
            )  # fmt: skip
        if rng.random() < 0.5:
            rows.append(
                UnitSemantics(
                    unit=unit, source="machine", origin="dissection",
                    concept=str(rng.choice(NAMES)), details={"method": "synthetic"},
                    updated_at=WHEN,
                )
            )  # fmt: skip
    UnitSemantics.objects.bulk_create(rows, batch_size=BATCH)


def _measures(run: Any, units: list[Any], rng: np.random.Generator) -> None:
    """Give seven units of ten three classes, and every unit a field."""
    from analysis.models import ClassScore, ReceptiveField

    scores, fields = [], []
    for unit in units:
        size = float(rng.uniform(20, 200))
        fields.append(ReceptiveField(run=run, unit=unit, size=size, images=25, converged=True))
        if rng.random() > 0.7:
            continue
        best = float(rng.uniform(0, 0.3))
        for rank, place in enumerate(rng.choice(len(NAMES), 3, replace=False)):
            scores.append(
                ClassScore(
                    run=run, unit=unit, rank=rank, label=int(place), name=NAMES[place],
                    iou=best / (rank + 1), cap=1, chance=0.01, f1=0.1, precision=0.1,
                    average_precision=0.1, correlation=0.1,
                )
            )  # fmt: skip
    ClassScore.objects.bulk_create(scores, batch_size=BATCH)
    ReceptiveField.objects.bulk_create(fields, batch_size=BATCH)


def _pictures(run: Any, units: list[Any], media: Path) -> None:
    """Give every unit its strongest images; the files of all are links to a few."""
    from analysis.models import Image, Segment, TopImage

    images = Image.objects.bulk_create(
        Image(image_set=run.image_set, number=n, path=f"{n}.jpg", width=640, height=480)
        for n in range(TOP)
    )
    tops = TopImage.objects.bulk_create(
        (
            TopImage(
                run=run, unit=unit, image=images[rank], end=TopImage.End.TOP, rank=rank,
                activation=10.0 - rank, row=6, column=6,
            )
            for unit in units
            for rank in range(TOP)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    segments = [
        Segment(
            top_image=top, token=hashlib.sha256(f"{run.key}/{place}".encode()).hexdigest()[:32],
            field="disc", visible=0.2,
        )
        for place, top in enumerate(tops)
    ]  # fmt: skip
    Segment.objects.bulk_create(segments, batch_size=BATCH)
    files = {size: _drawn(media, size, side) for size, side in (("tile", 112), ("tile2x", 224))}
    for place, segment in enumerate(segments):
        if place % TOP < 3:  # those that cards show
            folder = media / "pictures" / segment.token[:2] / segment.token
            folder.mkdir(parents=True)
            for size, drawn in files.items():
                os.link(drawn[place % PICTURES], folder / f"segmented-{size}.webp")


def _drawn(media: Path, size: str, side: int) -> list[Path]:
    """Store pictures of noise, which compress as badly as photographs."""
    from PIL import Image

    rng, paths = np.random.default_rng(0), []
    for number in range(PICTURES):
        noise = rng.integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(noise).resize((side, side)).save(out, "WEBP", quality=75)
        paths.append(media / f"{number}-{size}.webp")
        paths[-1].write_bytes(out.getvalue())
    return paths


def _settle() -> None:
    """Let the database count its rows, as it does by itself some time after so many new ones."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
