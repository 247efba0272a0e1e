"""What the lazy search of minimal images saves, and how often it ends elsewhere than the exact one.

    python -m benchmarks.minimal [--images N] [--folder DIR]

EfficientNet-Lite0 at 224 px and the photographs of a folder as `add_images` takes it. As in the
step `simplify`, a linear read-out names the scenes: of the four most frequent scenes up to 60
photographs each, fitted on every other one. Of the rest, those named rightly, scene after scene,
are cut into automatic regions and simplified both ways, the first way in turn, until N of them
have lost their scene. In a folder without scenes the network's own first class is what is lost.
`passes` are the candidates that the network was asked about, `kept` means of regions, `area` means
of the share of pixels, `iou` the mean of the kept pixels that both ways share over those of either.
After every image one JSON line has the figures so far; the last line is of all.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.core import readout
from analysis.core.architectures import LITE0, build, packaged_lite0, preparation_of
from analysis.core.images import Preprocessing, open_image, prepare, view
from analysis.core.listing import Listed, Listing
from analysis.core.minimal import How, Minimal, Score, minimal
from analysis.core.partitions import Automatic
from analysis.core.specs import Spec

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "nyuv2"
SCENES, OF_A_SCENE = 4, 60
WAYS = {"exact": How(lazy=False), "lazy": How(lazy=True)}


@dataclass(frozen=True)
class Photograph:
    """One image as the network sees it, cut into regions, and what it is named rightly."""

    pixels: Tensor  # (3, h, w)
    number: np.ndarray  # (h, w), the region of each pixel
    label: int


@dataclass(frozen=True)
class Both:
    """One image simplified both ways."""

    number: np.ndarray  # (h, w)
    found: dict[str, Minimal]
    seconds: dict[str, float]

    def kept(self, way: str) -> np.ndarray:
        """Return the pixels that a way keeps, (h, w)."""
        return self.found[way].kept(self.number)

    @property
    def lost(self) -> bool:
        """Return whether both ways end at a minimal image."""
        return all(way.lost is not None for way in self.found.values())

    @property
    def regions(self) -> int:
        """Return the number of regions of the whole image."""
        return int(self.number.max()) + 1

    @property
    def iou(self) -> float:
        """Return the pixels that both ways keep over those that either keeps."""
        exact, lazy = self.kept("exact"), self.kept("lazy")
        return float((exact & lazy).sum() / max(1, (exact | lazy).sum()))

    @property
    def same(self) -> bool:
        """Return whether both ways keep the same regions."""
        return bool((self.kept("exact") == self.kept("lazy")).all())


def main() -> None:
    """Measure, and print one JSON object as the last line."""
    given = parsed()
    if not given.folder.is_dir():
        print(json.dumps({"skipped": f"there is no folder {given.folder}: name one by --folder"}))
        return
    model, preparation = network()
    score, photographs, named_by = asked(given.folder, model, preparation)
    found: list[Both] = []
    for both in compared(photographs, score, given.images):
        found.append(both)
        print(json.dumps({"named_by": named_by} | told(found)), flush=True)
    if not found:
        print(json.dumps({"skipped": f"no image of {given.folder} is named rightly"}))


def network() -> tuple[nn.Module, Preprocessing]:
    """Return EfficientNet-Lite0 with the weights of its package, and its preparation."""
    spec = Spec.parse(LITE0)
    return build(spec, packaged_lite0()), preparation_of(spec)


def asked(
    folder: Path, model: nn.Module, preparation: Preprocessing
) -> tuple[Score, Iterator[Photograph], str]:
    """Return who names images, those that it names rightly, and who it is in words."""
    by_scene = listed(folder)
    scenes = sorted(by_scene, key=lambda scene: (-len(by_scene[scene]), scene))[:SCENES]
    some = [by_scene[scene][:OF_A_SCENE] for scene in scenes]
    paths = [folder / one.path for one in chain(*some)]
    if len(scenes) < 2:
        return own(model), seen(paths, None, own(model), preparation), "its own first class"
    labels = np.array([at for at, files in enumerate(some) for _ in files])
    layer, even = readout.last_linear(model), np.arange(len(paths)) % 2 == 0
    features = [given(model, layer, pixels_of(path, preparation)[None]) for path in paths]
    head = readout.fit(torch.cat(features).numpy()[even], labels[even], scenes)
    odd = [np.flatnonzero(~even & (labels == at)).tolist() for at in range(len(scenes))]
    order = [at for row in zip_longest(*odd) for at in row if at is not None]  # scenes in turn

    def score(batch: Tensor) -> Tensor:
        return head.scores(given(model, layer, batch))

    chosen = [paths[at] for at in order]
    right = [int(labels[at]) for at in order]
    return score, seen(chosen, right, score, preparation), f"a read-out of {len(scenes)} scenes"


def listed(folder: Path) -> dict[str, list[Listed]]:
    """Return the images of a folder by scene, in order of their paths."""
    found: dict[str, list[Listed]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="unitscope-minimal-") as place,
        closing(Listing(folder, Path(place) / "listing")) as listing,
    ):
        for one in listing.files():
            found.setdefault(one.scene, []).append(one)
    return found


def own(model: nn.Module) -> Score:
    """Return the network's own outputs as a score."""

    def score(batch: Tensor) -> Tensor:
        with torch.inference_mode():
            return model(batch)  # type: ignore[no-any-return]

    return score


