"""Where windows fall: the condition on lengths that keeps strided and pooled layers equivariant (T7)."""

from __future__ import annotations


def window_remainder(
    name: str, length: int, kernel_size: int, stride: int = 1, dilation: int = 1, padding: int = 0
) -> int:
    """Positions left over when windows of a kernel step through a sequence; 0 keeps a tied layer equivariant.

    The remainder is ``(L + 2p - d(K-1) - 1) mod stride``. Raises ValueError where not one window fits.
    """
    room = length + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError(
            f"{name}: length {length} with padding {padding} is shorter than the receptive field "
            f"{dilation * (kernel_size - 1) + 1}: give at least {length - room} positions"
        )
    return room % stride


def check_geometry(
    name: str, length: int, kernel_size: int, stride: int, dilation: int = 1, padding: int = 0
) -> None:
    """Refuse a length at which the windows of the two strands would not coincide (T7)."""
    left = window_remainder(name, length, kernel_size, stride, dilation, padding)
    if left:
        raise ValueError(
            f"{name}: (length {length} + 2 * padding {padding} - dilation {dilation} * (kernel "
            f"{kernel_size} - 1) - 1) leaves {left} over stride {stride}, so reversed windows shift: "
            f"use length {length - left} or {length - left + stride}"
        )
