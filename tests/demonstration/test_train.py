"""Training: reproducible, learns, and what is committed reaches what the docs state."""

import pytest
import torch
from safetensors import safe_open

from demonstration.network import WEIGHTS, SceneNet, folded, load, save, untrained
from demonstration.train import HELD_OUT_SEED, Recipe, accuracy, pictures, train
from demonstration.world import SCENES, World

SHORT = Recipe(images=22, epochs=1, batch=11, seed=5)


@pytest.fixture(scope="module")
def small():
    return pictures(World(seed=1, images=SHORT.images, size=64))


def test_the_same_recipe_gives_the_same_weights(small):
    first, again = (train(*small, SHORT, tell=lambda line: None) for _ in range(2))
    for (name, one), other in zip(
        first.state_dict().items(), again.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_training_lowers_the_loss(small):
    told = []
    train(*small, Recipe(images=22, epochs=5, batch=11), tell=told.append)
    losses = [float(line.rsplit(" ", 1)[1]) for line in told]
    assert losses[-1] < losses[0]


def test_folding_the_normalisation_away_changes_nothing():
    network = SceneNet(norm=True)
    network.train()
    with torch.no_grad():
        network(torch.rand(8, 3, 112, 112))
    network.eval()
    image = torch.rand(2, 3, 112, 112)
    with torch.inference_mode():
        assert torch.allclose(network(image), folded(network)(image), atol=1e-4)


def test_weights_are_read_back_as_they_were_written(tmp_path):
    save(untrained(1), tmp_path / "net.safetensors", {"recipe": "none"})
    again = load(tmp_path / "net.safetensors")
    for one, other in zip(untrained(1).parameters(), again.parameters(), strict=True):
        assert torch.equal(one.half().float(), other)


def test_an_untrained_network_is_the_same_each_time_and_leaves_the_seed_alone():
    torch.manual_seed(9)
    before = torch.rand(1)
    torch.manual_seed(9)
    first, second = untrained(), untrained()
    assert torch.equal(torch.rand(1), before)
    assert torch.equal(first.scene.weight, second.scene.weight)


def test_the_committed_weights_are_small_and_say_how_they_were_made():
    assert WEIGHTS.stat().st_size < 1_000_000
    with safe_open(WEIGHTS, "pt") as file:
        assert "'images': 22000" in file.metadata()["recipe"]


def test_the_committed_weights_name_the_scenes_of_pictures_they_never_saw():
    """docs/demonstration.md states 98% of 1,100; here 110 of them."""
    images, scenes = pictures(World(seed=HELD_OUT_SEED, images=110, size=128))
    assert accuracy(load(), images, scenes) >= 0.93
    assert accuracy(untrained(), images, scenes) <= 3 / len(SCENES)