def given(model: nn.Module, layer: str, batch: Tensor) -> Tensor:
    """Return what a network's last layer is given, (n, features)."""
    with torch.inference_mode():
        return readout.features_of(model, layer, batch)


def pixels_of(path: Path, preparation: Preprocessing) -> Tensor:
    """Return an image as the network sees it, (3, h, w)."""
    return torch.from_numpy(prepare(open_image(path), preparation))


def seen(
    paths: Sequence[Path], labels: Sequence[int] | None, score: Score, preparation: Preprocessing
) -> Iterator[Photograph]:
    """Give the images that are named rightly; without labels whatever comes first is right."""
    for at, path in enumerate(paths):
        pixels = pixels_of(path, preparation)
        first = int(score(pixels[None])[0].argmax())
        if labels is None or first == labels[at]:
            shown = np.asarray(view(open_image(path), preparation))
            yield Photograph(pixels, Automatic().cut(shown).number.astype(np.int64), first)


def compared(photographs: Iterable[Photograph], score: Score, count: int) -> Iterator[Both]:
    """Give images simplified both ways until ``count`` of them have lost their name."""
    lost = 0
    for at, one in enumerate(photographs):
        both = simplified(one, score, turned=at % 2 == 1)
        lost += both.lost
        yield both
        if lost == count:
            return


def simplified(one: Photograph, score: Score, turned: bool) -> Both:
    """Simplify one image both ways; ``turned``: the lazy way first."""
    found: dict[str, Minimal] = {}
    seconds: dict[str, float] = {}
    for way in sorted(WAYS, reverse=turned):
        start = time.perf_counter()
        minimal_image = minimal(one.pixels, one.number, one.label, score, WAYS[way])
        seconds[way] = time.perf_counter() - start
        if minimal_image is None:
            raise ValueError("an image named rightly a moment ago is not any more")
        found[way] = minimal_image
    return Both(one.number, found, seconds)


def told(found: Sequence[Both]) -> dict[str, Any]:
    """Return the figures of those images that have lost their name, and how many never do."""
    never, found = sum(not both.lost for both in found), [both for both in found if both.lost]
    figures: dict[str, Any] = {"images": len(found), "never_lost": never}
    if not found:
        return figures
    for way in WAYS:
        kept = [both.regions - len(both.found[way].removals) for both in found]
        figures |= {
            f"{way}_s": round(sum(both.seconds[way] for both in found), 2),
            f"{way}_passes": sum(both.found[way].looked for both in found),
            f"mean_kept_{way}": round(fmean(kept), 2),
            f"mean_area_{way}": round(fmean(both.kept(way).mean() for both in found), 4),
        }
    return figures | {
        "same_minimal": round(fmean(both.same for both in found), 3),
        "mean_iou": round(fmean(both.iou for both in found), 3),
        "mean_regions": round(fmean(both.regions for both in found), 1),
        "threads": torch.get_num_threads(),
    }


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.minimal", description=__doc__)
    parser.add_argument("--images", type=int, default=8, help="images compared")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="as add_images takes it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
