"""The lazy way and the literal one agree: on real architectures, and on networks made by chance."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.core.architectures import build
from analysis.core.images import Preprocessing
from analysis.core.layers import find, watch
from analysis.core.occluders import Lattice, Occluder
from analysis.core.occlusion import Occlusion, Target
from analysis.core.specs import Spec
from tests.core.literal_occlusion import activations, literal_changes
from tests.core.random_networks import networks


def picture(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(3, height, width, generator=torch.Generator().manual_seed(seed))


def strongest(model: nn.Module, image: Tensor, module: str, places: str) -> list[Target]:
    """The unit that fires most at a corner, in the middle of an edge, and in the centre."""
    seen: list[Tensor] = []
    hook = dict(model.named_modules())[module].register_forward_hook(
        lambda _m, _i, out: seen.append(out.detach())
    )
    with torch.no_grad():
        model(image[None])
    hook.remove()
    maps = seen[0][0]
    rows, columns = maps.shape[1:]
    spots = {"corner": (0, columns - 1), "edge": (rows - 1, columns // 2)}
    spots["centre"] = (rows // 2, columns // 2)
    found = []
    for place in places.split():
        row, column = spots[place]
        found.append(Target(module, int(maps[:, row, column].argmax()), row, column))
    return found


@pytest.mark.parametrize(
    ("arch", "height", "width", "stride"),
    [
        ("torchvision:alexnet", 99, 91, 17),
        ("torchvision:resnet18", 75, 81, 15),
        ("torchvision:vgg11", 67, 61, 13),
        ("efficientnet-lite0", 77, 83, 15),
    ],
)
def test_every_layer_of_real_architectures_agrees_with_whole_images(arch, height, width, stride):
    model = build(Spec.parse(arch), None)
    preparation = Preprocessing(height, width)
    image = picture(height, width)
    layers = [one for one in find(watch(model, height, width), "vgg" in arch) if one.height > 1]
    assert len(layers) >= 5
    targets = [
        target
        for layer in layers
        for target in strongest(model, image, layer.module, "corner edge centre")
    ]
    occluder = Occluder(stride=stride)
    engine = Occlusion(model, preparation, [layer.module for layer in layers])
    assert not engine.fallback
    lattice = Lattice.of(occluder, (height, width))
    patches = lattice.patches(image, preparation)

    slow = literal_changes(model, image, targets, lattice, patches)
    clean = activations(model, image, targets)
    for number, target in enumerate(targets):
        fast = engine.changes(image, [target], occluder)
        assert np.abs(fast[0] - slow[number]).max() <= 1e-5 * abs(clean[number]), target
    together = engine.changes(image, targets, occluder)
    assert (np.abs(together - slow).max(axis=(1, 2)) <= 1e-5 * np.abs(np.array(clean))).all()


@settings(max_examples=40, deadline=None)
@given(networks(), st.data())
def test_networks_made_by_chance_agree(made, data):
    model, height, width = made
    image = picture(height, width).double()
    preparation = Preprocessing(height, width)
    modules = [name for name, _ in model.named_modules() if name]
    module = data.draw(st.sampled_from(modules), label="module")
    engine = Occlusion(model, preparation, [module])
    assert not engine.fallback
    channels, rows, columns = engine.wiring.shapes[engine.wiring.modules[module]]
    draw = lambda of: data.draw(st.integers(0, of - 1))  # noqa: E731
    targets = [Target(module, draw(channels), draw(rows), draw(columns)) for _ in range(2)]
    occluder = Occluder(size=data.draw(st.integers(1, 5)), stride=data.draw(st.integers(1, 4)))
    lattice = Lattice.of(occluder, (height, width))

    fast = engine.changes(image, targets, occluder)
    slow = literal_changes(model, image, targets, lattice, lattice.patches(image, preparation))
    assert np.abs(fast - slow).max() <= 1e-6 * max(1.0, np.abs(slow).max())


def small() -> tuple[nn.Module, Preprocessing]:
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
    ).eval()
    return model, Preprocessing(45, 51)


TARGETS = [Target("4", 0, 0, 0), Target("4", 3, 5, 6), Target("3", 1, 2, 9), Target("1", 2, 20, 3)]


def test_some_rows_and_columns_are_those_of_the_whole_lattice():
    model, preparation = small()
    engine, image = Occlusion(model, preparation, ["1", "3", "4"]), picture(45, 51)
    whole = engine.changes(image, TARGETS, Occluder())
    rows, columns = np.array([1, 4, 9]), np.array([0, 2, 3, 12])
    some = engine.changes(image, TARGETS, Occluder(), rows, columns)
    assert whole.shape == (4, 12, 14)
    np.testing.assert_allclose(some, whole[:, rows[:, None], columns], atol=1e-6)


def test_little_memory_changes_nothing():
    model, preparation = small()
    image = picture(45, 51)
    much = Occlusion(model, preparation, ["1", "3", "4"])
    little = Occlusion(model, preparation, ["1", "3", "4"], memory=1)
    np.testing.assert_allclose(
        little.changes(image, TARGETS, Occluder()),
        much.changes(image, TARGETS, Occluder()),
        atol=1e-6,
    )


def test_threads_change_nothing_and_leave_torch_as_it_was():
    model, preparation = small()
    engine, image = Occlusion(model, preparation, ["1", "3", "4"], memory=2**16), picture(45, 51)
    before = torch.get_num_threads()
    try:
        found = []
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(engine.changes(image, TARGETS, Occluder()))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_places_that_do_not_reach_the_unit_change_nothing_at_all():
    model, preparation = small()
    engine = Occlusion(model, preparation, ["1"])
    change = engine.changes(picture(45, 51), [Target("1", 2, 20, 3)], Occluder())[0]
    # The location sees rows 38..42 and columns 4..8; the places' first pixels are 0, 3, 6, …
    reached = np.zeros((12, 14), dtype=bool)
    reached[10:, :3] = True
    assert (change[~reached] == 0).all()
    assert (change[reached] != 0).any()


def test_work_is_told_before_it_starts_and_less_than_of_whole_images():
    model, preparation = small()
    engine = Occlusion(model, preparation, ["4"])
    one, all_four = engine.work(TARGETS[1:2], Occluder()), engine.work(TARGETS[:2], Occluder())
    # 23 × 26 places of 6 · 75 weights and 11 × 12 of 8 · 54, for each of 12 × 14 occluders.
    whole = 168 * (23 * 26 * 450 + 11 * 12 * 432)
    assert 0 < one < all_four < whole
    assert engine.work(TARGETS[1:2], Occluder(), np.arange(0, 12, 4)) < one


@pytest.mark.parametrize("kind", ["grey", "blurred"])
def test_other_occluders_agree_too(kind):
    model, preparation = small()
    image, occluder = picture(45, 51), Occluder(kind=kind)
    lattice = Lattice.of(occluder, (45, 51))
    slow = literal_changes(model, image, TARGETS, lattice, lattice.patches(image, preparation))
    fast = Occlusion(model, preparation, ["1", "3", "4"]).changes(image, TARGETS, occluder)
    assert np.abs(slow).max() > 0.01
    np.testing.assert_allclose(fast, slow, atol=1e-5)


class Squeezed(nn.Module):
    """Its second layer is weighted by the mean of the whole first."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.gate = nn.Conv2d(4, 4, 1)
        self.second = nn.Conv2d(4, 5, 3)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.first(image)
        weights = self.gate(maps.mean((2, 3), keepdim=True)).sigmoid()
        return self.second(maps * weights).mean((2, 3))


