"""Watches one forward pass, operation by operation, and says what each output sees.

It works on any network, traced or not, because it looks at the operations as they are executed.
Each family of operations has one rule; an operation without a rule is taken to see everything.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from analysis.core.geometry import WHOLE, Axis, Sight, Window

Rule = Callable[[Tensor, Sight, Sequence[Any], Tensor], Sight]
# Number by number, though torch does not tag them so.
ELEMENTWISE = {
    *("hardswish", "hardsigmoid", "hardtanh", "elu", "celu", "selu", "leaky_relu", "silu", "mish"),
    *("gelu", "relu6", "softplus", "prelu", "_prelu_kernel", "threshold", "where", "expand"),
}
# The same numbers in the same order: an axis is told by its place in that order.
RESHAPING = {
    *("view", "_unsafe_view", "reshape", "alias", "clone", "contiguous", "detach", "_to_copy"),
    *("squeeze", "unsqueeze", "lift_fresh", "flatten", "native_dropout", "_reshape_alias"),
}
NORMS = {"native_batch_norm", "_native_batch_norm_legit_no_training", "_native_batch_norm_legit"}
KINDS = {"convolution": "conv", "max_pool2d_with_indices": "pool", "avg_pool2d": "pool"}
KINDS |= {"_adaptive_avg_pool2d": "pool", "adaptive_max_pool2d": "pool", "max_pool2d": "pool"}
# Activations that end at a limit, where strong and stronger are the same number.
KINDS |= dict.fromkeys(("hardtanh", "relu6", "hardsigmoid", "sigmoid", "tanh"), "clip")


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A `with` block around one pass: `sight(tensor)` afterwards, and what kind made it last."""

    def __init__(self, image: Tensor, sight: Sight) -> None:
        """Start from the image and what it sees: itself."""
        super().__init__()  # type: ignore[no-untyped-call]
        # The tensors are held, so that no other gets the same id during the pass.
        self.seen: dict[int, tuple[Tensor, Sight]] = {id(image): (image, sight)}
        self.kind: dict[int, str] = {}
        self.order: dict[int, int] = {}
        self.kinds: list[str] = []  # of every operation, in order
        self.merges = 0

    def sight(self, tensor: Tensor) -> Sight | None:
        """Return what a tensor sees; nothing for one that does not come from the image."""
        held = self.seen.get(id(tensor))
        return held[1] if held else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and note the sight of its outputs."""
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        given, _ = tree_flatten((args, kwargs))
        known = {
            id(one): (one, sight)
            for one in given
            if isinstance(one, Tensor) and (sight := self.sight(one))
        }
        if known:
            self._note(func, list(known.values()), args, made)
        return made

    def _note(self, func: Any, known: list[tuple[Tensor, Sight]], args: Any, made: Any) -> None:
        name = func.overloadpacket.__name__
        pointwise = torch.Tag.pointwise in func.tags
        kind = KINDS.get(name) or ("norm" if name in NORMS or "norm" in name else "act")
        self.kinds.append(kind)
        self.merges += (pointwise or name == "cat") and sum(t.dim() == 4 for t, _ in known) > 1
        for tensor in tree_flatten(made)[0]:
            if isinstance(tensor, Tensor):
                sight = sight_of(name, pointwise, known, args, tensor)
                self.seen[id(tensor)] = (tensor, sight)
                self.kind[id(tensor)] = kind
                self.order[id(tensor)] = len(self.kinds)


def sight_of(
    name: str, pointwise: bool, known: list[tuple[Tensor, Sight]], args: Any, made: Tensor
) -> Sight:
    """Return what an operation's output sees, from what its inputs see."""
    name = name.rstrip("_")
    if pointwise or name in ELEMENTWISE:
        return joined([aligned(tensor, sight, made) for tensor, sight in known])
    if name == "cat":
        return joined([concatenated(tensor, sight, args, made) for tensor, sight in known])
    if len(known) > 1:
        return known[0][1].blind() if known[0][0].shape == made.shape else WHOLE
    tensor, sight = known[0]
    rule = RULES.get(name)
    lost = sight.rows is None and name not in GRIDS
    if rule is None or lost:
        # Unknown: everything. Where the shape is kept, so are the places.
        return sight.blind() if tensor.shape == made.shape else WHOLE
    return rule(tensor, sight, args, made)


def joined(sights: list[Sight]) -> Sight:
    """Return the union where branches meet in one place."""
    rows, columns = sights[0].rows, sights[0].columns
    for other in sights[1:]:
        rows, columns = _both(rows, other.rows), _both(columns, other.columns)
    return Sight(rows, columns) if rows and columns else WHOLE


