"""Which images whole layers prefer, over one run or several image sets joined, and their shares.

A probe set may be several image sets. Runs of one network are joined by merging the lists of their
layers: the first of the union are exactly those of a single pass over all images. Chance would
take each set, scene and folder as often as there are images of it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from analysis.core.excess import first_of_all, share_of
from analysis.models import Run
from analysis.models.units import picture_address
from analysis.services.findings import runs_with
from analysis.services.measures import Statistic
from analysis.services.pictures import preferred_token
from analysis.services.preferring import Found, Liked, kept_images, read_found

STEP = "prefer"
MOST_JOINED = 6  # other image sets
SET, SCENE, FOLDER = "image set", "scene", "folder"


class Preference(NamedTuple):
    """The share of one image set, scene or folder in the images that a layer prefers."""

    over: str  # the image sets looked at, joined by " + "
    layer: str
    by: str  # image set, scene, or folder
    name: str  # empty: the images of no scene, or of no folder
    images: int  # preferred images of this kind
    of: int  # preferred images
    share: float
    share_low: float  # Wilson's interval, 95%
    share_high: float
    baseline_images: int  # of this kind, preferred or not
    baseline_of: int  # all images
    baseline: float  # what chance would give
    ratio: float  # share / baseline
    ratio_low: float
    ratio_high: float


class PreferredImage(NamedTuple):
    """One image that a layer prefers."""

    over: str
    layer: str
    rank: int  # 0 is the highest sum
    image_set: str
    image: int  # number in its set
    scene: str
    folder: str
    activation: float  # summed over the layer


@dataclass(frozen=True)
class Over:
    """The runs whose images are looked at together, each with what it found; one, or several."""

    runs: list[Run]
    found: list[Found]

    @property
    def name(self) -> str:
        """Return the image sets in words, that of the page's own run first."""
        return " + ".join(run.image_set.slug for run in self.runs)

    @property
    def images(self) -> int:
        """Return how many images there are."""
        return sum(found.images for found in self.found)

    @property
    def layers(self) -> list[str]:
        """Return the layers that all runs looked at, in the order of the network."""
        return [name for name in self.found[0].layers if all(name in f.layers for f in self.found)]

    def taken(self, layer: str) -> list["Taken"]:
        """Return the images that a layer prefers, highest sum first: as many as all runs keep."""
        lists = [found.layers[layer] for found in self.found]
        ranked = [
            (place, [(at, one.activation) for at, one in enumerate(liked)])
            for place, liked in enumerate(lists)
        ]
        kept = min(kept_images(run.recipe) for run in self.runs)
        return [
            Taken(self.runs[place], lists[place][at]) for place, at, _ in first_of_all(ranked, kept)
        ]

    def there(self, by: str) -> Counter[str]:
        """Return how many images there are of each set, scene or folder.

        Empty where there is only one set, or no scene, or no folder has a name.
        """
        if by == SET:
            sets = {r.image_set.slug: f.images for r, f in zip(self.runs, self.found, strict=True)}
            return Counter(sets) if len(sets) > 1 else Counter()
        counted: Counter[str] = Counter()
        for found in self.found:
            kinds = found.scenes if by == SCENE else found.folders
            counted.update(kinds or {"": found.images})
        return counted if set(counted) != {""} else Counter()


class Taken(NamedTuple):
    """A preferred image and the run that looked at it."""

    run: Run
    liked: Liked

    def kind(self, by: str) -> str:
        """Return its set, scene or folder."""
        if by == SET:
            return self.run.image_set.slug
        return self.liked.scene if by == SCENE else self.liked.folder


class Tile(NamedTuple):
    """A preferred image as a page shows it: where it comes from, and the addresses of pictures."""

    liked: Liked
    image_set: str
    tile: str
    sharp: str


def tiles(over: Over, layer: str) -> list[Tile]:
    """Return the images that a layer prefers, with their pictures."""
    found = []
    for run, liked in over.taken(layer):
        token = preferred_token(run.key, liked.number)
        small, sharp = (picture_address(token, "plain", size) for size in ("tile", "tile2x"))
        found.append(Tile(liked, run.image_set.slug, small, sharp))
    return found


def overs(run: Run) -> list[Over]:
    """Return what a run's preferences can be shown over: itself, with each other set, with all.

    Of each other image set the newest run of the network, at the same precision. The same images
    under another name are no other set. Nothing before the step is done.
    """
    own = read_found(run)
    if own is None:
        return []
    alone = Over([run], [own])
    others: list[Over] = []
    seen = {run.image_set.fingerprint}
    for other in runs_with(run.network, STEP):
        found = None if other.image_set.fingerprint in seen else _joinable(run, other)
        if found is not None and len(others) < MOST_JOINED:
            seen.add(other.image_set.fingerprint)
            others.append(Over([other], [found]))
    joined = [_joined(alone, [one]) for one in others]
    joined += [_joined(alone, others)] if len(others) > 1 else []
    return [alone, *(one for one in joined if one.layers)]


def _joinable(run: Run, other: Run) -> Found | None:
    """Return what another run found, where its sums can be compared with the run's."""
    same = all(run.recipe.get(part) == other.recipe.get(part) for part in ("network", "precision"))
    return read_found(other) if same else None


def _joined(first: Over, others: list[Over]) -> Over:
    # By name after the first, so that the same sets are always told alike.
    rest = sorted(others, key=lambda one: one.runs[0].image_set.slug)
    every = [first, *rest]
    return Over([one.runs[0] for one in every], [one.found[0] for one in every])


def shares(over: Over) -> Iterator[Preference]:
    """Give the share of every set, scene and folder, layer by layer; kinds by their name."""
    for layer in over.layers:
        taken = over.taken(layer)
        for by in (SET, SCENE, FOLDER):
            there = over.there(by)
            counted = Counter(one.kind(by) for one in taken)
            for name in sorted(there):
                counts = counted[name], len(taken), there[name], over.images
                found = share_of(*counts)
                yield Preference(
                    over.name, layer, by, name, *counts[:2], *found[:3], *counts[2:], *found[3:]
                )


def images(over: Over) -> Iterator[PreferredImage]:
    """Give the images that each layer prefers, layer by layer, highest sum first."""
    for layer in over.layers:
        for rank, (run, liked) in enumerate(over.taken(layer)):
            told = run.image_set.slug, liked.number, liked.scene, liked.folder, liked.activation
            yield PreferredImage(over.name, layer, rank, *told)


PREFERENCES = Statistic(
    name="preferences",
    summary="Share of each image set, scene and folder in the images that a layer prefers, beside"
    " chance: over the run's images, and joined with those of the network's other image sets",
    step=STEP,
    row=Preference,
    rows=lambda run: chain.from_iterable(shares(over) for over in overs(run)),
)
IMAGES = Statistic(
    name="preferred-images",
    summary="The images that each layer prefers, by activation summed over the layer",
    step=STEP,
    row=PreferredImage,
    rows=lambda run: chain.from_iterable(images(over) for over in overs(run)),
)
