"""Operations of a network that can be run on any part of their input.

Each is given windows cut out of its inputs, with whatever lies beyond the border already filled
in, and returns the window of its output: (batch, channels, rows, columns) → the same, smaller.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

Channels = Int[Tensor, " channels"]
# Number by number, though torch does not tag them so.
POINTWISE = {
    *("hardswish", "hardsigmoid", "hardtanh", "elu", "celu", "selu", "leaky_relu", "silu", "mish"),
    *("gelu", "relu", "relu6", "softplus", "prelu", "_prelu_kernel", "threshold"),
}


@dataclass(frozen=True)
class Reach:
    """Along one axis, what output o needs: inputs o·stride - padding + dilation·(0..kernel-1)."""

    kernel: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """From the first input needed to the last, both counted."""
        return (self.kernel - 1) * self.dilation + 1


HERE = Reach()


class Operation(ABC):
    """One operation; ``reach`` along rows and columns, ``fill`` what lies beyond the border."""

    reach: tuple[Reach, Reach] = (HERE, HERE)
    fill: float = 0.0

    @abstractmethod
    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return the output for windows of the inputs."""

    @abstractmethod
    def narrowed(self, channels: Channels) -> "tuple[Operation, Channels | None] | None":
        """Return the operation for some output channels, and the input channels it then needs.

        None for all of them; nothing at all where that cannot be said.
        """

    def work(self, shape: tuple[int, int, int]) -> int:
        """Return the multiply-adds of one place of the output, which has this shape."""
        return 0


@dataclass(frozen=True)
class Convolution(Operation):
    """A convolution, plain or in groups."""

    weight: Float[Tensor, "out in rows columns"]
    bias: Float[Tensor, " out"] | None
    stride: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    reach: tuple[Reach, Reach]

    @classmethod
    def of(cls, args: Any, made: Tensor) -> "Convolution | None":
        """Return it from what aten::convolution is called with; nothing for a transposed one."""
        _, weight, bias, stride, padding, dilation, transposed, _, groups = args
        if transposed or weight.dim() != 4:
            return None
        stride, padding, dilation = (_pair(given) for given in (stride, padding, dilation))
        reach = [
            Reach(*one) for one in zip(weight.shape[2:], stride, padding, dilation, strict=True)
        ]
        weight = weight.detach().contiguous(memory_format=torch.channels_last)
        bias = bias.detach() if bias is not None else None
        return cls(weight, bias, stride, dilation, groups, (reach[0], reach[1]))

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Convolve without padding: it is in the window."""
        (window,) = windows
        pad = (0, 0)
        return torch.conv2d(
            window, self.weight, self.bias, self.stride, pad, self.dilation, self.groups
        )

    def scaled(self, affine: "Affine") -> "Convolution":
        """Return the convolution followed by a scale and a shift, as one.

        Folded in double precision, so that it differs from two steps by rounding alone.
        """
        scale = affine.scale.double()
        bias = affine.shift.double()
        if self.bias is not None:
            bias = bias + self.bias.double() * scale
        weight = self.weight.double() * scale[:, None, None, None]
        kind = self.weight.dtype
        weight = weight.to(kind).contiguous(memory_format=torch.channels_last)
        return replace(self, weight=weight, bias=bias.to(kind))

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None] | None:
        """Rows of the weights; where each channel is convolved by itself, only those inputs."""
        alone = self.groups == len(self.weight) and self.weight.shape[1] == 1
        if self.groups > 1 and not alone:
            return None
        weight = self.weight[channels].contiguous(memory_format=torch.channels_last)
        bias = self.bias[channels] if self.bias is not None else None
        groups = len(channels) if alone else 1
        part = replace(self, weight=weight, bias=bias, groups=groups)
        return part, channels if alone else None

    def work(self, shape: tuple[int, int, int]) -> int:
        """Return channels × kernel."""
        return self.weight.numel()


@dataclass(frozen=True)
class Largest(Operation):
    """The maximum over a window; nothing beyond the border is ever the largest."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    reach: tuple[Reach, Reach]
    fill: float = -inf

    @classmethod
    def of(cls, args: Any, made: Tensor) -> "Largest":
        """Return it from what aten::max_pool2d_with_indices is called with."""
        given = dict(enumerate(args))
        kernel = _pair(args[1])
        stride = _pair(given.get(2) or kernel)
        padding, dilation = _pair(given.get(3, 0)), _pair(given.get(4, 1))
        reach = [Reach(*one) for one in zip(kernel, stride, padding, dilation, strict=True)]
        return cls(kernel, stride, dilation, (reach[0], reach[1]))

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return the largest of each place's window."""
        (window,) = windows
        return torch.max_pool2d(window, self.kernel, self.stride, 0, self.dilation)

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None]:
        """Each channel by itself."""
        return self, channels


