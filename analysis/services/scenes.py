"""Scenes of an image set: who may read which, their images, their detectors, what they need.

A unit is a detector of a scene as far as its strongest images come from it more often than images
of the set do. Everything is of the networks that whoever asks may read.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count, QuerySet

from analysis.core.intervals import wilson
from analysis.models import (
    Image,
    ImageSet,
    Localisation,
    MinimalImage,
    Network,
    Run,
    Segment,
    State,
    TopImage,
    Unit,
    UnitSemantics,
)
from analysis.services import minimal_images
from analysis.services.access import Anybody, is_researcher
from analysis.services.atlas import TRUST, drawn
from analysis.services.figures import Figure, Missing

Networks = QuerySet[Network]
DETECTORS = 40
PICTURES = 24
RUNS = 40


class Share(NamedTuple):
    """How often a scene is among some images, beside its share of the image set."""

    scene: str
    images: int
    of: int
    share: float
    low: float  # Wilson's 95% interval
    high: float
    usual: float | None  # share of the set's images; None where that is not known

    @property
    def times(self) -> float | None:
        """Return how many times as often as in the set."""
        return self.share / self.usual if self.usual else None

    @property
    def times_low(self) -> float | None:
        """Return the lower end of its interval."""
        return self.low / self.usual if self.usual else None

    @property
    def times_high(self) -> float | None:
        """Return the upper end."""
        return self.high / self.usual if self.usual else None

    @property
    def is_over(self) -> bool:
        """Tell whether the whole interval lies above the set's share."""
        return self.usual is not None and self.low > self.usual


class Detector(NamedTuple):
    """A unit whose strongest images come from a scene."""

    unit: Unit
    run: Run
    share: Share
    label: UnitSemantics | None


class Detectors(NamedTuple):
    """The units that come first, and among how many they were found."""

    found: list[Detector]
    looked_at: int
    runs: list[Run]


def image_sets(user: Anybody, networks: Networks) -> QuerySet[ImageSet]:
    """Return the sets with scenes that somebody may read: those that his networks were shown."""
    sets = ImageSet.objects.filter(state=State.DONE).exclude(scenes={})
    if is_researcher(user):
        return sets
    return sets.filter(runs__in=_finished(networks)).distinct()


def share_of(scene: str, count: int, of: int, image_set: ImageSet) -> Share:
    """Return how often a scene is among ``of`` images, with its interval.

    Raises:
        ValueError: of no images, or more than there are.
    """
    usual = None
    if image_set.count and scene in image_set.scenes:
        usual = image_set.scenes[scene] / image_set.count
    return Share(scene, count, of, count / of, *wilson(count / of, of), usual)


def of_images(scenes: Sequence[str], image_set: ImageSet, most: int = 5) -> list[Share]:
    """Return the scenes that some images come from, the most frequent first."""
    counted = Counter(scene for scene in scenes if scene)
    first = sorted(counted, key=lambda scene: (-counted[scene], scene))[:most]
    return [share_of(scene, counted[scene], len(scenes), image_set) for scene in first]


def found_by(unit: Unit) -> list[Localisation]:
    """Return how well a unit finds the class that its name means, in the newest runs."""
    rows = Localisation.objects.filter(unit=unit).select_related("run__image_set")
    return list(rows.order_by("-run__finished_at", "-pk")[:3])


def detectors(image_set: ImageSet, scene: str, networks: Networks) -> Detectors:
    """Return the units most of whose strongest images come from a scene."""
    runs = _newest(image_set, networks)
    top = TopImage.objects.filter(run__in=runs, end=TopImage.End.TOP).order_by()
    own = top.filter(image__image_set=image_set, image__scene=scene)
    counted = own.values_list("unit", "run").annotate(n=Count("pk"))
    first = list(counted.order_by("-n", "unit__layer__position", "unit__channel")[:DETECTORS])
    shown = [unit for unit, _, _ in first]
    every = {
        (unit, run): n
        for unit, run, n in top.filter(unit__in=shown)
        .values_list("unit", "run")
        .annotate(n=Count("pk"))
    }
    units = Unit.objects.select_related("layer__network").in_bulk(shown)
    labels: dict[int, UnitSemantics] = {}
    said = UnitSemantics.objects.filter(unit__in=shown).defer("details")
    for label in said.order_by(TRUST, "-updated_at", "pk"):
        labels.setdefault(label.unit_id, label)
    by_key = {run.pk: run for run in runs}
    found = [
        Detector(
            units[unit],
            by_key[run],
            share_of(scene, n, every[unit, run], image_set),
            labels.get(unit),
        )
        for unit, run, n in first
    ]
    looked_at = sum(layer.channels for run in runs for layer in run.layers.all())
    return Detectors(found, looked_at, runs)


def pictures(image_set: ImageSet, scene: str, networks: Networks) -> list[Segment]:
    """Return a picture of each of some images of a scene, as runs of these networks drew them.

    By their tokens anyone may fetch them who was told; the images themselves stay researchers' own.
    """
    shown = Segment.objects.filter(
        top_image__run__in=_newest(image_set, networks),
        top_image__image__image_set=image_set,
        top_image__image__scene=scene,
    )
    found: dict[int, Segment] = {}
    for segment in shown.select_related("top_image__image").order_by(
        "top_image__image__number", "pk"
    )[: PICTURES * 40]:
        found.setdefault(segment.top_image.image_id, segment)
    return list(found.values())[:PICTURES]


def known_images(image_set: ImageSet, scene: str) -> list[Image]:
    """Return some images of a scene that results name, for researchers."""
    return list(
        Image.objects.filter(image_set=image_set, scene=scene).order_by("number")[:PICTURES]
    )


def minimal(
    image_set: ImageSet, scene: str, networks: Networks
) -> tuple[list[MinimalImage], Figure | Missing]:
    """Return some minimal images of a scene, of the newest run that has any, and what they keep."""
    question = f"What does {minimal_images.one(scene)} need to be named so?"
    rows = MinimalImage.objects.found().filter(
        run__in=_finished(networks), run__image_set=image_set, scene=scene
    )
    newest = rows.select_related("run").order_by("-run__finished_at", "-run").first()
    if newest is None:
        return [], Missing(
            question,
            "No readable run has minimal images of this scene: run the step simplify over"
            f" {image_set.slug}, with the scene among those it names.",
        )
    shown = rows.filter(run=newest.run, regions=newest.regions).in_order().defer("steps")
    figure = minimal_images.figure(newest.run, scene, newest.regions, "")
    return list(shown[:8]), figure or Missing(
        question, "Which objects are kept is told by masks, and these images have none that fit."
    )


def _finished(networks: Networks) -> QuerySet[Run]:
    return Run.objects.filter(network__in=networks, state=State.DONE)


def _newest(image_set: ImageSet, networks: Networks) -> list[Run]:
    """Return a finished run with top images of each network: with pictures, else the newest."""
    runs = _finished(networks).filter(image_set=image_set, jobs__step="scan")
    newest: dict[int, Run] = {}
    ordered = runs.select_related("network").prefetch_related("layers")
    for run in ordered.order_by("network__slug", ~drawn("pk"), "-finished_at", "-pk").distinct():
        newest.setdefault(run.network_id, run)
    return list(newest.values())[:RUNS]
