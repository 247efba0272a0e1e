"""Runs: asked for once, cancelled, resumed, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from analysis.models import (
    OPEN,
    ImageSet,
    Job,
    Layer,
    Localisation,
    MinimalImage,
    Network,
    Run,
    Segment,
    Shard,
    State,
)
from analysis.services import files, preferring
from analysis.services.journal import log
from analysis.services.progress import RunProgress, progress
from analysis.services.recipes import LARGEST_TOP, PRECISIONS, Recipe, RunRefused
from analysis.services.steps import STEPS, USUAL, checked_options, images_per_shard

__all__ = [
    "Options",
    "RunProgress",
    "RunRefused",
    "cancel",
    "delete",
    "progress",
    "request_run",
    "resume",
]
DEVICES = ("auto", "cpu", "cuda")
BATCH = 32
LEAST_MEMORY, MOST_MEMORY = 64, 1_000_000  # MB that a batch of occluded images may take


class Options(TypedDict, total=False):
    """What may be chosen for a run; all of it has defaults.

    ``step_options``: step → option → value, for the steps that are asked for.
    """

    layers: Sequence[str] | None
    top: int
    steps: Sequence[str]
    precision: str
    device: str
    memory: int
    step_options: Mapping[str, Mapping[str, Any]]


def request_run(
    *, network: Network, image_set: ImageSet, user: User | None = None, **options: Unpack[Options]
) -> tuple[Run, bool]:
    """Return the run of this recipe, and whether it was made now.

    ``layers`` are names (default: all of the network), in any order. A run that exists is
    returned as it stands, whatever its state, device and memory. Raises RunRefused.
    """
    device = options.get("device", "auto")
    if device not in DEVICES:
        raise RunRefused(f"There is no device {device!r}: use one of {', '.join(DEVICES)}.")
    memory = options.get("memory", 0)
    if memory and not LEAST_MEMORY <= memory <= MOST_MEMORY:
        raise RunRefused(f"memory must be {LEAST_MEMORY} to {MOST_MEMORY} MB, not {memory}.")
    layers = _layers(network, options.get("layers"))
    recipe = _recipe(network, image_set, layers, options)
    with transaction.atomic():
        run, made = Run.objects.get_or_create(
            key=recipe.key,
            defaults={
                "network": network,
                "image_set": image_set,
                "recipe": recipe.to_json(),
                "device": device,
                "memory": memory,
                "created_by": user,
            },
        )
        if made:
            run.layers.set(layers)
            _plan(run)
    return run, made


def cancel(run: Run, now: datetime | None = None) -> bool:
    """Stop the run; what is finished is kept. Returns False when it was not open any more."""
    now = now or timezone.now()
    stopped = {"state": State.CANCELLED, "finished_at": now}
    with transaction.atomic():
        Run.objects.locked(run.pk)
        if not Run.objects.filter(pk=run.pk, state__in=OPEN).update(**stopped):
            return False
        Job.objects.filter(run=run, state__in=OPEN).update(**stopped, worker="")
        Shard.objects.filter(job__run=run, state__in=OPEN).update(state=State.CANCELLED, worker="")
        log(run, "cancelled; what is finished is kept, resume goes on from there", "warning")
    run.refresh_from_db()
    return True


def resume(run: Run) -> int:
    """Let a cancelled or failed run go on, and failed shards of a running one be tried again.

    Finished shards are kept. Returns the number of shards that are free again; 0 with a run that
    is done, or has nothing to try again.
    """
    stopped = (State.CANCELLED, State.FAILED)
    again = {"state": State.WAITING, "error": "", "worker": "", "attempt": 0, "due_at": None}
    with transaction.atomic():
        Run.objects.locked(run.pk)
        reopened = Run.objects.filter(pk=run.pk, state__in=stopped).update(
            state=State.WAITING, error="", finished_at=None
        )
        Job.objects.filter(run=run, state__in=stopped).update(**again, finished_at=None)
        shards = Shard.objects.filter(job__run=run, state__in=stopped)
        freed = shards.update(**again, done=0, finished_at=None)
        if reopened or freed:
            log(run, f"resumed: {freed} shards to do")
    run.refresh_from_db()
    return freed


def delete(run: Run) -> None:
    """Delete a run that is not at work and that no campaign shows, with its files.

    Labels that came out of it stay with their units. Raises RunRefused.
    """
    if run.state in OPEN:
        raise RunRefused(f"Run {run} is {run.state}: cancel it before you delete it.")
    segments = Segment.objects.filter(top_image__run=run).values_list("token", flat=True)
    minimal = MinimalImage.objects.filter(run=run).values_list("token", flat=True)
    examples = Localisation.objects.filter(run=run).values_list("examples", flat=True)
    found = [example["token"] for some in examples for example in some]
    pictures = [
        f"pictures/{token[:2]}/{token}"
        for token in (*segments, *minimal, *found, *preferring.tokens(run))
    ]
    folders = [f"runs/{run.key}", *pictures]
    try:
        with transaction.atomic():
            run.delete()
            transaction.on_commit(partial(_remove_all, folders))
    except ProtectedError as error:
        raise RunRefused(
            f"Run {run} is shown by a campaign: its pictures are needed as long as that exists."
        ) from error


def _remove_all(folders: list[str]) -> None:
    for folder in folders:
        files.remove(folder)


def _layers(network: Network, names: Sequence[str] | None) -> list[Layer]:
    """Return the layers called ``names`` in the order of the network."""
    known = list(network.layers.order_by("position"))
    unknown = sorted(set(names or ()) - {layer.name for layer in known})
    if unknown:
        has = ", ".join(layer.name for layer in known) or "none yet"
        raise RunRefused(f"{network} has no layer {unknown[0]!r}; its layers are: {has}.")
    if names is not None and not names:
        raise RunRefused("Choose at least one layer.")
    return [layer for layer in known if names is None or layer.name in names]


def _recipe(network: Network, image_set: ImageSet, layers: list[Layer], options: Options) -> Recipe:
    """Return the recipe, or refuse it with the first thing that is wrong."""
    _check_ready(network, image_set, layers)
    top, precision = options.get("top", 60), options.get("precision", "float32")
    if not 1 <= top <= LARGEST_TOP:
        raise RunRefused(f"The number of top images must be 1 to {LARGEST_TOP}, not {top}.")
    if precision not in PRECISIONS:
        raise RunRefused(f"There is no precision {precision!r}: use {', '.join(PRECISIONS)}.")
    steps = _steps(options.get("steps", USUAL))
    given = options.get("step_options", {})
    return Recipe(
        network=network.fingerprint,
        network_slug=network.slug,
        image_set=image_set.fingerprint,
        image_set_slug=image_set.slug,
        layers=tuple(layer.name for layer in layers),
        modules=tuple(layer.module for layer in layers),
        top=top,
        steps=steps,
        precision=precision,
        shard=images_per_shard(image_set.count, BATCH),
        batch=BATCH,
        options=checked_options(network, image_set, layers, steps=steps, given=given),
    )


def _check_ready(network: Network, image_set: ImageSet, layers: list[Layer]) -> None:
    """Refuse a network or image set that is not ready to be used."""
    for what, thing in (("Network", network), ("Image set", image_set)):
        if thing.state == State.FAILED:
            raise RunRefused(f"{what} {thing} could not be read: {thing.error}")
        if thing.state != State.DONE:
            raise RunRefused(f"{what} {thing} is not ready yet ({thing.state}): wait for it.")
    if not network.arch:
        raise RunRefused(f"{network} is known from published answers only: it cannot be run.")
    if not network.can_run or image_set.imported:
        thing, what = (image_set, "images") if network.can_run else (network, "weights")
        raise RunRefused(
            f"{thing} came with an archive without its {what}: add it with its {what} under another"
            " name to run it."
        )
    if not layers:
        raise RunRefused(f"{network} has no layers to study: add it again with --layers.")
    if not image_set.count:
        raise RunRefused(f"{image_set} holds no readable image.")


def _steps(names: Sequence[str]) -> tuple[str, ...]:
    """Return the steps called ``names`` in their order, or refuse what does not go together."""
    for name in names:
        if name not in STEPS:
            raise RunRefused(f"There is no step {name!r}; the steps are: {', '.join(STEPS)}.")
        for needed in STEPS[name].needs:
            if needed not in names:
                raise RunRefused(f"The step {name} needs the step {needed}: ask for both.")
    if not names:
        raise RunRefused("Choose at least one step.")
    return tuple(name for name in STEPS if name in names)


def _plan(run: Run) -> None:
    """Make the jobs of a new run and cut them into shards."""
    for position, name in enumerate(run.recipe["steps"]):
        step = STEPS[name]
        total, size = step.plan(run)
        job = Job.objects.create(
            run=run, step=name, position=position, queue=step.queue, total=total
        )
        starts = range(0, total, size)
        Shard.objects.bulk_create(
            Shard(job=job, number=number, first=first, last=min(first + size, total))
            for number, first in enumerate(starts)
        )
