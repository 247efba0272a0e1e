"""The theoretical field against brute force: change each pixel and see what moves."""

import random

import pytest
import torch
import torchvision
from torch import nn

from analysis.core import layers
from analysis.core.geometry import PIXEL, Field
from analysis.core.images import Preprocessing

torch.set_num_threads(1)
SIDE = 32


def positive(model):
    """Weights above zero: nothing cancels, and no activation hides what it is given."""
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.1, 1)
    return model.double().eval()


def moved(model, row, column, side=SIDE):
    """The (top, left, bottom, right) of the pixels that move one location; the slow way."""
    image = torch.rand(1, 3, side, side, dtype=torch.double)
    pixels = torch.zeros(side * side, 1, side * side, dtype=torch.double)
    pixels[range(side * side), 0, range(side * side)] = 1000.0
    with torch.no_grad():
        still = model(image)[0, :, row, column]
        shaken = torch.cat(
            [model(image + some.view(-1, 1, side, side)) for some in pixels.split(256)]
        )
    change = (shaken[:, :, row, column] - still).abs().amax(1).view(side, side) > 1e-9
    rows, columns = change.any(1).nonzero().ravel(), change.any(0).nonzero().ravel()
    return rows[0].item(), columns[0].item(), rows[-1].item() + 1, columns[-1].item() + 1


def claimed(field, row, column, side=SIDE):
    """The same from the field, cut to the image."""
    top = field.offset + field.stride * row - field.size / 2
    left = field.offset + field.stride * column - field.size / 2
    return tuple(
        int(max(0, min(side, value))) for value in (top, left, top + field.size, left + field.size)
    )


def field_of(model, side=SIDE):
    whole = nn.Sequential(model).eval()
    return layers.watch(whole.float(), side, side).outputs[-1]


def random_part(rng, channels):
    """One operation that keeps the grid large enough."""
    kind = rng.choice(["conv", "conv", "dilated", "strided", "max", "mean", "pad", "act", "norm"])
    kernel = rng.choice([1, 2, 3, 5])
    return {
        "conv": lambda: nn.Conv2d(channels, channels, kernel, padding=rng.randrange(kernel)),
        "dilated": lambda: nn.Conv2d(channels, channels, 3, padding=2, dilation=2),
        "strided": lambda: nn.Conv2d(channels, channels, kernel, 2, padding=kernel // 2),
        "max": lambda: nn.MaxPool2d(3, rng.choice([1, 2]), 1, ceil_mode=rng.random() < 0.5),
        "mean": lambda: nn.AvgPool2d(2, rng.choice([1, 2])),
        "pad": lambda: nn.ZeroPad2d((2, 1, 2, 1)),
        "act": nn.ReLU,
        "norm": lambda: nn.BatchNorm2d(channels),
    }[kind]()


class Branches(nn.Module):
    """Two roads and a short cut, joined by sum or side by side."""

    def __init__(self, together, *roads):
        super().__init__()
        self.together, self.roads = together, nn.ModuleList(roads)

    def forward(self, x):
        made = [road(x) for road in self.roads]
        return sum(made) if self.together == "sum" else torch.cat(made, 1)


@pytest.mark.parametrize("seed", range(24))
def test_the_field_of_a_random_chain_is_exact(seed):
    rng = random.Random(seed)
    torch.manual_seed(seed)
    parts = [nn.Conv2d(3, 2, 3, rng.choice([1, 2]), padding=1)]
    parts += [random_part(rng, 2) for _ in range(rng.randint(1, 4))]
    check_exact(nn.Sequential(*parts))


def check_exact(model):
    output = field_of(model)
    _, height, width = output.shape
    row, column = height // 2, width // 2
    box = moved(positive(model), row, column)
    field = output.field
    if box[2] - box[0] == box[3] - box[1]:
        assert claimed(field, row, column) == box
    else:  # a square that holds both axes
        top, left, bottom, right = claimed(field, row, column)
        assert top <= box[0]
        assert left <= box[1]
        assert bottom >= box[2]
        assert right >= box[3]


@pytest.mark.parametrize("together", ["sum", "side by side"])
def test_branches_give_the_smallest_window_that_holds_all(together):
    model = nn.Sequential(
        nn.Conv2d(3, 2, 3, 2, padding=1),
        Branches(
            together,
            nn.Identity(),
            nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 2, 5, padding=2)),
            nn.Conv2d(2, 2, 3, padding=2, dilation=2),
        ),
        nn.MaxPool2d(2),
    )
    check_exact(model)


