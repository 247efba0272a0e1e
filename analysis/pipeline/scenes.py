"""Which images are simplified: those whose scene is named rightly, and who names it.

Who names the scene is the network itself, where it has a class of that name, or a linear read-out
of its last features, fitted on the images with even numbers and used on those with odd ones.
Everything decided here stands in `runs/<key>/simplify/choice.json`, the read-out in
`readout.npz` beside it. Two workers that decide at once write the same bytes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from analysis.core import readout
from analysis.core.arrays import packed, unpacked
from analysis.core.manifest import Entry
from analysis.core.readout import Readout
from analysis.models import Run
from analysis.pipeline.forward import Forward, Numbered
from analysis.services import files
from analysis.services.image_sets import open_manifest
from analysis.services.minimal_images import Naming, choice_file, names_file
from analysis.services.simplification import head_scenes, output_of
from analysis.services.steps import options_of

# Images of one scene that a read-out looks at: half of them to learn from.
MOST_OF_A_SCENE = 400
Look = Callable[[], None]
# Number of an image, its scene, what it was named, and whether that is right.
Said = list[tuple[int, str, str, bool]]


@dataclass(frozen=True)
class Namer:
    """Scores of the scenes for inputs of the network: what `core/minimal.py` asks."""

    forward: Forward
    layer: str = ""
    head: Readout | None = None
    looked: Look = lambda: None

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the scores, (n, names), in float32; ``looked`` may raise to stop the work."""
        self.looked()
        with torch.inference_mode(), self.forward.precision():
            laid = self.forward.laid(pixels)
            if self.head is None:
                scores = self.forward.model(laid)
            else:
                given = readout.features_of(self.forward.model, self.layer, laid)
        if self.head is not None:
            scores = self.head.scores(given)
        return scores.float()  # type: ignore[no-any-return]


def head_file(run: Run) -> str:
    """Return the name of the read-out in the media storage."""
    return f"runs/{run.key}/simplify/readout.npz"


def chosen(run: Run, forward: Forward, looked: Look) -> Naming:
    """Return which images are simplified; decided once, then read.

    Raises:
        ValueError: an image cannot be read any more; named.
    """
    if files.exists(choice_file(run)):
        return Naming(**json.loads(files.read(choice_file(run))))
    decide = _by_head if options_of(run, "simplify")["readout"] == "fit" else _by_network
    choice, said = decide(run, forward, looked)
    files.write(names_file(run), json.dumps(said).encode())
    files.write(choice_file(run), json.dumps(asdict(choice), sort_keys=True).encode())
    return choice


def namer(run: Run, forward: Forward, choice: Naming, looked: Look) -> Namer:
    """Return who names the scenes of this run."""
    if choice.readout == "own":
        return Namer(forward, looked=looked)
    head = Readout.from_arrays(unpacked(files.read(head_file(run))))
    return Namer(forward, choice.layer, head, looked)


def label_of(run: Run, choice: Naming, scene: str) -> int:
    """Return the output that names a scene."""
    own = output_of(run.network, scene) if choice.readout == "own" else None
    return choice.names.index(scene) if own is None else own


def _by_network(run: Run, forward: Forward, looked: Look) -> tuple[Naming, Said]:
    """Ask the network itself about each scene's images in order, until enough are right."""
    options, names = options_of(run, "simplify"), [str(name) for name in run.network.classes]
    asked: Counter[str] = Counter()
    right: dict[str, list[int]] = {}
    said: Said = []
    ask = Namer(forward, looked=looked)
    by_scene = _entries(run, options["scenes"])
    for scene in options["scenes"]:
        label, right[scene] = output_of(run.network, scene), []
        for image, pixels in forward.batches(_numbered(by_scene[scene])):
            outputs = ask(pixels) if asked else _first(forward, pixels)
            if problem := _not_scores(outputs, len(names)):
                return Naming("own", names, problem=problem), []
            most = outputs.argmax(dim=1).cpu()
            asked[scene] += len(image)
            right[scene] += image[most == label].tolist()
            said += [
                (number, scene, names[at], at == label)
                for number, at in zip(image.tolist(), most.tolist(), strict=True)
            ]
            if len(right[scene]) >= options["scene_images"]:
                break
    counted = {scene: len(found) for scene, found in right.items()}
    wanted = {scene: found[: options["scene_images"]] for scene, found in right.items()}
    return Naming("own", names, asked=dict(asked), right=counted, scenes=wanted), said


def _first(forward: Forward, pixels: Tensor) -> Any:
    """Return what the network hands on, whatever it is."""
    with torch.inference_mode(), forward.precision():
        return forward.model(forward.laid(pixels))


def _not_scores(outputs: Any, classes: int) -> str:
    """Return why an output is no score of the classes, or nothing."""
    told = tuple(outputs.shape[1:]) if isinstance(outputs, Tensor) else type(outputs).__name__
    if isinstance(outputs, Tensor) and told == (classes,):
        return ""
    return (
        f"The network's output is no score of its {classes} classes (it hands on {told} for an"
        " image), so no class can be lost: ask for the readout fit, or choose another network."
    )


def _by_head(run: Run, forward: Forward, looked: Look) -> tuple[Naming, Said]:
    """Fit a read-out on the even images of all scenes, and ask it about the odd ones."""
    options = options_of(run, "simplify")
    names = head_scenes(run.image_set, options["scenes"])
    by_scene = _entries(run, names, MOST_OF_A_SCENE)
    entries = sorted((e for found in by_scene.values() for e in found), key=lambda e: e.number)
    layer = readout.last_linear(forward.model)
    try:
        features = _features(forward, layer, entries, looked)
        labels = np.array([names.index(entry.scene) for entry in entries])
        even = np.array([entry.number % 2 == 0 for entry in entries])
        head = readout.fit(features[even], labels[even], names)
    except ValueError as error:
        return Naming("fit", names, layer, problem=str(error)), []
    files.write(head_file(run), packed(head.arrays()))
    told = head.scores(torch.from_numpy(features)).argmax(dim=1).numpy()
    said: Said = []
    asked: Counter[str] = Counter()
    right: dict[str, list[int]] = defaultdict(list)
    for entry, label, at in zip(entries, labels, told, strict=True):
        if entry.number % 2:
            asked[entry.scene] += 1
            right[entry.scene] += [entry.number] if at == label else []
            said.append((entry.number, entry.scene, names[at], bool(at == label)))
    counted = {scene: len(right[scene]) for scene in names}
    wanted = {scene: right[scene][: options["scene_images"]] for scene in options["scenes"]}
    return Naming("fit", names, layer, int(even.sum()), dict(asked), counted, wanted), said


def _features(forward: Forward, layer: str, entries: list[Entry], looked: Look) -> np.ndarray:
    """Return the last features of the images, (n, features)."""
    found = []
    for _, pixels in forward.batches(_numbered(entries)):
        looked()
        with torch.inference_mode(), forward.precision():
            given = readout.features_of(forward.model, layer, forward.laid(pixels))
        found.append(given.cpu().numpy())
    return np.concatenate(found)


def _entries(run: Run, scenes: list[str], most: int | None = None) -> dict[str, list[Entry]]:
    """Return the images of each scene in the order of the manifest."""
    found: dict[str, list[Entry]] = {scene: [] for scene in scenes}
    for entry in open_manifest(run.image_set).entries():
        some = found.get(entry.scene)
        if some is not None and (most is None or len(some) < most):
            some.append(entry)
    return found


def _numbered(entries: Iterable[Entry]) -> Iterator[Numbered]:
    return (Numbered(entry.number, entry.path) for entry in entries)
