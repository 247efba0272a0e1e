"""The step `simplify`: what may be chosen about it, its pieces, and what was done in words."""

from collections.abc import Mapping
from typing import Any

from analysis.models import ImageSet, Layer, Network, Run
from analysis.services.options import Option
from analysis.services.recipes import Recipe, RunRefused

# Scenes simplified where none are named, and the images that such a scene must have.
USUAL_SCENES = 4
ENOUGH = 20
PER_SHARD = 5  # images: little to repeat after a worker was lost
# Automatic regions (Felzenszwalb and Huttenlocher, 2004): about 15 to 40 of a photograph.
CUT = {"scale": 100.0, "sigma": 0.8, "least": 0.006}
KINDS = {"automatic": ["automatic"], "masks": ["masks"], "both": ["automatic", "masks"]}
ASKS = (
    Option("scenes", "scenes to simplify, with commas; empty: the four most frequent", ""),
    Option("scene_images", "correctly classified images of each scene", 20, least=1, most=1000),
    Option(
        "regions",
        "what is removed: automatic regions, the classes of the masks, or both in turn",
        "both",
        choices=("automatic", "masks", "both"),
    ),
    Option(
        "readout",
        "who names the scene: the network's own classes (own), a linear read-out fitted on half of"
        " the images (fit), or the network where it knows the scenes (auto)",
        "auto",
        choices=("auto", "own", "fit"),
    ),
    Option("lazy", "search faster, and now and then end elsewhere", False),
)


def kept_options(
    network: Network, image_set: ImageSet, layers: list[Layer], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything that decides the step's results, the scenes and read-out by name.

    Raises:
        RunRefused: no scenes, scenes that are not there, no masks, classes that are not scenes.
    """
    scenes = _scenes(image_set, str(values["scenes"]))
    return {
        "scenes": scenes,
        "scene_images": values["scene_images"],
        "regions": _kinds(image_set, str(values["regions"])),
        "readout": _readout(network, image_set, scenes, str(values["readout"])),
        "lazy": values["lazy"],
        "cut": dict(CUT),
    }


def plan(run: Run) -> tuple[int, int]:
    """Places for images, scene by scene; a place may stay empty where fewer are named rightly."""
    return len(places(run)), PER_SHARD


def places(run: Run) -> list[tuple[str, int]]:
    """Return the places of the step in order: scene, and the how manieth image of it."""
    options = run.recipe["options"]["simplify"]
    most = options["scene_images"]
    known = run.image_set.scenes
    return [(s, at) for s in options["scenes"] for at in range(min(most, known.get(s, most)))]


def plain(name: str) -> str:
    """Return a name as names are matched: small letters, blanks for `_` and `-`."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def output_of(network: Network, scene: str) -> int | None:
    """Return which output of the network names a scene, None where none does."""
    names = [plain(str(name)) for name in network.classes]
    return names.index(plain(scene)) if plain(scene) in names else None


def head_scenes(image_set: ImageSet, scenes: list[str]) -> list[str]:
    """Return the scenes that a read-out learns: those with enough images, and those asked for."""
    enough = {name for name, count in image_set.scenes.items() if count >= ENOUGH}
    return sorted(enough | set(scenes))


def in_words(recipe: Recipe) -> str:
    """Return what the step did, for a methods section."""
    options = recipe.options["simplify"]
    kinds = {"automatic": "automatic regions", "masks": "the classes of the ground-truth masks"}
    cut = " and, in turn, ".join(kinds[kind] for kind in options["regions"])
    who = "the network's own class of that name"
    if options["readout"] == "fit":
        who = (
            "a linear read-out of the network's last features, fitted on the images with even"
            " numbers and used on those with odd ones"
        )
    order = "greedily" if not options["lazy"] else "greedily, with costs of earlier rounds believed"
    return (
        f"Up to {options['scene_images']} correctly classified images of each of"
        f" {', '.join(options['scenes'])} were simplified: cut into {cut}, regions were removed"
        f" {order}, always the one that lowered the scene's score least, until the scene was lost;"
        " the image just before is the minimal image. Regions were removed in the gradient domain"
        f" (Zhou et al., 2015). The scene was named by {who}."
    )


def _scenes(image_set: ImageSet, asked: str) -> list[str]:
    known: dict[str, int] = image_set.scenes
    if not known:
        raise RunRefused(
            f"{image_set} names no scenes, and simplify needs the right scene of each image: add"
            " the images with a scenes.csv, or in one folder for each scene."
        )
    names = list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))
    if unknown := [name for name in names if name not in known]:
        has = ", ".join(sorted(known, key=lambda name: (-known[name], name))[:12])
        raise RunRefused(f"{image_set} has no scene {unknown[0]!r}; its scenes are: {has}.")
    enough = sorted((n for n in known if known[n] >= ENOUGH), key=lambda n: (-known[n], n))
    if not names and not enough:
        raise RunRefused(
            f"No scene of {image_set} has {ENOUGH} images: name the scenes to simplify."
        )
    return names or enough[:USUAL_SCENES]


def _kinds(image_set: ImageSet, asked: str) -> list[str]:
    if image_set.labels.get("classes"):
        return KINDS[asked]
    if asked == "masks":
        raise RunRefused(f"{image_set} has no masks: ask for automatic regions.")
    return KINDS["automatic"]


def _readout(network: Network, image_set: ImageSet, scenes: list[str], asked: str) -> str:
    """Return who names the scene: own, or fit."""
    missing = [scene for scene in scenes if output_of(network, scene) is None]
    if asked == "own" and missing:
        raise RunRefused(
            f"No class of {network} is called {missing[0]!r}: ask for the readout fit, which"
            " learns the scenes from half of the images."
        )
    if asked == "own" or (asked == "auto" and not missing):
        return "own"
    if len(head_scenes(image_set, scenes)) < 2:
        raise RunRefused(
            f"A read-out needs images of at least two scenes, and {image_set} has one with enough."
        )
    return "fit"
