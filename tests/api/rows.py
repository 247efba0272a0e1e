"""Rows made by hand for the tests of the API: a network, its units, images, a run, labels."""

import hashlib
from itertools import count

from django.utils import timezone

from analysis.models import (
    Image,
    ImageSet,
    Job,
    Layer,
    Network,
    Run,
    Segment,
    Shard,
    Source,
    State,
    TopImage,
    Unit,
    UnitSemantics,
)

numbers = count(1)


def network(slug="net", *, public=False, layers=("conv1", "conv2"), channels=3, **more):
    """Make a network that is ready for use, with layers and units."""
    made = Network.objects.create(
        slug=slug,
        arch="torchvision:alexnet",
        fingerprint=f"{slug}-fingerprint",
        preprocessing={"height": 224, "width": 224},
        state=State.DONE,
        public=public,
        **more,
    )
    for position, name in enumerate(layers):
        layer = Layer.objects.create(
            network=made,
            name=name,
            module=f"features.{position}",
            position=position,
            channels=channels,
            height=13,
            width=13,
            field_size=19,
            field_stride=8,
            field_offset=3.5,
        )
        Unit.objects.bulk_create(Unit(layer=layer, channel=channel) for channel in range(channels))
    return made


def unit(of, layer="conv1", channel=0):
    """Return one unit of a network."""
    return Unit.objects.get(layer__network=of, layer__name=layer, channel=channel)


def image_set(slug="photos", **more):
    """Make an image set that is ready for use."""
    return ImageSet.objects.create(
        slug=slug,
        root=f"/srv/{slug}",
        manifest=f"image-sets/{slug}/manifest.parquet",
        fingerprint=f"{slug}-fingerprint",
        count=100,
        scenes={"kitchen": 60, "street": 40},
        state=State.DONE,
        **more,
    )


def run(of=None, images=None, **more):
    """Make a finished run over all layers of a network, with both steps."""
    of = of or network(f"net-{next(numbers)}")
    images = images or image_set(f"photos-{next(numbers)}")
    fields = {"state": State.DONE, "started_at": timezone.now(), "finished_at": timezone.now()}
    made = Run.objects.create(
        key=hashlib.sha256(f"row of a run {next(numbers)}".encode()).hexdigest(),
        network=of,
        image_set=images,
        recipe={"version": 1, "layers": [layer.name for layer in of.layers.all()], "top": 60},
        **(fields | more),
    )
    made.layers.set(of.layers.all())
    for position, step in enumerate(("scan", "segment")):
        job = Job.objects.create(
            run=made, step=step, position=position, queue="cpu", state=made.state, total=100
        )
        Shard.objects.create(job=job, number=0, first=0, last=100, done=100, state=made.state)
    return made


def top_image(of, unit, rank, end="top"):
    """Make one top image with its segment."""
    number = next(numbers)
    image = Image.objects.create(
        image_set=of.image_set, number=number, path=f"kitchen/{number}.jpg", width=640, height=480
    )
    made = TopImage.objects.create(
        run=of, unit=unit, image=image, end=end, rank=rank, activation=9.5 - rank, row=2, column=3
    )
    Segment.objects.create(top_image=made, token=f"{number:032x}", field="disc", visible=0.25)
    return made


def label(unit, concept="lamp", *, source=Source.PEOPLE, origin="first", **more):
    """Write what one source says about a unit."""
    fields = {
        "category": "object",
        "precision": 0.9,
        "precision_low": 0.8,
        "precision_high": 0.95,
        "answers": 3,
        "agreement": 2 / 3,
        "images_shown": 57,
        "images_kept": 51,
        "updated_at": timezone.now(),
    }
    return UnitSemantics.objects.create(
        unit=unit, source=source, origin=origin, concept=concept, **(fields | more)
    )
