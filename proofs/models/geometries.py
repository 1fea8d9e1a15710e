"""Every small geometry of a layer, by brute force over positions: the grid of T7, apart from its algebra."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple


class Geometry(NamedTuple):
    """A length and a layer that fits into it at least once."""

    length: int
    kernel: int
    stride: int
    dilation: int
    padding: int

    @property
    def room(self) -> int:
        """Positions in which the first window may move."""
        return self.length + 2 * self.padding - self.dilation * (self.kernel - 1) - 1

    @property
    def windows(self) -> int:
        """The number of outputs."""
        return self.room // self.stride + 1

    def reads(self, tap: int) -> set[tuple[int, int]]:
        """(output, input position) pairs that a tap connects."""
        pairs = {(t, self.stride * t + self.dilation * tap - self.padding) for t in range(self.windows)}
        return {(t, u) for t, u in pairs if 0 <= u < self.length}

    def mirrored(self, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """The same connections seen from the other strand."""
        return {(self.windows - 1 - t, self.length - 1 - u) for t, u in pairs}


def grid(paddings: range) -> Iterator[Geometry]:
    """Lengths 1 to 8, kernels 1 to 4, strides 1 to 4, dilations 1 and 2, and the given paddings."""
    for shape in itertools.product(range(1, 9), range(1, 5), range(1, 5), (1, 2), paddings):
        if Geometry(*shape).room >= 0:
            yield Geometry(*shape)


def law_holds(shape: Geometry, pairs: bool) -> bool:
    """Whether all tied kernels are equivariant, from pairs to pairs or else from trivial to trivial channels.

    The kernels with one free number span all tied ones: tap k of one channel and tap K-1-k of its partner.
    """
    for tap in range(shape.kernel):
        here, there = shape.reads(tap), shape.reads(shape.kernel - 1 - tap)
        if not pairs:
            here = there = here | there
        if shape.mirrored(here) != there:
            return False
    return True


def reads_nothing(shape: Geometry) -> bool:
    """Whether every window lies in the padding: the output is constant."""
    return not any(shape.reads(tap) for tap in range(shape.kernel))


def decided_by_the_remainder(shape: Geometry, pairs: bool = True) -> str | None:
    """T7 without padding: equivariant iff nothing is left over the stride."""
    left = shape.room % shape.stride
    return (
        None if law_holds(shape, pairs) == (left == 0) else f"remainder {left}, law {law_holds(shape, pairs)}"
    )


def decided_with_padding(shape: Geometry) -> str | None:
    """T7 with padding, for pairs: equivariant iff nothing is left over, or nothing is read."""
    expected = shape.room % shape.stride == 0 or reads_nothing(shape)
    return None if law_holds(shape, pairs=True) == expected else f"law {not expected}"


def windows_mirror(shape: Geometry) -> bool:
    """Whether each window reads the mirror image of what another reads, as a set."""
    read = set().union(*(shape.reads(tap) for tap in range(shape.kernel)))
    return shape.mirrored(read) == read


def decided_by_the_windows(shape: Geometry) -> str | None:
    """T7 for pools: whether a maximum commutes with R on every impulse iff the windows mirror each other."""
    read = set().union(*(shape.reads(tap) for tap in range(shape.kernel)))
    answers = [{t for t, v in read if v == u} for u in range(shape.length)]
    turned = [{shape.windows - 1 - t for t in answers[shape.length - 1 - u]} for u in range(shape.length)]
    return None if (answers == turned) == windows_mirror(shape) else f"law {answers == turned}"


def mirrored_only_without_remainder(shape: Geometry) -> str | None:
    """False for pools: padding may hide the shift that a remainder makes."""
    left = shape.room % shape.stride
    return f"remainder {left}" if windows_mirror(shape) and left else None


def partial_windows_mend(shape: Geometry) -> str | None:
    """``ceil_mode``: one more window if it begins inside; None if the mirror maps the windows around."""
    starts = list(range(0, shape.length - shape.kernel + shape.stride, shape.stride))
    starts = [s for s in starts if s < shape.length]
    windows = [set(range(s, min(s + shape.kernel, shape.length))) for s in starts]
    seen = [{shape.length - 1 - u for u in w} for w in reversed(windows)]
    return None if windows == seen else f"windows {windows}"
