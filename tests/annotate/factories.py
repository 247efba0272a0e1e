"""Rows to test with: a network, images, a finished run with segments, a campaign. No torch.

campaign = open_small_campaign(units=3)            # everything below it is made too
assignment = claim(a_worker(), campaign, timezone.now())
submit(assignment, a_given(assignment), timezone.now())
"""

import hashlib
from typing import Any

import factory
from django.utils import timezone

from analysis.models import (
    Image,
    ImageSet,
    Job,
    Layer,
    Network,
    Run,
    Segment,
    State,
    TopImage,
    Unit,
)
from annotate.core.rules import Given
from annotate.models import Assignment, Campaign, Worker
from annotate.services.campaigns import Plan, open_campaign

TOP, LOW = 60, 12


class NetworkFactory(factory.django.DjangoModelFactory):
    """An inspected network without weights."""

    class Meta:
        model = Network

    slug = factory.Sequence(lambda n: f"net-{n}")
    arch = "torchvision:alexnet"
    fingerprint = factory.LazyAttribute(lambda o: hashlib.sha256(o.slug.encode()).hexdigest())
    preprocessing = factory.LazyFunction(lambda: {"height": 227, "width": 227})
    state = State.DONE


class LayerFactory(factory.django.DjangoModelFactory):
    """A layer with its units."""

    class Meta:
        model = Layer
        skip_postgeneration_save = True

    network = factory.SubFactory(NetworkFactory)
    position = factory.Sequence(lambda n: n)
    name = factory.Sequence(lambda n: f"conv{n}")
    module = factory.LazyAttribute(lambda o: f"features.{o.position}")
    channels = 4
    height = width = 13
    field_size, field_stride, field_offset = 195, 16, 17.5

    @factory.post_generation
    def units(layer: Layer, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Make one unit for each channel."""
        Unit.objects.bulk_create(Unit(layer=layer, channel=c) for c in range(layer.channels))


class ImageSetFactory(factory.django.DjangoModelFactory):
    """A set of images; rows for the images themselves are made by `ImageFactory`."""

    class Meta:
        model = ImageSet

    slug = factory.Sequence(lambda n: f"images-{n}")
    root = "/nowhere"
    fingerprint = factory.LazyAttribute(lambda o: hashlib.sha256(o.slug.encode()).hexdigest())
    count = 1000
    state = State.DONE


class ImageFactory(factory.django.DjangoModelFactory):
    """One image that a result names."""

    class Meta:
        model = Image

    image_set = factory.SubFactory(ImageSetFactory)
    number = factory.Sequence(lambda n: n)
    path = factory.LazyAttribute(lambda o: f"images/{o.number:05d}.jpg")
    scene = "kitchen"
    width, height = 640, 480


class RunFactory(factory.django.DjangoModelFactory):
    """A finished run, without results: `fill_run` makes those."""

    class Meta:
        model = Run

    network = factory.SubFactory(NetworkFactory)
    image_set = factory.SubFactory(ImageSetFactory)
    key = factory.Sequence(lambda n: hashlib.sha256(f"run {n}".encode()).hexdigest())
    recipe = factory.LazyFunction(lambda: {"version": 1, "top": TOP, "low": LOW})
    state = State.DONE
    finished_at = factory.LazyFunction(timezone.now)


class WorkerFactory(factory.django.DjangoModelFactory):
    """A worker who came by a link, unless a user is given."""

    class Meta:
        model = Worker

    pseudonym = factory.Sequence(lambda n: f"quiet-heron-{n}")
    digest = factory.Sequence(lambda n: hashlib.sha256(f"worker {n}".encode()).hexdigest())


def fill_run(run: Run, layer: Layer, top: int = TOP, low: int = LOW) -> None:
    """Give every unit of a layer its top and low images, with segments."""
    run.layers.add(layer)
    for position, step in enumerate(("scan", "segment")):
        Job.objects.get_or_create(
            run=run, step=step, defaults={"position": position, "queue": "cpu", "state": State.DONE}
        )
    have = {image.number: image for image in Image.objects.filter(image_set=run.image_set)}
    Image.objects.bulk_create(
        ImageFactory.build(image_set=run.image_set, number=number)
        for number in range(top + low)
        if number not in have
    )
    images = list(Image.objects.filter(image_set=run.image_set).order_by("number")[: top + low])
    rows = TopImage.objects.bulk_create(
        _top_image(run, unit, images, place, top)
        for unit in layer.units.order_by("channel")
        for place in range(top + low)
    )
    Segment.objects.bulk_create(
        Segment(
            top_image=row,
            token=hashlib.sha256(f"{run.key}/{row.pk}".encode()).hexdigest()[:32],
            field="disc",
            visible=0.2,
        )
        for row in rows
    )


def _top_image(run: Run, unit: Unit, images: list[Image], place: int, top: int) -> TopImage:
    """Return one row: the strongest images come first, then the weakest."""
    is_top = place < top
    return TopImage(
        run=run,
        unit=unit,
        image=images[(place + unit.channel) % len(images)],
        end=TopImage.End.TOP if is_top else TopImage.End.LOW,
        rank=place if is_top else place - top,
        activation=float(100 - place) if is_top else 0.0,
        row=place % 13,
        column=place % 7,
    )


def a_finished_run(units: int = 4, layers: int = 1, **run_fields: Any) -> Run:
    """Return a finished run over new images: network, layers, units, top images, segments."""
    run = RunFactory(**run_fields)
    for position in range(layers):
        layer = LayerFactory(
            network=run.network, position=position, name=f"conv{position + 1}", channels=units
        )
        fill_run(run, layer)
    return run


def open_small_campaign(
    units: int = 4, slug: str = "", run: Run | None = None, user: Any = None, **plan: Any
) -> Campaign:
    """Return an open campaign over a finished run; `plan` are fields of `Plan`."""
    run = run or a_finished_run(units)
    plan.setdefault("access", Campaign.Access.LINK)
    number = Campaign.objects.count() + 1
    return open_campaign(slug=slug or f"campaign-{number}", run=run, plan=Plan(**plan), user=user)


def a_worker(**fields: Any) -> Worker:
    """Return a worker who came by a link."""
    return WorkerFactory(**fields)


def a_given(assignment: Assignment, **changed: Any) -> Given:
    """Return an answer that breaks no rule: it rejects just the planted negatives."""
    fields = {
        "concept": "billiard table",
        "category": "object",
        "rejected": list(assignment.task.controls),
        "all_fit": not assignment.task.controls,
        "focused_seconds": 30,
    }
    return Given(**{**fields, **changed})
