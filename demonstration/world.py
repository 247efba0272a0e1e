"""The synthetic world: any number of small pictures of scenes, with the class of every pixel.

Each picture depends on the world's seed and its own number alone, so a world can be made in any
order, by several processes, and again after a break, with the same bytes.
"""

import csv
import io
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from demonstration import landscapes, rooms
from demonstration.render import View, colour_in, draw

CLASSES = (
    "sky", "wall", "floor", "ceiling", "grass", "sand", "road", "pavement", "sea", "mountain",
    "bed", "lamp", "window", "painting", "mirror", "stove", "fridge", "cabinet", "sink", "table",
    "chair", "sofa", "television", "bookcase", "desk", "monitor", "plant", "bathtub", "toilet",
    "building", "car", "traffic light", "street lamp", "person", "tree", "bench", "umbrella",
    "boat", "tent", "barn", "cow", "fence",
)  # fmt: skip
NUMBER = {name: number for number, name in enumerate(CLASSES)}
# What fills a picture rather than stands in it. A top 0.5% cannot cover half of a sky: see
# analysis/core/dissection.py on the cap.
REGIONS = frozenset(CLASSES[:10])
VOID = 255  # no pixel has it: every pixel belongs to a class

# A picture of a scene shows at least one of these, at least so large. A stranger could name it.
TELLING: dict[str, tuple[tuple[str, ...], float]] = {
    "bedroom": (("bed",), 0.03),
    "kitchen": (("stove", "fridge"), 0.015),
    "bathroom": (("bathtub", "toilet"), 0.012),
    "living room": (("sofa",), 0.03),
    "office": (("desk", "monitor"), 0.02),
    "street": (("building",), 0.05),
    "park": (("bench", "tree"), 0.04),
    "beach": (("umbrella", "sea"), 0.03),
    "harbour": (("boat",), 0.015),
    "campsite": (("tent",), 0.015),
    "farm": (("barn", "cow"), 0.02),
}
SCENES = tuple(TELLING)
TRIES = 12
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class World:
    """Which world: a seed, how many pictures, and their side in pixels."""

    seed: int = 2015
    images: int = 1100
    size: int = 160

    def __post_init__(self) -> None:
        if self.images < 1 or not 32 <= self.size <= 1024:
            raise ValueError(
                f"a world of {self.images} images of {self.size} px cannot be made: ask for at "
                "least one image, of 32 to 1024 px"
            )

    def scene(self, number: int) -> str:
        """Return the scene of a picture: every scene is equally frequent."""
        return SCENES[number % len(SCENES)]


def compose(scene: str, rng: np.random.Generator) -> View:
    """Return a random view of a scene."""
    return rooms.indoor(scene, rng) if scene in rooms.CONTENTS else landscapes.outdoor(scene, rng)


def is_telling(scene: str, labels: Labels) -> bool:
    """Whether the picture shows enough of what its scene is known by."""
    names, share = TELLING[scene]
    seen = np.isin(labels, [NUMBER[name] for name in names])
    return bool(seen.mean() >= share)


def picture(world: World, number: int) -> tuple[npt.NDArray[np.uint8], Labels]:
    """Return picture ``number``, (size, size, 3), and the class of each pixel, (size, size)."""
    rng = np.random.default_rng([world.seed, number])
    scene = world.scene(number)
    for _ in range(TRIES):
        drawing = draw(compose(scene, rng), world.size, NUMBER)
        if is_telling(scene, drawing.labels):
            break
    return colour_in(drawing, rng), drawing.labels


def name(number: int) -> str:
    """Return the stem of a picture's file names."""
    return f"{number:06d}"


def _keep(path: Path, data: bytes) -> None:
    """Write a file aside and rename it: after a break there is no half file."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(data)
    aside.replace(path)


def _write_one(world: World, folder: Path, number: int) -> npt.NDArray[np.int64]:
    """Write a picture and its mask unless they stand; return the pixels of each class."""
    image_path = folder / "images" / f"{name(number)}.jpg"
    mask_path = folder / "masks" / f"{name(number)}.png"
    if image_path.exists() and mask_path.exists():
        labels = np.asarray(Image.open(mask_path))
    else:
        image, labels = picture(world, number)
        jpeg, png = io.BytesIO(), io.BytesIO()
        Image.fromarray(image).save(jpeg, "JPEG", quality=92, subsampling=0)
        Image.fromarray(labels).save(png, "PNG")
        _keep(mask_path, png.getvalue())
        _keep(image_path, jpeg.getvalue())
    return np.bincount(labels.ravel(), minlength=len(CLASSES))


def _counts(world: World, folder: Path, workers: int) -> Iterator[npt.NDArray[np.int64]]:
    """Write all pictures, in order of number, by one or several processes."""
    one = partial(_write_one, world, folder)
    if workers <= 1:
        yield from map(one, range(world.images))
        return
    # Fresh processes: the caller may have threads or a database open.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(one, range(world.images), chunksize=16)


def write(world: World, folder: Path, workers: int = 1) -> bool:
    """Write the world in the layout of `add_images`, with labels.json last.

    Returns whether anything was written: a finished world is left as it is, a broken-off one
    goes on. A folder that holds another world is refused.
    """
    recipe = {"seed": world.seed, "images": world.images, "size": world.size}
    listing = folder / "labels.json"
    if listing.exists():
        if json.loads(listing.read_text("utf-8"))["world"] == recipe:
            return False
        raise ValueError(f"{folder} holds another world: name another folder, or remove this one")
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    counts = np.stack(list(_counts(world, folder, workers)))  # (images, classes)
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["image", "mask", "scene"])
    for number in range(world.images):
        table.writerow([f"{name(number)}.jpg", f"{name(number)}.png", world.scene(number)])
    _keep(folder / "scenes.csv", rows.getvalue().encode())
    described = {
        "dataset": "Unitscope demonstration world (synthetic)",
        "synthetic": True,
        "world": recipe,
        "void_index": VOID,
        "classes": [
            {"index": number, "name": label, "pixels": int(counts[:, number].sum()),
             "images": int((counts[:, number] > 0).sum())}
            for number, label in enumerate(CLASSES)
        ],
    }  # fmt: skip
    _keep(listing, json.dumps(described, indent=1).encode())
    return True
