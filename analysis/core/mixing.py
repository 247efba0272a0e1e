"""A seeded shuffle of whole numbers: chance that depends on the number alone, never on order.

`mixed` is a permutation of 0..2^32-1 (multiplications by odd numbers and xor-shifts modulo 2^32
can all be undone), so two images never share a place and the image can be read back from it.
"""

from jaxtyping import Int64
from torch import Tensor

MASK = (1 << 32) - 1
# Odd multipliers that spread single-bit changes well ("lowbias32"), and their inverses mod 2^32.
FIRST, SECOND = 0x7FEB352D, 0x846CA68B
FIRST_BACK, SECOND_BACK = pow(FIRST, -1, 1 << 32), pow(SECOND, -1, 1 << 32)


def mixed(number: Int64[Tensor, "*shape"], seed: int) -> Int64[Tensor, "*shape"]:
    """Return the place of each number (0 to 2^32 - 1) in the shuffle that ``seed`` names."""
    place = number ^ _start(seed)
    place = ((place ^ (place >> 16)) * FIRST) & MASK
    place = ((place ^ (place >> 15)) * SECOND) & MASK
    return place ^ (place >> 16)


def unmixed(place: Int64[Tensor, "*shape"], seed: int) -> Int64[Tensor, "*shape"]:
    """Return the numbers whose places these are: the inverse of `mixed`."""
    number = place ^ (place >> 16)
    number = (number * SECOND_BACK) & MASK
    number = number ^ (number >> 15) ^ (number >> 30)
    number = (number * FIRST_BACK) & MASK
    return number ^ (number >> 16) ^ _start(seed)


def _start(seed: int) -> int:
    """Spread a small seed over 32 bits, so that seeds 0 and 1 shuffle unlike each other."""
    return (seed * 0x9E3779B1 + 0x7F4A7C15) & MASK
