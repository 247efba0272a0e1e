"""Minimal images as pages show them: scene by scene, each with the way that led to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from analysis.models import MinimalImage, Run
from analysis.services import minimal_images
from analysis.services.minimal_images import Way

REGIONS = MinimalImage.Regions


@dataclass(frozen=True)
class Choice:
    """What a page shows: a scene and a kind of regions, and what else there is to choose."""

    ways: list[Way]  # of all scenes and kinds
    scene: str
    regions: str

    @property
    def way(self) -> Way:
        """Return how far the images chosen could be simplified."""
        return next(w for w in self.ways if (w.scene, w.regions) == (self.scene, self.regions))

    @property
    def scenes(self) -> dict[str, str]:
        """Return the scenes by name, as one says them."""
        return {way.scene: minimal_images.spoken(way.scene) for way in self.ways}

    @property
    def kinds(self) -> dict[str, str]:
        """Return the kinds of regions of the scene, in words."""
        return {
            w.regions: str(REGIONS(w.regions).label) for w in self.ways if w.scene == self.scene
        }

    @property
    def table(self) -> list[tuple[Way, str, str]]:
        """Return all ways, each with its scene and kind of regions in words."""
        said = minimal_images.spoken
        return [(way, said(way.scene), str(REGIONS(way.regions).label)) for way in self.ways]

    @property
    def one(self) -> str:
        """Return one image of the scene in words: a kitchen, an office."""
        return minimal_images.one(self.scene)


class Step(NamedTuple):
    """One removal: its picture, what was taken out, and what the network says then."""

    picture: str
    region: str  # its name, or its number, in words
    size: float  # share of the image that it was
    left: float  # share of the image that is left
    score: float  # probability of the scene
    is_minimal: bool  # the image after it is the minimal image
    loses: bool  # the scene does not come first any more


@dataclass(frozen=True)
class Strip:
    """A minimal image with the steps that led to it and the one that loses the scene."""

    row: MinimalImage
    steps: list[Step]

    @classmethod
    def of(cls, row: MinimalImage) -> "Strip":
        """Read the steps of a row."""
        before, steps, minimal = 1.0, [], row.total - row.kept
        for at, told in enumerate(row.steps, start=1):
            left = float(told["kept"])
            region = str(told["name"]) or f"region {told['region']}"
            sizes = max(0.0, before - left), left, float(told["score"])
            steps.append(Step(row.url(at), region, *sizes, at == minimal, at > minimal))
            before = left
        return cls(row, steps)

    @property
    def kept_names(self) -> list[str]:
        """Return the objects that the minimal image keeps, those kept whole first."""
        kept = minimal_images.KEPT
        shares = self.row.objects_kept
        names = [name for name in shares if shares[name] >= kept]
        return sorted(names, key=lambda name: (-shares[name], name))


def choice(run: Run, scene: str, regions: str) -> Choice | None:
    """Return what is shown where this is asked for; None where the run has chosen no image.

    What is not there asks for the first scene that has minimal images, and for masks before
    automatic regions: only they are the objects themselves.
    """
    ways = minimal_images.ways(run)
    of_scene = [way for way in ways if way.scene == scene]
    some = of_scene or [way for way in ways if way.images] or ways
    some = [way for way in some if way.scene == some[0].scene]
    named = [way for way in some if way.regions == regions]
    first = sorted(some, key=lambda way: way.regions != REGIONS.MASKS)
    found = next(iter(named or first), None)
    return found and Choice(ways, found.scene, found.regions)


def strips(rows: Iterable[MinimalImage]) -> list[Strip]:
    """Return rows as a page shows them."""
    return [Strip.of(row) for row in rows]