def _both(one: Axis | None, other: Axis | None) -> Axis | None:
    if one is None or other is None:
        left = one or other
        return left.seeing(None) if left else None
    window = one.window.union(other.window) if one.window else None
    return one.seeing(window)


def moved(tensor: Tensor, sight: Sight, made: Tensor, to: Callable[[int], int | None]) -> Sight:
    """Return a sight whose dimensions have other numbers; nothing is known of one that is lost."""
    axes = []
    for axis in (sight.rows, sight.columns):
        here = axis.dimension(tensor.shape) if axis else None
        there = to(here) if here is not None else None
        if axis is None or there is None or there >= made.dim() or made.shape[there] != axis.size:
            return WHOLE
        axes.append(axis.placed(there, made.shape))
    return Sight(axes[0], axes[1])


def aligned(tensor: Tensor, sight: Sight, made: Tensor) -> Sight:
    """Return a sight as the broadcast output has it; a repeated number sees all of its row."""
    if tensor.shape == made.shape or sight.rows is None or sight.columns is None:
        return sight
    axes = []
    for axis in (sight.rows, sight.columns):
        here = axis.dimension(tensor.shape)
        if here is None:
            return WHOLE
        there = here + made.dim() - tensor.dim()
        kept = axis if made.shape[there] == axis.size else axis.seeing(None)
        axes.append(kept.placed(there, made.shape))
    return Sight(axes[0], axes[1])