@dataclass(frozen=True)
class Mean(Operation):
    """The mean over a window, of as many numbers everywhere."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    reach: tuple[Reach, Reach]

    @classmethod
    def of(cls, args: Any, made: Tensor) -> "Mean | None":
        """Return it from what aten::avg_pool2d is called with.

        Nothing where windows at the border are divided by fewer numbers.
        """
        given = dict(enumerate(args))
        kernel = _pair(args[1])
        stride, padding = _pair(given.get(2) or kernel), _pair(given.get(3, 0))
        reach = [Reach(*one) for one in zip(kernel, stride, padding, strict=True)]
        fewer = any(padding) and given.get(5) is False
        for side, one, out in zip(args[0].shape[2:], reach, made.shape[2:], strict=True):
            fewer |= (out - 1) * one.stride + one.span > side + 2 * one.padding
        if fewer or given.get(6) is not None:
            return None
        return cls(kernel, stride, (reach[0], reach[1]))

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return the mean of each place's window."""
        (window,) = windows
        return torch.nn.functional.avg_pool2d(window, self.kernel, self.stride)

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None]:
        """Each channel by itself."""
        return self, channels


@dataclass(frozen=True)
class Padding(Operation):
    """Constants round the edge, as some networks do before a convolution."""

    reach: tuple[Reach, Reach]
    fill: float = 0.0

    @classmethod
    def of(cls, args: Any, made: Tensor) -> "Padding | None":
        """Return it from what aten::constant_pad_nd is called with; pairs, columns first."""
        sides = [*args[1], 0, 0, 0, 0][:4]
        if len(args[1]) > 4 or min(sides) < 0:
            return None
        left, _, top, _ = sides
        reach = (Reach(padding=top), Reach(padding=left))
        return cls(reach, float(args[2]) if len(args) > 2 else 0.0)

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return the window: its border is filled in already."""
        return windows[0]

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None]:
        """Each channel by itself."""
        return self, channels


@dataclass(frozen=True)
class Affine(Operation):
    """A batch norm that does not learn: every channel times a number, plus a number."""

    scale: Float[Tensor, " channels"]
    shift: Float[Tensor, " channels"]

    @classmethod
    def of(cls, args: Any, made: Tensor) -> "Affine | None":
        """Return it from what aten::native_batch_norm is called with; nothing while it learns."""
        _, weight, bias, mean, variance = args[:5]
        if mean is None or variance is None or any(one is True for one in args):
            return None
        scale = (variance.double() + args[-1]).rsqrt()
        scale = scale if weight is None else scale * weight.double()
        shift = -mean.double() * scale
        shift = shift if bias is None else shift + bias.double()
        return cls(scale.to(mean.dtype).detach(), shift.to(mean.dtype).detach())

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Scale and shift."""
        (window,) = windows
        return torch.addcmul(self.shift[:, None, None], window, self.scale[:, None, None])

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None]:
        """Each channel by itself."""
        return Affine(self.scale[channels], self.shift[channels]), channels


@dataclass(frozen=True)
class Pointwise(Operation):
    """Anything done number by number, to one tensor or to several of one shape."""

    call: Callable[[list[Tensor]], Tensor]
    per_channel: bool  # whether constants of its own differ from channel to channel

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return what it makes of the windows."""
        return self.call(windows)

    def narrowed(self, channels: Channels) -> tuple[Operation, Channels | None] | None:
        """Each channel by itself, if all are treated alike."""
        return None if self.per_channel else (self, channels)


@dataclass(frozen=True)
class Join(Operation):
    """Channels of several tensors, one after another."""

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return all channels."""
        return torch.cat(windows, dim=1)

    def narrowed(self, channels: Channels) -> None:
        """Which input a channel comes from is not followed."""
        return None


class Chosen(Operation):
    """Some channels of what an operation makes."""

    def __init__(self, operation: Operation, channels: Channels) -> None:
        """Take an operation that cannot be narrowed itself."""
        self.operation, self.channels = operation, channels
        self.reach, self.fill = operation.reach, operation.fill

    def __call__(self, windows: list[Tensor]) -> Tensor:
        """Return the chosen channels."""
        return self.operation(windows)[:, self.channels.to(windows[0].device)]

    def narrowed(self, channels: Channels) -> None:
        """It is the last word already."""
        return None


def _pair(given: int | Sequence[int]) -> tuple[int, int]:
    """Return a number for rows and one for columns."""
    if isinstance(given, int):
        return given, given
    return (given[0], given[0]) if len(given) == 1 else (given[0], given[1])
