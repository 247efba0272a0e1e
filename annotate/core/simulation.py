"""Workers who are programs: what they would answer, from what the visible parts of images show.

A simulated worker knows the masks of the images, and nothing of the unit. He looks at each
picture's visible part, names what most of them show, and marks those that do not show it. How
well he does is his *temper*; how he writes a concept varies as people's words do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from annotate.core.rules import Given

# A class is noticed where it fills this share of the visible part; a surface must fill more, as
# people name what stands in a picture before what lies behind it.
NOTICED, NOTICED_SURFACE = 0.10, 0.40
BEHIND = 0.6  # what a surface's frequency counts against a thing's
# With any less than this, an image does not show it.
SHOWN = 0.03
# Below this share of images that show the commonest class, there is no common object to name.
COMMON = 0.30
INDOORS = {"wall", "floor", "ceiling", "floor mat", "blinds", "curtain"}
OUTDOORS = {"sky", "grass", "sand", "road", "pavement", "sea", "mountain", "ground", "water"}
SURFACES = frozenset(INDOORS | OUTDOORS)
SYNONYMS: dict[str, tuple[str, ...]] = {
    "sofa": ("couch", "settee"),
    "television": ("TV", "tv screen"),
    "fridge": ("refrigerator",),
    "stove": ("oven", "cooker"),
    "monitor": ("computer", "screen"),
    "bookcase": ("bookshelf", "books"),
    "painting": ("picture",),
    "bathtub": ("bath", "bath tub"),
    "cabinet": ("cupboard",),
    "person": ("people", "human"),
    "building": ("house", "houses"),
    "pavement": ("sidewalk", "ground"),
    "sea": ("water", "ocean"),
    "umbrella": ("parasol", "sunshade"),
    "boat": ("sailing boat", "ship"),
    "barn": ("farm house",),
    "desk": ("writing desk", "office desk"),
    "street lamp": ("lamp post",),
}
VAGUE = (("colours", "simple"), ("edges", "simple"), ("texture", "texture"), ("pattern", "texture"))
SPAM = ("good", "nice images", "object", "things", "ok")


@dataclass(frozen=True)
class Temper:
    """How a worker works: shares between 0 and 1."""

    name: str
    slips: float  # of images marked wrongly
    wrong: float  # of units named after another class than the commonest
    varies: float  # of concepts written in another way than the class's name
    level: float  # of categories one off
    seconds: tuple[int, int]  # fastest and slowest


GOOD = Temper("good", 0.02, 0.03, 0.35, 0.06, (25, 70))
HASTY = Temper("hasty", 0.10, 0.15, 0.45, 0.20, (9, 25))
SPAMMING = Temper("spamming", 0.5, 1.0, 0.0, 1.0, (2, 6))


@dataclass(frozen=True)
class Seen:
    """What the visible parts of a task's images show.

    ``shares`` says for each image which share of its visible part each class fills.
    """

    shares: Float[np.ndarray, "images classes"]
    names: Sequence[str]

    def surfaces(self) -> Bool[np.ndarray, " classes"]:
        """Tell which classes are surfaces."""
        return np.array([name in SURFACES for name in self.names], bool)


def temper_of(number: int, workers: int) -> Temper:
    """Return the temper of worker ``number`` of ``workers``: 7 of 10 good, 2 hasty, 1 spams.

    Of few workers all are good: with fewer than five one hasty, with fewer than ten none spams.
    """
    spamming, hasty = workers // 10, (workers + 2) // 5
    if number >= workers - spamming:
        return SPAMMING
    return HASTY if number >= workers - spamming - hasty else GOOD


def commonest(seen: Seen) -> list[int]:
    """Return the classes that may be named, commonest first; none below COMMON."""
    least = np.where(seen.surfaces(), NOTICED_SURFACE, NOTICED)
    common = (seen.shares >= least).mean(axis=0)
    # Behind a bed there is always a wall: a thing goes before a surface unless much rarer. Of two
    # as common, the one that fills more.
    weight = common * np.where(seen.surfaces(), BEHIND, 1.0)
    order = np.lexsort((-seen.shares.mean(axis=0), -weight))
    return [int(label) for label in order if common[label] >= COMMON]


def answer(seen: Seen, temper: Temper, attempt: int, rng: np.random.Generator) -> Given:
    """Return what a worker of this temper hands in at his ``attempt`` (0 is the first).

    Told that a planted image is left in, he looks again and marks every image without a clear
    sign of the concept; a spammer only tries something else.
    """
    seconds = int(rng.integers(*temper.seconds, endpoint=True))
    if temper == SPAMMING:
        return _spam(seen, seconds, rng)
    named = commonest(seen)
    if named and len(named) > 1 and rng.random() < temper.wrong:
        named = named[1:]
    if not named:
        return _vague(seen, seconds, rng)
    label = named[0]
    share = seen.shares[:, label]
    least = SHOWN if attempt == 0 else NOTICED
    fits = share >= least
    slips = rng.random(len(fits)) < temper.slips * (attempt == 0)
    fits = _at_least(fits ^ slips, share, 10)
    return Given(
        concept=written(seen.names[label], temper, rng),
        category=_category(seen.names[label], temper, rng),
        rejected=np.flatnonzero(~fits).tolist(),
        all_fit=bool(fits.all()),
        focused_seconds=seconds,
    )


def written(name: str, temper: Temper, rng: np.random.Generator) -> str:
    """Return a concept as this worker writes it: a synonym, plural, article, capital or slip."""
    thing = name not in SURFACES  # nobody writes "sands" or "a sky"
    if rng.random() < temper.varies and name in SYNONYMS:
        options = SYNONYMS[name]
        name = options[int(rng.integers(len(options)))]
    if rng.random() >= temper.varies:
        return name
    way = int(rng.integers(4))
    if way == 0 and thing and not name.endswith("s"):
        return f"{name}es" if name.endswith(("ch", "sh", "x")) else f"{name}s"
    if way == 1 and thing and not name.endswith("s"):
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    if way == 2 and len(name) > 5:
        # Two letters change places, not the first: as hurried fingers write.
        spot = int(rng.integers(1, len(name) - 2))
        return name[:spot] + name[spot + 1] + name[spot] + name[spot + 2 :]
    return name.capitalize()


def _category(name: str, temper: Temper, rng: np.random.Generator) -> str:
    """Return the group of a class, or now and then a neighbouring one."""
    if name in SURFACES:
        return "texture" if rng.random() < temper.level else "region"
    return ("part", "scene")[int(rng.integers(2))] if rng.random() < temper.level else "object"


def _at_least(
    fits: Bool[np.ndarray, " images"], share: Float[np.ndarray, " images"], kept: int
) -> Bool[np.ndarray, " images"]:
    """Keep at least so many images, the best of them: fewer cannot be handed in."""
    if fits.sum() >= kept:
        return fits
    best = np.argsort(-share, kind="stable")[:kept]
    return fits | np.isin(np.arange(len(fits)), best)


def _vague(seen: Seen, seconds: int, rng: np.random.Generator) -> Given:
    """Return the answer of somebody who finds nothing in common: a loose word, a third marked."""
    concept, category = VAGUE[int(rng.integers(len(VAGUE)))]
    count = len(seen.shares)
    odd = rng.choice(count, size=count // 3, replace=False)
    return Given(
        concept=concept,
        category=category,
        rejected=sorted(odd.tolist()),
        focused_seconds=seconds,
    )


def _spam(seen: Seen, seconds: int, rng: np.random.Generator) -> Given:
    """Return an answer given without looking."""
    count = len(seen.shares)
    marked = rng.choice(count, size=int(rng.integers(0, 6)), replace=False)
    categories = ("simple", "texture", "region", "part", "object", "scene")
    return Given(
        concept=SPAM[int(rng.integers(len(SPAM)))],
        category=categories[int(rng.integers(6))],
        rejected=sorted(marked.tolist()),
        all_fit=len(marked) == 0,
        focused_seconds=seconds,
    )
