"""What a location of a layer can see of the image: windows composed over the operations of a pass.

Convention: pixel k covers k..k+1. Along one axis, location i of a layer sees the pixels from
start + stride·i up to start + stride·i + size (parts of it may lie in the padding, outside the
image). A window over windows is again one (kernel k, stride s, padding p, dilation d):

    start' = start - p·stride    size' = size + (k - 1)·d·stride    stride' = s·stride

Where branches meet, the window is the smallest that holds all of theirs. Where a location
depends on the whole image (a mean over it, attention), or the rule of an operation is not known,
there is no window. A window may be larger than what is really seen, never smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod


@dataclass(frozen=True)
class Window:
    """What location i sees along one axis; fractions, because of layers that enlarge."""

    start: Fraction
    stride: Fraction
    size: Fraction

    def slide(self, kernel: int, stride: int, padding: int, dilation: int = 1) -> "Window":
        """Return the window of a convolution's or pool's output."""
        return Window(
            self.start - padding * self.stride,
            self.stride * stride,
            self.size + (kernel - 1) * dilation * self.stride,
        )

    def spread(self, kernel: int, stride: int, padding: int, dilation: int = 1) -> "Window":
        """Return a window that holds that of a transposed convolution's output.

        Output j is made of the inputs i with i·stride = j + padding - dilation·k, 0 ≤ k < kernel.
        """
        reach = Fraction((kernel - 1) * dilation, stride)
        start = self.start + self.stride * (Fraction(padding, stride) - reach)
        return Window(start, self.stride / stride, self.size + self.stride * reach)

    def resize(self, scale: Fraction, reach: int) -> "Window":
        """Return a window that holds that of an enlarged output (scale = output / input).

        Output j lies at (j + 1/2) / scale - 1/2 and is made of inputs nearer than ``reach``.
        """
        start = self.start + self.stride * (1 / (2 * scale) - Fraction(1, 2) - reach)
        return Window(start, self.stride / scale, self.size + 2 * reach * self.stride)

    def union(self, other: "Window | None") -> "Window | None":
        """Return the smallest window that holds both; none for two of different strides."""
        if other is None or other.stride != self.stride:
            return None
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Window(start, self.stride, end - start)


PIXEL = Window(Fraction(0), Fraction(1), Fraction(1))


@dataclass(frozen=True)
class Field:
    """The theoretical receptive field of a layer's locations, in pixels of the network's input.

    Location (row, column) sees the square of side ``size`` centred at
    offset + stride · (row, column).
    """

    size: int
    stride: int
    offset: float

    @classmethod
    def of(cls, rows: Window | None, columns: Window | None) -> "Field | None":
        """Return the field of both axes, a square that holds both windows; none without one."""
        both = rows.union(columns) if rows else None
        if both is None or both.stride.denominator != 1:
            return None
        return cls(ceil(both.size), int(both.stride), float(both.start + both.size / 2))


@dataclass(frozen=True)
class Axis:
    """Where rows or columns lie in a tensor, and what they see.

    A place is told by how many numbers follow one step (``inner``, as if the tensor were laid
    out in order) and how many steps there are: so it survives every reshaping.
    """

    window: Window | None
    inner: int
    size: int

    def dimension(self, shape: Sequence[int]) -> int | None:
        """Return the dimension of a tensor that is this axis, if one is."""
        for dimension in reversed(range(len(shape))):
            follow = prod(shape[dimension + 1 :])
            if follow == self.inner and shape[dimension] == self.size:
                return dimension
        return None

    def placed(self, dimension: int, shape: Sequence[int]) -> "Axis":
        """Return the same windows as the given dimension of a tensor."""
        return Axis(self.window, prod(shape[dimension + 1 :]), shape[dimension])

    def seeing(self, window: Window | None) -> "Axis":
        """Return the same place with another window."""
        return Axis(window, self.inner, self.size)


@dataclass(frozen=True)
class Sight:
    """What a tensor's numbers see: along rows and columns, or nothing that is known."""

    rows: Axis | None = None
    columns: Axis | None = None

    @property
    def field(self) -> Field | None:
        """The field of every location; none where a location sees the whole image."""
        if self.rows is None or self.columns is None:
            return None
        return Field.of(self.rows.window, self.columns.window)

    def blind(self) -> "Sight":
        """Return the same places, each of which sees the whole image."""
        if self.rows is None or self.columns is None:
            return WHOLE
        return Sight(self.rows.seeing(None), self.columns.seeing(None))

    def is_grid(self, shape: Sequence[int]) -> bool | None:
        """Return whether a tensor is (images, channels, rows, columns); nothing if not known."""
        if self.rows is None or self.columns is None:
            return None
        return (self.columns.inner, self.columns.size, self.rows.inner, self.rows.size) == (
            1,
            shape[3],
            shape[3],
            shape[2],
        )


WHOLE = Sight()


def image_sight(height: int, width: int) -> Sight:
    """Return the sight of the image itself, (N, 3, height, width)."""
    return Sight(Axis(PIXEL, width, height), Axis(PIXEL, 1, width))
