"""What is compared of the images that whole layers prefer: of which set, scene and folder."""

from collections.abc import Iterator

from analysis.models import Run
from analysis.services import preferences
from analysis.services.comparing import Block, Comparable, Counted, Measure, Side
from analysis.services.preference_figures import NOTHING
from analysis.services.preferences import FOLDER, SCENE, SET, Over

KINDS = (SET, SCENE, FOLDER)
NAMES = {SET: "set", SCENE: "scene", FOLDER: "folder"}


def liked(side: Side) -> Iterator[Counted]:
    """Give of each preferred image whether it is of a set, scene or folder, layer by layer."""
    over = over_of(side)
    if over is None:
        return
    for layer in over.layers:
        taken = over.taken(layer)
        for by in KINDS:
            for name in sorted(over.there(by)):
                for run, one in taken:
                    is_it = preferences.Taken(run, one).kind(by) == name
                    image = (run.image_set_id, one.number)
                    values = {NAMES[by]: (float(is_it), 1.0)}
                    yield Counted(f"{layer}, {by} {name or NOTHING}", image, values)


def over_of(side: Side) -> Over | None:
    """Return the image sets that both sides are looked at over.

    Those that the address names, else as many as both have; a side alone has its own.
    """
    mine = _overs(side.run)
    if not mine:
        return None
    yours = {_sets(over) for over in _overs(side.beside.run if side.beside else None)}
    shared = [over for over in mine if _sets(over) in yours] or mine[:1]
    named = [over for over in shared if over.name == side.asked.get("over")]
    return (named or shared[-1:])[0]


def nothing_preferred(sides: tuple[Side, Side]) -> str:
    """Say why there is nothing to compare; nothing where the places tell it."""
    overs = [over_of(side) for side in sides]
    kinds = [bool(over and any(over.there(by) for by in KINDS)) for over in overs]
    lacking = [side.name for side, known in zip(sides, kinds, strict=True) if not known]
    if not lacking:
        return ""
    return (
        f"The images that {' and '.join(lacking)} preferred are of one set, without scenes and"
        " folders: name scenes in scenes.csv and register the images anew, or run the step"
        f" {preferences.STEP} over a second set."
    )


def _overs(run: Run | None) -> list[Over]:
    return [over for over in preferences.overs(run) if over.layers] if run else []


def _sets(over: Over) -> frozenset[int]:
    return frozenset(run.image_set_id for run in over.runs)


PREFERENCES = Comparable(
    statistic="preferences",
    tab="preferences",
    question="Do whole layers of {first} prefer other images than those of {second}?",
    place="layer and kind",
    blocks=[
        Block(
            name,
            [
                Measure(
                    f"share_{name}",
                    "share of images",
                    f"share of the preferred images, by {name}",
                    is_share=True,
                )
            ],
        )
        for name in NAMES.values()
    ],
    units=liked,
    method="Of the images with the highest activation, summed over the layer, the share of each"
    " image set, scene and folder. The images of a layer are taken to be independent.",
    pairs="none",
    lacking=nothing_preferred,
)