def test_a_layer_behind_a_mean_over_the_image_is_given_whole_images_and_says_so():
    torch.manual_seed(0)
    model, image = Squeezed().eval(), picture(24, 27)
    preparation, occluder = Preprocessing(24, 27), Occluder(stride=4)
    engine = Occlusion(model, preparation, ["first", "second"])
    assert list(engine.fallback) == ["second"]
    assert "mean" in engine.fallback["second"]
    targets = [Target("second", 1, 3, 4), Target("first", 2, 0, 0)]
    lattice = Lattice.of(occluder, (24, 27))
    slow = literal_changes(model, image, targets, lattice, lattice.patches(image, preparation))
    assert (slow[0] != 0).all()
    np.testing.assert_allclose(engine.changes(image, targets, occluder), slow, atol=1e-5)


def test_units_at_one_location_share_their_passes():
    model, preparation = small()
    engine = Occlusion(model, preparation, ["4"])
    all_channels = [Target("4", channel, 5, 6) for channel in range(8)]
    assert engine.work(all_channels, Occluder()) == engine.work(all_channels[:1], Occluder())


def test_a_constant_image_changes_nothing_under_a_blurred_occluder():
    model, preparation = small()
    image = torch.full((3, 45, 51), 0.3)
    change = Occlusion(model, preparation, ["4"]).changes(
        image, [Target("4", 0, 5, 6)], Occluder(kind="blurred")
    )
    np.testing.assert_allclose(change, 0, atol=1e-6)


def test_what_cannot_be_asked_is_refused():
    model, preparation = small()
    engine = Occlusion(model, preparation, ["4"])
    with pytest.raises(ValueError, match=r"\(3, 40, 51\), and the input \(3, 45, 51\)"):
        engine.changes(picture(40, 51), TARGETS[:1], Occluder())
    with pytest.raises(ValueError, match="45 pixels is shorter than the occluder's 50"):
        engine.changes(picture(45, 51), TARGETS[:1], Occluder(size=50))
    with pytest.raises(ValueError, match="no layer 9"):
        Occlusion(model, preparation, ["9"])
