"""Teaching a network scenes: the same each time, learns, tells how well, refuses in a sentence."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from analysis.core import architectures
from analysis.core.images import Preprocessing
from analysis.core.specs import Spec
from demonstration import fine_tune
from demonstration.fine_tune import Photographs, Recipe, quality

ARCH = "timm:test_efficientnet"
SMALL = Preprocessing(64, 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Red and blue rooms, with noise; a green one that is too rare, and one without a name."""
    root = tmp_path_factory.mktemp("rooms")
    (root / "images").mkdir()
    chance = np.random.default_rng(0)
    lines = ["image,scene,official_split"]
    for number in range(48):
        scene = ("red", "blue")[number % 2] if number < 44 else ("green", "")[number % 2]
        colour = {"red": (200, 40, 40), "blue": (40, 40, 200)}.get(scene, (40, 200, 40))
        noise = chance.integers(-30, 30, (72, 96, 3)) + np.array(colour)
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(root / f"images/{number}.png")
        lines.append(f"{number}.png,{scene},{'test' if number % 4 > 1 else 'train'}")
    (root / "scenes.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def small(monkeypatch):
    """Small inputs, and one thread: threads of several test processes wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(architectures, "preparation_of", lambda spec: SMALL)
    yield
    torch.set_num_threads(threads)


def test_it_learns_scenes_by_their_names_and_says_how_well(folder, tmp_path, small):
    recipe = {"arch": ARCH, "epochs": 8, "batch": 11, "rate": 0.01, "least": 5}
    given = [word for name, value in recipe.items() for word in (f"--{name}", str(value))]
    for name in ("one", "two"):
        fine_tune.main([str(folder), "--output", str(tmp_path / name), *given])
    one, two = (load_file(tmp_path / f"{name}.safetensors") for name in ("one", "two"))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())
    assert (tmp_path / "one.classes.txt").read_text() == "blue\nred\n"
    told = json.loads((tmp_path / "one.json").read_text())
    assert told["training_images"] == 22
    assert told["held_out"] == {
        "images": 22,
        "accuracy": 1.0,
        "mean_over_scenes": 1.0,
        "commonest_scene": 0.5,
    }
    assert told["held_out_of_scenes_not_learnt"] == 1
    model = architectures.build(Spec.parse(ARCH), one)
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 2)


def test_accuracy_is_told_overall_and_over_scenes():
    class Red(torch.nn.Module):
        def forward(self, image):
            return torch.tensor([[1.0, 0.0]]).expand(len(image), 2)

    held = Photographs(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.tensor([0, 0, 0, 1]))
    told = quality(Red(), held, Preprocessing(8, 8))
    assert (told["accuracy"], told["mean_over_scenes"], told["commonest_scene"]) == (
        0.75,
        0.5,
        0.75,
    )


def test_what_cannot_be_learnt_is_said(folder, tmp_path):
    rows = fine_tune.listed(folder, "train")
    with pytest.raises(ValueError, match="Only 0 scenes have 500 training images"):
        fine_tune.names_of(rows, 500)
    (tmp_path / "scenes.csv").write_text("image,scene\n")
    with pytest.raises(ValueError, match="has no column official_split"):
        fine_tune.listed(tmp_path, "train")
    with pytest.raises(ValueError, match="does not end in a linear layer"):
        fine_tune.with_outputs(torch.nn.Conv2d(3, 3, 1), 2)
    assert Recipe().least == 10
