"""Leaves out the channels that nobody looks at: of a last layer, one is asked for, not all."""

from collections import Counter
from collections.abc import Mapping, Sequence

from torch import Tensor

from analysis.core.operations import Channels, Chosen, Operation
from analysis.core.wiring import IMAGE, Step

Kept = dict[int, Channels | None]  # the channels of every value; none: all of them


def narrowed(steps: Sequence[Step], channels: Mapping[int, Channels]) -> tuple[list[Step], Kept]:
    """Return the steps with no more channels than the last ones need, and those of every value.

    ``channels`` are those that are looked at. A convolution needs all of its inputs, so only what
    follows the last one gets narrow. Where several steps need a value, or it is looked at
    besides, it keeps all its channels.
    """
    uses = Counter(value for step in steps for value in step.inputs)
    kept: Kept = {value: None if value in uses else some for value, some in channels.items()}
    made = []
    for step in reversed(steps):
        whole = {IMAGE, *channels}
        free = all(uses[value] == 1 and value not in whole for value in step.inputs)
        operation, inputs = _narrow(step.operation, kept[step.output], free)
        made.append(Step(operation, step.inputs, step.output))
        kept |= dict.fromkeys(step.inputs, inputs)
    return made[::-1], kept


def _narrow(
    operation: Operation, wanted: Channels | None, free: bool
) -> tuple[Operation, Channels | None]:
    """Return an operation for some channels, and which it then needs; ``free``: they may be few."""
    if wanted is None:
        return operation, None
    found = operation.narrowed(wanted)
    if found is None or (found[1] is not None and not free):
        return Chosen(operation, wanted), None
    return found


def part(maps: Tensor, channels: Channels | None) -> Tensor:
    """Return some channels of a map, or all."""
    return maps if channels is None else maps[:, channels.to(maps.device)]