def concatenated(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Return a sight after joining along another dimension than the axes."""
    along = (args[1] if len(args) > 1 else 0) % made.dim()
    return moved(tensor, sight, made, lambda here: None if here == along else here)


def reshaped(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """The same numbers in the same order."""
    return sight if tensor.numel() == made.numel() else WHOLE


def kept(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Every location by itself."""
    return moved(tensor, sight, made, lambda here: here)


def permuted(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """The dimensions in another order."""
    order = [dimension % tensor.dim() for dimension in args[1]]
    return moved(tensor, sight, made, order.index)


def transposed(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Two dimensions exchanged."""
    one, other = (dimension % tensor.dim() for dimension in (*args[1:3], 0, 1)[:2])
    swap = {one: other, other: one}
    return moved(tensor, sight, made, lambda here: swap.get(here, here))


def sliced(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A part of one dimension; of an axis, its windows move along."""
    given = dict(enumerate(args))
    along, begin, step = given.get(1, 0) % tensor.dim(), given.get(2) or 0, given.get(4, 1)
    axes = []
    for axis in (sight.rows, sight.columns):
        here = axis.dimension(tensor.shape) if axis else None
        if axis is None or here is None:
            return WHOLE
        if here == along and axis.window:
            first = begin if begin >= 0 else begin + axis.size
            axis = axis.seeing(axis.window.slide(1, step, -first))
        axes.append(axis.placed(here, made.shape))
    return Sight(axes[0], axes[1])


def selected(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """One index of a dimension, which goes away."""
    return without(tensor, sight, made, [args[1] % tensor.dim()])


def reduced(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A sum, mean or maximum over some dimensions; over an axis, it sees everything."""
    over = args[1] if len(args) > 1 else None
    over = [over] if isinstance(over, int) else list(over or range(tensor.dim()))
    return without(tensor, sight, made, [dimension % tensor.dim() for dimension in over])


def without(tensor: Tensor, sight: Sight, made: Tensor, gone: list[int]) -> Sight:
    """The dimensions in ``gone`` are dropped, or kept as 1."""
    dropped = gone if made.dim() < tensor.dim() else []

    def to(here: int) -> int | None:
        return None if here in gone else here - sum(one < here for one in dropped)

    return moved(tensor, sight, made, to)


def along_one(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Numbers of one dimension are mixed (softmax): fatal for an axis, harmless for channels."""
    along = args[1] % tensor.dim()
    axes = (sight.rows, sight.columns)
    mixed = any(axis is None or axis.dimension(tensor.shape) in (along, None) for axis in axes)
    return sight.blind() if mixed else sight


def layer_normed(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """The last dimensions are mixed."""
    inside = prod(args[1])
    axes = (sight.rows, sight.columns)
    if made.shape != tensor.shape:  # its means
        return WHOLE
    return sight if all(axis and axis.inner >= inside for axis in axes) else sight.blind()


def batch_normed(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """By constants, unless it is told to learn."""
    learning = any(one is True for one in args)
    return kept(tensor, sight, args, made) if not learning else sight.blind()


def multiplied(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A matrix with weights: every row by itself, its numbers mixed."""
    inside, outside = tensor.shape[-1], made.shape[-1]
    if args[-1] is tensor:  # weights on the left mix the rows
        return WHOLE
    axes = []
    for axis in (sight.rows, sight.columns):
        if axis is None or axis.inner % inside:
            return WHOLE
        axes.append(Axis(axis.window, axis.inner // inside * outside, axis.size))
    return Sight(axes[0], axes[1])


def convolved(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A convolution, plain or transposed."""
    weight, stride, padding, dilation = args[1], args[3], args[4], args[5]
    if args[0] is not tensor or made.dim() != 4:
        return WHOLE

    def window(axis: int, old: Window) -> Window:
        slide = old.spread if args[6] else old.slide
        step, pad, gap = (_of_pair(one, axis) for one in (stride, padding, dilation))
        return slide(weight.shape[2 + axis], step, pad, gap)

    return windowed(tensor, sight, made, window)


def pooled(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A maximum or mean over a window: kernel, stride, padding, and dilation of the maximum."""
    given = dict(enumerate(args))
    kernel, stride, padding, dilation = (given.get(n + 1, d) for n, d in enumerate(((), (), 0, 1)))
    # The fifth argument of a mean is whether windows are rounded up: a dilation of one.
    dilation = 1 if isinstance(dilation, bool) else dilation

    def window(axis: int, old: Window) -> Window:
        k, p, d = (_of_pair(one, axis) for one in (kernel, padding, dilation))
        return old.slide(k, _of_pair(stride, axis) if stride else k, p, d)

    return windowed(tensor, sight, made, window)


def adapted(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """A pool with a given output size: equal windows where it divides the input's."""

    def window(axis: int, old: Window) -> Window | None:
        before, after = tensor.shape[2 + axis], made.shape[2 + axis]
        step = before // after
        return old.slide(step, step, 0) if before % after == 0 and after > 1 else None

    return windowed(tensor, sight, made, window)


def padded(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Constants round the edge: pairs of (before, after), the last dimension first."""
    pairs = args[1]
    axes = []
    for axis in (sight.rows, sight.columns):
        here = axis.dimension(tensor.shape) if axis else None
        if axis is None or here is None:
            return WHOLE
        place = 2 * (tensor.dim() - 1 - here)
        before = pairs[place] if place < len(pairs) else 0
        axis = axis.seeing(axis.window.slide(1, 1, before) if axis.window else None)
        axes.append(axis.placed(here, made.shape))
    return Sight(axes[0], axes[1])


def resized(tensor: Tensor, sight: Sight, args: Any, made: Tensor) -> Sight:
    """Enlarged or made smaller by interpolation; cubic, which reaches farthest, is assumed."""

    def window(axis: int, old: Window) -> Window:
        return old.resize(Fraction(made.shape[2 + axis], tensor.shape[2 + axis]), 2)

    return windowed(tensor, sight, made, window)


def windowed(
    tensor: Tensor, sight: Sight, made: Tensor, window: Callable[[int, Window], Window | None]
) -> Sight:
    """Return the sight of a grid (N, C, rows, columns) with both windows changed.

    What these operations make is a grid, whatever was known of their input.
    """
    if tensor.dim() != 4 or made.dim() != 4:
        return WHOLE
    known = bool(sight.is_grid(tensor.shape))
    axes = []
    for number, axis in enumerate((sight.rows, sight.columns)):
        old = axis.window if axis and known else None
        axes.append(Axis(window(number, old) if old else None, 0, 0).placed(2 + number, made.shape))
    return Sight(axes[0], axes[1])


def _of_pair(value: int | Sequence[int], axis: int) -> int:
    return value if isinstance(value, int) else value[axis % len(value)]


# What these make is a grid again, wherever it came from.
GRIDS = {
    *("convolution", "max_pool2d_with_indices", "max_pool2d", "avg_pool2d"),
    *("_adaptive_avg_pool2d", "adaptive_max_pool2d"),
    *("upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d"),
    *("upsample_bicubic2d",),
}
RULES: dict[str, Rule] = {
    **dict.fromkeys(RESHAPING, reshaped),
    **dict.fromkeys(NORMS, batch_normed),
    **dict.fromkeys(("mean", "sum", "amax", "amin"), reduced),
    **dict.fromkeys(("_softmax", "_log_softmax"), along_one),
    **dict.fromkeys(("mm", "addmm", "bmm"), multiplied),
    **dict.fromkeys(("split", "split_with_sizes", "chunk"), kept),
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool2d", "avg_pool2d"), pooled),
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d"), adapted),
    **dict.fromkeys(
        (
            "upsample_nearest2d",
            "_upsample_nearest_exact2d",
            "upsample_bilinear2d",
            "upsample_bicubic2d",
        ),
        resized,
    ),
    "permute": permuted,
    "transpose": transposed,
    "t": transposed,
    "slice": sliced,
    "select": selected,
    "native_layer_norm": layer_normed,
    "convolution": convolved,
    "constant_pad_nd": padded,
}