def test_long_and_tall_kernels_give_a_square_that_holds_them():
    model = nn.Sequential(nn.Conv2d(3, 2, (1, 7), padding=(0, 3)), nn.Conv2d(2, 2, (3, 1)))
    field = field_of(model).field
    assert (field.size, field.stride) == (7, 1)
    check_exact(model)


@pytest.mark.parametrize(
    "part",
    [
        nn.ConvTranspose2d(2, 2, 4, 2, padding=1),
        nn.ConvTranspose2d(2, 2, 3, 2, padding=1, output_padding=1),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Upsample(scale_factor=2, mode="bicubic"),
    ],
)
@pytest.mark.parametrize("place", [(8, 8), (9, 8), (9, 9)])
def test_layers_that_enlarge_never_claim_too_little(part, place):
    model = nn.Sequential(nn.Conv2d(3, 2, 3, 4, padding=1), part, nn.Conv2d(2, 2, 3, padding=1))
    field = field_of(model).field
    top, left, bottom, right = moved(positive(model), *place)
    box = claimed(field, *place)
    assert box[0] <= top
    assert box[1] <= left
    assert box[2] >= bottom
    assert box[3] >= right
    assert field.stride == 2


class Squeezed(nn.Module):
    """A gate made of the mean of the whole image."""

    def forward(self, x):
        return x * x.mean((2, 3), keepdim=True).sigmoid()


class Attending(nn.Module):
    """Every place looks at every other."""

    def forward(self, x):
        n, c, h, w = x.shape
        y = x.flatten(2)
        return (y @ (y.transpose(1, 2) @ y).softmax(-1)).view(n, c, h, w)


@pytest.mark.parametrize(
    "part", [Squeezed(), Attending(), nn.GroupNorm(1, 2), nn.InstanceNorm2d(2), nn.Softmax(2)]
)
def test_what_looks_at_the_whole_image_has_no_field(part):
    output = field_of(nn.Sequential(nn.Conv2d(3, 2, 3), part))
    assert output.field is None
    assert output.shape == (2, SIDE - 2, SIDE - 2)


class ChannelsLast(nn.Module):
    """ConvNeXt's way: rows and columns first, a norm and a matrix over the channels."""

    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(4), nn.Linear(4, 6)

    def forward(self, x):
        x = self.linear(self.norm(x.permute(0, 2, 3, 1)))
        return x.permute(0, 3, 1, 2)


class Shuffled(nn.Module):
    """ShuffleNet's way: the channels in another order, by reshaping."""

    def forward(self, x):
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


@pytest.mark.parametrize(
    "part",
    [
        ChannelsLast(),
        Shuffled(),
        nn.Softmax(1),
        nn.Hardswish(inplace=True),
        nn.GELU(),
        nn.PReLU(),
        nn.Dropout(),
        nn.AdaptiveAvgPool2d(15),
    ],
)
def test_what_mixes_channels_only_keeps_the_field(part):
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, padding=0), part)
    output = field_of(model)
    assert output.field == Field(3, 2, 1.5)
    assert output.grid is True


class Cut(nn.Module):
    """A part of the grid, counted from one end or the other, with a step."""

    def forward(self, x):
        return x[:, :, 3:, -20:][:, :, ::2, ::2]


def test_a_slice_of_the_grid_moves_the_windows():
    output = field_of(nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), Cut()))
    # Rows begin at 3, columns at 28: a square that holds both is wider, and stays true.
    assert (output.field.stride, output.field.size) == (2, 3 + 9)


def test_the_whole_image_is_no_window():
    assert PIXEL.union(None) is None
    assert Field.of(PIXEL, None) is None
    assert Field.of(PIXEL, PIXEL) == Field(1, 1, 0.5)


def test_alexnet_has_the_papers_sizes():
    """PROTOCOL: pool1 19, pool2 67, conv3 99, conv4 131, pool5 195."""
    model = torchvision.models.alexnet(weights=None).eval()
    found = {layer.name: layer for layer in layers.find(layers.watch(model, 227, 227))}
    assert list(found) == ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"]
    paper = {"pool1": 19, "pool2": 67, "conv3": 99, "conv4": 131, "pool5": 195}
    assert {name: found[name].field.size for name in paper} == paper
    assert [found[name].field.stride for name in paper] == [8, 16, 16, 16, 32]
    assert found["pool5"].channels == 256
    assert (found["pool5"].height, found["pool5"].width) == (6, 6)
    assert Preprocessing().height == 224
