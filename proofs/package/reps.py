"""T1, T6, T8 and T9: how reverse complement acts in the package, and what commutes with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rczoo.family.trunk import BlockShape, Trunk
from rczoo.nn.batch_norm import RCBatchNorm1d
from rczoo.nn.layers import RCActivation
from rczoo.symmetry._memory_format import crop
from rczoo.symmetry.dna import BASES, one_hot, reverse_complement
from rczoo.symmetry.frames import alike, open_frames
from rczoo.symmetry.rep import Rep

from .plain import DNA, REPS, act, fill, normal, whole
from .plain import one_hot as plain_one_hot
from .plain import reverse_complement as plain_reverse_complement


def notations() -> Iterator[str]:
    """Every Rep of the table."""
    yield from REPS


def features(rep: str, length: int = 5, seed: int = 1) -> Tensor:
    """Whole numbers (2, channels, length)."""
    return whole(seed, 2, len(REPS[rep][0]), length)


def acted(rep: str) -> Tensor:
    """R x by the package."""
    return Rep(rep).act(features(rep))


def acted_plainly(rep: str) -> Tensor:
    """R x by the table."""
    return act(rep, features(rep))


def acted_twice(rep: str) -> Tensor:
    """R R x."""
    return Rep(rep).act(acted(rep))


def counts(rep: str) -> tuple[int, ...]:
    """Pairs, trivial and sign channels, as the package counts them, and its pairs and single channels."""
    r = Rep(rep)
    return r.regular, r.trivial, r.sign, *(c for orbit in r.orbits for c in orbit)


def counts_plainly(rep: str) -> tuple[int, ...]:
    """The same, from the table."""
    partners, signs = REPS[rep]
    fixed = [s for c, (j, s) in enumerate(zip(partners, signs, strict=True)) if c == j]
    orbits = [c for a, b in enumerate(partners) if a <= b for c in ((a, b) if a < b else (a,))]
    return sum(c < j for c, j in enumerate(partners)), fixed.count(1), fixed.count(-1), *orbits


def maps() -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every map of three channels to partners, and every sign of each."""
    yield from itertools.product(itertools.product(range(3), repeat=3), itertools.product((1, -1), repeat=3))


