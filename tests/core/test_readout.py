"""The linear read-out against a literal loss, on features of any kind, and where it cannot be."""

import numpy as np
import pytest
import torch
from torch import nn

from analysis.core import readout
from tests.core.small_networks import Small

NAMES = ("bedroom", "kitchen", "office")


def clouds(seed=0, count=60, features=5):
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = chance.normal(size=(3, features)) * 2
    return (centres[labels] + chance.normal(size=(count, features))).astype(np.float32), labels


def slow_loss(head, features, labels, decay):
    """The loss as its docstring says it, one image at a time."""
    total = 0.0
    for one, label in zip(features.astype(np.float64), labels, strict=True):
        scores = ((one - head.mean) / head.scale) @ head.weight + head.bias
        total -= np.log(np.exp(scores[label]) / np.exp(scores).sum())
    return total / len(labels) + decay / 2 * (head.weight.astype(np.float64) ** 2).sum()


def test_no_step_away_makes_it_better():
    features, labels = clouds()
    head = readout.fit(features, labels, NAMES)
    least = slow_loss(head, features, labels, readout.DECAY)
    chance = np.random.default_rng(1)
    for _ in range(20):
        weight = head.weight + 0.02 * chance.normal(size=head.weight.shape)
        bias = head.bias + 0.02 * chance.normal(size=head.bias.shape)
        other = readout.Readout(NAMES, head.mean, head.scale, weight, bias)
        assert slow_loss(other, features, labels, readout.DECAY) > least


def test_it_names_what_it_has_not_seen_and_is_the_same_each_time():
    features, labels = clouds(count=120)
    head = readout.fit(features[::2], labels[::2], NAMES)
    again = readout.fit(features[::2], labels[::2], NAMES)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(head.arrays().values(), again.arrays().values(), strict=True)
    )
    told = head.scores(torch.from_numpy(features[1::2])).argmax(dim=1).numpy()
    assert (told == labels[1::2]).mean() > 0.8
    same = readout.Readout.from_arrays(head.arrays())
    assert same.names == NAMES
    assert torch.equal(same.scores(torch.ones(1, 5)), head.scores(torch.ones(1, 5)))


def test_a_feature_that_never_changes_does_no_harm():
    features, labels = clouds()
    features[:, 2] = 7.0
    head = readout.fit(features, labels, NAMES)
    assert np.isfinite(head.weight).all()
    assert head.scale[2] == 1.0


def test_one_scene_alone_cannot_be_told_from_others():
    features, labels = clouds()
    with pytest.raises(ValueError, match="at least two scenes"):
        readout.fit(features, np.zeros_like(labels), NAMES)


def test_features_are_what_the_last_linear_layer_is_given():
    model, batch = Small().eval(), torch.randn(3, 3, 32, 32)
    assert readout.last_linear(model) == "head"
    found = readout.features_of(model, "head", batch)
    assert found.shape == (3, 6)
    assert torch.allclose(model.head(found), model(batch), atol=1e-6)


def test_a_network_without_linear_layer_gives_its_own_output():
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU()).eval()
    assert readout.last_linear(model) == ""
    batch = torch.randn(2, 3, 8, 8)
    assert torch.allclose(readout.features_of(model, "", batch), model(batch).mean(dim=(2, 3)))


@pytest.mark.parametrize("output", [(1, 2), torch.ones(3)])
def test_what_is_no_row_of_numbers_is_refused_in_a_sentence(output):
    class Odd(nn.Module):
        def forward(self, batch):
            return output

    with pytest.raises(ValueError, match="one row of numbers"):
        readout.features_of(Odd(), "", torch.ones(2, 3, 8, 8))
