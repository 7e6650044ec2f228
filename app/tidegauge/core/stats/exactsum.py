"""Exact sums of float64 values, as integers in units of 2**-1074.

Every finite float64 is a multiple of 2**-1074, so a sum kept as an integer in that unit has no
rounding: it is the same for any order and any split into batches, and it can be taken back.

A batch is summed in slices of bits. Adding and subtracting a large constant rounds every value to a
multiple of one power of two; so few bits remain that their float sum is exact, and what was rounded
off is the input of the next slice (error-free extraction: Rump, Ogita and Oishi, "Accurate
floating-point summation", 2008).
"""

import math

import numpy as np
from numpy.typing import NDArray

FRACTION_BITS = 1074
"""A sum of 1.0 is the integer ``1 << FRACTION_BITS``."""
MAX_MAGNITUDE = 1e300
"""Largest magnitude of a value that can be summed."""
MIN_EXACT_SQUARE = 2.0**-480
"""Squares of smaller magnitudes are off by a few 2**-1074, the same way each time."""

_ONE = 1 << FRACTION_BITS
_ROUNDER_BITS = 52
"""1.5 * 2**52 units plus anything within 2**51 units rounds to whole units."""
_SPLITTER = 2.0**27 + 1
_SHIFT_BYTES = 2


def exact_sums(x: NDArray[np.float64], groups: NDArray[np.integer], n_groups: int) -> list[int]:
    """Sum ``x`` by group without rounding.

    Args:
        x: Finite values of at most `MAX_MAGNITUDE`.
        groups: The group of each value, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        One sum per group, in units of 2**-1074.

    Raises:
        ValueError: A value is not finite or too large.
    """
    totals = [0] * n_groups
    # len(x) slices of so many bits add up to whole units below 2**53, and one is within 2**51
    slice_bits = _ROUNDER_BITS - max(len(x).bit_length(), 1)
    rest = x
    while (top := max(float(rest.max(initial=0.0)), -float(rest.min(initial=0.0)))) != 0.0:
        if not top <= MAX_MAGNITUDE:
            raise ValueError(
                f"cannot sum exactly: a value is {top}, not a finite number of magnitude up to "
                f"{MAX_MAGNITUDE}; leave such values out and count them"
            )
        exponent = max(math.frexp(top)[1] - slice_bits, -FRACTION_BITS)
        rounder = math.ldexp(1.5, exponent + _ROUNDER_BITS)
        part = (rest + rounder) - rounder
        sums = np.bincount(groups, part, n_groups)
        filled = np.flatnonzero(sums)
        units = np.ldexp(sums[filled], -exponent).astype(np.int64).tolist()
        for group, unit in zip(filled.tolist(), units, strict=True):
            totals[group] += unit << (exponent + FRACTION_BITS)
        rest = rest - part
    return totals


def exact_square_sums(
    x: NDArray[np.float64], groups: NDArray[np.integer], n_groups: int
) -> list[int]:
    """Sum the squares of ``x`` by group without rounding, in units of 2**-1074.

    Each square is taken as the rounded product and its error (Dekker, "A floating-point technique
    for extending the available precision", 1971). Exact for zero and for magnitudes from
    `MIN_EXACT_SQUARE` to 1e150; arguments and errors are those of `exact_sums`.
    """
    square = x * x
    scaled = x * _SPLITTER
    high = scaled - (scaled - x)
    low = x - high
    error = ((high * high - square) + 2.0 * high * low) + low * low
    sums = exact_sums(square, groups, n_groups)
    if error.any():
        errors = exact_sums(error, groups, n_groups)
        return [total + part for total, part in zip(sums, errors, strict=True)]
    return sums


def net(sums: list[int]) -> list[int]:
    """The difference of each even-numbered sum and the one after it: added less taken away."""
    return [added - taken for added, taken in zip(sums[::2], sums[1::2], strict=True)]


def to_float(value: int) -> float:
    """Return the float64 nearest to an exact sum.

    Raises:
        OverflowError: The sum is beyond the largest float64.
    """
    return value / _ONE


def mean(n: int, total: int) -> float | None:
    """Return the correctly rounded mean of ``n`` values with this exact sum; None without any."""
    return total / (n << FRACTION_BITS) if n > 0 else None


def deviation(n: int, total: int, squares: int) -> float | None:
    """Return the sample standard deviation (``n - 1``) from exact sums; None below two values.

    The variance is one exact division, so nothing cancels however large the mean is.
    """
    if n < 2:
        return None
    spread = n * (squares << FRACTION_BITS) - total * total
    return math.sqrt(max(spread, 0) / (n * (n - 1) << 2 * FRACTION_BITS))


def encode(value: int) -> bytes:
    """Pack an exact sum without its trailing zero bits; zero is empty."""
    if value == 0:
        return b""
    shift = (value & -value).bit_length() - 1
    odd = value >> shift
    size = odd.bit_length() // 8 + 1
    return shift.to_bytes(_SHIFT_BYTES, "big") + odd.to_bytes(size, "big", signed=True)


def decode(data: bytes) -> int:
    """Unpack what `encode` packed.

    Raises:
        ValueError: The bytes are not an encoded sum.
    """
    if not data:
        return 0
    if len(data) <= _SHIFT_BYTES:
        raise ValueError(
            f"an exact sum has 0 or at least {_SHIFT_BYTES + 1} bytes, not {len(data)}"
        )
    odd = int.from_bytes(data[_SHIFT_BYTES:], "big", signed=True)
    return odd << int.from_bytes(data[:_SHIFT_BYTES], "big")
