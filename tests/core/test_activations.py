"""One pass for all layers, against running the network to each layer by itself."""

import pytest
import torch
from torch import nn

from analysis.core.activations import maps_and_output, maps_of, trace
from analysis.core.programs import tapped


class Branching(nn.Module):
    """Two branches; counts what ran."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU(inplace=True)
        self.pool, self.end = nn.MaxPool2d(2), nn.Conv2d(4, 2, 1)
        self.pair = Pair()
        self.ends = 0

    def forward(self, x):
        merged = self.relu(self.left(x)) + self.relu(self.right(x))
        pooled = self.pool(merged)
        self.ends += 1
        self.pair(pooled)
        return self.end(pooled)


class Pair(nn.Module):
    """Gives two tensors."""

    def forward(self, x):
        return x, x


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Branching().eval()


def test_each_layer_is_given_as_the_network_made_it(net):
    batch = torch.randn(2, 3, 8, 8)
    maps = maps_of(net, ["left", "right", "pool"], batch)
    with torch.no_grad():
        left, right = net.left(batch), net.right(batch)
        # Before the activation that overwrites it in place.
        assert maps["left"].equal(left)
        assert (maps["left"] < 0).any()
        assert maps["right"].equal(right)
        assert maps["pool"].equal(net.pool(left.relu() + right.relu()))


def test_the_pass_stops_after_the_last_wanted_layer(net):
    maps_of(net, ["pool"], torch.randn(1, 3, 8, 8))
    assert net.ends == 0
    maps_of(net, ["end"], torch.randn(1, 3, 8, 8))
    assert net.ends == 1


def test_a_module_that_runs_twice_gives_its_first_output(net):
    batch = torch.randn(1, 3, 8, 8)
    first = maps_of(net, ["relu", "pool"], batch)["relu"]
    assert first.equal(net.left(batch).relu())
    assert maps_of(net, ["relu"], batch)["relu"].equal(first)


def test_maps_carry_no_gradient_and_hooks_are_gone_afterwards(net):
    with trace(net, ["left"]) as run:
        run(torch.randn(1, 3, 8, 8), lambda name, maps: None)
        assert net.left._forward_hooks
    assert not net.left._forward_hooks
    assert not maps_of(net, ["left"], torch.randn(1, 3, 8, 8))["left"].requires_grad


def test_hooks_are_gone_after_an_error_too(net):
    def fail(name, maps):
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"), trace(net, ["left"]) as run:
        run(torch.randn(1, 3, 8, 8), fail)
    assert not net.left._forward_hooks


def test_one_trace_serves_many_batches(net):
    seen = []
    with trace(net, ["left", "pool"]) as run:
        for size in (3, 1):
            run(torch.randn(size, 3, 8, 8), lambda name, maps: seen.append((name, len(maps))))
    assert seen == [("left", 3), ("pool", 3), ("left", 1), ("pool", 1)]


def test_layers_that_cannot_be_watched_are_named(net):
    batch = torch.randn(1, 3, 8, 8)
    with pytest.raises(ValueError, match="no layer nowhere"):
        maps_of(net, ["left", "nowhere"], batch)
    with pytest.raises(ValueError, match="each once"):
        maps_of(net, ["left", "left"], batch)
    with pytest.raises(ValueError, match="at least one"):
        maps_of(net, [], batch)
    with pytest.raises(TypeError, match="pair gives a tuple"):
        maps_of(net, ["pair"], batch)
    net.unused = nn.Conv2d(3, 3, 1)
    with pytest.raises(ValueError, match="did not run on the input: unused"):
        maps_of(net, ["left", "unused"], batch)


def test_an_exported_program_is_watched_alike(net):
    net.pair = nn.Identity()
    plain = nn.Sequential(net.left, nn.ReLU(), net.pool, net.end).eval()
    sizes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(plain, (torch.randn(2, 3, 8, 8),), dynamic_shapes=sizes)
    module = tapped(program.run_decompositions({}).module(check_guards=False))
    batch = torch.randn(5, 3, 8, 8)
    maps = maps_of(module, ["taps.0", "taps.2"], batch)
    expected = maps_of(plain, ["0", "2"], batch)
    assert maps["taps.0"].equal(expected["0"])
    assert maps["taps.2"].equal(expected["2"])


def test_one_pass_gives_the_maps_and_the_output_of_the_whole_network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(64, 5))
    batch = torch.randn(2, 3, 6, 6)
    maps, output = maps_and_output(model, ["0", "1"], batch)
    with torch.inference_mode():
        assert torch.equal(maps["0"], model[0](batch))  # not what the ReLU made of it in place
        assert torch.equal(maps["1"], model[0](batch).relu())
        assert torch.equal(output, model(batch))
    assert not model[0]._forward_hooks


def test_a_layer_that_is_not_there_or_gives_no_map_is_named():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.idle = nn.Identity(), nn.Identity()

        def forward(self, x):
            return self.a((x, x))[0]

    with pytest.raises(ValueError, match="no layer b"):
        maps_and_output(Two(), ["b"], torch.zeros(1))
    with pytest.raises(ValueError, match="no map on the input: a, idle"):
        maps_and_output(Two(), ["a", "idle"], torch.zeros(1))