def accepted(case: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    """Whether the package takes partners and signs, once a pair with sign -1 has one channel negated."""
    partners, signs = case
    pairs = [c != j and partners[j] == c and signs[c] == signs[j] for c, j in enumerate(partners)]
    try:
        Rep.from_partners(partners, [1 if p else s for p, s in zip(pairs, signs, strict=True)])
    except ValueError:
        return False
    return True


def involution(case: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    """Whether the square of the signed map is the identity matrix."""
    square = torch.zeros(3, 3)
    for c, (j, s) in enumerate(zip(*case, strict=True)):
        square[c, j] = s
    return torch.equal(square @ square, torch.eye(3))


def sequences() -> Iterator[str]:
    """The bases alone, and a few words with N."""
    yield from ("ACGT", "A", "GATTACA", "NCGTN", "TTGCA")


def encoded_reverse_complement(sequence: str) -> Tensor:
    """The package's one-hot of the package's reverse complement; its bases' order is part of it."""
    return torch.cat([one_hot(reverse_complement(sequence)), one_hot(BASES)], 2).double()


def turned_encoding(sequence: str) -> Tensor:
    """R of the one-hot by tables, and the four bases in the order A, C, G, T."""
    expected = plain_one_hot(plain_reverse_complement(sequence))
    assert torch.equal(expected, act(DNA, plain_one_hot(sequence)))
    return torch.cat([expected, torch.eye(4, dtype=torch.float64)[None]], 2)


Pointwise = tuple[str, str]
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sin": torch.sin,
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "square": torch.square,
}


def pointwise() -> Iterator[Pointwise]:
    """Every Rep with every function."""
    yield from itertools.product(REPS, FUNCTIONS)


def activation_taken(case: Pointwise) -> bool:
    """Whether RCActivation takes the function on the Rep."""
    try:
        RCActivation(case[0], FUNCTIONS[case[1]])
    except ValueError:
        return False
    return True


def function_commutes(case: Pointwise) -> bool:
    """Whether the function, as RCActivation applies it where it takes it, commutes with R."""
    rep, function = case[0], FUNCTIONS[case[1]]
    layer = RCActivation(rep, function) if activation_taken(case) else function
    x = features(rep)
    return torch.allclose(layer(act(rep, x)), act(rep, layer(x)), rtol=1e-12, atol=1e-12)


def odd_where_needed(case: Pointwise) -> bool:
    """Whether the Rep has no sign channel, or the function is odd at a few numbers."""
    rep, name = case
    grid = torch.linspace(-3, 3, 25, dtype=torch.float64)
    return -1 not in REPS[rep][1] or torch.allclose(FUNCTIONS[name](-grid), -FUNCTIONS[name](grid))


Normed = tuple[str, bool, bool]


def norms() -> Iterator[Normed]:
    """Every Rep, in eval and train mode, the whole batch reverse-complemented or one example of three."""
    yield from itertools.product(REPS, (False, True), (False, True))


def _norm(case: Normed, turn_first: bool) -> tuple[Tensor, ...]:
    """RCBatchNorm1d of a batch and what it keeps, with examples reverse-complemented before it or after."""
    rep, training, partly = case
    norm = fill(RCBatchNorm1d(rep, eps=0.5), 3).train(training)
    x = normal(4, 3, len(REPS[rep][0]), 5) + 1
    turned = slice(0, 1) if partly else slice(None)

    def turn(z: Tensor) -> Tensor:
        return torch.cat([act(rep, z[turned]), z[1:]]) if partly else act(rep, z)

    y = norm(turn(x)) if turn_first else turn(norm(x).detach())
    return y.detach(), *(b.double() for b in norm.buffers())


def normed_turned(case: Normed) -> tuple[Tensor, ...]:
    """norm(R x), and the running statistics."""
    return _norm(case, True)


def turned_normed(case: Normed) -> tuple[Tensor, ...]:
    """R norm(x), and the running statistics."""
    return _norm(case, False)


Crop = tuple[str, int, int]


def crops() -> Iterator[Crop]:
    """Every Rep and up to two positions from either end."""
    yield from itertools.product(REPS, range(3), range(3))


def crop_commutes(case: Crop) -> bool:
    """Whether cutting off commutes with the package's R."""
    rep, left, right = case
    x = features(rep, 7) + 5
    return torch.equal(Rep(rep).act(x)[..., left : 7 - right], act(rep, x[..., left : 7 - right]))


def crop_is_even(case: Crop) -> bool:
    """Whether as much goes on the left as on the right."""
    return case[1] == case[2]


def cropped_frames(case: Crop) -> tuple[Tensor, ...]:
    """Each frame of R x, cut alike."""
    rep, left, right = case
    return alike(lambda z: z[..., left : 7 - right], open_frames(act(rep, features(rep, 7)), Rep(rep)), False)


def frames_of_cropped(case: Crop) -> tuple[Tensor, ...]:
    """The frames of x, cut alike, in the other order: the second is read from R x by the table."""
    rep, left, right = case
    x = features(rep, 7)
    return tuple(z[..., left : 7 - right] for z in (act(rep, x), x))


def skips() -> Iterator[tuple[int, int]]:
    """Dilations and numbers of exchanged filters."""
    yield from itertools.product((1, 2), (0, 2))


def _skip(case: tuple[int, int], execution: str) -> Any:
    trunk = Trunk([BlockShape(1), BlockShape(3, case[0], residual=True)], 2, [case[1] / 2])
    return tuple(z.detach() for z in fill(trunk, 5)(whole(6, 2, 4, 2 * case[0] + 3), 2, False, execution))


def skip_in_frames(case: tuple[int, int]) -> Any:
    """A residual block, its skip cut in each frame: the middle of what goes in is what is added."""
    trunk = fill(Trunk([BlockShape(1), BlockShape(3, case[0], residual=True)], 2, [case[1] / 2]), 5)
    block, z = trunk.blocks[1], whole(7, 2, 2 + case[1], 2 * case[0] + 3)
    own = z[:, :2, case[0] : case[0] + 3]
    return (*_skip(case, "frames"), block(z).detach() - own, crop(z, case[0])[:, :2])


def skip_tied(case: tuple[int, int]) -> Any:
    """The same in the tied execution, and the block without a skip."""
    trunk = fill(Trunk([BlockShape(1), BlockShape(3, case[0])], 2, [case[1] / 2]), 5)
    z = whole(7, 2, 2 + case[1], 2 * case[0] + 3)
    own = z[:, :2, case[0] : case[0] + 3]
    return (*_skip(case, "tied"), trunk.blocks[1](z).detach(), own)
