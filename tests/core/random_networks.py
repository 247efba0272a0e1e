"""Small networks made by chance: windows of all kinds, in a row, beside one another, joined."""

import torch
from hypothesis import strategies as st
from torch import Tensor, nn


class Residual(nn.Module):
    """What a branch makes, added to what it was given."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.branch(maps) + maps)


class Joined(nn.Module):
    """What two branches make, one after another."""

    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([self.one(maps), self.other(maps)], dim=1)


def same(kernel: int) -> int:
    return (kernel - 1) // 2


def convolution(draw, channels: int) -> nn.Module:
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    return nn.Conv2d(channels, draw(st.integers(1, 4)), kernel, stride, padding, dilation)


def by_channel(draw, channels: int) -> nn.Module:
    kernel, stride = draw(st.sampled_from([1, 3, 5])), draw(st.integers(1, 2))
    return nn.Conv2d(channels, channels, kernel, stride, same(kernel), groups=channels)


def largest(draw, channels: int) -> nn.Module:
    kernel, stride, padding = (draw(st.integers(*ends)) for ends in ((2, 3), (1, 3), (0, 1)))
    return nn.MaxPool2d(kernel, stride, padding, ceil_mode=draw(st.booleans()))


def mean(draw, channels: int) -> nn.Module:
    return nn.AvgPool2d(draw(st.integers(1, 3)), draw(st.integers(1, 2)))


def norm(draw, channels: int) -> nn.Module:
    made = nn.BatchNorm2d(channels)
    made.running_mean, made.running_var = torch.randn(channels), torch.rand(channels) + 0.5
    return made


def activation(draw, channels: int) -> nn.Module:
    in_place = nn.ReLU(inplace=True)
    kinds = [nn.ReLU(), in_place, nn.SiLU(), nn.Hardswish(), nn.PReLU(channels), nn.GELU()]
    return draw(st.sampled_from(kinds))


def padded(draw, channels: int) -> nn.Module:
    return nn.ZeroPad2d(tuple(draw(st.integers(0, 2)) for _ in range(4)))


def residual(draw, channels: int) -> nn.Module:
    kernel = draw(st.sampled_from([1, 3, 5]))
    return Residual(nn.Conv2d(channels, channels, kernel, padding=same(kernel)))


def joined(draw, channels: int) -> nn.Module:
    kernel = draw(st.sampled_from([1, 3, 5]))
    other = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, 2, 1))
    return Joined(nn.Conv2d(channels, channels, kernel, padding=same(kernel)), other)


BLOCKS = [convolution, convolution, convolution, by_channel, largest, mean, norm, activation]
BLOCKS += [padded, residual, joined]


@st.composite
def networks(draw) -> tuple[nn.Module, int, int]:
    """A network in double precision, and the height and width of its input."""
    height, width = draw(st.integers(14, 23)), draw(st.integers(14, 23))
    torch.manual_seed(draw(st.integers(0, 1000)))
    made: list[nn.Module] = []
    channels, image = 3, torch.zeros(1, 3, height, width).double()
    for _ in range(draw(st.integers(1, 5))):
        block = draw(st.sampled_from(BLOCKS))(draw, channels).double().eval()
        try:
            with torch.no_grad():
                after = nn.Sequential(*made, block)(image)
        except RuntimeError:  # larger than what is left of the map
            continue
        if min(after.shape[2:]) >= 1:
            made.append(block)
            channels = after.shape[1]
    return nn.Sequential(*(made or [nn.Conv2d(3, 2, 3).double()])).eval(), height, width
