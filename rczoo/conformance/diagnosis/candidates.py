"""Wrong actions on an input that models have been seen to take for reverse complement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

import torch

from ...symmetry.actions import Action, RepAction, as_action, tokens
from ...symmetry.rep import Rep, flip


class Candidate(NamedTuple):
    """An action, and the fault it would be; ``declares``: whether to declare it would mend the fault."""

    action: Action
    cause: str
    words: str
    declares: bool = False


PAIRINGS = {
    (0, 1, 2, 3): "nothing",
    (1, 0, 3, 2): "A with C and G with T",
    (2, 3, 0, 1): "A with G and C with T",
    (3, 2, 1, 0): "A with T and C with G",
}
"""Ways to pair four bases, and what each is where they are in ACGT order."""
OTHER_ORDER = "it expects another order of bases, so its input or its complement must be reordered"


def of_bases(declared: RepAction) -> Iterator[Candidate]:
    """Of one-hot DNA, with or without a channel for N: wrong pairs, no reversal, wrong axes."""
    own, n = tuple(declared.rep.partners), declared.rep.channels
    pairings = {(*pairs, *range(4, n)): words for pairs, words in PAIRINGS.items()}
    pairings.setdefault(tuple(reversed(range(n))), "each base with that at its mirrored index")
    for (partners, pairs), reverse in product(pairings.items(), (True, False)):
        action = RepAction(Rep.from_partners(partners), declared.last)
        identity = partners == tuple(range(n))
        if (partners == own and reverse) or (identity and not reverse):
            continue
        fault = _fault(partners, own, pairs, reverse)
        yield Candidate(action if reverse else _unreversed(action), *fault, _declares(fault, reverse))
    for words, axes in (
        ("the sequences of a batch and the positions", (0, 1 if declared.last else 2)),
        ("the sequences of a batch and the bases", (0, 2 if declared.last else 1)),
    ):
        yield Candidate(
            lambda x, axes=axes: x.flip(axes),  # type: ignore[misc]
            "swapped axes",
            f"the model reverses the axes of {words}: reverse those of the bases and of the positions",
        )


def _fault(partners: tuple[int, ...], own: tuple[int, ...], pairs: str, reverse: bool) -> tuple[str, str]:
    """A wrong pairing, a missing reversal, or both, as a cause and in words."""
    n, back = len(partners), "" if reverse else ", and does not reverse it: reverse the positions too"
    if partners == own:
        words = "the model complements its input without reversing it: reverse the positions too"
        return "input not reversed", words
    if partners == tuple(range(n)):
        words = "the model reverses its input without complementing it: swap A with T and C with G too"
        return "not complemented", words
    if partners == tuple(reversed(range(n))):
        words = "the model complements a base by its channel's mirrored index, which fits ACGT alone"
        return "index complement", words + back
    return "base order", f"the model's complement pairs {pairs}: {OTHER_ORDER}{back}"


def _declares(fault: tuple[str, str], reverse: bool) -> bool:
    """Is it right for bases in an order of their own, which a declaration can tell?"""
    return reverse and fault[0] == "base order"


def of_tokens(declared: tokens, vocabularies: Iterable[int] = ()) -> Iterator[Candidate]:
    """Of token ids: wrong pairs, no reversal, and the mirrored index in the whole of a vocabulary."""
    for size, reverse in product(vocabularies, (True, False)):
        if any(declared.complement[a] != size - 1 - a for a in declared.complement):
            words = (
                f"the model takes {size - 1} - i, of a vocabulary of {size}, for the complement of token i"
            )
            back = "" if reverse else ", and reverse the positions too"
            words += f": complement the bases alone{back}"
            yield Candidate(_mirrored(size, declared, reverse), "index complement", words)
    firsts = [a for a, b in declared.complement.items() if a < b][:2]
    bases = [*firsts, *(declared.complement[a] for a in reversed(firsts))]
    if len(bases) < 4:
        return
    for (order, pairs), reverse in product(PAIRINGS.items(), (True, False)):
        identity, own = order == (0, 1, 2, 3), order == (3, 2, 1, 0)
        if (own and reverse) or (identity and not reverse):
            continue
        complement = {bases[i]: bases[j] for i, j in enumerate(order)}
        action = tokens(complement, declared.keep, declared.unknown) if reverse else _relabelled(complement)
        fault = _fault(order, (3, 2, 1, 0), pairs, reverse)
        yield Candidate(action, *fault, _declares(fault, reverse))


def _mirrored(size: int, declared: tokens, reverse: bool) -> Action:
    """Ids counted from the end of a vocabulary, reversed or not."""
    (first, last), turn = declared.keep, tokens({}, declared.keep)

    def act(ids: torch.Tensor) -> torch.Tensor:
        turned = (turn(ids) if reverse else ids).clone()
        inner = turned[..., first : ids.shape[-1] - last]
        inner.copy_(size - 1 - inner)
        return turned

    return act


def _relabelled(complement: dict[int, int]) -> Action:
    """Ids complemented where they are."""

    def act(ids: torch.Tensor) -> torch.Tensor:
        turned = ids.clone()
        for a, b in complement.items():
            turned[ids == a] = b
        return turned

    return act


def of_track(declared: RepAction, name: str) -> Iterator[Candidate]:
    """Of a track of the same number of channels."""
    n = declared.rep.channels
    notations = [f"{n}t"] + ([f"{n // 2}r", f"{n // 2}r:flip", f"{n // 2}r:halves"] if n % 2 == 0 else [])
    for rep in dict.fromkeys(Rep(notation) for notation in notations):
        if rep != declared.rep:
            words = f"the model acts on input {name!r} as {rep}, not {declared.rep}: change one of the two"
            yield Candidate(RepAction(rep, declared.last), "control", words, declares=True)
    words = f"the model does not reverse the positions of input {name!r}"
    yield Candidate(_unreversed(declared), "control", words)
    yield Candidate(as_action(None), "control", f"the model leaves input {name!r} as it is", declares=True)


def _unreversed(action: RepAction) -> Action:
    """An action without the reversal of positions that it makes."""

    def act(x: torch.Tensor) -> torch.Tensor:
        y = action(x)
        if y.ndim < 3:
            return y
        return flip(y.transpose(1, 2)).transpose(1, 2) if action.last else flip(y)

    return act
