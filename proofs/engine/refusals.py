"""What the machinery must refuse: rewritings whose side condition does not hold, each of them a falsehood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from .claims import Grid, Identity, NotProvedError
from .ranges import Channels, Interval, UnsoundError
from .sums import Sum, Total, residual
from .symbols import Same, SameChannel, SymbolicRep, index, natural, size, table
from .worlds import World

K, n = size("K"), natural("n")
k, c, j = index("k", "c", "j")
W, V = table("W"), table("V")
rep, other = SymbolicRep("in"), SymbolicRep("out")
taps, channels = Interval(k, sp.S.Zero, K), Channels(c, rep)
plain, largest = Sum(W(k), (taps,)), Sum(W(k), (taps,), max)
of_channel = Sum(W(c) * SameChannel(c, n), (channels,))


def _proves(left: Any, right: Any, **options: Any) -> None:
    Identity("false", left, right, **options).prove()


def _same(left: Any, right: Any) -> None:
    if residual(left, right):
        raise NotProvedError("they differ")


REFUSED: dict[str, Callable[[], Any]] = {
    "a re-indexing beyond the range": lambda: plain.reindex(k=K - k),
    "a re-indexing that falls short of it": lambda: plain.reindex(k=K - 2 - k),
    "a shift as a re-indexing": lambda: plain.reindex(k=k + 1),
    "a re-indexing that is not onto": lambda: plain.reindex(k=2 * k),
    "a re-indexing to negative numbers": lambda: plain.reindex(k=-k),
    "a re-indexing of channels that is not the partner map": lambda: Sum(W(c), (channels,)).reindex(c=c + 1),
    "a re-indexing that mixes indices": lambda: Sum(W(c, k), (channels, taps)).reindex(k=K - 1 - k + c),
    "a factor that depends on the index, outside": lambda: k * plain,
    "a factor of a maximum": lambda: 2 * largest,
    "max a + max b = max(a + b)": lambda: largest + Sum(V(k), (taps,), max),
    "a maximum in a sum of sums": lambda: Total((largest,)),
    "a maximum that is a sum": lambda: _same(largest, plain),
    "a maximum that is another": lambda: _same(largest, Sum(V(k), (taps,), max)),
    "a maximum cut in two": lambda: largest.split("k", K),
    "a split outside the range": lambda: plain.split("k", K + 1),
    "a collapse outside the range": lambda: Sum(W(k) * Same(k - K), (taps,)).collapse("k"),
    "a collapse to a fraction": lambda: Sum(W(k) * Same(2 * k - n), (taps,)).collapse("k"),
    "a collapse to two values": lambda: Sum(Same(k - 1) * Same(k - 2), (taps,)).collapse("k"),
    "a collapse to what is no channel": lambda: of_channel.collapse("c"),
    "a collapse to a channel of another Rep": lambda: Sum(
        of_channel.summand, (channels,), given=(Channels(n, other),)
    ).collapse("c"),
    "a sum that vanishes for no reason": lambda: Sum(W(k) * Same(k), (taps,)).vanish("k", K - 1),
    "parts that do not add up": lambda: plain.parts(W(k), W(k + 1)),
    "an exchange of unequal ranges": lambda: Sum(W(k, j), (taps, Interval(j, sp.S.Zero, K + 1))).exchange(
        "k", "j"
    ),
    "a count from half an index": lambda: plain.shift("k", sp.Rational(1, 2)),
    "a range that depends on an index": lambda: Sum(W(k), (taps, Interval(j, sp.S.Zero, k))),
    "two indices of one name": lambda: Sum(W(k), (taps, taps)),
    "a special case of an index": lambda: plain.substitute({k: 1}),
    "sums over unequal ranges": lambda: _same(plain, Sum(W(k), (Interval(k, sp.S.Zero, K + 1),))),
    "an identity without a world": lambda: _proves(W(c), W(c)),
    "an identity in a world without a point": lambda: _proves(
        W(k), W(k), free=(taps,), worlds=[World({"K": 0})]
    ),
    "an index that is free and summed over": lambda: _proves(
        plain, W(k), free=(taps,), worlds=[World({"K": 2})]
    ),
    "a special case as a derivation": lambda: _proves(
        plain, W(0), worlds=[World({"K": 1})], rewrite_left=lambda side: side.substitute({K: 1})
    ),
    "a derivation that cheats": lambda: _proves(
        plain,
        Sum(W(k + 1), (taps,)),
        worlds=[World({"K": 3}, seed=seed) for seed in range(2)],
        rewrite_right=lambda side: plain,
    ),
    "a grid without a case": lambda: Grid("empty", lambda: [], lambda case: None).prove(),
}


def accepted() -> list[str]:
    """The falsehoods that the machinery lets pass: none, if it is sound as far as they tell."""
    return [name for name, falsehood in REFUSED.items() if not _refused(falsehood)]


def _refused(falsehood: Callable[[], Any]) -> bool:
    try:
        falsehood()
    except (UnsoundError, NotProvedError):
        return True
    return False
